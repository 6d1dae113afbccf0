"""The door itself: an id, a size and one line in the log for every request; headers for every answer."""

from __future__ import annotations

import logging
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.entry import Entry, enter
from gateway.api.house import House
from gateway.api.limits import headers_of
from gateway.api.problems import Refused, answer, too_often
from gateway.unexpected import story_of

log = logging.getLogger(__name__)

REQUEST_ID = "Readback-Request-Id"
LONGEST_ADDRESS = 8 * 1024
LARGEST_HEADERS = 32 * 1024
CLIENT_GONE = 499
UNCOUNTED = "/health"
"""Whoever watches the gateway asks this often, and it costs nothing."""
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Door:
    """Stands before every route. What it writes down is the route's template: never a path, a query or a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        entry, begun_s, status = enter(scope), perf_counter(), CLIENT_GONE

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope, entry)
            await send(message)

        try:
            await self._answered(scope, receive, sent, entry)
        except ClientDisconnect:
            pass  # nobody is there who could be told
        except Exception as error:  # noqa: BLE001 - the last net: whatever it is, it is told and written down
            story = "\n".join(story_of(error, f"{entry.id} {_route(scope)}"))
            log.error("%s", story)  # noqa: TRY400 - an exception's own text may hold guest data
            if status != CLIENT_GONE:  # half an answer is out: all that is left is to break it off
                raise BrokenOff from None
            await answer(_bug(), entry.id)(scope, receive, sent)
        finally:
            log.info(
                "request=%s method=%s route=%s status=%d ms=%.1f key=%s",
                entry.id,
                scope["method"] if scope["method"] in _METHODS else "-",
                _route(scope),
                status,
                (perf_counter() - begun_s) * 1000,
                entry.key_id or "-",
            )

    async def _answered(self, scope: Scope, receive: Receive, send: Send, entry: Entry) -> None:
        refused = _too_much(scope) or await _too_often(scope, entry)
        if refused is not None:
            await answer(refused, entry.id)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class BrokenOff(Exception):
    """An answer could not be sent to its end; what happened was written down before."""


def _bug() -> Refused:
    return Refused("bug", "it was written down; the booking, if there is one, is safe in the ledger")


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", None) or "-"


def _add_headers(message: Message, scope: Scope, entry: Entry) -> None:
    headers = MutableHeaders(scope=message)
    headers[REQUEST_ID] = entry.id
    for name, value in (_SECURITY | headers_of(entry.standings)).items():
        headers.setdefault(name, value)
    if scope["path"].startswith(("/v1", "/mcp")):
        headers["Cache-Control"] = "no-store"


def _too_much(scope: Scope) -> Refused | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return Refused("address-too-long", f"the address has more than {LONGEST_ADDRESS // 1024} KiB")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
        return Refused("headers-too-large", f"the headers have more than {LARGEST_HEADERS // 1024} KiB")
    return None


async def _too_often(scope: Scope, entry: Entry) -> Refused | None:
    """Counts who comes without a key. One that comes is looked at first (``caller``), and then counted."""
    if scope["path"] == UNCOUNTED or any(name == b"authorization" for name, _ in scope["headers"]):
        return None
    house: House = scope["app"].state.house
    standing = await house.limits.count(house.limits.strangers, entry.address)
    entry.standings.append(standing)
    return too_often(standing) if standing.refused else None
