"""The command as it is typed: one farm by `readback up`, two restaurants, and every way a booking can end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from fixtures.kit.process import TwinProcess
from gateway.answers import BookingAnswer, BookingsAnswer, VenuesAnswer
from gateway.rates import RatesAnswer
from tasks.settings import Settings
from tools.overlay import Overlay, Standing

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

LIMIT_S = 60
GUEST = {"name": "Ada Geheim", "email": "geheim@example.com", "phone": "+39 051 555 0100"}


@dataclass
class House:
    """A state folder with its twins, and the command that is run on it."""

    home: Path
    environ: dict[str, str]
    first: TwinProcess
    second: TwinProcess
    api: str = ""

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway.cli", *arguments],
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def book(self, day: str, *options: str) -> subprocess.CompletedProcess[str]:
        done = self.run("book", "-", "--wait", *options, stdin=json.dumps(request(day)))
        assert "eheim" not in done.stdout + done.stderr
        return done


def request(day: str) -> dict[str, object]:
    when = {"date": day, "earliest": "19:00", "latest": "21:00"}
    return {"guest": GUEST, "party": {"adults": 2}, "when": when, "venues": ["first_here", "second_here"]}


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("gateway")
    with (
        TwinProcess.start("fixtures.osteria_luna", folder / "first", name="Osteria Luna") as first,
        TwinProcess.start("fixtures.osteria_luna", folder / "second", name="Trattoria Sole") as second,
    ):
        overlay = Overlay(folder / "venues")
        overlay.add(Standing("osteria_luna/osteria_luna", "first_here", first.origin, "here"))
        overlay.add(Standing("osteria_luna/trattoria_sole", "second_here", second.origin, "here"))
        settings = overlay.settings(Settings(home=folder / "home"))
        environ = {name: value for name, value in os.environ.items() if not name.startswith("READBACK_")} | {
            "READBACK_HOME": str(settings.home),
            "READBACK_INTEGRATIONS": settings.integrations,
            "READBACK_PARTNERS": settings.partners,
            "COLUMNS": "100",
        }
        yield House(settings.home, environ, first, second)


@pytest.fixture(scope="module")
def up(house) -> Iterator[subprocess.Popen[str]]:
    """`readback up` in another terminal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "up", "--port", "0"],
        env=house.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    assert "The farm is up." in said[0], said
    (house.api,) = [words[1] for line in said if (words := line.split()) and words[0] == "api"]
    yield process
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)


def test_a_farm_of_its_own_where_none_runs(house):
    done = house.book("2030-06-01", "--json")
    assert done.returncode == 0, done.stderr
    assert "No farm serves this folder" in done.stderr
    assert BookingAnswer.model_validate_json(done.stdout).status == "confirmed"


def test_ctrl_c_while_waiting_ends_the_farm_of_its_own(house):
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "book", "-", "--wait"],
        env=house.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(request("2030-06-20")))
        process.stdin.close()
        assert "No farm serves this folder" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "You stopped waiting." in said
    assert "The farm that was started for it has ended too: bk_" in said
    assert "is queued, and goes on once  readback up  runs." in said


def test_confirmed_after_falling_back(house, up):
    house.first.set_fault("full", day="2030-06-02")
    house.second.set_fault("slow", step="search", seconds=4)  # so that whoever waits sees something of it
    done = house.book("2030-06-02", "--json")
    assert done.returncode == 0, done.stderr
    answer = BookingAnswer.model_validate_json(done.stdout)
    assert (answer.status, answer.venue) == ("confirmed", "second_here")
    assert answer.verdict is not None
    assert answer.verdict.channel == "guest_lookup"
    assert {"when", "party", "resource"} <= {field.field for field in answer.verdict.fields}
    assert {record.code for record in house.second.records()} >= {answer.venue_reference}
    assert [(a.venue, a.cause) for a in answer.attempts] == [
        ("first_here", "SLOT_UNAVAILABLE"),
        ("second_here", None),
    ]
    assert {"search", "submit", "read_back"} <= {stage.stage for stage in answer.attempts[1].stages}
    assert "No farm serves" not in done.stderr
    assert "came by Osteria Luna: full" in done.stderr


def test_not_booked_when_all_are_full(house, up):
    for twin in (house.first, house.second):
        twin.set_fault("full", day="2030-06-03")
    done = house.book("2030-06-03")
    assert done.returncode == 3
    assert "✗ unavailable" in done.stdout
    assert "Osteria Luna: full" in done.stdout


def test_in_doubt_when_the_record_differs(house, up):
    house.first.set_fault("shifted_time", day="2030-06-04")
    done = house.book("2030-06-04")
    assert done.returncode == 4
    assert "in doubt" in done.stdout
    assert "a person must look" in done.stderr
    booking = BookingsAnswer.model_validate_json(house.run("list", "--status", "in_doubt", "--json").stdout).bookings[
        0
    ]
    shown = house.run("show", booking.id).stdout
    assert "differs" in shown
    assert "19:00" in shown


def test_time_is_up(house, up):
    house.first.set_fault("slow", step="search", seconds=4)
    done = house.book("2030-06-05", "--timeout", "0", "--json")
    assert done.returncode == 4
    assert "Not settled after 0 s" in done.stderr
    assert not BookingAnswer.model_validate_json(done.stdout).settled


def test_called_off_and_proven(house, up):
    booked = BookingAnswer.model_validate_json(house.book("2030-06-06", "--json").stdout)
    done = house.run("cancel", booked.id, "--wait")
    assert done.returncode == 0, done.stderr
    assert "✓ cancelled" in done.stdout
    codes = {record.code: record.status for twin in (house.first, house.second) for record in twin.records()}
    assert codes[booked.venue_reference or ""] == "cancelled"
    again = house.run("cancel", booked.id, "--wait")
    assert again.returncode == 0
    assert "Nothing to call off" in again.stdout
    shown = house.run("show", booked.id)
    assert "cancel requested" in shown.stdout
    assert "eheim" not in shown.stdout
    assert BookingAnswer.model_validate_json(house.run("show", booked.id, "--json").stdout).status == "cancelled"


def test_bad_input_in_a_real_process(house):
    done = house.book("2020-06-01")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "is past at first_here" in done.stderr


def test_knowing(house, up):
    rate = RatesAnswer.model_validate_json(house.run("rate", "--json").stdout)
    assert rate.confirmation.hits >= 1
    assert rate.in_doubt == 1
    assert "at least" in house.run("rate").stdout
    there = VenuesAnswer.model_validate_json(house.run("venues", "--json").stdout).venues
    assert {"first_here", "second_here", "lab_concert"} <= {venue.slug for venue in there}
    assert "second_here" in house.run("venues").stdout


def test_a_platform_books_at_the_api_that_comes_with_it(house, up):
    key = house.run("keys", "new", "acme", "--days", "1").stdout.strip()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "order-1"}
    with httpx.Client(base_url=house.api, headers=headers, timeout=LIMIT_S) as api:
        made = api.post("/v1/bookings", json=request("2030-06-07"))
        assert (made.status_code, made.json()["reseller"]) == (201, "acme")
        told = api.get(f"/v1/bookings/{made.json()['id']}/events/stream").text  # it ends when the booking is settled
        assert "event: booking.claimed" in told
        assert "event: booking.confirmed" in told
        answer = api.get(made.headers["Location"]).json()
    assert answer["status"] == "confirmed"
    assert answer["venue_reference"] in {record.code for record in house.first.records()}
    log = (house.home / "logs" / "gateway.log").read_text()
    assert "route=/v1/bookings status=201" in log
    assert "eheim" not in log + told
    assert key.rpartition("_")[2] not in log


def test_a_second_farm_says_who_runs(house, up):
    done = house.run("up")
    assert done.returncode == 2
    assert f"readback up (pid {up.pid})" in done.stderr


def test_ctrl_c_ends_everything(house, up):
    """Last in this file: it ends the farm of the others."""
    children = psutil.Process(up.pid).children(recursive=True)
    assert children
    up.send_signal(signal.SIGINT)
    said, _ = up.communicate(timeout=LIMIT_S)
    assert up.returncode == 0
    assert "✓ confirmed" in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
