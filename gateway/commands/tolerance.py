"""``readback tolerance`` and ``readback notices``: what partners put up with, and what their contacts were told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from gateway.tolerance_answers import NoticeAnswer, ToleranceAnswer
    from tasks.settings import Settings

FORGET, GO_ON = "forget", "go-on"
_WHOLE = ""
_WHY = {"challenged": "it has asked for a person", "down": "it was down", "throttled": "it was asked too much"}


def tolerance(
    what: Annotated[
        str | None, typer.Argument(metavar="[PARTNER | forget | go-on]", help="One partner; or what to do with one.")
    ] = None,
    partner: Annotated[str | None, typer.Argument(metavar="[PARTNER]", help="With forget and go-on.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what partners put up with, as learned inside their agreements.

    forget PARTNER: learn anew from `start_per_min` on; a block is lifted, too.

    go-on PARTNER: its contact has answered, visits may go on at the rate that
    was learned. What waits is done within five minutes.
    """
    from gateway.deployment import settings
    from gateway.tolerance_answers import TolerancesAnswer

    here = settings()
    if what in {FORGET, GO_ON}:
        if partner is None:
            raise Complaint(f"`readback tolerance {what}` needs a partner", then=f"readback tolerance {what} PARTNER")
        asyncio.run(_change(here, what, partner))
        what = partner
    elif partner is not None:
        raise Complaint(f"`{what}` is nothing that can be done", then=f"{FORGET} PARTNER, or {GO_ON} PARTNER")
    answers = asyncio.run(_known(here, what))
    if as_json:
        put(TolerancesAnswer(tolerances=tuple(answers)))
        return
    for answer in answers:
        printer().print(_line(answer))
    if not answers:
        printer().print(f"Nothing is known of {what} yet." if what else "Nothing is known of any partner yet.")
    elif any(answer.why == "challenged" and answer.until is not None for answer in answers):
        say("→ `readback notices` says more; once the contact has answered: `readback tolerance go-on PARTNER`")


def notices(
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what partners' contacts were told, newest first.

    A partner whose site has challenged a visit is left alone, and its contact
    gets one letter, where READBACK_MAIL_URL names a mail server. Else tell it
    yourself.
    """
    from gateway.deployment import settings
    from gateway.tolerance_answers import NoticesAnswer

    answers = asyncio.run(_told(settings(), limit))
    if as_json:
        put(NoticesAnswer(notices=tuple(answers)))
        return
    for answer in answers:
        printer().print(_notice(answer))
    if not answers:
        printer().print("Nobody had to be told anything.")


async def _change(here: Settings, what: str, partner: str) -> None:
    from gateway.deployment import open_ledger

    async with open_ledger(here) as ledger:
        await _must_know(here, partner, [one.partner for one in await ledger.tolerances.all()])
        if what == FORGET:
            await ledger.tolerances.forget(partner)
        else:
            await ledger.tolerances.go_on(partner)


async def _must_know(here: Settings, partner: str, known: list[str]) -> None:
    from farm.schema import SchemaFaults, nearest
    from profiles.partner import Partners

    try:
        agreed = Partners.load(here.partner_folders).by_slug
    except SchemaFaults:
        agreed = {}
    if partner not in {*known, *agreed}:
        raise Complaint(f"no partner `{partner}`", then=nearest(partner, sorted({*known, *agreed})))


async def _known(here: Settings, partner: str | None) -> list[ToleranceAnswer]:
    from gateway.deployment import open_ledger
    from gateway.tolerance_answers import ToleranceAnswer

    async with open_ledger(here) as ledger:
        records = await ledger.tolerances.all()
        if partner is not None:
            await _must_know(here, partner, [one.partner for one in records])
        now = ledger.clock()
        return [ToleranceAnswer.of(one, now) for one in records if partner in {None, one.partner}]


async def _told(here: Settings, limit: int) -> list[NoticeAnswer]:
    from gateway.deployment import open_ledger
    from gateway.tolerance_answers import NoticeAnswer

    async with open_ledger(here) as ledger:
        return [NoticeAnswer.of(one) for one in await ledger.notices.newest(limit)]


def _line(answer: ToleranceAnswer) -> str:
    who = answer.partner if answer.account == _WHOLE else f"{answer.partner} as {answer.account}"
    met = [
        f"{count} {name}"
        for name, count in (
            ("throttled", answer.throttled),
            ("slowed", answer.slowed),
            ("challenged", answer.challenged),
            ("down", answer.down),
        )
        if count
    ]
    said = f"{who}: {answer.rate_per_min:g} a minute"
    if answer.limit_per_min is not None:
        said += f", complaint at {answer.limit_per_min:g}"
    said += f"; {answer.visits} visits" + (f", {', '.join(met)}" if met else "")
    if answer.until is not None:
        why = _WHY.get(answer.why or "throttled", "")
        said += f"; left alone until {answer.until.astimezone():%d %b %H:%M}: {why}"
    return said


def _notice(answer: NoticeAnswer) -> str:
    sent = f"sent {answer.sent_at.astimezone():%d %b %H:%M}" if answer.sent_at else "not sent"
    trouble = f" ({answer.trouble})" if answer.trouble else ""
    what = f"{answer.evidence.get('request')} was answered {answer.evidence.get('status')}"
    return (
        f"{answer.at.astimezone():%d %b %H:%M} {answer.venue}: {what}; "
        f"to {answer.contact}, {sent}{trouble}; left alone until {answer.until.astimezone():%d %b %H:%M}"
    )
