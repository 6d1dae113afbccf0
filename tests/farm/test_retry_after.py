"""What a venue says about when to come again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from farm.retry_after import asked_to_wait_s, retry_after_s

NOW = datetime(2029, 12, 4, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("0", 1),
        ("99999999", 86_400),
        ("9" * 400, 86_400),
        ("Tue, 04 Dec 2029 19:02:00 GMT", 120),
        ("Tue, 04 Dec 2029 20:02:00 +0100", 120),
        ("Tuesday, 04-Dec-29 19:02:00 GMT", 120),
        ("Tue, 04 Dec 2029 18:00:00 GMT", 1),
        ("Tue, 04 Dec 2040 18:00:00 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
        ("Tue, 99 Dec 2029 19:02:00 GMT", None),
    ],
)
def test_seconds_or_a_date(header, wait_s):
    assert retry_after_s(header, NOW) == wait_s


def test_a_date_counts_by_the_venues_own_clock():
    """Its clock is five minutes slow: by ours the moment would be past."""
    headers = {"date": "Tue, 04 Dec 2029 18:55:00 GMT", "retry-after": "Tue, 04 Dec 2029 18:56:00 GMT"}
    assert asked_to_wait_s(headers, NOW) == 60
    assert asked_to_wait_s({"retry-after": headers["retry-after"], "date": "?"}, NOW) == 1
