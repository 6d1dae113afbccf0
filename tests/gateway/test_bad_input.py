"""Whatever is wrong is said in a line, with its place and what would be right; nothing is queued."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from farm.identity import mint_code
from farm.request import Request
from gateway.answers import Problem
from ledger.migrate import upgrade
from ledger.store import Ledger
from tests.gateway.conftest import GOOD

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"venues": ["osteria_lnua"]}, "venues.0: no venue `osteria_lnua`; did you mean `osteria_luna`?"),
        ({"venues": [], "group": "bologna"}, "did you mean `bologna_tables`?"),
        ({"when": GOOD["when"] | {"date": "2020-06-14"}}, "when: 2020-06-14 is past at osteria_luna (Europe/Rome)"),
        ({"party": {"adults": 0}}, "party: is empty: at least one adult or child"),
        ({"guest": GOOD["guest"] | {"email": "ada at example.com"}}, "guest.email: is no e-mail address"),
        ({"servise": "dinner"}, "servise: unknown key `servise`; did you mean `service`?"),
        ({"price_cap": {"minor": 4000}}, "price_cap.currency: is missing"),
        (
            {"when": {"date": "2027-03-28", "earliest": "02:30", "latest": "04:00"}},
            "when: 02:30 on 2027-03-28 does not exist at osteria_luna: Europe/Rome skips it",
        ),
        ({"know_by": "2020-01-01T12:00:00Z"}, "know_by: is past"),
        ({"venues": []}, "group: name either `venues` or a `group`, not both and not neither"),
    ],
)
def test_each_fault(refused, changes, line):
    said = refused(**changes)
    assert any(line in one for one in said), said
    assert len(said) == 3  # what happened, the fault, what next


def test_the_bad_example_names_every_fault_at_once(run):
    result = run("book", str(EXAMPLES / "bad-request.json"))
    places = [line.split(":")[0].strip() for line in result.stderr.splitlines()[1:-1]]
    assert sorted(places) == sorted(
        ["guest.email", "guest.phone", "party", "price_cap.currency", "servise", "venues.1", "when", "know_by"]
    )
    assert result.exit_code == 2


def test_faults_as_json(run):
    result = run("book", str(EXAMPLES / "bad-request.json"), "--json")
    problem = Problem.model_validate_json(result.stdout)
    assert result.exit_code == 2
    assert len(problem.faults) == 8
    assert "8 faults" in problem.error
    assert not result.stderr


@pytest.mark.parametrize("name", [path.name for path in EXAMPLES.glob("*.json") if path.name != "bad-request.json"])
def test_every_other_example_is_admitted(run, name):
    result = run("book", str(EXAMPLES / name), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["status"] == "queued"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON: line 1, column 2"),
        ("[]", "a request is a JSON object"),
        ("", "is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested too deeply for a request: more than 32 levels"),
        (" " * 262_145, "is too large for a request: more than 256 KiB"),
        ('{"party": {"adults": NaN}}', "`NaN` is no JSON"),
        ('{"party": {"adults": -Infinity}}', "`-Infinity` is no JSON"),
        ('{"party": {"adults": 1e999}}', "`1e999` is too large a number"),
        ('{"party": {"adults": ' + "9" * 5000 + "}}", "`9999999999…` is too long a number: 5000 digits"),
        ('{"party": {}, "guest": {}, "party": {}}', "`party` is given twice"),
        ('{"guest": {"name": "A", "name": "B", "name": "C"}}', "`name` is given twice"),
        ('{"context": {"a": "\\ud800"}}', "half a character"),
    ],
)
def test_what_is_no_request(run, text, said):
    result = run("book", "-", stdin=text)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_byte_order_mark_is_no_fault(run, tmp_path):
    text = "\ufeff" + json.dumps(GOOD)
    (tmp_path / "request.json").write_text(text)
    assert run("book", "-", stdin=text).exit_code == 0
    assert run("book", str(tmp_path / "request.json")).exit_code == 0


def test_a_file_that_cannot_be_read(run, tmp_path):
    (tmp_path / "latin.json").write_bytes(b'{"guest": "Andr\xe9"}')
    assert "No such file" in run("book", str(tmp_path / "none.json")).stderr
    assert "directory" in run("book", str(tmp_path)).stderr
    assert "more than 256 KiB" in run("book", "/dev/zero").stderr
    assert "is not UTF-8" in run("book", str(tmp_path / "latin.json")).stderr


def test_the_same_key_is_the_same_booking(run):
    def book(**changes):
        return run("book", "-", "--idempotency-key", "order-1", "--json", stdin=json.dumps(GOOD | changes))

    first, second, other = book(), book(), book(party={"adults": 3})
    assert json.loads(first.stdout)["id"] == json.loads(second.stdout)["id"]
    assert other.exit_code == 2
    assert "`order-1` belongs to another request" in json.loads(other.stdout)["error"]
    assert run("book", "-", "--idempotency-key", "", stdin=json.dumps(GOOD)).exit_code == 2


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"when": GOOD["when"] | {"date": "2020-06-14"}},
        {"know_by": "2020-01-01T12:00:00Z"},
        {"venues": ["osteria_that_left"]},
        {"venues": [], "group": "group_that_left"},
    ],
)
def test_a_key_is_known_whatever_has_become_of_its_request(run, home, meanwhile):
    """Sent when all was well, and again when it no longer is."""
    asyncio.run(_accepted(f"sqlite:///{home / 'ledger.sqlite3'}", GOOD | meanwhile, "order-1"))

    def again(**changes):
        return run("book", "-", "--idempotency-key", "order-1", stdin=json.dumps(GOOD | meanwhile | changes))

    assert again().exit_code == 0
    assert "belongs to another request" in again(party={"adults": 3}).stderr
    assert "servise: unknown key" in again(servise="dinner").stderr
    assert run("book", "-", "--idempotency-key", "order-2", stdin=json.dumps(GOOD | meanwhile)).exit_code == 2
    assert len(json.loads(run("list", "--json").stdout)["bookings"]) == 1


async def _accepted(url, request, key):
    await upgrade(url)
    async with await Ledger.open(url) as ledger:
        await ledger.accept(Request.model_validate_json(json.dumps(request)), mint_code(), key)


def test_queued_says_what_comes_next(run):
    result = run("book", "-", stdin=json.dumps(GOOD))
    assert result.stdout.startswith("bk_")
    assert result.stdout.strip() in result.stderr
    assert "readback up" in result.stderr


@pytest.mark.parametrize("command", ["show", "cancel"])
def test_an_unknown_id_names_the_nearest(run, command):
    assert "nothing was ever booked here" in run(command, "bk_1").stderr
    known = run("book", "-", stdin=json.dumps(GOOD)).stdout.strip()
    wrong = known[:-1] + ("0" if known[-1] != "0" else "1")
    for name in (wrong, known[:-2]):
        result = run(command, name)
        assert result.exit_code == 2
        assert f"no booking `{name}`" in result.stderr
        assert f"did you mean `{known}`?" in result.stderr
    far = run(command, "order-4711", "--json")
    assert f"the newest one is `{known}`" in json.loads(far.stdout)["then"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["worker", "--queue", "nonsense"],
            "no queue `nonsense`; known here: `book`, `door`, `nightly`, `notify`, `verify`",
        ),
        (["worker", "--queue", "verfy"], "did you mean `verify`?"),
        (["worker", "--pool", "gevent"], "no pool `gevent`"),
        (["up", "--with", "pretx"], "did you mean `pretix`?"),
        (["up", "--pool", "solo"], "no pool `solo`"),
        (["list", "--status", "confirmd"], "did you mean `confirmed`?"),
        (["demo", "--venue", "ritz"], "no venue `ritz`"),
    ],
)
def test_words_that_are_not_known(run, arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("→", ";").split()).replace(" ;", ";")


def test_a_process_without_a_broker_says_so(run):
    for command in ("worker", "relay"):
        result = run(command)
        assert result.exit_code == 1
        assert "READBACK_BROKER_URL" in result.stderr


def test_a_venue_file_with_a_fault(run, tmp_path, monkeypatch):
    folder = tmp_path / "mine" / "osteria_luna" / "venues"
    folder.mkdir(parents=True)
    (folder / "bar_uno.toml").write_text('name = "Bar Uno"\ntimezon = "Europe/Rome"\n')
    partners = tmp_path / "partners"
    partners.mkdir()
    (partners / "uno.toml").write_text('nam = "Uno"\n')
    monkeypatch.setenv("READBACK_INTEGRATIONS", str(tmp_path / "mine"))
    monkeypatch.setenv("READBACK_PARTNERS", str(partners))
    result = run("venues")
    assert result.exit_code == 2
    assert "bar_uno.toml: timezon: unknown key `timezon`; did you mean `timezone`?" in result.stderr
    assert "uno.toml: nam: unknown key `nam`; did you mean `name`?" in result.stderr


def test_a_setting_that_cannot_be_used(run, monkeypatch):
    monkeypatch.setenv("READBACK_LEASE_S", "long")
    result = run("venues")
    assert result.exit_code == 2
    assert "READBACK_LEASE_S" in result.stderr


def test_a_database_that_is_not_there(run, monkeypatch):
    monkeypatch.setenv("READBACK_DATABASE_URL", "postgresql://ada:geheim@127.0.0.1:1/readback")
    result = run("list")
    assert result.exit_code == 1
    assert "readback doctor" in result.stderr
    assert "geheim" not in result.stderr
    monkeypatch.setenv("READBACK_DATABASE_URL", "mysql://localhost/x")
    assert "sqlite or postgresql" in run("list").stderr
