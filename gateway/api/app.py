"""The application: routes, errors, and the deployment that they work on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway.api import (
    attendance,
    availability,
    bookings,
    calendar,
    doubts,
    events,
    evidence,
    me,
    pages,
    partners,
    problems,
    rates,
    streams,
    venues,
    webhooks,
)
from gateway.api.document import DESCRIPTION, Api
from gateway.api.door import Door
from gateway.api.house import house_of
from gateway.mcp import http as mcp
from tasks.settings import Settings

ROUTERS = (
    me.router,
    bookings.router,
    attendance.router,
    calendar.router,
    evidence.router,
    events.router,
    streams.router,
    webhooks.router,
    venues.router,
    availability.router,
    partners.router,
    rates.router,
    doubts.router,
    pages.router,
    mcp.router,
)


def make_app(settings: Settings) -> Api:
    """The API of a deployment; its ledger is opened when it starts, and closed when it ends."""

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        async with house_of(settings) as app.state.house, mcp.mcp_served(app, settings):
            yield

    app = Api(title="Readback", version="1", description=DESCRIPTION, lifespan=living, docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_middleware(Door)
    for router in ROUTERS:
        app.include_router(router)
    app.mount(pages.ASSETS_PATH, pages.ASSETS)
    return app
