"""The application: routes, errors, and the deployment that they work on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway.api import bookings, events, problems, venues
from gateway.api.house import House
from gateway.deployment import open_ledger, registry
from gateway.mcp import http as mcp
from profiles.partner import Partners
from tasks.settings import Settings

ROUTERS = (
    bookings.router,
    events.router,
    venues.router,
    mcp.router,
)


def make_app(settings: Settings) -> FastAPI:
    """The API of a deployment; its ledger is opened when it starts, and closed when it ends."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        async with open_ledger(settings, make=True) as ledger, mcp.mcp_served(app, settings):
            app.state.house = House(settings, registry(settings), Partners.load(settings.partner_folders), ledger)
            yield

    app = FastAPI(title="Readback", version="1", lifespan=living, docs_url=None, redoc_url=None)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
