"""When a webhook is tried again, and when its endpoint is left alone or given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from farm.delivering import FAILING_FOR, SCHEDULE_S, DeliveryState, Outcome, WhyDisabled, default_types, judge

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def judged(outcome, tries=1, failures=0, failing_since=None, random=lambda: 0.0):
    return judge(outcome, tries, failures, failing_since, NOW, random)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_only_a_2xx_is_delivered(status):
    assert judged(Outcome(status)).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("status", [100, 199, 301, 302, 307, 400, 404, 410, 429, 500, None])
def test_anything_else_is_tried_again(status):
    assert judged(Outcome(status)).state is DeliveryState.WAITING


def test_the_schedule_goes_over_three_days_and_ends():
    waits = [judged(Outcome(500), tries).next_try_s for tries in range(1, len(SCHEDULE_S) + 1)]
    assert waits == list(SCHEDULE_S)
    assert timedelta(days=3) < timedelta(seconds=sum(waits)) < timedelta(days=4)
    last = judged(Outcome(500), len(SCHEDULE_S) + 1)
    assert (last.state, last.next_try_s) == (DeliveryState.GIVEN_UP, None)


def test_each_wait_is_longer_by_chance():
    assert judged(Outcome(500), 2, random=lambda: 1.0).next_try_s == 360


@pytest.mark.parametrize(("asked_s", "wait_s"), [(60.0, 300), (7200.0, 7200)])
def test_what_the_endpoint_asks_for_is_kept_for_all_that_goes_there(asked_s, wait_s):
    said = judged(Outcome(503, retry_after_s=asked_s), 2)
    assert (said.next_try_s, said.rest_s) == (wait_s, asked_s)


def test_one_delivery_that_is_not_liked_holds_up_no_other_and_an_endpoint_that_is_down_rests():
    rests = [judged(Outcome(500), 1, failures).rest_s for failures in range(9)]
    assert rests == [0, 0, 2, 4, 8, 16, 32, 60, 60]


def test_gone_disables_at_once():
    assert judged(Outcome(410)).disable is WhyDisabled.GONE


@pytest.mark.parametrize(
    ("failing", "disable"), [(FAILING_FOR - timedelta(seconds=1), None), (FAILING_FOR, WhyDisabled.FAILING)]
)
def test_five_days_without_a_success_disable(failing, disable):
    assert judged(Outcome(500), 1, 9, NOW - failing).disable is disable
    assert judged(Outcome(200), 1, 9, NOW - failing).disable is None


def test_progress_is_sent_to_those_only_who_name_it():
    assert "booking.confirmed" in default_types()
    assert "attempt.step" not in default_types()
