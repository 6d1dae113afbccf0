"""What requests and answers look like: one booking from its wish to its proof.

Each is a file in ``shown/``, named by its model, or by the route where that would mislead. ``{"$of": name, ...}`` is
another one with parts of its own. A test holds each of them to its schema, and sends each request.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from gateway.api.problems import KINDS

_FOLDER = Path(__file__).parent / "shown"
_OF = "$of"


def _read(kind: str) -> dict[str, Any]:
    files = sorted((_FOLDER / kind).glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def _whole(part: JsonValue, all_: dict[str, JsonValue]) -> JsonValue:
    if isinstance(part, list):
        return [_whole(each, all_) for each in part]
    if not isinstance(part, dict):
        return part
    own = {name: _whole(each, all_) for name, each in part.items() if name != _OF}
    of = _whole(all_[str(part[_OF])], all_) if _OF in part else {}
    return {**of, **own} if isinstance(of, dict) else own


_WRITTEN = _read("answers")
ANSWERS: dict[str, Any] = {name: _whole(each, _WRITTEN) for name, each in _WRITTEN.items()}
"""By the model of the answer, or by the id of the operation."""
REQUESTS: dict[str, dict[str, Any]] = _read("requests")
"""By the model of the body, and by what they are for."""
PARAMETERS: dict[str, Any] = {
    "bookings.booking_id": ANSWERS["BookingAnswer"]["id"],
    "doubts.booking_id": ANSWERS["BookingAnswer"]["id"],
    "venues.slug": ANSWERS["PublicVenue"]["slug"],
    "partners.slug": ANSWERS["PublicPartner"]["slug"],
    "webhooks.webhook_id": ANSWERS["WebhookAnswer"]["id"],
    "deliveries.delivery_id": ANSWERS["DeliveryAnswer"]["id"],
    "evidence.item_id": ANSWERS["EvidenceAnswer"]["evidence"][0]["id"],
    "date": "2030-06-14",
    "until": 1906535731,
    "signature": "5f0c2b7e" * 8,
}
"""Of the path, by what stands before it; of the query, by its name."""

_DETAILS = {
    "bad-request": "nothing was queued",
    "not-json": "the body is not JSON: line 3, column 5: Expecting ',' delimiter",
    "scope-missing": "this needs a key with the scope `bookings:write`",
    "not-found": "there is no such booking",
    "not-changeable": f"{ANSWERS['BookingAnswer']['id']} cannot be changed: its cancellation was asked for",
    "too-many-requests": "more than 6000 requests with one key in a minute",
}
_FAULTS = {
    "bad-request": [
        {"where": "when", "what": "2020-06-14 is past at osteria_luna"},
        {"where": "venues.1", "what": "no venue `osteria_lune`; did you mean `osteria_luna`?"},
    ]
}


def answer_example(operation_id: str, model: str) -> JsonValue:
    """What an answer of this route, or else of this model, looks like; None: nobody has said it."""
    return ANSWERS.get(operation_id, ANSWERS.get(model))


def problem_example(kind: str) -> dict[str, Any]:
    """What a problem of this kind looks like."""
    known = KINDS[kind]
    return {
        "type": f"/problems/{kind}",
        "title": known.title,
        "status": known.status,
        "detail": _DETAILS.get(kind, known.title),
        "instance": "req_0123456789abcdef0123",
        "faults": _FAULTS.get(kind, []),
        "then": known.then,
    }
