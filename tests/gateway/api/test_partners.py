"""Partners over HTTP: open or not and why, how fast, and how one's own bookings fared; nothing secret."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from farm.life.transition import AttemptChange, BookingChange, Transition
from farm.status import AttemptState, BookingStatus
from farm.tier import Tier
from farm.tolerance import Bounds, Met
from tests.gateway.api.test_bookings import made
from tests.gateway.test_doubts import guarded

BOUNDS = Bounds(10, 60, 40, 6, 0.5, 30, 3600)
AGREED = """
name = "The hall"

[access]
basis = "written agreement"
reference = "a letter that nobody need see"
contact = "box.office@hall.example"
ends = {ends}
steps = ["search", "hold", "enter_guest", "submit", "read_back", "cancel"]
hosts = ["hall.internal:8441"]

[session.accounts.box_office]
user = "env:HALL_USER"
secret = "env:HALL_PASSWORD"

[pacing]
gap_ms = [0, 0]
requests_per_min = 60
visits_at_once = 2
source = "the same letter"

[tolerance]
floor_per_min = 10
step_per_min = 5
source = "the same letter"

[fingerprint]
locale = "en-US"
"""


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """What is asked of the ledger is tested on both databases elsewhere."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
def settings(settings, tmp_path):
    """Two more partners: one that is watched, and one whose agreement has ended."""
    folder = tmp_path / "partners"
    folder.mkdir()
    (folder / "hall.toml").write_text(AGREED.format(ends="2030-12-31"))
    (folder / "hall_of_old.toml").write_text(AGREED.format(ends="2020-12-31"))
    return settings.model_copy(update={"partners": str(folder)})


async def shown(client, slug):
    answer = await client.get(f"/v1/partners/{slug}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_one_that_is_left_alone_says_until_when(mine, ledger):
    before = await shown(mine, "hall")
    assert (before["open"], before["circuit"], before["clean_visits"]) == (True, None, None)
    assert before["pacing"]["requests_per_min_now"] == before["pacing"]["requests_per_min"] == 60
    for met in ("clean", "clean", "clean", "challenged"):
        await ledger.tolerances.tell("hall", "box_office", BOUNDS, Met(met))
    said = await shown(mine, "hall")
    assert (said["open"], said["closed_for"], said["circuit"]) == (False, "left_alone", "open")
    assert said["closed"] == "hall is left alone: it has asked for a person"
    assert datetime.fromisoformat(said["opens_at"]) > datetime.now(UTC)
    assert (said["pacing"]["requests_per_min_now"], said["clean_visits"]) == (20, 0.75)


async def test_an_agreement_that_has_ended(mine):
    said = await shown(mine, "hall_of_old")
    assert (said["open"], said["closed_for"], said["opens_at"]) == (False, "agreement_ended", None)
    assert said["agreement_ends"] == "2020-12-31"


async def test_how_ones_own_bookings_fared_there(mine, theirs, ledger):
    lease, begun = await guarded(ledger, await made(mine), ago_s=60)
    failed = AttemptChange(id=begun.id, state=AttemptState.ABSENT)
    await ledger.conclude(lease, Transition(attempts=[failed], booking=BookingChange(status=BookingStatus.FAILED)))
    await ledger.demotions.demote("osteria_luna", Tier.NONE, "a sign is missing in script.py:12")
    said = await shown(mine, "bologna_tables")
    assert "osteria_luna" in said["venues"]
    assert (said["recent"]["hits"], said["recent"]["of"]) == (0, 1)
    assert [(one["integration"], one["tier"]) for one in said["demoted"]] == [("osteria_luna", "none")]
    assert (await shown(theirs, "bologna_tables"))["recent"]["of"] == 0


async def test_nothing_of_how_they_are_visited_is_said(mine):
    everything = (await mine.get("/v1/partners", params={"limit": 100})).text
    for word in ("contact", "box.office", "letter", "internal", "127.0.0.1", "env:", "box_office", "account"):
        assert word not in everything


async def test_a_page_after_another_is_all_of_them(mine):
    everything = (await mine.get("/v1/partners", params={"limit": 100})).json()
    seen, query = [], {"limit": 4}
    while True:
        page = (await mine.get("/v1/partners", params=query)).json()
        seen += page["partners"]
        if page["next"] is None:
            break
        query = {"limit": 4, "cursor": page["next"]}
    assert seen == everything["partners"]
    assert len(seen) >= 9


async def test_an_unknown_one_is_told_the_nearest(mine):
    answer = await mine.get("/v1/partners/seblick")
    assert answer.status_code == 404
    assert answer.json()["then"] == "did you mean `seeblick`? `GET /v1/partners` lists them all"
