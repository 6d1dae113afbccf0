"""What one would write instead, and nothing more: FastAPI, psycopg, one table, one insert with its key."""

from __future__ import annotations

import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from queue import SimpleQueue
from typing import Annotated, Any, LiteralString

import psycopg
import uvicorn
from fastapi import FastAPI, Header, HTTPException
from psycopg.types.json import Json
from pydantic import BaseModel

from tasks.settings import Settings

CONNECTIONS = 8
TABLE = """
CREATE TABLE bookings (
    id text PRIMARY KEY, idempotency_key text UNIQUE, status text NOT NULL, request jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)"""
INSERT = """
INSERT INTO bookings (id, idempotency_key, status, request) VALUES (%s, %s, 'queued', %s)
ON CONFLICT (idempotency_key) DO NOTHING RETURNING id, status, request, created_at"""


class Guest(BaseModel):
    """Who comes."""

    name: str
    email: str
    phone: str | None = None


class Wanted(BaseModel):
    """What is wanted, roughly."""

    guest: Guest
    party: dict[str, int]
    when: dict[str, str]
    group: str
    reseller: str
    reseller_reference: str


def make_app(url: str) -> FastAPI:
    """The application, on an empty database."""
    free: SimpleQueue[psycopg.Connection] = SimpleQueue()

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        with psycopg.connect(url) as connection:
            connection.execute(TABLE)
        for _number in range(CONNECTIONS):
            free.put(psycopg.connect(url, autocommit=True))
        yield

    app = FastAPI(lifespan=living)

    @app.post("/v1/bookings", status_code=201)
    def create(wanted: Wanted, idempotency_key: Annotated[str, Header()]) -> dict[str, Any]:
        values = (f"bk_{secrets.token_hex(10)}", idempotency_key, Json(wanted.model_dump()))
        return _row(free, INSERT, values)

    @app.get("/v1/bookings/{booking_id}")
    def show(booking_id: str) -> dict[str, Any]:
        return _row(free, "SELECT id, status, request, created_at FROM bookings WHERE id = %s", (booking_id,))

    return app


def _row(free: SimpleQueue[psycopg.Connection], query: LiteralString, values: tuple[object, ...]) -> dict[str, Any]:
    connection = free.get()
    try:
        row = connection.execute(query, values).fetchone()
    finally:
        free.put(connection)
    if row is None:
        raise HTTPException(404)
    return dict(zip(("id", "status", "request", "created_at"), row, strict=True))


if __name__ == "__main__":
    uvicorn.run(make_app(Settings().database_url or ""), port=int(sys.argv[1]), log_level="warning", access_log=False)
