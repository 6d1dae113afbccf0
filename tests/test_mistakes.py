"""The mistakes of docs/writing-an-integration.md: each row of its tables is made on purpose, and heard."""

from __future__ import annotations

import functools
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
from farm.verdict import Measure
from farm.visit import Visit
from profiles.partner import Partners
from profiles.visiting import PartnerVisits
from tasks.settings import Settings
from tests.browsers import browser
from tests.guide import DOCS, REQUEST, hire, moved, site
from tests.ways import OwnWays
from tools.configured import read_registry

__all__ = ["browser", "hire", "site"]

GUIDE = (DOCS / "writing-an-integration.md").read_text()
MANIFEST, SCRIPT = "integrations/quayside/manifest.toml", "integrations/quayside/script.py"
PARTNER = "partners/quayside.toml"

MISTAKES = [
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
]
"""One change of one file each, and what is said of it."""
NO_INTEGRATION = "no integration `quay`; did you mean `quayside`?"
NO_VENUES = "no integration or venues in it; is it one level too high?"
NO_PARTNER = "no profile of partner `quayside`; did you mean `quayside_boats`?"
NO_SEARCH = "answered without asking the venue"
NEW_WORDS = "refused in unknown words"
TURNED_AWAY = "was answered 403"
ANOTHER_TIME = "the record differs in when"
SAID = [*(says for *_, says in MISTAKES), NO_INTEGRATION, NO_VENUES, NO_PARTNER]
SAID += [NO_SEARCH, NEW_WORDS, TURNED_AWAY, ANOTHER_TIME]

pytestmark = pytest.mark.browser


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
@pytest.mark.parametrize(("file", "right", "wrong", "says"), MISTAKES)
async def test_one(browser, hire, tmp_path, file, right, wrong, says):
    assert says in await attempt(browser, hire, tmp_path, Mistake(file, right, wrong))


def test_the_tables_are_what_is_made_here():
    """Each row of the three tables has its test, and each test its row."""
    tables = GUIDE[GUIDE.index("## When it does not work") : GUIDE.index("## The files, key by key")]
    rows = [line.split(" | ")[0] for line in tables.splitlines() if line.startswith(("| `", "| ``"))]
    assert [row for row in rows if not any(says in row for says in SAID)] == []
    assert [says for says in SAID if not any(says in row for row in rows)] == []


def test_venues_in_a_folder_of_another_name(tmp_path):
    folder = moved("quayside", tmp_path, "127.0.0.1:8410")
    (folder / "integrations" / "quay").mkdir()
    venues = folder / "integrations" / "quayside" / "venues"
    venues.rename(folder / "integrations" / "quay" / "venues")
    assert NO_INTEGRATION in refused(folder / "integrations", folder / "partners")


def test_a_folder_too_high(tmp_path):
    folder = moved("quayside", tmp_path, "127.0.0.1:8410")
    assert NO_VENUES in refused(folder, folder / "partners")


def test_a_partner_of_another_name(tmp_path):
    folder = moved("quayside", tmp_path, "127.0.0.1:8410")
    (folder / PARTNER).rename(folder / "partners" / "quayside_boats.toml")
    assert NO_PARTNER in refused(folder / "integrations", folder / "partners")


def refused(integrations, partners):
    """What every command says, before anything is queued."""
    with pytest.raises(SchemaFaults) as caught:
        read_registry(Settings(integrations=str(integrations), partners=str(partners)))
    return str(caught.value)


@mistakes
async def test_a_venue_that_turns_us_away(browser, hire, tmp_path, site, monkeypatch):
    monkeypatch.setattr(site.Site, "boats", lambda answer, _: answer.send_error(403))
    assert TURNED_AWAY in await attempt(browser, hire, tmp_path)


@mistakes
async def test_a_venue_that_writes_another_time(browser, hire, tmp_path, site, monkeypatch):
    line = site.Hire
    monkeypatch.setattr(site, "Hire", lambda **told: line(**told | {"time": "14:00"}))
    assert ANOTHER_TIME in await attempt(browser, hire, tmp_path)


@mistakes
async def test_a_sighting_that_nobody_saw(browser, hire, tmp_path):
    script = (DOCS / "quayside" / SCRIPT).read_text()
    body = script[script.index("        records, none = page") : script.index("    async def cancel")]
    mistake = Mistake(SCRIPT, body, "        return [Sighting(reference=lookup.reference)]\n\n")
    assert NO_SEARCH in await attempt(browser, hire, tmp_path, mistake)


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
    assert said.startswith(f"in_doubt {NEW_WORDS} | not_found")


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

    async def new_context(self, appearance, proxy):
        return await self._browser.new_context(proxy=proxy)

    async def close_context(self, context):
        await context.close()


class Journal:
    """Keeps nothing."""

    @asynccontextmanager
    async def stage(self, step):
        yield

    async def held(self, hold):
        pass

    async def given_back(self):
        pass

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
    visits = PartnerVisits(Engine(browser), partners, venue, manifest, ask.clock, ways=OwnWays())
    wanted = []

    class Guard:
        async def ready(self, offer):
            pass

        async def __call__(self, offer, hold, recap, facts, until):
            wanted.append(facts)
            meanwhile()

    closing = await book(ask, visits, Journal(), Guard())
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
