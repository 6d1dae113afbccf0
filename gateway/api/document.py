"""The OpenAPI document: what FastAPI writes, completed by what it cannot see. Served at ``/openapi.json``.

Each route's body, problems, scope and headers follow from what the route depends on, so that the document cannot say
anything else than the code does.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel

from gateway.api import body, idempotency
from gateway.api.caller import May
from gateway.api.described import described
from gateway.api.docstrings import as_markdown, of_attributes
from gateway.api.examples import PARAMETERS, REQUESTS, answer_example, problem_example
from gateway.api.problems import KINDS, MEDIA_TYPE, Problem

Operation = dict[str, Any]
DESCRIPTION = """\
Readback books at venues through their own websites, and calls a booking confirmed only once it was **read back** from
the venue's own record and matches the request.

- Queue a booking with `POST /v1/bookings` and an `Idempotency-Key` of your own: trying again is always safe.
- Follow it by `GET /v1/bookings/{booking_id}`, or by its events. `booking.claimed` is what a venue's page says;
  `booking.confirmed` is what its record shows. Tell your guest the second one only.
- Every error is a problem document (RFC 9457) that names all faults at once and says what to do next.
- Times are RFC 3339; amounts are in minor units (cents) of their currency.
- Every answer has a `Readback-Request-Id`: name it when you ask about one.
"""
TAGS = {
    "me": "Whose key this is.",
    "bookings": "Queue bookings, follow them, change them, call them off.",
    "events": "Everything that happens, in one order, numbered without a gap.",
    "webhooks": "Events sent to you, signed as Standard Webhooks has it.",
    "evidence": "What was seen at the venue, by links that expire.",
    "venues": "What can be booked, and what was last seen free there.",
    "partners": "How those are whose venues these are: open, cooling down, closed.",
    "rates": "How many bookings were confirmed, with the bound that the number of them allows.",
    "doubts": "Bookings of which nobody knows what stands at the venue, until a person has looked.",
    "gateway": "The gateway itself.",
}
_ANSWER_HEADERS = ("Readback-Request-Id", "RateLimit-Policy", "RateLimit")
_HEADERS = {
    "Readback-Request-Id": ("This answer's id.", "req_0123456789abcdef0123"),
    "RateLimit-Policy": ("The limits that this request counted for.", '"requests";q=6000;w=60'),
    "RateLimit": ("What is left of them, and in how many seconds there is more.", '"requests";r=5999;t=60'),
    "Retry-After": ("Ask again after so many seconds.", "2"),
    "Location": ("The address of the booking.", "/v1/bookings/bk_01jz8m2d5x7q4r9t0v3k"),
}
_WALL_TIME = "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$"
_WITH_RETRY = {"still-being-written", "too-many-requests", "too-many-streams", "ledger-away"}


class Api(FastAPI):
    """A FastAPI application with a whole document."""

    _document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        if self._document is None:
            self._document = _completed(copy.deepcopy(super().openapi()), list(iter_route_contexts(self.routes)))
        return self._document


def calls_of(dependant: Dependant) -> Iterator[Callable[..., object]]:
    """Everything that a route depends on, however deep."""
    for each in dependant.dependencies:
        if each.call is not None:
            yield each.call
        yield from calls_of(each)


def caller_of(route: RouteContext) -> May | None:
    """Who may call a route; None: anybody."""
    return next((call for call in calls_of(route.dependant) if isinstance(call, May)), None)


def _completed(document: dict[str, Any], routes: Sequence[RouteContext]) -> dict[str, Any]:
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    add_schema(schemas, Problem)
    document["components"]["headers"] = {
        name: {"description": says, "schema": {"type": "string"}, "example": example}
        for name, (says, example) in _HEADERS.items()
    }
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None and getattr(route, "include_in_schema", False):
                _complete(operation, route, schemas)
    for schema in schemas.values():
        of_attributes(schema)
    _say_wall_times(document)
    used = {tag for item in document["paths"].values() for each in item.values() for tag in each.get("tags", ())}
    document["tags"] = [{"name": name, "description": says} for name, says in TAGS.items() if name in used]
    return document


def _complete(operation: Operation, route: RouteContext, schemas: dict[str, Any]) -> None:
    said, calls, may = described(route.endpoint or _complete), set(calls_of(route.dependant)), caller_of(route)
    operation["operationId"] = f"{(route.endpoint or _complete).__module__.rpartition('.')[2]}.{route.name}"
    operation["description"] = as_markdown(operation.get("description", ""))
    if may is not None:
        operation["security"] = [{"ApiKey": [may.scope] if may.scope else []}]
        needs = f"a key with the scope `{may.scope}`" if may.scope else "any valid key"
        operation["description"] += f"\n\nNeeds {needs}."
    _complete_parameters(operation, route, calls)
    if said.body is not None:
        media = {"schema": add_schema(schemas, said.body), "examples": _named(REQUESTS.get(said.body.__name__, {}))}
        operation["requestBody"] = {"required": True, "content": {"application/json": media}}
    _complete_answers(operation)
    for status, kinds in _by_status([*_kinds(operation, may, calls), *said.refuses]).items():
        operation["responses"][str(status)] = _problems(kinds)


def _complete_parameters(operation: Operation, route: RouteContext, calls: set[Callable[..., object]]) -> None:
    parameters = operation.get("parameters", [])
    if idempotency.of_request in calls:
        parameters = [*parameters, copy.deepcopy(idempotency.PARAMETER)]
    says = {
        name: text
        for field in route.dependant.query_params
        if isinstance(model := field.field_info.annotation, type) and issubclass(model, BaseModel)
        for name, text in of_attributes({"description": model.__doc__ or ""}).items()
        for name in (model.model_fields[name].alias or name,)
    }
    for each in parameters:
        if each["name"] in says:
            each.setdefault("description", says[each["name"]])
        before = re.search(rf"(\w+)/{{{each['name']}}}", route.path_format or "")
        name = f"{before[1]}.{each['name']}" if before else each["name"]
        if name in PARAMETERS:
            each.setdefault("example", PARAMETERS[name])
    if parameters:
        operation["parameters"] = parameters


def _complete_answers(operation: Operation) -> None:
    if "422" in operation["responses"] and "HTTPValidationError" in str(operation["responses"]["422"]):
        del operation["responses"]["422"]  # ours is a problem, where there can be one
    for status, response in operation["responses"].items():
        response["headers"] = _headers(*_ANSWER_HEADERS, *(["Location"] if status == "201" else []))
        if response.get("description") == "Successful Response":
            response["description"] = operation["summary"]
        for media_type, media in response.get("content", {}).items():
            if media_type.startswith("image/"):
                continue
            name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
            example = answer_example(operation["operationId"], name)
            if example is not None:
                media.setdefault("example", example)


def _kinds(operation: Operation, may: May | None, calls: set[Callable[..., object]]) -> Iterator[str]:
    """The problems that follow from what a route depends on."""
    yield from ("bug", "address-too-long", "headers-too-large")
    if may is not None:
        yield from ("no-key", "wrong-key", "too-many-requests", "ledger-away")
        yield from ("scope-missing",) if may.scope else ()
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    if "path" in places:
        yield "not-found"
    if places & {"query", "header"}:
        yield "bad-request"
    if body.of_request in calls:
        yield from ("not-json", "too-slow", "too-large", "wrong-media-type", "bad-request")
    if idempotency.of_request in calls:
        yield from ("idempotency-key-missing", "idempotency-conflict", "still-being-written")


def _say_wall_times(part: object) -> None:
    """A `time` of OpenAPI has an offset; ours are those on the venue's wall, and have none."""
    if isinstance(part, dict):
        if part.get("format") == "time":
            del part["format"]
            part |= {"pattern": _WALL_TIME, "examples": ["19:30"]}
        for each in part.values():
            _say_wall_times(each)
    elif isinstance(part, list):
        for each in part:
            _say_wall_times(each)


def _by_status(kinds: Sequence[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for kind in KINDS:  # in their own order
        if kind in kinds:
            found.setdefault(KINDS[kind].status, []).append(kind)
    return found


def _problems(kinds: Sequence[str]) -> dict[str, Any]:
    examples = _named({kind: problem_example(kind) for kind in kinds})
    return {
        "description": "; ".join(KINDS[kind].title for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
        "headers": _headers("Retry-After") if _WITH_RETRY.intersection(kinds) else {},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _named(examples: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in examples.items()}


def add_schema(schemas: dict[str, Any], model: type[BaseModel]) -> dict[str, str]:
    """Put a model's schema, and those that it is made of, among those of the document; gives the way to it."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, part in (schema.pop("$defs", {}) | {model.__name__: schema}).items():
        schemas.setdefault(name, part)
    return {"$ref": f"#/components/schemas/{model.__name__}"}
