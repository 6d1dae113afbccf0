"""What the agreement does not cover is refused before a single packet."""

import re
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from farm.errors import AccessNotAgreed
from farm.phases import Step
from farm.registry import Registry
from farm.schema import SchemaFaults
from profiles.pacing.store import Store
from profiles.pacing.tokens import VisitTokens
from profiles.partner import Partners
from profiles.secrets import is_there, open_account
from profiles.terms.access import Hours
from profiles.terms.session import AccountTerms
from profiles.visiting import AgreedAccess

ROME = ZoneInfo("Europe/Rome")
NOON = datetime(2026, 12, 1, 11, tzinfo=UTC)
PARTNERS = Partners.load([Path(__file__).parents[2] / "profiles" / "partners"])
PARTNER = PARTNERS.must_have("bologna_tables")
FREE = VisitTokens(Store(None), PARTNER.slug, (), ())
ORIGIN = "http://127.0.0.1:8401"
VENUE = Registry.load([Path(__file__).parents[2] / "integrations"]).venue("osteria_luna")


def with_access(**changes):
    return PARTNER.model_copy(update={"access": PARTNER.access.model_copy(update=changes)})


def test_covered():
    PARTNER.must_allow((Step.SEARCH, Step.SUBMIT), NOON, ROME, ORIGIN)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends": datetime(2026, 11, 30, tzinfo=UTC).date()}, "ended on 2026-11-30"),
        ({"steps": ("search",)}, "does not allow submit"),
        ({"hosts": ("127.0.0.1:9999",)}, "does not name 127.0.0.1:8401"),
        ({"hours": Hours(start=time(22), until=time(6))}, "does not cover 12:00"),
    ],
)
def test_not_covered(changes, said):
    with pytest.raises(AccessNotAgreed, match=said):
        with_access(**changes).must_allow((Step.SEARCH, Step.SUBMIT), NOON, ROME, ORIGIN)


def test_the_last_day_is_the_venues_day():
    last = with_access(ends=datetime(2026, 12, 1, tzinfo=UTC).date())
    last.must_allow((Step.SEARCH,), datetime(2026, 12, 1, 22, 59, tzinfo=UTC), ROME, ORIGIN)
    with pytest.raises(AccessNotAgreed):
        last.must_allow((Step.SEARCH,), datetime(2026, 12, 1, 23, 1, tzinfo=UTC), ROME, ORIGIN)


def test_hours_over_midnight():
    night = Hours(start=time(22), until=time(6))
    assert night.hold(time(23))
    assert night.hold(time(5, 59))
    assert not night.hold(time(6))


def test_nobody_agreed_to_anything_without_a_profile():
    with pytest.raises(AccessNotAgreed, match="did you mean `bologna_tables`"):
        PARTNERS.must_have("bologna_table")


def test_every_request_is_held_to_the_hosts():
    access = AgreedAccess(PARTNER, VENUE, FREE)
    assert access.covers(ORIGIN + "/prenota")
    for url in ("http://127.0.0.1:9999/", "https://127.0.0.1:8401.evil.example/", "file:///etc/passwd", "ftp://x/"):
        assert not access.covers(url)


def test_a_venue_behind_tls_is_never_visited_in_the_clear():
    access = AgreedAccess(PARTNER, VENUE.model_copy(update={"origin": ORIGIN.replace("http:", "https:")}), FREE)
    assert access.covers(ORIGIN.replace("http:", "https:") + "/prenota")
    assert not access.covers(ORIGIN + "/prenota")


def test_a_secret_that_cannot_be_read_is_not_there_and_not_shown(tmp_path):
    secret = tmp_path / "token"
    secret.write_bytes(b"s3cret-\xff-canary")
    terms = AccountTerms(secret=f"file:{secret}")
    assert not is_there(terms)
    with pytest.raises(AccessNotAgreed) as caught:
        open_account("desk", terms)
    assert "canary" not in str(caught.value)


def test_secrets_come_by_reference_and_never_show(tmp_path, monkeypatch):
    secret = tmp_path / "token"
    secret.write_text("s3cret-canary\n")
    monkeypatch.setenv("RB_TEST_USER", "desk")
    account = open_account("desk", AccountTerms(user="env:RB_TEST_USER", secret=f"file:{secret}"))
    assert account.user == "desk"
    assert account.secret.get_secret_value() == "s3cret-canary"
    assert "canary" not in repr(account) + str(account) + account.model_dump_json()
    assert not is_there(AccountTerms(secret="env:RB_TEST_MISSING"))


def test_a_partner_is_named_by_its_file(tmp_path):
    text = (Path(__file__).parents[2] / "profiles" / "partners" / "bologna_tables.toml").read_text()
    (tmp_path / "bologna.toml").write_text(text)
    assert Partners.load([tmp_path]).must_have("bologna").slug == "bologna"
    (tmp_path / "bologna.toml").write_text(f'slug = "x"\n{text}')
    with pytest.raises(SchemaFaults, match="unknown key `slug`; it is the name of the file"):
        Partners.load([tmp_path])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('basis = "own installation"', 'basis = "written agreement"', "pacing needs `requests_per_min` and"),
        ("gap_ms = [0, 0]", "gap_ms = [5, 4]", "the shortest gap, then the longest"),
        ("gap_ms = [0, 0]", "gap_ms = [0, 0]\nrequests_per_min = 10\nburst_requests = 10", "must be less than"),
        ("gap_ms = [0, 0]", "gap_ms = [0, 0]\nburst_requests = 2", "a part of `burst_requests`"),
        (
            "[fingerprint]",
            '[tolerance]\nfloor_per_min = 5\nstep_per_min = 1\nsource = "none"\n\n[fingerprint]',
            "learned up to",
        ),
        ("[fingerprint]", '[fingerprint]\nidentify = "web-bot-auth"', "needs `key` and `directory`"),
    ],
)
def test_numbers_that_do_not_fit(tmp_path, old, new, said):
    stock = (Path(__file__).parents[2] / "profiles/partners/bologna_tables.toml").read_text()
    assert old in stock
    (tmp_path / "p.toml").write_text(stock.replace(old, new))
    with pytest.raises(SchemaFaults, match=re.escape(said)):
        Partners.load([tmp_path])
