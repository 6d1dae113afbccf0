"""``readback profiles``: how partners agreed to be visited, what holds for one, and what a browser says under it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, examples, printer, put

if TYPE_CHECKING:
    from farm.registry import Registry
    from gateway.partners import LooksAnswer, PartnerAnswer, ProfileAnswer
    from gateway.tolerance_answers import ToleranceAnswer
    from profiles.partner import Partner, Partners
    from profiles.visiting import Appearance
    from tasks.settings import Settings
    from tools.appearance.reading import Reading

Name = Annotated[str, typer.Argument(metavar="NAME", help="The partner: its profile's file without .toml.")]
SOON_DAYS = 30
profiles = typer.Typer(rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]})


@profiles.callback(invoke_without_command=True)
def everyone(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the partners: what each agreed to, until when, and which of its secrets are missing here.

    The profiles lie in profiles/partners and in the folders of
    READBACK_PARTNERS, one file a partner; docs/partners.md tells how one is
    written from a partner's e-mail.
    """
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime

    from gateway.partners import PartnerAnswer, PartnersAnswer

    _, there, partners = _here()
    today = datetime.now(UTC).date()
    found = tuple(PartnerAnswer.of(one, there, today) for _, one in sorted(partners.by_slug.items()))
    if as_json:
        put(PartnersAnswer(partners=found))
    else:
        _list(found)


@profiles.command(epilog=examples("readback profiles show bologna_tables"))
def show(name: Name, *, as_json: AsJson = False) -> None:
    """Show every value that holds for a partner, and where it comes from: its file, a default, what was learned.

    Secrets are named, never shown.
    """
    from datetime import UTC, datetime

    from gateway.deployment import shown
    from gateway.partners import PartnerAnswer, ProfileAnswer, learned_of, values_of

    here, there, partners = _here()
    partner = _partner(partners, name)
    file = next(path for folder in here.partner_folders if (path := folder / f"{name}.toml").is_file())
    of = PartnerAnswer.of(partner, there, datetime.now(UTC).date())
    learned = learned_of(asyncio.run(_known(here, name)))
    answer = ProfileAnswer(partner=of, file=shown(file), values=(*values_of(partner), *learned))
    if as_json:
        put(answer)
    else:
        _show(answer)


@profiles.command(
    "test", epilog=examples("readback profiles test bologna_tables", "readback profiles test ribera --json")
)
def look(name: Name, *, as_json: AsJson = False) -> None:
    """Open a page of our own under a profile, and read back all that the browser says of itself.

    Requests, frames, workers and pop-ups must agree with each other, with the
    profile, and with the browser that really runs. No venue is visited.

    Exit code 0 when nothing contradicts itself, 1 when something does.
    """
    from gateway.partners import LooksAnswer, venues_of
    from profiles.visiting import appearance_of
    from tools.appearance.rules import contradictions

    here, there, partners = _here()
    partner = _partner(partners, name)
    venue = next(iter(venues_of(partner, there)), None)
    reading = asyncio.run(_read(here, appearance_of(partner, venue)))
    page = reading.said[0]
    answer = LooksAnswer(
        partner=partner.slug,
        engine=reading.engine,
        user_agent=page.user_agent,
        locale=page.language,
        timezone=page.timezone,
        webgl=page.window.webgl if page.window is not None else None,
        requests=tuple(reading.asked),
        places=tuple(one.where for one in reading.said),
        contradictions=contradictions(reading),
    )
    if as_json:
        put(answer)
    else:
        _tell(answer)
    if answer.contradictions:
        raise typer.Exit(1)


async def _known(here: Settings, partner: str) -> list[ToleranceAnswer]:
    """What was learned of a partner; nothing where nothing was ever booked."""
    from gateway.deployment import has_ledger, open_ledger
    from gateway.tolerance_answers import ToleranceAnswer

    if not has_ledger(here):
        return []
    async with open_ledger(here) as ledger:
        now = ledger.clock()
        return [ToleranceAnswer.of(one, now) for one in await ledger.tolerances.all() if one.partner == partner]


async def _read(here: Settings, wanted: Appearance) -> Reading:
    from tasks.browser import NoBrowser, WarmBrowser
    from tools.appearance.reading import read_back

    browser = WarmBrowser(sandbox=here.chromium_sandbox == "on")
    try:
        return await read_back(browser, wanted)
    except NoBrowser as error:
        raise Complaint(str(error), then="`readback doctor` says what is missing on this machine") from None
    finally:
        await browser.stop()


def _here() -> tuple[Settings, Registry, Partners]:
    from gateway.deployment import registry, settings
    from profiles.partner import Partners

    here = settings()
    return here, registry(here), Partners.load(here.partner_folders)


def _partner(partners: Partners, name: str) -> Partner:
    from farm.schema import nearest

    if name not in partners.by_slug:
        near = nearest(name, sorted(partners.by_slug))
        raise Complaint(f"no profile of partner `{name}`", then=f"{near}; READBACK_PARTNERS names further folders")
    return partners.by_slug[name]


def _list(found: tuple[PartnerAnswer, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for one in found:
        what = Text(f"{one.name} · {one.basis} · ")
        what.append(*_ends(one))
        what.append(f"\n{', '.join(one.steps)}\n{_pace(one)}", style="dim")
        for account in one.accounts:
            what.append(f"\naccount {account.role}: {'there' if account.there else 'not there'}")
            what.stylize("yellow" if not account.there else "", len(what) - len("not there"))
        if one.key_there is not None:
            what.append(f"\nsigned by {one.identify}{'' if one.key_there else ': its key is not there'}")
        what.append(f"\nvenues {', '.join(one.venues)}" if one.venues else "\nno venue", style="dim")
        table.add_row(one.slug, what)
    printer().print(table)


def _ends(one: PartnerAnswer) -> tuple[str, str]:
    if one.ends_in_days < 0:
        return f"ended on {one.ends:%d %b %Y}: nothing goes there", "bold red"
    style = "bold yellow" if one.ends_in_days < SOON_DAYS else ""
    return f"ends in {one.ends_in_days} days, on {one.ends:%d %b %Y}", style


def _pace(one: PartnerAnswer) -> str:
    limits = (
        (one.requests_per_min, "requests a minute"),
        (one.visits_at_once, "visits at once"),
        (one.bookings_per_hour, "bookings an hour"),
    )
    said = ", ".join(f"{most} {what}" for most, what in limits if most is not None) or "no limits"
    learns = f"; learns from {one.learns_from_per_min:g} a minute up" if one.learns_from_per_min is not None else ""
    return said + learns


def _show(answer: ProfileAnswer) -> None:
    from rich.table import Table
    from rich.text import Text

    console = printer()
    console.print(Text.assemble((answer.partner.name, "bold"), f" · {answer.file} · ", _ends(answer.partner)))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim", no_wrap=True)
    for one in answer.values:
        style = "dim" if one.source == "default" else ""
        table.add_row(one.key, Text(_said(one.value), style), one.source)
    console.print(table)


def _said(value: object) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)


def _tell(answer: LooksAnswer) -> None:
    from rich.table import Table
    from rich.text import Text

    console = printer()
    about = f"{answer.locale} · {answer.timezone} · engine {answer.engine} · graphics {answer.webgl or 'none'}"
    console.print(Text.assemble((answer.partner, "bold"), f"  {answer.user_agent}\n", (about, "dim")))
    looked = f"{len(answer.requests)} requests ({', '.join(answer.requests)}) and {len(answer.places)} places"
    if not answer.contradictions:
        console.print(Text.assemble(("✓ ", "bold green"), f"{looked}: no contradictions"))
        return
    console.print(Text.assemble(("✗ ", "bold red"), f"{looked}: {len(answer.contradictions)} contradictions"))
    table = Table("rule", "where", "says", "and not", box=None, padding=(0, 2, 0, 0), header_style="dim")
    for one in answer.contradictions:
        table.add_row(one.rule, one.where, Text(one.said, "bold"), Text(one.wanted))
    console.print(table)
