"""A booking as it is known: its rows in the ledger, with what can be said of the places that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from farm.facts import Claim, Facts, Hold
from farm.life.case import Attempt, Case, Place
from farm.manifest import Manifest
from farm.phases import Step
from farm.registry import Registry, UnknownName
from farm.request import Request
from farm.venue import Venue
from farm.verdict import Verdict
from ledger.records import AttemptRecord, BookingRecord


def known(
    there: Registry,
    booking: BookingRecord,
    attempts: Sequence[AttemptRecord],
    can_look: Callable[[Venue, Manifest], bool] = lambda _venue, _manifest: True,
) -> Case:
    """The case behind these rows.

    Args:
        there: What can be booked; a venue that is not in it is named, and nothing more is known of it.
        booking: As it stands.
        attempts: All of its attempts.
        can_look: Whether some read-back channel can answer at a venue; only a decision needs to know.
    """
    request, unknown = booking.wanted(), None
    try:
        candidates = tuple(there.candidates(request))
    except UnknownName as error:
        candidates, unknown = (), str(error)
    visited = [there.venue(slug) for slug in {a.venue for a in attempts} & set(there.venues)]
    manifests = {venue.slug: there.manifest(venue) for venue in visited}
    return Case(
        id=booking.id,
        request=request,
        status=booking.status,
        attempts=tuple(map(attempt_of, attempts)),
        candidates=candidates,
        places={v.slug: Place(v, manifests[v.slug], can_look(v, manifests[v.slug])) for v in visited},
        unknown=unknown,
        verdict=Verdict.model_validate_json(booking.verdict) if booking.verdict else None,
        created_at=booking.created_at,
        settled_at=booking.settled_at,
        cancel_requested_at=booking.cancel_requested_at,
        change=Request.model_validate_json(booking.change) if booking.change else None,
        replaces=booking.replaces,
    )


def attempt_of(row: AttemptRecord) -> Attempt:
    """The attempt behind its row."""
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
