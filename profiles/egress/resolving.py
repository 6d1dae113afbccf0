"""Where an agreed host really is: looked up once, every address checked, and what was checked is what is reached."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from profiles.egress.grants import Address

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

_NOBODYS = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "64:ff9b:1::/48")))
"""What Python takes for public and is not: metadata services of two clouds, and networks behind a translator."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """An agreed host lies where no visit goes: this machine, a private network, a metadata service."""


async def look_up(host: str, port: int) -> list[str]:
    """All addresses of a name, as the system knows them.

    Raises:
        OSError: It has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def reachable(wanted: Address, *, loopback: bool, lookup: Lookup = look_up) -> list[str]:
    """The addresses to connect to, so that no second answer of a name server can lead elsewhere.

    Args:
        wanted: The agreed host and port.
        loopback: The agreement is about an installation of our own, so a loopback address is reached where the
            agreement names that very address. A name that leads there is refused all the same.
        lookup: How names are looked up; asked once.

    Raises:
        Forbidden: Any of its addresses is none of the public Internet's.
        OSError: The name has no address.
    """
    host, port = wanted
    literal = _literal(host)
    if literal is not None:
        if not (is_public(literal) or (loopback and literal.is_loopback)):
            raise Forbidden
        return [str(literal)]
    found = await lookup(host, port)
    read = [_literal(each) for each in found]
    if not all(one is not None and is_public(one) for one in read):
        raise Forbidden
    return [str(one) for one in read]


def is_public(address: IPAddress) -> bool:
    """True for an address of the public Internet, whichever way it is written."""
    inside = _inside(address)
    if inside is not None:
        return is_public(inside)
    if isinstance(address, ipaddress.IPv6Address) and (address.sixtofour or address.teredo):
        return False  # tunnels of the past, which lead to whatever IPv4 address stands in them
    refused = address.is_multicast or address.is_reserved or any(address in network for network in _NOBODYS)
    return address.is_global and not refused


def _inside(address: IPAddress) -> ipaddress.IPv4Address | None:
    """The IPv4 address that is really reached by this IPv6 address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
