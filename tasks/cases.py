"""A booking as decisions see it: read from the ledger, with what this farm knows of its places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from farm import reading
from farm.demotion import Demotion, closed_venues
from farm.facts import Claim, Facts, Hold
from farm.life.case import Attempt, Case, Place
from farm.phases import Step
from farm.registry import UnknownName
from farm.request import Request
from farm.verdict import Verdict
from ledger.records import AttemptRecord, BookingRecord
from tasks.runtime import Farm
from tasks.waiting import rests


async def read_case(farm: Farm, booking_id: str, demotions: Mapping[str, Demotion]) -> Case:
    """What is known of a booking now. Only the holder of its lease may decide by it.

    ``demotions`` as they were when the task began: they change once a night.
    """
    booking = await farm.ledger.booking(booking_id)
    case = _case_of(farm, booking, await farm.ledger.attempts(booking_id), demotions)
    return replace(case, resting=await rests(farm, case.candidates))


def _case_of(
    farm: Farm, booking: BookingRecord, attempts: list[AttemptRecord], demotions: Mapping[str, Demotion]
) -> Case:
    """The case behind these rows."""
    request, unknown = booking.wanted(), None
    try:
        candidates = tuple(farm.registry.candidates(request))
    except UnknownName as error:
        candidates, unknown = (), str(error)
    return Case(
        id=booking.id,
        request=request,
        status=booking.status,
        attempts=tuple(map(_attempt, attempts)),
        candidates=candidates,
        places={slug: _place(farm, slug) for slug in {a.venue for a in attempts} & set(farm.registry.venues)},
        unknown=unknown,
        verdict=Verdict.model_validate_json(booking.verdict) if booking.verdict else None,
        created_at=booking.created_at,
        settled_at=booking.settled_at,
        cancel_requested_at=booking.cancel_requested_at,
        change=Request.model_validate_json(booking.change) if booking.change else None,
        replaces=booking.replaces,
        closed=closed_venues(candidates, farm.registry, farm.settings.least_tier, demotions),
    )


def _place(farm: Farm, slug: str) -> Place:
    venue = farm.registry.venue(slug)
    manifest = farm.registry.manifest(venue)
    return Place(venue, manifest, reading.can_look(manifest, farm.visits(venue)))


def _attempt(row: AttemptRecord) -> Attempt:
    return Attempt(
        id=row.id,
        number=row.number,
        venue=row.venue,
        state=row.state,
        started_at=row.started_at,
        cause=row.cause,
        detail=row.detail or "",
        sent=row.sent,
        committed_at=row.committed_at,
        submit_deadline=row.submit_deadline,
        answered_at=_answered_at(row),
        claim=Claim.model_validate_json(row.claim) if row.claim else None,
        hold=Hold.model_validate_json(row.hold) if row.hold else None,
        given_back=row.given_back,
        expected=Facts.model_validate_json(row.expected) if row.expected else None,
        verdict=Verdict.model_validate_json(row.verdict) if row.verdict else None,
        read_backs=row.read_backs,
        widened=row.widened,
    )


def _answered_at(row: AttemptRecord) -> datetime | None:
    """When the venue's page claimed the booking; None when it never did, and a request may still be on its way."""
    if row.claim is None or row.committed_at is None:
        return None
    clicked = [stage.seconds for stage in row.stages if stage.stage == Step.SUBMIT]
    return row.committed_at + timedelta(seconds=sum(clicked))
