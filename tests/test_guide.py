"""docs/writing-an-integration.md, done: its venues are booked for real, and its mistakes say what it says."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import profiles.visiting
from farm.booking import Ask, book
from farm.contract import Lookup
from farm.errors import CancelUnproven, FarmError
from farm.identity import Reference, mint_code, plant
from farm.reading import cancel, look
from farm.registry import Registry
from farm.request import Request
from farm.schema import SchemaFaults
from farm.status import BookingStatus
from farm.verdict import Measure
from farm.visit import Visit
from fixtures.kit.process import TwinProcess
from ledger.store import Ledger
from profiles.partner import Partners
from profiles.visiting import PartnerVisits
from tasks.embedded import EmbeddedFarm
from tasks.settings import Settings
from tests.browsers import browser

__all__ = ["browser"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GUIDE = (DOCS / "writing-an-integration.md").read_text()
MANIFEST, SCRIPT = "integrations/quayside/manifest.toml", "integrations/quayside/script.py"
PARTNER, REQUEST = "partners/quayside.toml", "request.json"
SETTLED_S = 30.0

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site():
    spec = importlib.util.spec_from_file_location("quayside_site", DOCS / "quayside" / "site.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hire(site):
    """The boat hire on a free port: its book, and where it stands."""
    ours = site.Book()
    server = site.serve(ours, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield ours, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def moved(name: str, to: Path, host: str) -> Path:
    """A folder of the guide, for a site that stands elsewhere."""
    copy = Path(shutil.copytree(DOCS / name, to / name, ignore=shutil.ignore_patterns("__pycache__")))
    for path in copy.rglob("*.toml"):
        text = path.read_text().replace("127.0.0.1:8404", host).replace("127.0.0.1:8410", host)
        path.write_text(text)
    return copy


@pytest.mark.e2e
def test_both_venues_are_booked_and_called_off(tmp_path, hire):
    book, host = hire
    with TwinProcess.start("fixtures.osteria_luna", tmp_path / "twin", name="Locanda Mare", city="Rimini") as twin:
        folders = [
            moved("locanda", tmp_path, twin.origin.removeprefix("http://")),
            moved("quayside", tmp_path, host),
        ]
        settings = Settings(
            home=tmp_path / "home",
            integrations=":".join(str(folder / "integrations") for folder in folders),
            partners=":".join(str(folder / "partners") for folder in folders),
        )
        with EmbeddedFarm(settings):
            wishes = [Request.model_validate_json((folder / REQUEST).read_text()) for folder in folders]
            locanda, boats = asyncio.run(book_and_call_off(settings, wishes))
        (table,) = twin.records()
    assert (table.code, table.status, table.covers) == (locanda.venue_reference, "cancelled", 2)
    (boat,) = book.hires
    assert (boat.number, boat.status, boat.time) == (boats.venue_reference, "Called off", "12:00")
    assert [json.loads(one.verdict)["channel"] for one in (locanda, boats)] == ["guest_lookup", "my_boats"]


async def book_and_call_off(settings, wishes):
    async with await Ledger.open(settings.ledger_url) as ledger:
        ids = [(await ledger.accept(wish, mint_code())).booking.id for wish in wishes]
        confirmed = [await until(ledger, booking_id, BookingStatus.CONFIRMED) for booking_id in ids]
        for booking_id in ids:
            await ledger.request_cancel(booking_id)
        for booking_id in ids:
            await until(ledger, booking_id, BookingStatus.CANCELLED)
        return confirmed


async def until(ledger, booking_id, status):
    ends_at = time.monotonic() + SETTLED_S
    while (booking := await ledger.booking(booking_id)).status is not status:
        assert time.monotonic() < ends_at, (booking.status, booking.sentence)
        await asyncio.sleep(0.05)
    return booking


def mistakes(test):
    """Each row of the tables under "When it does not work": made on purpose, and heard."""
    return pytest.mark.asyncio(loop_scope="module")(pytest.mark.usefixtures("impatient")(test))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(profiles.visiting, "Visit", functools.partial(Visit, wait_s=2.0))


@mistakes
async def test_none_of_them(browser, hire, tmp_path):
    said = await attempt(browser, hire, tmp_path)
    assert said == "claimed | matched | cancelled"


@mistakes
@pytest.mark.parametrize(
    ("file", "right", "wrong", "says"),
    [
        (MANIFEST, "plants =", "plant =", "unknown key `plant`; did you mean `plants`?"),
        (MANIFEST, '["email"]', "[]", "our reference must be planted somewhere: `email` or `note`"),
        (SCRIPT, '"Boats on"', '"Our boats"', "none of sign shows after"),
        (SCRIPT, '"People").fill', '"How many").fill', 'waiting for get_by_label("How many")'),
        (SCRIPT, 'shown["Boat"]', 'shown["Vessel"]', "KeyError: 'Vessel'"),
        (
            SCRIPT,
            'binding="none"',
            'binding="soft"',
            "Hold is not whole: a hold that binds needs the expiry that the venue",
        ),
        (SCRIPT, "resource=boat, ", "", "name no resource: no record could ever be matched"),
        (SCRIPT, 'shown["Name"]', "None", "no longer shows guest_name"),
        (SCRIPT, "str(request.party.people)", '"3"', "differs in party"),
        (MANIFEST, '[[safe]]\nurl = "{origin}/check"', "", "is neither safe nor allowed now: stopped"),
        (
            SCRIPT,
            "recap=recap",
            'recap=page.get_by_role("heading")',
            "the sign `recap` shows before the click: it would prove nothing",
        ),
        (SCRIPT, "class Quayside", "class Quay", "has no complete VenueScript called Quayside"),
        (SCRIPT, "def cancel", "def call_off", "the manifest promises cancel; the script has none"),
        (PARTNER, 'hosts = ["', 'hosts = ["not.', "does not name 127.0.0.1:"),
        (PARTNER, '"submit", ', "", "does not allow submit"),
        (PARTNER, "2030-12-31", "2020-12-31", "ended on 2020-12-31"),
        (REQUEST, "2030-06-14", "2030-12-25", "lists 0 offers for that day, and none fits"),
        (
            SCRIPT,
            "records.or_(none))\n",
            "records.or_(none))\n        return []\n",
            "the venue's record does not have it",
        ),
        (MANIFEST, '"Booked" =', '"Reserved" =', "unknown status label `Booked`; add it to [status]"),
        (MANIFEST, "{origin}/book", "{origin}/order", "the venue's record does not have it"),
        (MANIFEST, "{origin}/call-off", "{origin}/off", "still shows the booking after the cancellation"),
    ],
)
async def test_one(browser, hire, tmp_path, file, right, wrong, says):
    assert says in GUIDE
    assert says in await attempt(browser, hire, tmp_path, Mistake(file, right, wrong))


@mistakes
async def test_a_sighting_that_nobody_saw(browser, hire, tmp_path):
    says = "answered without asking the venue"
    script = (DOCS / "quayside" / SCRIPT).read_text()
    body = script[script.index("        records, none = page") : script.index("    async def cancel")]
    mistake = Mistake(SCRIPT, body, "        return [Sighting(reference=lookup.reference)]\n\n")
    assert says in GUIDE
    assert says in await attempt(browser, hire, tmp_path, mistake)


@mistakes
async def test_a_refusal(browser, hire, tmp_path, site):
    taken = site.Hire("Q-1", "2030-06-14", "12:00", "Heron", "2", "Bob", "bob@example.com")
    said = await attempt(browser, hire, tmp_path, meanwhile=lambda: hire[0].hires.append(taken))
    assert said.startswith("refused | not_found")


@mistakes
async def test_a_refusal_in_new_words(browser, hire, tmp_path, site):
    taken = site.Hire("Q-1", "2030-06-14", "12:00", "Heron", "2", "Bob", "bob@example.com")
    mistake = Mistake(MANIFEST, "somebody else has", "they have")
    said = await attempt(browser, hire, tmp_path, mistake, lambda: hire[0].hires.append(taken))
    assert said.startswith("in_doubt refused in unknown words | not_found")
    assert "refused in unknown words" in GUIDE


@dataclass(frozen=True)
class Mistake:
    """One change of one file."""

    file: str
    right: str
    wrong: str

    def make(self, folder: Path) -> None:
        text = (folder / self.file).read_text()
        assert self.right in text, self
        (folder / self.file).write_text(text.replace(self.right, self.wrong))


class Engine:
    """Contexts of one browser."""

    def __init__(self, browser) -> None:
        self._browser = browser

    async def new_context(self, appearance):
        return await self._browser.new_context()

    async def close_context(self, context):
        await context.close()


class Journal:
    """Keeps nothing."""

    @asynccontextmanager
    async def stage(self, step):
        yield

    async def note(self, text):
        raise AssertionError(text)


async def attempt(browser, hire, tmp_path, mistake=None, meanwhile: Callable[[], None] = lambda: None) -> str:
    """What the core says of one attempt: the click, the look, the cancellation."""
    folder = moved("quayside", tmp_path, hire[1])
    if mistake is not None:
        mistake.make(folder)
    try:
        return " | ".join([said async for said in steps(browser, folder, meanwhile)])
    except (FarmError, SchemaFaults) as error:
        return str(error)


async def steps(browser, folder, meanwhile):
    registry = Registry.load([folder / "integrations"])
    venue = registry.venue("quayside_boats")
    manifest, ours = registry.manifest(venue), Reference(mint_code(), 1)
    request = plant(Request.model_validate_json((folder / REQUEST).read_text()), ours, manifest.plants)
    ask = Ask(venue, manifest, registry.script(venue), request, lambda: datetime.now(UTC))
    partners = Partners.load([folder / "partners"])
    visits = PartnerVisits(Engine(browser), partners, venue, manifest, ask.clock)
    wanted = []

    async def guard(offer, hold, recap, facts, until):
        wanted.append(facts)
        meanwhile()

    closing = await book(ask, visits, Journal(), guard)
    yield f"{closing.kind} {closing.detail}" if closing.kind == "in_doubt" else closing.kind
    number = closing.claim.reference if closing.claim else None
    lookup = Lookup(our_reference=str(ours), guest=request.guest, reference=number)
    measure = Measure(ours.code, wanted[0], number, manifest.tolerance, venue.zone)
    verdict = (await look(ask, lookup, measure, visits, Journal())).verdict
    yield f"{verdict.kind} {verdict.reason or ''}".strip()
    try:
        await cancel(ask, lookup, measure, visits, Journal())
        yield "cancelled"
    except CancelUnproven as error:
        yield str(error)
