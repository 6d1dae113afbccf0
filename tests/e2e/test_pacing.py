"""Real workers and a partner that lets nobody in for a while: its booking is a wake-up, and the worker is free."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import redis

from farm.status import BookingStatus
from fixtures.kit.process import TwinProcess
from tasks.app import redis_url
from tasks.embedded import EmbeddedFarm
from tasks.settings import Settings
from tests.e2e.reseller import Platform
from tools.overlay import Overlay, Standing

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

AGREED = """requests_per_min = 3000
burst_requests = 50
visits_at_once = 1
"""


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("houses")
    started = {name: TwinProcess.start("fixtures.osteria_luna", folder / name) for name in ("paced", "free")}
    yield started
    for twin in started.values():
        twin.stop()


def deployed(folder: Path, houses) -> Settings:
    overlay = Overlay(folder / "overlay")
    overlay.add(Standing("osteria_luna/osteria_luna", "paced", houses["paced"].origin, "here"))
    overlay.add(Standing("osteria_luna/osteria_luna", "free", houses["free"].origin, "there", accounts=()))
    agreement = folder / "overlay" / "partners" / "bologna_tables_here.toml"
    text = agreement.read_text()
    assert text.count("gap_ms") == 1
    agreement.write_text(text.replace("gap_ms", f"{AGREED}gap_ms"))
    return overlay.settings(Settings(home=folder / "home", lease_s=3, resend_s=2))


def test_a_booking_that_may_not_go_yet_leaves_the_only_worker_free(tmp_path, houses):
    settings, day = deployed(tmp_path, houses), date(2029, 3, 1)
    platform = Platform(settings)
    with EmbeddedFarm(settings, concurrency=1):
        waits = platform.queue(day, "paced")  # the first day of its partner: nobody knows who may be there
        booking = platform.until(waits, lambda _: "booking.deferred" in platform.kinds(waits))
        assert (booking.status, platform.attempts(waits)) == (BookingStatus.QUEUED, [])
        free = platform.settled(platform.queue(day, "free", guest="free"))
        assert free.status is BookingStatus.CONFIRMED
        assert platform.booking(waits).status is BookingStatus.QUEUED
        booking = platform.settled(waits)
        assert booking.status is BookingStatus.CONFIRMED, booking.sentence
        assert len(platform.attempts(waits)) == 1
        more = [platform.queue(day, "paced", guest=f"guest{n}") for n in range(3)]
        assert {platform.settled(one).status for one in more} == {BookingStatus.CONFIRMED}
        url = redis_url(settings)
        assert url is not None
        with redis.Redis.from_url(url) as client:
            assert client.zcard("readback:pace:{bologna_tables_here}:visits") == 0
            assert client.exists("readback:pace:{bologna_tables_here_with_none}:state") == 0
    assert len(houses["paced"].records()) == 4
