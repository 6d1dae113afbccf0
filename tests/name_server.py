"""A name server in the test's hand: nobody outside this machine is asked for a name.

Use: ``from tests.name_server import name_server`` in a ``conftest.py`` or a test file; it is there for every test.
"""

from __future__ import annotations

import re
import socket

import pytest

PUBLIC = "93.184.216.34"
KNOWN = {"acme.example": PUBLIC, "hooks.platform.example": PUBLIC}
_ANSWERED_HERE = re.compile(r"localhost|[0-9a-fx.]+|.*:.*", re.IGNORECASE)
"""What the system knows without asking: its own name, and addresses however they are written."""


@pytest.fixture(autouse=True)
def name_server(monkeypatch):
    """The names of ``KNOWN`` have a public address, any other has none."""
    real = socket.getaddrinfo

    def answered(host, *more, **named):
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _ANSWERED_HERE.fullmatch(name):
            if name not in KNOWN:
                raise socket.gaierror(socket.EAI_NONAME, "there is no such name")
            host = KNOWN[name]
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", answered)
