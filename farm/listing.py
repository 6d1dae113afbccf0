"""What a venue listed when it was searched: for whoever wants to know before asking. As seen, never a promise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import Literal

from farm.facts import Fact, Money, Offer, Party, Slot, When
from farm.request import Request, WantedSlot, WantedStay
from farm.venue import Venue

MOST_OFFERS = 200
"""A hall lists every seat; nobody reads more of them than this."""


class Offered(Fact):
    """One offer of a list, without what a script needs to find it again.

    Attributes:
        price: For the whole party, as the list showed it.
        price_stage: ``final``, or ``lower_bound`` where fees may come later.
        left: How many such units the venue said were left.
    """

    when: When
    resource: str | None
    service: str | None
    price: Money | None
    price_stage: Literal["final", "lower_bound"]
    left: int | None


class Listing(Fact):
    """All that a venue listed for one day, when it was asked for such a party.

    Attributes:
        day: Of the slot, or of the arrival, in the venue's own zone.
        nights: 0 for a slot.
        earliest: Some venues show only times that are asked for: nothing is known of those before.
        latest: Nor of those after.
        service: What it was asked for, in the venue's own word; None: for anything.
        resource: The same.
    """

    venue: str
    day: date
    party: Party
    nights: int = 0
    earliest: time | None = None
    latest: time | None = None
    service: str | None = None
    resource: str | None = None
    offers: tuple[Offered, ...] = ()

    @classmethod
    def of(cls, venue: Venue, request: Request, offers: Sequence[Offer]) -> Listing | None:
        """What the venue listed; None where the question had words that are not the venue's own.

        Nothing of the request is kept but what shapes the list.
        """
        own = _words_of(venue, offers)
        asked = {"service": request.service, "resource": request.resource}
        if any(word is not None and word.casefold() not in own for word in asked.values()):
            return None
        when = request.when
        return cls(
            venue=venue.slug,
            day=when.day,
            party=request.party,
            nights=(when.check_out - when.check_in).days if isinstance(when, WantedStay) else 0,
            earliest=when.earliest if isinstance(when, WantedSlot) else None,
            latest=when.latest if isinstance(when, WantedSlot) else None,
            **{name: own[word.casefold()] for name, word in asked.items() if word is not None},
            offers=tuple(_of(offer) for offer in offers if _day(offer.when, venue) == when.day)[:MOST_OFFERS],
        )


def _words_of(venue: Venue, offers: Iterable[Offer]) -> dict[str, str]:
    """What the venue itself calls things."""
    listed = [word for offer in offers for word in (offer.service, offer.resource) if word]
    words = [*venue.resources, *(sold.service for sold in venue.sells), *listed]
    return {word.casefold(): word for word in words}


def _day(when: When, venue: Venue) -> date:
    return when.starts_at.astimezone(venue.zone).date() if isinstance(when, Slot) else when.check_in


def _of(offer: Offer) -> Offered:
    return Offered.model_validate(offer.model_dump(include=set(Offered.model_fields)))
