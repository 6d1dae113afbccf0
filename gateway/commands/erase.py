"""``readback erase``: a guest's personal data goes, everywhere; the numbers stay."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import AsJson, printer, put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.answers import ErasedAnswer
    from ledger.erasing import Erased, UnderWay
    from ledger.store import Ledger
    from tasks.settings import Settings


def erase(
    guest: Annotated[str, typer.Argument(metavar="GUEST", help="The guest's e-mail address, as booked.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Remove a guest's personal data from the ledger, and prove it by searching again.

    Name, address, telephone, note, context and secrets go, and all evidence of the bookings (pictures and texts, in
    which the guest was covered); each booking stays, with times, prices, counts and codes.
    It cannot be undone. It is refused while a booking of theirs is under way, and then nothing is removed.

    What the venues have is the venues' own; letters in a partner's mailbox are listed, for you to delete.
    Exit codes: 0 nothing is left, 2 still under way, 5 something was found again.
    """
    from gateway.answers import ErasedAnswer
    from gateway.deployment import settings

    here = settings()
    if "@" not in guest.strip("@"):
        raise Complaint(
            "a guest is named by the e-mail address of the booking", then="readback erase ada@example.com"
        )
    done = asyncio.run(_erase(here, guest.strip()))
    if isinstance(done, list):
        raise _refusal(done)
    erased, evidence = done
    answer = ErasedAnswer.of(erased, evidence, _mailboxes(here, erased.venues))
    if as_json:
        put(answer)
    else:
        _print(answer)
    if answer.left:
        raise typer.Exit(ExitCode.BROKE)


async def _erase(here: Settings, email: str) -> tuple[Erased, int] | list[UnderWay]:
    """What was removed, and how many items of evidence with it."""
    from gateway.deployment import open_ledger
    from ledger.erasing import Erasing

    async with open_ledger(here) as ledger, Erasing(here.ledger_url, ledger.clock) as erasing:
        erased = await erasing.erase(email)
        return erased if isinstance(erased, list) else (erased, await _forget(here, ledger, erased.booking_ids))


async def _forget(here: Settings, ledger: Ledger, booking_ids: Sequence[str]) -> int:
    """Delete the evidence of these bookings: the bytes first, then the rows that name them."""
    from tasks.evidence import EvidenceStore, StoreAway

    items = [item for one in booking_ids for item in await ledger.evidence.of_booking(one)]
    try:
        await EvidenceStore.of(here).forget(item.key for item in items if item.sha256 is not None)
    except StoreAway as error:
        raise Complaint(
            f"the ledger has forgotten the guest, but the store of evidence does not answer ({error})",
            then=f"guests are covered in what is left there; it goes after {here.evidence_days} days, or delete the "
            f"folders of {', '.join(booking_ids)} yourself",
            code=ExitCode.MACHINE,
        ) from None
    await ledger.evidence.forget(booking_ids)
    return len(items)


def _refusal(stand: Sequence[UnderWay]) -> Complaint:
    from farm.schema import Fault

    faults = [
        Fault(
            one.booking_id, f"{one.status}: {one.why}{f', until {one.until:%Y-%m-%d %H:%M} UTC' if one.until else ''}"
        )
        for one in stand
    ]
    return Complaint(
        "nothing was removed: a look at the venue needs to know whose booking it is",
        faults=faults,
        then="wait until then, or call each off with  readback cancel ID --wait  and erase again",
    )


def _mailboxes(here: Settings, venues: Sequence[str]) -> list[str]:
    """The partners of these venues that have a mailbox of ours, which may hold letters to the guest."""
    from gateway.deployment import registry
    from profiles.partner import Partners

    there, partners = registry(here), Partners.load(here.partner_folders).by_slug
    named = {there.venues[slug].partner for slug in venues if slug in there.venues}
    return sorted(one for one in named if one in partners and partners[one].session.mailbox is not None)


def _print(answer: ErasedAnswer) -> None:
    console = printer()
    if not answer.bookings:
        console.print("Nothing of this guest is in the ledger.")
    else:
        columns = ", ".join(f"{name} ({count})" for name, count in answer.removed.items()) or "nothing was left to do"
        console.print(f"{len(answer.bookings)} booking(s) no longer say whose they were: {columns}.")
    if answer.evidence:
        console.print(f"{answer.evidence} item(s) of evidence were deleted.")
    for place in answer.left:
        console.print(f"Found again in {place}: please report this.")
    if not answer.left:
        console.print("Searched again in every column of every table: nothing found.")
    if not answer.compacted:
        console.print("The database was in use, so that its files may keep old pages: run this again when it rests.")
    for partner in answer.mailboxes:
        console.print(f"The mailbox of {partner} may hold letters to the guest: delete them there.")
