"""This machine itself: the only one that is ever spoken to in the clear."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """True for a loopback address, and for the name that every machine gives itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
