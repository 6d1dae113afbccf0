"""The suite itself: what is not as it should be fails its cell, whatever said so, and nothing else does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from farm.facts import Guest
from farm.status import BookingStatus
from tests.conformance.test_play import came_of_it, record
from tools.conformance import suite
from tools.conformance.manners import Misbehaved, must
from tools.conformance.play import Outcome, RunFailed
from tools.conformance.suite import Cell, NotAsItShould, look

GOOD = came_of_it(record())


class Ground(SimpleNamespace):
    """Nothing is played on it; it tells how often it was cleared."""

    def __init__(self) -> None:
        request = SimpleNamespace(guest=Guest(name="Ada Rossi", email="ada@example.com"))
        super().__init__(
            cases=SimpleNamespace(request=request),
            venue=SimpleNamespace(slug="osteria_luna"),
            camera=SimpleNamespace(keeps=None),
            cleared=0,
        )

    def clear(self) -> None:
        self.cleared += 1


def cell(*ends: Outcome | Exception | None) -> Cell:
    """One that ends so, each time that it is looked at."""
    left = list(ends)

    async def look_at(_: Any) -> Outcome | None:
        end = left.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    run_it: Callable[[Any], Awaitable[Outcome | None]] = look_at
    return Cell("full at hold", "fault", "see the guide", run_it, "full")


async def test_a_cell_that_is_well_is_looked_at_once(tmp_path: Path) -> None:
    here: Any = Ground()
    check = await look(cell(GOOD), here, tmp_path)
    assert (check.ok, check.ended, check.fault, check.what_to_do) == (True, "confirmed", "full", "")
    assert here.cleared == 1
    assert (await look(cell(None), here, tmp_path)).ended is None


@pytest.mark.parametrize(
    "error", [NotAsItShould("not so"), Misbehaved("not so"), RunFailed("not so"), KeyError("not so")]
)
async def test_whatever_is_raised_fails_the_cell_and_is_photographed(tmp_path: Path, error: Exception) -> None:
    here: Any = Ground()
    check = await look(cell(error, error), here, tmp_path)
    assert (check.ok, check.what_to_do, check.screenshot) == (False, "see the guide", None)
    assert "not so" in check.what
    assert (here.cleared, here.camera.keeps) == (2, None)


async def test_once_is_enough_to_fail(tmp_path: Path) -> None:
    here: Any = Ground()
    check = await look(cell(NotAsItShould("a double booking"), GOOD), here, tmp_path)
    assert (check.ok, check.ended) == (False, None)
    assert check.what == "a double booking (it did not fail when it was looked at again)"


async def test_a_script_that_breaks_says_nothing_of_the_guest(tmp_path: Path) -> None:
    here: Any = Ground()
    error = LookupError("no row for Ada Rossi")
    assert "Ada" not in (await look(cell(error, error), here, tmp_path)).what


async def test_a_manner_that_is_not_kept_fails_its_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def kept(here: Any) -> None:
        must(here.venue.slug == "osteria_luna", "another house")

    async def broken(here: Any) -> None:
        must(here.venue.slug != "osteria_luna", "this house")

    monkeypatch.setattr(suite, "MANNERS", {"kept": kept, "broken": broken})
    here: Any = Ground()
    for name, ok, what in (("kept", True, ""), ("broken", False, "this house")):
        check = await look(Cell(name, "manners", "", suite._mannered(name)), here, tmp_path)
        assert (check.ok, check.what) == (ok, what)


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (came_of_it(record(), status=BookingStatus.IN_DOUBT), "the good run ended in_doubt: what happened"),
        (came_of_it(record(), commits=2), "2 requests that commit"),
        (came_of_it(record(), commits=0), "0 requests that commit"),
        (came_of_it(), "a false confirmation"),
        (replace(came_of_it(status=BookingStatus.FAILED), attempts=()), "nothing was tried"),
    ],
)
def test_a_good_run_is_confirmed_once_and_in_the_venues_book(outcome: Outcome, says: str) -> None:
    suite._must_be_good(GOOD)
    with pytest.raises(NotAsItShould, match=says):
        suite._must_be_good(outcome)
