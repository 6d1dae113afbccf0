"""How a venue turns us away: what it says survives every retelling, and never more than may be written down."""

import pytest

from farm.encounter import refusal
from farm.errors import AccessRefused
from farm.facts import Guest
from farm.phases import Phase, Step, meaning


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (429, {}, "throttled"),
        (403, {}, "challenged"),
        (503, {"cf-mitigated": "challenge"}, "challenged"),
        (429, {"cf-mitigated": "challenge"}, "challenged"),
    ],
)
def test_what_an_answer_turns_us_away_with(status, headers, kind):
    error = refusal(status, headers, "GET venue.example/tables")
    assert error is not None
    assert error.rebuff is not None
    assert (error.rebuff.kind, error.rebuff.status) == (kind, status)


@pytest.mark.parametrize(
    ("status", "headers"), [(200, {}), (404, {"retry-after": "3"}), (503, {"cf-mitigated": "no"})]
)
def test_other_answers_turn_nobody_away(status, headers):
    assert refusal(status, headers, "GET venue.example/tables") is None


def test_only_the_names_of_headers_are_kept():
    error = refusal(429, {"set-cookie": "visitor=ada", "retry-after": "5"}, "GET venue.example/tables")
    assert error is not None
    assert error.rebuff is not None
    assert error.rebuff.headers == ("retry-after", "set-cookie")
    assert "ada" not in repr(error.rebuff)


def test_a_retelling_loses_nothing():
    error = refusal(429, {"retry-after": "5"}, "GET venue.example/tables")
    assert error is not None
    told = meaning(error, Phase.BEFORE, Step.SEARCH, Guest(name="Ada Rossi", email="ada@example.com"))
    assert isinstance(told, AccessRefused)
    assert told.retry_after_s == 5
    assert str(told) == "search: GET venue.example/tables was answered 429, retry after 5 s"
    assert AccessRefused("no answer of the venue").retry_after_s is None
