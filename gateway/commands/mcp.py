"""``readback mcp``: the tools for models, over standard input and output."""

from __future__ import annotations

import asyncio

from gateway.complaint import Complaint


def mcp() -> None:
    """Serve the booking tools to a model over stdio (MCP).

    For clients that start their servers themselves. READBACK_API_KEY is the
    key that bookings are made with, READBACK_API_URL the gateway
    (http://127.0.0.1:8642). The gateway serves the same tools at /mcp.

    Ends with its standard input.
    """
    from readback_client.wire import Account

    try:
        Account.of(None, None)
    except ValueError as error:
        raise Complaint("there is no API key in READBACK_API_KEY", then="`readback keys new` makes one") from error
    asyncio.run(_serve())


async def _serve() -> None:
    from contextlib import nullcontext

    from readback_client import AsyncClient

    from gateway.mcp.server import make_server

    async with AsyncClient() as readback:
        await make_server(lambda _call: nullcontext(readback)).run_stdio_async()
