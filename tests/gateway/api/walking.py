"""Every route of the gateway, with what a walk needs to know of it; and one of each thing that a reseller has."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from farm.request import WantedSlot
from gateway.api.app import make_app
from gateway.api.caller import May
from gateway.api.document import caller_of
from ledger.names import new_id
from ledger.store import Ledger
from ledger.webhooks import NewWebhook
from tasks.settings import Settings
from tests.ledger.lives import claimed, queued

OPEN = {"/", "/docs", "/docs/assets/{path}", "/openapi.json", "/health", "/problems", "/problems/{kind}"}
"""What anybody may ask for: nothing of a reseller is there."""
SIGNED = {"/v1/evidence/{item_id}"}
"""What a link that only its reseller was given opens (``test_evidence``)."""
SHARED = {"venues.slug": "osteria_luna", "partners.slug": "bologna_tables", "problems.kind": "not-found"}
"""Parameters of paths, by what stands before them, that name what belongs to no reseller."""
OWN = {"booking_id", "webhook_id", "delivery_id"}
"""Parameters of paths that name a thing of one reseller: ``Things`` has one of each."""

EVENING = WantedSlot.model_validate({"date": "2030-06-14", "earliest": "19:00", "latest": "21:00"})
_PARAMETER = re.compile(r"(\w+)/{(\w+)}")


@dataclass(frozen=True)
class Way:
    """One method of one route."""

    method: str
    path: str
    may: May
    body: Any
    query: dict[str, Any]
    streams: bool

    @property
    def own(self) -> list[str]:
        return [name for _, name in _PARAMETER.findall(self.path) if name in OWN]

    def at(self, things: Mapping[str, str]) -> str:
        """Its address for these things; for what nobody owns, with what is there."""

        def named(match: re.Match[str]) -> str:
            before, name = match.groups()
            return f"{before}/{things[name] if name in OWN else SHARED[f'{before}.{name}']}"

        return _PARAMETER.sub(named, self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def ways() -> Iterator[Way]:
    """Every method of every route that wants a key; it fails for a route that no walk knows how to go."""
    app = make_app(Settings())
    paths = app.openapi()["paths"]
    for route in iter_route_contexts(app.routes):
        path = route.path_format or route.path or ""
        is_ours = isinstance(route.original_route, APIRoute)
        may = caller_of(route) if is_ours else None
        if may is None:
            assert path in OPEN | SIGNED, f"`{path}` lets anybody in: give it a caller (gateway/api/caller.py)"
            continue
        for before, name in _PARAMETER.findall(path):
            assert name in OWN or f"{before}.{name}" in SHARED, (
                f"`{path}`: the walks do not know `{name}`. If it names a thing of a reseller, add it to OWN in "
                f"tests/gateway/api/walking.py and make one in `things`; else give `{before}.{name}` in SHARED"
            )
        for method in sorted(route.methods or ()):
            said = paths.get(path, {}).get(method.lower(), {})
            media = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [each["value"] for each in media.get("examples", {}).values()]
            yield Way(
                method,
                path,
                may,
                body=examples[0] if examples else None,
                query={each["name"]: each["example"] for each in said.get("parameters", ()) if _is_needed(each)},
                streams="text/event-stream" in said.get("responses", {}).get("200", {}).get("content", {}),
            )


def _is_needed(parameter: Mapping[str, Any]) -> bool:
    return parameter["in"] == "query" and parameter["required"] is True


WAYS = list(ways())


def each_way(*ways: Way) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", ways, ids=str)


async def things(ledger: Ledger, reseller: str) -> dict[str, str]:
    """One of each thing of a reseller, by the parameter that names it."""
    if reseller == "local":
        await claimed(ledger)  # one with attempts, too
    booking_id = await queued(ledger, reseller=reseller, when=EVENING, venues=("osteria_luna",))
    hook_id = new_id("wh", ledger.clock(), secrets.token_bytes)
    await ledger.webhooks.add(NewWebhook(hook_id, reseller, f"https://acme.example/{reseller}", None, b"sealed"))
    delivery = await ledger.deliveries.test(hook_id)
    return {"booking_id": booking_id, "webhook_id": hook_id, "delivery_id": delivery.id}


def absent(name: str) -> str:
    """What looks like the name of a thing, and is that of none: its last letter is another one."""
    return name[:-1] + ("0" if name[-1] != "0" else "1")
