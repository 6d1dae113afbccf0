"""Asks for a permit before anything is done at a venue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from farm.life.work import CancelAt, ChangeAt, GiveBack, LookAt, Try
from farm.registry import UnknownName
from ledger.records import Lease
from profiles.pacing.errand import Errand, ErrandKind
from profiles.pacing.pace import Later, Permit
from tasks.runtime import Farm
from tasks.waiting import left_alone

AtVenue = Try | LookAt | CancelAt | ChangeAt | GiveBack
_KINDS: dict[type[AtVenue], ErrandKind] = {
    Try: "book",
    LookAt: "look",
    CancelAt: "cancel",
    ChangeAt: "change",
    GiveBack: "release",
}


@asynccontextmanager
async def permit_for(farm: Farm, lease: Lease, work: AtVenue) -> AsyncIterator[Permit | Later | None]:
    """A permit, kept until the work is done; or when to ask for it again.

    None where there are no limits, or nobody can say whose: a visit without an agreement is refused before a packet.
    """
    try:
        venue = work.venue if isinstance(work, Try) else farm.registry.venue(work.attempt.venue)
    except UnknownName:
        yield None
        return
    partner = farm.partners.by_slug.get(venue.partner)
    if partner is None or not partner.pacing.says_when:
        yield None
        return
    later = await left_alone(farm, partner)
    if later is not None:
        yield later
        return
    booking = await farm.ledger.booking(lease.booking_id)
    errand = Errand(_KINDS[type(work)], booking.id, booking.reseller, booking.wanted().know_by)
    async with farm.pace.permit(partner, errand, venue.zone, farm.clock()) as permit:
        yield permit
