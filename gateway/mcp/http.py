"""MCP over streamable HTTP, at ``/mcp`` of the gateway: the caller's own key is what its tools ask the API with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from readback_client import AsyncClient
from starlette.types import Receive, Scope, Send

from gateway.api.caller import AnyKey
from gateway.mcp.server import Call, make_server
from tasks.settings import Settings

PATH = "/mcp"
LARGEST_BYTES = 256 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
IN_PROCESS = "http://gateway"

router = APIRouter()


class _HandedOn(Response):
    """The answer is made by another application."""

    def __init__(self, sessions: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sessions.asgi_app(scope, receive, send)


@router.api_route(PATH, methods=["GET", "POST", "DELETE"], include_in_schema=False)
async def mcp(request: Request, _who: AnyKey) -> Response:
    """A message of an MCP client, with any valid key: what its tools call looks at the scopes."""
    return _HandedOn(request.app.state.mcp)


@asynccontextmanager
async def mcp_served(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """While the gateway runs: its MCP sessions. Each request stands alone, so any gateway may answer any of them."""

    def api(call: Call) -> AbstractAsyncContextManager[AsyncClient]:
        headers = call.headers or {}
        key = headers.get("authorization", "").partition(" ")[2]
        # No streams: httpx hands an answer of an application in this process on only when it has ended.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return AsyncClient(key=key, url=IN_PROCESS, transport=transport, streams=False)

    server = make_server(api)
    server.streamable_http_app(
        stateless_http=True, transport_security=security(settings), max_request_body_size=LARGEST_BYTES
    )
    app.state.mcp = server.session_manager
    async with server.session_manager.run():
        yield


def security(settings: Settings) -> TransportSecuritySettings:
    """Which names the gateway may be called by, and from whose pages: a page of somebody else must not reach it."""
    named = [name for name in settings.mcp_hosts.split(",") if name]
    return TransportSecuritySettings(
        allowed_hosts=[f"{host}:*" for host in LOOPBACK] + named,
        allowed_origins=[f"http://{host}:*" for host in LOOPBACK] + [f"https://{name}" for name in named],
    )
