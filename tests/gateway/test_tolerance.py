"""What partners put up with, for whoever runs the farm; and their word that visits may go on."""

from __future__ import annotations

import asyncio
import json

import pytest

from farm.tolerance import Bounds, Breaker, Met
from gateway.partners import ProfileAnswer
from gateway.tolerance_answers import NoticesAnswer, ToleranceAnswer, TolerancesAnswer
from ledger.migrate import upgrade
from ledger.notices import NewNotice
from ledger.store import Ledger
from tests.gateway.conftest import GOOD

BOUNDS = Bounds(10, 100, 40, 6, 0.5, 30, 3600)
EVIDENCE = {"request": "GET hall.example/shows", "status": 403, "headers": ["date"]}


@pytest.fixture
def challenged(home):
    """The hall has challenged a visit of the desk's."""

    async def meet() -> None:
        url = f"sqlite:///{home / 'ledger.sqlite3'}"
        await upgrade(url)
        async with await Ledger.open(url) as ledger:
            notice = NewNotice("lakeshore_onsale", "box@hall.example", EVIDENCE)
            await ledger.tolerances.tell("lakeshore", "desk", BOUNDS, Met("challenged"), notice)
            await ledger.tolerances.tell("ribera", None, BOUNDS, Met("clean"))

    home.mkdir()
    asyncio.run(meet())


def rows(run, *words) -> list[ToleranceAnswer]:
    result = run("tolerance", *words, "--json")
    assert result.exit_code == 0, result.output
    return list(TolerancesAnswer.model_validate_json(result.stdout).tolerances)


def test_everything_that_is_known_is_shown(run, challenged):
    whole, desk, other = rows(run)
    assert (whole.partner, whole.account, desk.account, other.partner) == ("lakeshore", "", "desk", "ribera")
    assert (whole.state, whole.why, whole.rate_per_min, whole.challenged) == (Breaker.OPEN, "challenged", 20, 1)
    assert whole.until is not None
    assert (other.state, other.until, other.visits) == (Breaker.CLOSED, None, 1)
    said = run("tolerance")
    lines = " ".join(said.stdout.split())
    assert "lakeshore: 20 a minute, complaint at 40; 1 visits, 1 challenged; left alone until" in lines
    assert "it has asked for a person" in lines
    assert "readback tolerance go-on PARTNER" in said.stderr


def test_one_partner_alone(run, challenged):
    assert {row.partner for row in rows(run, "lakeshore")} == {"lakeshore"}
    assert "Nothing is known of seeblick yet." in run("tolerance", "seeblick").stdout


def test_its_contact_has_answered(run, challenged):
    whole, desk = rows(run, "go-on", "lakeshore")
    assert (whole.state, whole.until, whole.rate_per_min) == (Breaker.CLOSED, None, 20)
    assert desk.state is Breaker.CLOSED


def test_forgotten(run, challenged):
    assert rows(run, "forget", "lakeshore") == []
    assert [row.partner for row in rows(run)] == ["ribera"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lakeshor",), "no partner `lakeshor`"),
        (("forget",), "needs a partner"),
        (("go-on", "nobody"), "no partner `nobody`"),
        (("stop", "lakeshore"), "`stop` is nothing that can be done"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(run, challenged, words, said):
    result = run("tolerance", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(rows(run)) == 3


def test_what_a_contact_was_told_is_listed(run, challenged):
    result = run("notices", "--json")
    (notice,) = NoticesAnswer.model_validate_json(result.stdout).notices
    assert (notice.partner, notice.account, notice.contact) == ("lakeshore", "desk", "box@hall.example")
    assert notice.evidence == EVIDENCE
    assert notice.sent_at is None
    shown = " ".join(run("notices").stdout.split())
    assert "lakeshore_onsale: GET hall.example/shows was answered 403; to box@hall.example, not sent" in shown


def test_where_nothing_happened_nothing_is_listed(run):
    run("book", "-", stdin=json.dumps(GOOD))
    assert "Nothing is known of any partner yet." in run("tolerance").stdout
    assert "Nobody had to be told anything." in run("notices").stdout


def test_what_was_learned_stands_beside_what_was_agreed(run, challenged):
    found = ProfileAnswer.model_validate_json(run("profiles", "show", "lakeshore", "--json").stdout)
    learned = {one.key: one.value for one in found.values if one.source == "learned"}
    assert learned["tolerance.rate_per_min"] == 20
    assert {"tolerance.left_alone_until", "session.accounts.desk.tolerance.rate_per_min"} < set(learned)
    other = ProfileAnswer.model_validate_json(run("profiles", "show", "seeblick", "--json").stdout)
    assert "learned" not in {one.source for one in other.values}
