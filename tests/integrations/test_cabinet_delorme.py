"""The practice's letters, changed in every way: what does not pass through a browser, and so no mutation reaches."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from farm.contract import Lookup
from farm.errors import OutcomeUnknown, VenueChanged
from farm.facts import Facts, Guest, Money, Slot
from farm.identity import Reference, plant
from farm.manifest import Channel
from farm.registry import Registry
from farm.request import Request
from farm.status import VerdictKind
from farm.verdict import Measure, Verdict, judge, keeps_promise
from fixtures.cabinet_delorme import letters
from fixtures.cabinet_delorme.house import PRACTITIONERS, REASONS, House
from fixtures.cabinet_delorme.house import Slot as HouseSlot
from fixtures.cabinet_delorme.register import Appointment, Patient, Status
from fixtures.kit.process import ROOT
from profiles.letter import read_letter
from tools.conformance.cases import Cases

REGISTRY = Registry.load([ROOT / "integrations"])
VENUE = REGISTRY.venue("cabinet_delorme")
MANIFEST = REGISTRY.manifest(VENUE)
CHANNEL: Channel = MANIFEST.channel("letters")
OURS = Reference("7K2M9Q4T3W", 1)
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
AT = datetime(2031, 12, 4, 10, tzinfo=ZoneInfo("Europe/Paris"))
WISH: Request = plant(
    Cases.load(ROOT / "integrations" / "cabinet_delorme").request.at(VENUE, NOW), OURS, MANIFEST.plants
)
HOUSE = House(AT.tzinfo, "http://127.0.0.1:1", "http://127.0.0.1:2", 600, 1800, "", "")  # type: ignore[arg-type] # a ZoneInfo
WANTED = Facts(
    when=Slot(starts_at=AT),
    resource="Dr Claire Delorme",
    service="Détartrage",
    guest_name=WISH.guest.name,
    guest_email=WISH.guest.email,
    price=Money(minor=4338, currency="EUR"),
)


def letter(status: Status = "confirmed", code: str = "CD-387794") -> str:
    """What the practice writes about the appointment, as it goes over the line."""
    slot = HouseSlot(PRACTITIONERS["delorme"], REASONS["detartrage"], AT)
    made = Appointment(code, "secret", slot, Patient(WISH.guest.name, WISH.guest.email, "", ""), 4338, status)
    plain = letters.settled(HOUSE, made).get_body(preferencelist=("plain",))
    assert plain is not None
    return f"To: {WISH.guest.email}\n\n{plain.get_content()}"


async def judged(*written: str) -> Verdict:
    """What the core says of these letters, oldest first."""
    box = [read_letter(text.encode(), NOW) for text in written]

    async def everything(to: str) -> list[Any]:
        assert to == WISH.guest.email
        return box

    def status(label: str) -> Any:
        if label not in MANIFEST.status:
            raise VenueChanged(label)
        return MANIFEST.status[label]

    visit: Any = SimpleNamespace(venue=VENUE, status=status, mailbox=SimpleNamespace(all=everything))
    lookup = Lookup(our_reference=str(OURS), guest=Guest.model_validate(dict(WISH.guest)), when=WANTED.when)
    seen = await REGISTRY.script(VENUE).read_letters(visit, lookup)  # type: ignore[attr-defined] # the channel's method
    keeps_promise(seen, CHANNEL)
    return judge(seen, Measure(OURS.code, WANTED, None, MANIFEST.tolerance, VENUE.zone), CHANNEL, NOW)


async def test_the_letter_confirms() -> None:
    verdict = await judged(letter())
    assert (verdict.kind, verdict.proves) == (VerdictKind.MATCHED, True)
    assert verdict.venue_reference == "CD-387794"


async def test_no_letter_denies_nothing() -> None:
    assert not (await judged()).denies


@pytest.mark.parametrize(("later", "proves", "denies"), [("pending", False, False), ("cancelled", False, True)])
async def test_the_last_letter_counts(later: Status, proves: bool, denies: bool) -> None:
    verdict = await judged(letter(), letter(later))
    assert (verdict.proves, verdict.denies) == (proves, denies)
    assert (await judged(letter(later), letter())).proves


async def test_two_appointments_are_two() -> None:
    assert (await judged(letter(), letter(code="CD-100001"))).kind is VerdictKind.DUPLICATED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("04/12/2031", "05/12/2031"),
        ("à 10:00", "à 11:30"),
        ("Dr Claire Delorme", "Dr Mehdi Benali"),
        ("Détartrage", "Contrôle annuel"),
        (WISH.guest.name, "Zeno Altrui"),
        ("43,38", "55,38"),
        ("Statut : Confirmé", "Statut : Vahvistettu"),
        ("Praticien : ", "Hammaslääkäri : "),
        ("Numéro : ", "Numero : "),
        ("Date : 04/12/2031", "Date : 2031-12-04"),
    ],
)
async def test_a_changed_letter_is_noticed(old: str, new: str) -> None:
    assert old in letter()
    try:
        verdict = await judged(letter().replace(old, new))
    except (VenueChanged, OutcomeUnknown, ValueError):
        return  # a doubt
    assert not verdict.proves
