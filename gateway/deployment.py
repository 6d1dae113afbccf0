"""Where this command's farm is: its settings, what it can book, its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from farm.registry import Registry
from farm.schema import Fault, SchemaFaults
from gateway.complaint import Complaint, ExitCode
from ledger.errors import NoSuchBooking
from ledger.migrate import upgrade
from ledger.records import BookingRecord
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.settings import Settings

NEAR = 500
"""How many of the newest bookings a mistyped id is held against."""


def settings() -> Settings:
    """The settings of this deployment.

    Raises:
        Complaint: A variable of the environment cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            Fault("READBACK_" + "_".join(str(step) for step in detail["loc"]).upper(), detail["msg"])
            for detail in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise Complaint("a setting cannot be used", faults=faults, then="correct or unset it") from None


def registry(of: Settings) -> Registry:
    """Everything that can be booked.

    Raises:
        Complaint: Every fault in every file of integrations, venues and partners.
    """
    faults: list[Fault] = []
    found = None
    try:
        found = Registry.load(of.integration_folders)
    except SchemaFaults as error:
        faults += error.faults
    try:
        Partners.load(of.partner_folders)
    except SchemaFaults as error:
        faults += error.faults
    if found is None or faults:
        count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        raise Complaint(
            f"what can be booked cannot be read: {count}",
            faults=faults,
            then="correct the files, or take their folder out of READBACK_INTEGRATIONS or READBACK_PARTNERS",
        )
    return found


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
    if not make and not has_ledger(of):
        raise Complaint(
            f"nothing was ever booked here: there is no ledger in {shown(of.home)}",
            then="`readback book REQUEST.json` makes it; READBACK_HOME names another folder",
        )
    try:
        await upgrade(of.ledger_url)
    except (ArgumentError, ValueError) as error:
        raise Complaint(f"READBACK_DATABASE_URL cannot be used: {error}") from None
    except (SQLAlchemyError, OSError) as error:
        raise _out_of_reach(of, error) from error
    async with await Ledger.open(of.ledger_url) as ledger:
        try:
            yield ledger
        except SQLAlchemyError as error:
            raise _out_of_reach(of, error) from error


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
