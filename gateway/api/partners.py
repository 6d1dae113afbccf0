"""Partners: whether the farm may go there now, how fast, and how the caller's own bookings fared there lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from farm.facts import Fact
from farm.tier import Tier
from farm.tolerance import Breaker, Counts, Tolerance
from gateway.api.caller import Reader
from gateway.api.house import Here, House
from gateway.api.paging import PageWanted
from gateway.api.problems import Refused
from gateway.api.venues import nearest_of, openness
from gateway.openness import Closure, Openness
from gateway.partners import venues_of
from gateway.rates import Rate
from gateway.windows import By, rates_in
from ledger.tallies import Window
from profiles.partner import Partner

router = APIRouter(prefix="/v1/partners", tags=["partners"])

LATELY = timedelta(days=7)


class PacingAnswer(Fact):
    """How fast the farm may go there; null: nobody has set such a limit.

    Attributes:
        requests_per_min: What was agreed, at most.
        requests_per_min_now: What the partner puts up with now, as it was learned inside that.
    """

    requests_per_min: int | None
    requests_per_min_now: float | None
    visits_at_once: int | None
    bookings_per_hour: int | None


class DemotedAnswer(Fact):
    """An integration that takes no new bookings as its tier says, since its check has failed."""

    integration: str
    tier: Tier
    since: AwareDatetime


class PublicPartner(Fact):
    """How it stands with one partner.

    Attributes:
        venues: Those that are visited under its agreement.
        open: Bookings at its venues may be tried now; a venue may have reasons of its own not to.
        closed: Why they may not.
        opens_at: When that ends by itself; null: nobody knows.
        agreement_ends: The last day of the agreement.
        circuit: `open`: nobody goes there. `half_open`: one visit may, to see. Null: nothing is known yet.
        clean_visits: The share of the farm's visits that met no complaint: no limit, no challenge, no venue that was
            down. Null: there were none, or nobody watches.
        recent: Your own attempts there, of bookings of the last seven days: so many of those that have ended are
            booked.
    """

    slug: str
    name: str
    venues: tuple[str, ...]
    open: bool
    closed: str | None
    closed_for: Closure | None
    opens_at: AwareDatetime | None
    agreement_ends: date
    pacing: PacingAnswer
    circuit: Breaker | None
    clean_visits: float | None
    demoted: tuple[DemotedAnswer, ...]
    recent: Rate

    @classmethod
    def of(cls, partner: Partner, by: Openness, recent: Rate) -> Self:
        """The answer for a profile."""
        venues = venues_of(partner, by.there)
        zones = {venue.zone for venue in venues}
        closed = by.partner_closed(partner, zones.pop() if len(zones) == 1 else None)
        terms, known = partner.pacing, by.known_of(partner)
        integrations = dict.fromkeys(venue.integration for venue in venues)
        return cls(
            slug=partner.slug,
            name=partner.name,
            venues=tuple(venue.slug for venue in venues),
            open=closed is None,
            closed=closed.sentence if closed is not None else None,
            closed_for=closed.why if closed is not None else None,
            opens_at=closed.until if closed is not None else None,
            agreement_ends=partner.access.ends,
            pacing=PacingAnswer(
                requests_per_min=terms.requests_per_min,
                requests_per_min_now=round(known.rate_per_min, 2) if known is not None else terms.requests_per_min,
                visits_at_once=terms.visits_at_once,
                bookings_per_hour=terms.bookings_per_hour,
            ),
            circuit=_circuit(known, by.now) if known is not None else None,
            clean_visits=_clean(known.counts) if known is not None else None,
            demoted=tuple(
                DemotedAnswer(integration=one, tier=by.tier(one), since=by.demotions[one].since)
                for one in integrations
                if one in by.demotions
            ),
            recent=recent,
        )


class PartnersPage(Fact):
    """Partners, by slug.

    Attributes:
        next: The cursor of the next page; null at the end.
    """

    partners: tuple[PublicPartner, ...]
    next: str | None


@router.get("", summary="How it stands with each partner")
async def list_partners(here: Here, who: Reader, wanted: Annotated[PageWanted, Query()]) -> PartnersPage:
    """A page of them; `next` is the `cursor` of the one after it."""
    after = wanted.after or ""
    found = [one for slug, one in sorted(here.partners.by_slug.items()) if slug > after]
    page = found[: wanted.limit]
    return PartnersPage(
        partners=tuple(await _answers(here, who.reseller, page)),
        next=wanted.next_of(found, lambda one: one.slug),
    )


@router.get("/{slug}", summary="How it stands with one partner")
async def show_partner(slug: str, here: Here, who: Reader) -> PublicPartner:
    """Whether the farm may go there now, how fast, and how your own bookings fared there lately."""
    partner = here.partners.by_slug.get(slug)
    if partner is None:
        then = nearest_of(slug, here.partners.by_slug, router.prefix)
        raise Refused("not-found", "there is no such partner", then=then)
    (answer,) = await _answers(here, who.reseller, [partner])
    return answer


async def _answers(here: House, reseller: str, partners: Sequence[Partner]) -> list[PublicPartner]:
    by = await openness(here)
    lately = Window(by.now - LATELY, by.now, reseller)
    rows = (await rates_in(lately, By.PARTNER, here.ledger.tallies, here.registry)).rows
    recent = {row.name: row.confirmation for row in rows}
    return [PublicPartner.of(one, by, recent.get(one.slug, Rate.from_counts(0, 0))) for one in partners]


def _circuit(known: Tolerance, now: datetime) -> Breaker:
    """One that is open until a moment which has passed lets the next visit try."""
    is_over = known.state is Breaker.OPEN and known.waits_until(now) is None
    return Breaker.HALF_OPEN if is_over else known.state


def _clean(counts: Counts) -> float | None:
    complaints = counts.throttled + counts.challenged + counts.down
    return round(1 - complaints / counts.visits, 4) if counts.visits else None
