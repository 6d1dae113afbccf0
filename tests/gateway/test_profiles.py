"""What is agreed with partners, and what of it is missing here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.partners import LooksAnswer, PartnersAnswer, ProfileAnswer

STRICT = """
name = "Strict House"
[access]
basis = "written agreement"
reference = "contracts/2026-014"
contact = "it@strict.example"
ends = {ends}
steps = ["search", "read_back"]
hosts = ["book.strict.example"]
[session.accounts.desk]
secret = "env:STRICT_SECRET"
keep = true
[pacing]
requests_per_min = 30
visits_at_once = 2
gap_ms = [400, 900]
source = "their e-mail of 3 November 2026"
[fingerprint]
locale = "nl-NL"
identify = "web-bot-auth"
key = "{key}"
directory = "https://bot.example.org"
"""


@pytest.fixture
def strict(tmp_path, monkeypatch):
    folder = tmp_path / "partners"
    folder.mkdir()
    monkeypatch.setenv("READBACK_PARTNERS", str(folder))
    monkeypatch.delenv("STRICT_SECRET", raising=False)

    def write(days: int = 100, key: str = "env:STRICT_KEY") -> None:
        ends = datetime.now(UTC).date() + timedelta(days=days)
        (folder / "strict.toml").write_text(STRICT.format(ends=ends, key=key))

    write()
    return write


def test_all_partners_stand_with_what_they_agreed_to(run, strict, monkeypatch):
    shown = " ".join(run("profiles").stdout.split())
    assert "Strict House · written agreement · ends in 100 days" in shown
    assert "30 requests a minute, 2 visits at once" in shown
    assert "account desk: not there" in shown
    assert "signed by web-bot-auth: its key is not there" in shown
    monkeypatch.setenv("STRICT_SECRET", "canary-4711")
    there = {one.slug: one for one in PartnersAnswer.model_validate_json(run("profiles", "--json").stdout).partners}
    assert there["strict"].accounts[0].there
    assert there["strict"].key_there is False
    assert there["bologna_tables"].venues == ("cantina_nord", "osteria_luna", "trattoria_sole")
    assert "canary" not in run("profiles").stdout + run("profiles", "show", "strict").stdout


def test_an_agreement_that_has_ended_is_said(run, strict):
    strict(days=-1)
    assert "nothing goes there" in " ".join(run("profiles").stdout.split())


def test_every_value_stands_with_where_it_comes_from(run, strict):
    answer = ProfileAnswer.model_validate_json(run("profiles", "show", "strict", "--json").stdout)
    values = {one.key: (one.value, one.source) for one in answer.values}
    assert values["pacing.requests_per_min"] == (30, "file")
    assert values["pacing.burst_requests"] == (10, "default")
    assert values["session.accounts.desk.keep"] == (True, "file")
    assert values["session.accounts.desk.oldest_min"] == (60.0, "default")
    assert values["fingerprint.viewport.width"] == (1280, "default")
    assert values["access.hours"] == (None, "default")
    assert "slug" not in values
    assert "partners/strict.toml" in answer.file
    assert "pacing.requests_per_min" in run("profiles", "show", "strict").stdout


def test_a_mistyped_partner_is_offered_the_nearest(run, strict):
    result = run("profiles", "show", "strit")
    assert result.exit_code == 2
    assert "did you mean `strict`" in result.stderr
    assert json.loads(run("profiles", "show", "strit", "--json").stdout)


@pytest.mark.browser
def test_a_profile_is_tried_on_the_browser(run):
    answer = LooksAnswer.model_validate_json(run("profiles", "test", "ribera", "--json").stdout)
    assert (answer.contradictions, answer.locale, answer.timezone) == ((), "es-ES", "Europe/Madrid")
    assert "Headless" not in answer.user_agent


@pytest.mark.browser
def test_what_contradicts_itself_is_listed(run, monkeypatch):
    async def undressed(context, identity):
        return await context.new_page()

    monkeypatch.setattr("tasks.browser.dress", undressed)
    result = run("profiles", "test", "ribera")
    assert result.exit_code == 1
    assert "headless" in result.stdout


class TestIdentity:
    def test_a_key_is_made_once_and_is_its_owners(self, run, tmp_path):
        path = tmp_path / "new.pem"
        name = run("identity", "new", str(path)).stdout.strip()
        assert len(name) == 43
        assert path.stat().st_mode & 0o777 == 0o600
        before = path.read_bytes()
        assert run("identity", "new", str(path)).exit_code == 2
        assert path.read_bytes() == before

    def test_the_directory_has_the_key_of_the_profile_and_the_next_one(self, run, strict, tmp_path):
        old, new = tmp_path / "old.pem", tmp_path / "new.pem"
        names = [run("identity", "new", str(path)).stdout.strip() for path in (old, new)]
        strict(key=f"file:{old}")
        document = json.loads(run("identity").stdout)
        assert [key["kid"] for key in document["keys"]] == names[:1]
        assert {key["crv"] for key in document["keys"]} == {"Ed25519"}
        assert "PRIVATE" not in json.dumps(document)
        assert "d" not in document["keys"][0]
        result = run("identity", "--also", f"file:{new}", "--write", str(tmp_path / "directory.json"))
        assert "https://bot.example.org/.well-known/http-message-signatures-directory" in " ".join(
            result.stderr.split()
        )
        written = json.loads((tmp_path / "directory.json").read_text())
        assert [key["kid"] for key in written["keys"]] == names

    def test_what_is_missing_is_said(self, run, strict, home):
        assert "nothing is behind" in run("identity").stderr
        assert "one of https://bot.example.org" in " ".join(
            run("identity", "--directory", "https://x.example").stderr.split()
        )

    def test_nobody_signs(self, run):
        assert "no partner's profile signs" in run("identity").stderr
