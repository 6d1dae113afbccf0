"""What is known of venues and bookings, also while some file is wrong."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from farm.status import AttemptState, BookingStatus, Cause
from gateway.answers import AttemptAnswer, BookingAnswer, VenuesAnswer
from gateway.commands.answering import _after_stopping, _hints
from gateway.presence import Tenancy
from tasks.settings import Settings
from tests.gateway.conftest import GOOD


@pytest.fixture
def booked(run) -> str:
    booked: str = run("book", "-", stdin=json.dumps(GOOD)).stdout.strip()
    return booked


@pytest.fixture
def broken(booked, tmp_path, monkeypatch):
    """Somebody's venue cannot be read any more."""
    folder = tmp_path / "mine" / "osteria_luna" / "venues"
    folder.mkdir(parents=True)
    (folder / "bar_uno.toml").write_text("nmae = 'Bar Uno'\n")
    monkeypatch.setenv("READBACK_INTEGRATIONS", str(tmp_path / "mine"))


def test_what_a_venue_sells_and_has(run):
    shown = " ".join(run("venues").stdout.split())
    assert "sells Table for 2, Table for 4" in shown
    assert "resources Sala · Tavolo 1, Sala · Tavolo 2" in shown
    there = {one.slug: one for one in VenuesAnswer.model_validate_json(run("venues", "--json").stdout).venues}
    assert [(sold.service, sold.seats) for sold in there["lab_table"].sells] == [
        ("Table for 2", 2),
        ("Table for 4", 4),
    ]
    assert there["lab_table"].resources == ()
    assert "Veranda · Tavolo 5" in there["osteria_luna"].resources


def test_a_booking_is_shown_although_a_venue_cannot_be_read(run, booked, broken):
    assert run("show", booked).exit_code == 0
    assert run("show", booked, "--json").exit_code == 0


def test_what_it_waits_for_is_shown(run, booked):
    shown = " ".join(run("show", booked).stdout.split())
    assert "We have your request and begin soon; you will know by 21:00 on 14 June 2030." in shown
    assert re.search(r"waits A worker will take it up \(until 1\d Jun 2030, \d\d:\d\d \w+\) know by 1\d Jun", shown)
    assert BookingAnswer.model_validate_json(run("show", booked, "--json").stdout).waits is not None


def test_what_cannot_be_waited_for_is_not_wished(run, booked, broken):
    result = run("cancel", booked, "--wait")
    assert result.exit_code == 2
    assert "bar_uno.toml" in result.stderr
    answer = BookingAnswer.model_validate_json(run("show", booked, "--json").stdout)
    assert answer.cancel_requested_at is None
    assert run("cancel", booked).exit_code == 0


def test_nobody_waits_any_more(run, booked, home):
    answer = BookingAnswer.model_validate_json(run("show", booked, "--json").stdout)
    settings = Settings(home=home)
    assert _after_stopping(settings, answer).endswith("is queued, and goes on once  readback up  runs.")
    tenancy = Tenancy.take(home, "readback up")
    assert "is queued, and the farm goes on with it." in _after_stopping(settings, answer)
    tenancy.leave()


@pytest.mark.parametrize(("venue", "hint"), [("osteria_luna", "readback up --with osteria_luna"), ("ritz", None)])
def test_only_what_can_stand_here_is_offered_to(run, booked, venue, hint):
    tried = AttemptAnswer(
        number=1,
        venue=venue,
        our_reference="RB-RXRJF8QRHA-1",
        state=AttemptState.NOT_BOOKED,
        cause=Cause.VENUE_UNREACHABLE,
        detail=None,
        sent=None,
        stages=(),
        started_at=datetime(2030, 1, 1, 12, tzinfo=UTC),
        committed_at=None,
        closed_at=None,
    )
    answer = BookingAnswer.model_validate_json(run("show", booked, "--json").stdout)
    failed = answer.model_copy(update={"status": BookingStatus.FAILED, "settled": True, "attempts": (tried,)})
    said = " ".join(_hints(failed, 1.0))
    assert (hint in said) if hint else not said
