"""``readback venues``: what can be booked."""

from __future__ import annotations

from gateway.terminal import AsJson, printer, put


def venues(*, as_json: AsJson = False) -> None:
    """List the venues that can be booked.

    They lie in integrations/ and in the folders of READBACK_INTEGRATIONS. A
    file that is wrong is reported with its name, the key, and the nearest known
    one.
    """
    from rich.table import Table
    from rich.text import Text

    from gateway.answers import SoldAnswer, VenueAnswer, VenuesAnswer
    from gateway.deployment import registry, settings

    there = registry(settings())
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
        what.append(f"\non {one.integration} · partner {one.partner}{groups}\n{one.origin}", style="dim")
        table.add_row(one.slug, what)
    printer().print(table)
