"""A POST to an address that a stranger has named: only to the public Internet, and to what was looked up and checked.

The address of the machine is looked up and judged at every sending, and the connection goes to that very one, so that
no second answer of a name server can lead elsewhere. Neither redirects nor proxies of the environment are followed.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

from farm.delivering import Outcome
from farm.retry_after import asked_to_wait_s
from farm.schema import Fault
from profiles.egress.resolving import Forbidden, reachable

SEND_S = 15.0
"""The longest that one try may take, with everything."""
LOOK_UP_S = 5.0
LONGEST_URL = 2000
CONNECT_S = 5.0
_HTTPS_PORT, _FIRST_FREE_PORT = 443, 1024
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?")
_ODD = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}]")
_FORBIDDEN = "leads to a private, local or reserved address; only public ones are reached"

for _chatty in ("httpx", "httpcore"):  # they would name whole addresses, and those may hold a credential
    logging.getLogger(_chatty).setLevel(logging.WARNING)

Reach = Callable[[str, int], Awaitable[Sequence[str]]]


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True)
class Poster:
    """Sends to addresses of strangers.

    Attributes:
        to_loopback: A receiver on this machine may be named, by its address, for tries; it may speak plain HTTP.
        reach: The addresses of a host that may be connected to.
        tls: Whose certificates are believed; None: those of the system.
    """

    to_loopback: bool = False
    reach: Reach | None = None
    tls: ssl.SSLContext | None = None

    async def faults(self, url: str) -> list[Fault]:
        """What stands against sending there; every fault that can be known now."""
        parts, faults = self._read(url)
        if faults or parts is None:
            return faults
        try:
            async with asyncio.timeout(LOOK_UP_S):
                await self._reachable(*_address(parts))
        except Forbidden:
            return [Fault("url", _FORBIDDEN)]
        except (OSError, TimeoutError, UnicodeError):
            return [Fault("url", "names a host that no name server knows; a typing error?")]
        return []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send once. Nothing is raised for what the other side does: that is the outcome."""
        try:
            async with asyncio.timeout(SEND_S):
                return await self._post(url, body, headers)
        except Forbidden:
            return Outcome(None, "the address is not a public one")
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(None, f"no answer within {SEND_S:g} s")
        except httpx.ConnectError as error:
            return Outcome(None, "the certificate is not right" if _is_of_tls(error) else "no connection")
        except httpx.HTTPError:
            return Outcome(None, "the connection broke off")
        except (OSError, UnicodeError):
            return Outcome(None, "the host has no address")

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        parts, faults = self._read(url)
        if faults or parts is None:  # the deployment takes less than when it was registered
            raise Forbidden
        host, port = _address(parts)
        failed: httpx.TransportError | None = None
        patience = httpx.Timeout(SEND_S, connect=CONNECT_S)
        async with httpx.AsyncClient(verify=self.tls or _tls(), trust_env=False, timeout=patience) as client:
            for ip in await self._reachable(host, port):
                request = client.build_request(
                    "POST",
                    httpx.URL(url).copy_with(host=ip),
                    content=body,
                    headers={**headers, "Host": parts.netloc},
                    extensions={"sni_hostname": host},
                )
                try:
                    return await _answer(client, request)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    failed = error
        raise failed or OSError

    async def _reachable(self, host: str, port: int) -> Sequence[str]:
        if self.reach is not None:
            return await self.reach(host, port)
        return await reachable((host, port), loopback=self.to_loopback)

    def _read(self, url: str) -> tuple[SplitResult | None, list[Fault]]:
        if len(url) > LONGEST_URL:
            return None, [Fault("url", f"has more than {LONGEST_URL} characters")]
        if _ODD.search(url):
            return None, [Fault("url", "has characters that belong percent-encoded, or a name that is not in ASCII")]
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None, [Fault("url", "is no address: `https://host/path`")]
        local = self.to_loopback and _is_loopback(parts.hostname or "")
        said = [
            (parts.scheme == "https" or (local and parts.scheme == "http"), "begins with `https://`"),
            (_is_host(parts), "names a host: `https://host/path`"),
            ("@" not in parts.netloc, "has no user and no password: deliveries are signed"),
            (not parts.fragment, "has no `#`"),
            (local or port is None or port == _HTTPS_PORT or port >= _FIRST_FREE_PORT, _PORTS),
        ]
        return parts, [Fault("url", f"is not right: it {what}") for right, what in said if not right]


_PORTS = f"has port {_HTTPS_PORT}, or one from {_FIRST_FREE_PORT} on"


async def _answer(client: httpx.AsyncClient, request: httpx.Request) -> Outcome:
    """The status, and how long to wait; its body is not even read."""
    answer = await client.send(request, stream=True, follow_redirects=False)
    await answer.aclose()
    waits = {name.lower(): value for name, value in answer.headers.items()}
    return Outcome(answer.status_code, None, asked_to_wait_s(waits, datetime.now(UTC)))


def _address(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (_HTTPS_PORT if parts.scheme == "https" else 80)


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return bool(_HOST.fullmatch(host)) or ("[" in parts.netloc and _is_ip(host))


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_ip(host) and ip_address(host).is_loopback


def _is_of_tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
