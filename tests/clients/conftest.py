"""Both clients, told the same things by the same tests."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from readback_client import AsyncClient, Client, plans

from tests.clients.stand_in import Serving, StandIn

KEY = "rb_abcdefghijkl_0123456789012345678901234567890123456789abc"


class Awaited:
    """An ``AsyncClient`` on a loop of its own, called as a ``Client`` is."""

    def __init__(self, **given: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncClient(**given)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def called(*given: Any, **named: Any) -> Any:
            result = method(*given, **named)
            return self._loop.run_until_complete(result) if inspect.isawaitable(result) else self._each(result)

        return called

    def _each(self, items: Any) -> Iterator[Any]:
        try:
            while True:
                yield self._loop.run_until_complete(anext(items))
        except StopAsyncIteration:
            return
        finally:
            self._loop.run_until_complete(items.aclose())

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


@pytest.fixture(params=["blocking", "asyncio"])
def client_of(request):
    """Makes clients of one kind."""
    made: list[Any] = []

    def client_of(**given: Any) -> Any:
        made.append(Client(**given) if request.param == "blocking" else Awaited(**given))
        return made[-1]

    yield client_of
    for client in made:
        client.close()


@pytest.fixture
def api():
    """The stand-in, behind a port."""
    stand_in = StandIn()
    serving = Serving.start(stand_in)
    yield stand_in
    serving.stop()


@pytest.fixture
def client(client_of, api):
    return client_of(key=KEY, url=api.url)


@pytest.fixture
def hasty(monkeypatch):
    """Pauses are short."""
    monkeypatch.setattr(plans, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(plans, "POLL_S", 0.02)
