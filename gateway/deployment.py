"""Where this command's farm is: its settings, what it can book, its ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from farm.demotion import Demotion
from farm.registry import Registry
from farm.schema import SchemaFaults
from gateway.complaint import Complaint, ExitCode
from ledger.errors import NoSuchBooking
from ledger.migrate import upgrade
from ledger.records import BookingRecord
from ledger.store import Ledger
from tasks.settings import Settings
from tools.configured import GET_HOME, GET_NEWER, MADE_BY_NEWER, NoHome, must_have_home, read_registry, read_settings

NEAR = 500
"""How many of the newest bookings a mistyped id is held against."""


def settings() -> Settings:
    """The settings of this deployment.

    Raises:
        Complaint: A variable of the environment cannot be used.
    """
    try:
        return read_settings()
    except SchemaFaults as error:
        raise Complaint("a setting cannot be used", faults=error.faults, then="correct or unset it") from None


def registry(of: Settings) -> Registry:
    """Everything that can be booked.

    Raises:
        Complaint: Every fault in every file of integrations, venues and partners.
    """
    try:
        return read_registry(of)
    except SchemaFaults as error:
        count = f"{len(error.faults)} faults" if len(error.faults) > 1 else "a fault"
        raise Complaint(
            f"what can be booked cannot be read: {count}",
            faults=error.faults,
            then="correct the files, or take their folder out of READBACK_INTEGRATIONS or READBACK_PARTNERS",
        ) from None


def registry_if_whole(of: Settings) -> Registry:
    """Everything that can be booked; nothing while a file of it cannot be read: bookings are shown all the same."""
    try:
        return read_registry(of)
    except SchemaFaults:
        return Registry({}, {})


def names_of_venues(of: Settings) -> dict[str, str]:
    """What venues are called, by slug; none while a file of theirs cannot be read."""
    return {venue.slug: venue.name for venue in registry_if_whole(of).venues.values()}


def make_home(of: Settings) -> None:
    """Make the state folder where it is not there yet.

    Raises:
        Complaint: It cannot be made or written.
    """
    try:
        must_have_home(of.home)
        of.home.mkdir(parents=True, exist_ok=True)
    except (NoHome, OSError) as error:
        raise Complaint(f"the state folder cannot be used: {error}", then=GET_HOME, code=ExitCode.MACHINE) from None


def shown(path: Path) -> str:
    """A path as a person would write it here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def ledger_shown(of: Settings) -> str:
    """Where the ledger is, without its password."""
    if of.database_url is None:
        return f"SQLite, {shown(of.home / 'ledger.sqlite3')}"
    return make_url(of.database_url).render_as_string(hide_password=True)


def has_ledger(of: Settings) -> bool:
    """False where nothing was ever booked: the embedded ledger is made by the first request."""
    return of.database_url is not None or (of.home / "ledger.sqlite3").exists()


@asynccontextmanager
async def open_ledger(of: Settings, *, make: bool = False) -> AsyncIterator[Ledger]:
    """The ledger, at this version.

    Args:
        of: The settings.
        make: A ledger file that is not there is made; else that is an error.

    Raises:
        Complaint: There is none, or it cannot be reached.
    """
    if of.database_url is None and (make or of.home.exists()):
        make_home(of)
    if not make and not has_ledger(of):
        raise Complaint(
            f"nothing was ever booked here: there is no ledger in {shown(of.home)}",
            then="`readback book REQUEST.json` makes it; READBACK_HOME names another folder",
        )
    try:
        await upgrade(of.ledger_url)
    except (SQLAlchemyError, OSError) as error:
        raise _out_of_reach(of, error) from error
    except _unknown_revision():
        raise Complaint(f"{MADE_BY_NEWER}: {ledger_shown(of)}", then=GET_NEWER, code=ExitCode.MACHINE) from None
    async with await Ledger.open(of.ledger_url) as ledger:
        try:
            yield ledger
        except SQLAlchemyError as error:
            raise _out_of_reach(of, error) from error


async def demotions(of: Settings) -> dict[str, Demotion]:
    """The integrations that broke in their last check; none where there is no ledger yet.

    Raises:
        Complaint: The ledger cannot be reached.
    """
    if not has_ledger(of):
        return {}
    async with open_ledger(of) as ledger:
        return await ledger.demotions.all()


def must_have_ledger(of: Settings) -> None:
    """Make the ledger where there is none, and bring it to this version.

    Raises:
        Complaint: It cannot be reached, or a newer version made it.
    """

    async def look() -> None:
        async with open_ledger(of, make=True):
            pass

    asyncio.run(look())


def _unknown_revision() -> type[Exception]:
    from alembic.util import CommandError  # takes long to load: only once something has gone wrong

    return CommandError


def _out_of_reach(of: Settings, error: Exception) -> Complaint:
    return Complaint(
        f"the ledger ({ledger_shown(of)}) cannot be used: {type(error).__name__}",
        then="`readback doctor` says what is missing on this machine",
        code=ExitCode.MACHINE,
    )


async def find(ledger: Ledger, booking_id: str) -> BookingRecord:
    """The booking of this id.

    Raises:
        Complaint: There is none; it names the nearest one.
    """
    try:
        return await ledger.booking(booking_id)
    except NoSuchBooking:
        known = [booking.id for booking in await ledger.bookings(NEAR)]
    raise Complaint(f"no booking `{booking_id}`", then=_nearest_id(booking_id, known))


def _nearest_id(wrong: str, known: list[str]) -> str:
    import difflib

    if not known:
        return "nothing is booked in this ledger yet"
    part = [name for name in known if wrong and wrong.removeprefix("bk_") in name]
    near = part[:1] if len(part) == 1 else difflib.get_close_matches(wrong, known, n=1, cutoff=0.8)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"the newest one is `{known[0]}`; `readback list` shows more"
