"""The server of a gateway: streams end when it is told to end, so that nobody waits for them."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from gateway.api.house import House


class Server(uvicorn.Server):
    """Serves an application of ``gateway.api.app``."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, whose listeners go on at another gateway; then as always."""
        house: House = self._app.state.house
        house.listening.end()
        await super().shutdown(sockets)
