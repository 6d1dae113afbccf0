"""``readback venues``: what can be booked."""

from __future__ import annotations

import asyncio

from gateway.terminal import AsJson, printer, put


def venues(*, as_json: AsJson = False) -> None:
    """List the venues that can be booked.

    They lie in integrations/ and in the folders of READBACK_INTEGRATIONS. A
    file that is wrong is reported with its name, the key, and the nearest known
    one.

    With each stands the tier that its integration has earned. One below
    READBACK_LEAST_TIER (silver), or whose nightly check broke, takes no new
    bookings: it says why, and what to do.
    """
    from rich.table import Table
    from rich.text import Text

    from farm.demotion import closed_venues, tier_of
    from gateway.answers import SoldAnswer, VenueAnswer, VenuesAnswer
    from gateway.deployment import demotions, registry, settings

    here = settings()
    there = registry(here)
    demoted = asyncio.run(demotions(here))
    closed = closed_venues(there.venues.values(), there, here.least_tier, demoted)
    found = tuple(
        VenueAnswer(
            slug=venue.slug,
            name=venue.name,
            city=venue.place.city if venue.place is not None else None,
            kind=venue.kind,
            integration=venue.integration,
            partner=venue.partner,
            groups=venue.groups,
            payment=there.manifest(venue).payment,
            timezone=venue.timezone,
            currency=venue.currency,
            origin=venue.origin,
            sells=tuple(SoldAnswer(service=one.service, seats=one.seats) for one in venue.sells),
            resources=venue.resources,
            tier=tier_of(venue.integration, there, demoted),
            verified_on=there.manifest(venue).quality.verified_on,
            closed=closed.get(venue.slug),
        )
        for _, venue in sorted(there.venues.items())
    )
    if as_json:
        put(VenuesAnswer(venues=found))
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for one in found:
        city = f", {one.city}" if one.city else ""
        what = Text(f"{one.name}{city} · {one.kind} · payment {one.payment.replace('_', ' ')}")
        for name, values in (("sells", [sold.service for sold in one.sells]), ("resources", one.resources)):
            what.append(f"\n{name} {', '.join(values)}" if values else "")
        groups = f" · groups {', '.join(one.groups)}" if one.groups else ""
        verified = f" since {one.verified_on:%d %b %Y}" if one.verified_on and one.closed is None else ""
        on = f"\non {one.integration} ({one.tier}{verified}) · partner {one.partner}{groups}\n{one.origin}"
        what.append(on, style="dim")
        what.append(f"\n{one.closed}" if one.closed else "", style="bold yellow")
        table.add_row(one.slug, what)
    printer().print(table)
