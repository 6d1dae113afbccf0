"""The demo's check fails when the ledger and a venue's own book differ; the demo itself runs and passes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from farm.compare import FieldResult
from farm.facts import Facts, Guest, Party, Slot
from farm.identity import Reference
from farm.request import Request, WantedSlot
from farm.status import AttemptState, Attendance, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict
from gateway.api.caller import SCOPES
from gateway.cli import app
from gateway.keys import KeysAnswer
from ledger.records import AttemptRecord, BookingRecord, EventRecord
from tasks.machine.private_redis import RedisNotStarted
from tools.demo.books import Entry, Says, differences, strangers
from tools.demo.run import run_demo
from tools.demo.scene import Row, Scenario
from tools.demo.tally import Tally

CODE = "7K2M9Q4T3W"
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
AT = datetime(2027, 3, 26, 18, tzinfo=UTC)
ENTRY = Entry(
    venue="luna",
    reference="OL-1",
    planted=Reference(CODE, 1),
    starts_at=AT,
    resource="Sala · Tavolo 1",
    count=2,
    stands=True,
)
CONFIRMED = Says(
    code=CODE,
    status=BookingStatus.CONFIRMED,
    venue="luna",
    reference="OL-1",
    planted=Reference(CODE, 1),
    starts_at=AT,
    resource="Sala · Tavolo 1",
    count=2,
)
SHIFTED = replace(CONFIRMED, status=BookingStatus.IN_DOUBT, differing=("when",))
CANCELLED = replace(CONFIRMED, status=BookingStatus.CANCELLED)
UNAVAILABLE = Says(CODE, BookingStatus.UNAVAILABLE)
LATER = replace(ENTRY, starts_at=AT + timedelta(hours=1))
STRUCK = replace(ENTRY, stands=False)
SOMEBODY = replace(ENTRY, reference="OL-9", planted=Reference("0000000000", 1))


@pytest.mark.parametrize(
    ("says", "entries"),
    [
        (CONFIRMED, [ENTRY]),
        (CONFIRMED, [SOMEBODY, ENTRY]),
        (SHIFTED, [LATER]),
        (CANCELLED, [STRUCK]),
        (UNAVAILABLE, [SOMEBODY]),
    ],
)
def test_agrees(says, entries):
    assert differences(says, entries) == []


@pytest.mark.parametrize(
    ("says", "entries", "told"),
    [
        (CONFIRMED, [], "0 records stand"),
        (CONFIRMED, [STRUCK], "0 records stand"),
        (CONFIRMED, [SOMEBODY], "0 records stand"),
        (CONFIRMED, [ENTRY, replace(ENTRY, venue="sole", reference="TS-1")], "2 records stand: OL-1 at luna, TS-1"),
        (CONFIRMED, [replace(ENTRY, venue="sole")], "venue: the ledger says luna"),
        (CONFIRMED, [replace(ENTRY, reference="OL-2")], "reference: the ledger says OL-1"),
        (CONFIRMED, [replace(ENTRY, planted=Reference(CODE, 2))], "our reference: the ledger says RB-7K2M9Q4T3W-1"),
        (CONFIRMED, [LATER], "when: the ledger says"),
        (CONFIRMED, [replace(ENTRY, resource="Sala · Tavolo 2")], "resource: the ledger says"),
        (CONFIRMED, [replace(ENTRY, count=3)], "party: the ledger says 2"),
        (SHIFTED, [ENTRY], "the farm says that it differs"),
        (SHIFTED, [replace(LATER, count=3)], "party: the ledger says 2"),
        (SHIFTED, [], "0 records stand"),
        (replace(SHIFTED, differing=()), [ENTRY], "names nothing that differs"),
        (CANCELLED, [ENTRY], "cancelled, and OL-1 at luna stands"),
        (CANCELLED, [], "no book has it"),
        (UNAVAILABLE, [ENTRY], "unavailable, and OL-1 at luna stands"),
        (replace(CONFIRMED, status=BookingStatus.VERIFYING), [ENTRY], "never came to an end"),
    ],
)
def test_differs(says, entries, told):
    assert [fault for fault in differences(says, entries) if told in fault]


def test_a_record_that_nobody_asked_for_is_a_stranger():
    nameless = replace(ENTRY, planted=None)
    assert strangers([CODE], [ENTRY, nameless, SOMEBODY]) == [nameless, SOMEBODY]


def test_a_row_that_agrees_passes():
    tally = Tally.of([row()], [ENTRY], missed=[])
    assert tally.passed, tally.faults
    assert (tally.confirmed, tally.feasible, tally.false_confirmations, tally.double_bookings, tally.lost) == (
        (1, 1, 0, 0, 0)
    )


@pytest.mark.parametrize(
    ("entries", "missed", "false", "double"),
    [
        ([], [], 1, 0),
        ([LATER], [], 1, 0),
        ([ENTRY, replace(ENTRY, reference="OL-2")], [], 1, 1),
        ([ENTRY, SOMEBODY], [], 0, 0),
        ([ENTRY], ["Osteria Luna: `full` was set 1 times and struck 0"], 0, 0),
    ],
)
def test_the_demo_fails_when(entries, missed, false, double):
    tally = Tally.of([row()], entries, missed)
    assert not tally.passed
    assert (tally.false_confirmations, tally.double_bookings) == (false, double)


@pytest.mark.parametrize(
    "change",
    [
        {"ends": BookingStatus.UNAVAILABLE, "at": None},
        {"at": "sole"},
        {"left": (Cause.SLOT_UNAVAILABLE,)},
        {"differing": ("when",), "ends": BookingStatus.IN_DOUBT},
    ],
)
def test_a_row_must_end_as_its_scenario_says(change):
    assert not Tally.of([row(**change)], [ENTRY], missed=[]).passed


@pytest.mark.e2e
@pytest.mark.browser
def test_the_demo_of_the_twins(tmp_path, monkeypatch):
    """Beside a deployment that it must leave alone: nobody answers at its addresses."""
    monkeypatch.setenv("READBACK_HOME", str(tmp_path))
    monkeypatch.setenv("READBACK_BROKER_URL", "redis://:s3cret@127.0.0.1:1/0")
    monkeypatch.setenv("READBACK_REDIS_URL", "redis://:s3cret@127.0.0.1:1/1")
    monkeypatch.setenv("READBACK_DATABASE_URL", "postgresql://farm:s3cret@127.0.0.1:1/farm")
    shown = StringIO()
    code = run_demo(None, Console(file=shown, width=100, color_system=None))
    text = shown.getvalue()
    assert code == 0, text
    assert "false confirmations 0 · double bookings 0 · lost 0" in text
    assert "✓ every row agrees with the restaurants' own databases" in text
    assert "Confirmation rate 86 % (6 of 7 that could be had; 1 left to a person)" in text


@pytest.mark.e2e
@pytest.mark.browser
def test_the_demo_of_the_shop_and_the_key_that_the_command_ends_with(tmp_path, monkeypatch):
    monkeypatch.setenv("READBACK_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    done = CliRunner().invoke(app, ["demo", "--venue", "pretix"])
    text = done.stdout
    assert done.exit_code == 0, text
    assert "✓ every row agrees with pretix's own database" in text
    assert {"organizer_api", "back_office", "order_page"} <= set(text.split())
    (key_id,) = re.findall(r"export READBACK_API_KEY=rb_([a-z2-7]{12})_[\w-]{43}$", text, re.MULTILINE)
    (key,) = KeysAnswer.model_validate_json(CliRunner().invoke(app, ["keys", "list", "--json"]).stdout).keys
    assert (key.id, key.reseller, key.state, set(key.scopes)) == (key_id, "demo", "valid", set(SCOPES))
    assert "up --with pretix" in text
    assert text.count("-d @examples/pretix-ticket.json") == 1


def test_an_unknown_demo_is_refused(capsys):
    assert run_demo("pretics", Console()) == 2
    assert "--venue pretix" in capsys.readouterr().out


def test_a_redis_that_does_not_start_is_said(tmp_path, monkeypatch, capsys):
    def stage(*_):
        raise RedisNotStarted("/usr/bin/redis-server did not answer")

    monkeypatch.setenv("READBACK_HOME", str(tmp_path))
    monkeypatch.setattr("tools.demo.run._stage", stage)
    assert run_demo(None, Console()) == 1
    assert "The demo cannot run: /usr/bin/redis-server did not answer" in capsys.readouterr().out


def row(**change):
    request = Request(
        guest=Guest(name="Ada Rossi", email="ada@example.com"),
        party=Party(adults=2),
        when=WantedSlot(date=date(2027, 3, 26), earliest=clock(19), latest=clock(21)),
        venues=("luna",),
    )
    scenario = Scenario(words="Nothing goes wrong", request=request, ends=BookingStatus.CONFIRMED, at="luna")
    return Row(replace(scenario, **change), booking(request), [attempt()], [event("booking.confirmed")])


def booking(request: Request) -> BookingRecord:
    verdict = Verdict(
        kind=VerdictKind.MATCHED,
        channel="guest_lookup",
        at=NOW,
        venue_status=VenueStatus.CONFIRMED,
        fields=(FieldResult(field="when", result="same"),),
    )
    return BookingRecord(
        id="bk_1",
        reseller="demo",
        reseller_reference=None,
        idempotency_key=None,
        request_fingerprint="",
        request=request.model_dump_json(),
        code=CODE,
        status=BookingStatus.CONFIRMED,
        cause=None,
        sentence=None,
        venue="luna",
        venue_reference="OL-1",
        verdict=verdict.model_dump_json(),
        fence=1,
        lease_owner=None,
        lease_until=None,
        cancel_requested_at=None,
        change=None,
        replaces=None,
        replaced_by=None,
        last_attempt=1,
        last_event=1,
        created_at=NOW,
        updated_at=NOW,
        settled_at=NOW,
        attendance=Attendance.UNKNOWN,
    )


def attempt() -> AttemptRecord:
    wanted = Facts(when=Slot(starts_at=AT), party=Party(adults=2), resource="Sala · Tavolo 1")
    return AttemptRecord(
        id="at_1",
        booking_id="bk_1",
        number=1,
        venue="luna",
        our_reference=f"RB-{CODE}-1",
        state=AttemptState.CONFIRMED,
        cause=None,
        detail=None,
        fence=1,
        offer=None,
        hold=None,
        recap=None,
        expected=wanted.model_dump_json(),
        claim=None,
        sent="yes",
        submit_deadline=NOW,
        stages=(),
        verdict=None,
        read_backs=1,
        widened=False,
        given_back=None,
        started_at=NOW,
        committed_at=NOW,
        closed_at=NOW,
    )


def event(kind: str) -> EventRecord:
    return EventRecord("bk_1", 1, NOW, kind, 1, "luna", {})
