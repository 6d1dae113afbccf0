"""The API on a port: bound before anything else begins, ended by a signal, with nothing personal in its log."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
from asyncio import Task
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from types import FrameType, TracebackType
from typing import Any

import uvicorn
from fastapi import FastAPI

from farm.schema import Fault
from gateway.api.app import make_app
from gateway.api.house import House
from gateway.complaint import Complaint, ExitCode
from gateway.unexpected import story_of
from tasks.settings import Settings

PORT = 8642
GRACE_S = 15
"""So long may requests that are under way take once it is told to end; streams are ended at once."""
KEEP_ALIVE_S = 75
"""Longer than proxies keep a connection, so that none is closed under a request of theirs."""
BACKLOG = 2048
ANYBODY = "*"
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Server(uvicorn.Server):
    """Uvicorn that ends as a command does: told once it finishes what is under way, told again it does not.

    Args:
        app: The API.
        more: As ``uvicorn.Config`` takes it.
    """

    def __init__(self, app: FastAPI, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(uvicorn.Config(app, **more))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams would go on for ever: they are ended first, and their listeners go on at another gateway."""
        house: House = self._app.state.house
        house.listening.end()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn has it
        """Uvicorn's own would die of the signal in the end; that its parent sent one is no failure."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """The socket that it is served on; port 0 is any free one.

    Raises:
        Complaint: Nobody can listen there.
    """
    where = f"port {port} of {host}"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # asyncio does it only where a socket names its protocol; without it an answer's body waits 40 ms for an ACK
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except socket.gaierror:
        raise Complaint(f"`{host}` is no address of this machine", then="--host takes one, as 127.0.0.1") from None
    except OSError as error:
        then = "--port and --host name another one; --port 0 takes any that is free"
        if error.errno == errno.EADDRINUSE:
            raise Complaint(f"{where} is taken: something listens there already", then=then) from None
        what = f"{where} cannot be listened at: {os.strerror(error.errno or errno.EINVAL)}"
        raise Complaint(what, then=then, code=ExitCode.MACHINE) from None


def address_of(bound: socket.socket) -> str:
    """Where it is asked on this machine."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_for_this_machine(bound: socket.socket) -> bool:
    """False where others may reach it."""
    return ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback


def must_be_proxies(written: Sequence[str]) -> None:
    """Whose word on a caller's address is taken: addresses or networks, or ``*`` for everybody's.

    Raises:
        Complaint: Every one that is none.
    """
    faults = []
    for one in written:
        try:
            if one != ANYBODY:
                ip_network(one)
        except ValueError as error:
            faults.append(Fault(one, "is no address and no network" if "host bits" not in str(error) else str(error)))
    if faults:
        raise Complaint(
            "--behind-proxy cannot be used", faults=faults, then="as 10.0.0.7 or 10.0.0.0/8, or * for any"
        )


@asynccontextmanager
async def served(settings: Settings, bound: socket.socket, proxies: Sequence[str] = ()) -> AsyncIterator[Task[None]]:
    """The API on a bound socket, until the end of the block; what is given is done when a signal has ended it before.

    Raises:
        Complaint: Its ledger or what can be booked cannot be used.
    """
    app = make_app(settings)
    server = Server(
        app,
        lifespan="off",  # it is around the server, so that what it raises is what is told
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    async with app.router.lifespan_context(app):
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield serving
        finally:
            server.should_exit = True
            await serving


def log_to(handler: logging.Handler) -> None:
    """Where this process's log goes: what went wrong anywhere, and a line for each request."""
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("gateway").setLevel(logging.INFO)


class Discreet(logging.Formatter):
    """Log lines in which an exception shows where it happened, and never what it says: that may be a guest's."""

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - as logging has it
        """The lines of code and the names."""
        return "\n".join(story_of(ei[1], "raised")) if ei[1] is not None else ""
