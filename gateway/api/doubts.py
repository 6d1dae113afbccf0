"""Doubts: where the farm cannot tell what stands at a venue, and a person's word settles it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, ValidationInfo, field_validator

from farm.facts import Fact
from farm.life.by_person import LEFT
from farm.life.decision import NothingToResolve, NotNow
from farm.life.happened import Resolved
from farm.written import Line
from gateway.answers import BookingAnswer
from gateway.api.body import Body, fitting
from gateway.api.bookings import own
from gateway.api.caller import Reader, Resolver
from gateway.api.described import takes
from gateway.api.house import Here, House
from gateway.api.paging import PageWanted
from gateway.api.problems import Refused
from gateway.doubts import DoubtAnswer, Says, doubt_of
from gateway.standing import answer_for
from ledger.records import BookingRecord
from tasks.resolving import SomebodyElseWorks, resolve
from tasks.runtime import farm_over

router = APIRouter(prefix="/v1/doubts", tags=["doubts"])

PATIENCE_S = 3.0
"""How long a word waits for a worker that is at the booking."""


class DoubtsPage(Fact):
    """Bookings that wait for a person's word, oldest first.

    Attributes:
        next: The cursor of the next page; null at the end.
    """

    doubts: tuple[DoubtAnswer, ...]
    next: str | None


class PersonsWord(Fact):
    """What a person who has looked at the venue says.

    Attributes:
        attempt: Of which one, as the doubt names it.
        says: `stands`: its record does, under `reference`. `nothing_stands`: there is none, and the booking goes on
            to its next venue. `cancelled`: there is none, and nothing else shall be booked.
        reference: The venue's own booking number.
        reason: How they know; no guest data, for it is kept.
    """

    attempt: Annotated[int, Field(strict=True, ge=1)]
    says: Says
    reference: Annotated[Annotated[Line, Field(max_length=120)] | None, Field(validate_default=True)] = None
    reason: Annotated[Line, Field(max_length=300)]

    @field_validator("reference")
    @classmethod
    def _is_of_what_stands(cls, reference: str | None, info: ValidationInfo[None]) -> str | None:
        says = info.data.get("says")
        if says is Says.STANDS and reference is None:
            raise ValueError("is missing: under which number does it stand?")
        if says is not None and says is not Says.STANDS and reference is not None:
            raise ValueError(f"belongs to `{Says.STANDS}`")
        return reference


@router.get("", summary="Your bookings that wait for a person's word")
async def list_doubts(here: Here, who: Reader, wanted: Annotated[PageWanted, Query()]) -> DoubtsPage:
    """With each: where to look, for what, and what may be said of it. `next` is the `cursor` of the next page."""
    found = await here.ledger.overview.doubts_of(who.reseller, wanted.limit + 1, wanted.after)
    page = found[: wanted.limit]
    around = await here.ledger.overview.around([booking.id for booking in page])
    now = here.ledger.clock()
    doubts = [doubt_of(here.registry, booking, around[booking.id].attempts, now) for booking in page]
    return DoubtsPage(
        doubts=tuple(doubt for doubt in doubts if doubt is not None),
        next=wanted.next_of(found, lambda one: one.id),
    )


@router.get("/{booking_id}", summary="What a person must look for")
async def show_doubt(booking_id: str, here: Here, who: Reader) -> DoubtAnswer:
    """Everything that is needed to look at the venue's record; never guest data."""
    booking = await own(here, who, booking_id)
    attempts = tuple(await here.ledger.attempts(booking.id))
    doubt = doubt_of(here.registry, booking, attempts, here.ledger.clock())
    if doubt is None:
        then = f"`GET /v1/bookings/{booking.id}` says how it stands"
        raise Refused("not-found", f"{booking.id} waits for nobody's word", then=then)
    return doubt


@router.post("/{booking_id}/resolution", summary="Say what stands at the venue")
@takes(PersonsWord, refuses=("not-in-doubt", "click-on-its-way", "being-worked-on"))
async def resolve_doubt(booking_id: str, here: Here, who: Resolver, body: Body) -> BookingAnswer:
    """The booking goes on by your word, and its history keeps which key said so, and why.

    Said again in the same words it changes nothing, and gives the booking as it is then.
    """
    booking = await own(here, who, booking_id)
    word = fitting(body, PersonsWord, "nothing was written down")
    said = Resolved(
        word.reference, f"key {who.key_id}", word.reason, here.ledger.clock(), word.says is Says.CANCELLED
    )
    return await answer_for(here.ledger, here.registry, await _resolved(here, booking, word.attempt, said))


async def _resolved(here: House, booking: BookingRecord, attempt: int, said: Resolved) -> BookingRecord:
    try:
        async with farm_over(here.settings, here.registry, here.partners, here.ledger) as farm:
            return await resolve(farm, booking.id, said, attempt, PATIENCE_S)
    except NothingToResolve:
        if await _was_said(here, booking.id, attempt, said):
            return await here.ledger.booking(booking.id)
        what = f"attempt {attempt} of {booking.id} waits for nobody's word"
        raise Refused("not-in-doubt", what) from None
    except NotNow as early:
        left_s = (early.until - here.ledger.clock()).total_seconds()
        headers = {"Retry-After": str(max(1, int(left_s) + 1))}
        raise Refused("click-on-its-way", f"{booking.id}: {early}", headers=headers) from None
    except SomebodyElseWorks:
        raise Refused("being-worked-on", f"a worker is at {booking.id}", headers={"Retry-After": "5"}) from None


async def _was_said(here: House, booking_id: str, attempt: int, said: Resolved) -> bool:
    """Whether this very word on this attempt stands in the history."""
    words = [e for e in await here.ledger.events(booking_id) if e.kind == "doubt.resolved" and e.attempt == attempt]
    this = (said.said, said.by, said.reason)
    return any((e.payload["said"].removesuffix(LEFT), e.payload["by"], e.payload["reason"]) == this for e in words)
