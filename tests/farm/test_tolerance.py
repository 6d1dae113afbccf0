"""What a venue puts up with, learned: never over what was agreed, never under it, and one at a time to try."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.learning import COMPLAINTS_IN_A_ROW, DOWN_IN_A_ROW, learn
from farm.tolerance import PATIENCE_MIN, PROBE_S, Bounds, Breaker, Go, Met, Tolerance, Wait, ask, fresh, go_on

BOUNDS = Bounds(
    floor_per_min=10,
    ceiling_per_min=100,
    start_per_min=40,
    step_per_min=6,
    back_off=0.5,
    cool_down_s=30,
    challenge_pause_s=3600,
)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Course:
    """One partner's tolerance, carried through what happens."""

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self.bounds, self.now, self.known = bounds, NOON, fresh(bounds)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def meet(self, kind="clean", asked=1, **more) -> Tolerance:
        self.known = learn(self.known, self.bounds, Met(kind, asked, **more), self.now)
        return self.known

    def may(self, token="one") -> Go | Wait:
        self.known, answer = ask(self.known, token, self.now)
        return answer

    def minute(self, used=1.0) -> Tolerance:
        """A minute without complaints, of whose requests so many are made."""
        self.meet(asked=0)
        self.wait(60)
        return self.meet(asked=round(self.known.rate_per_min * used))

    def cooled(self) -> None:
        self.now = max(self.now, self.known.until or self.now)


@pytest.fixture
def course():
    return Course()


class TestRate:
    def test_it_begins_where_the_agreement_says(self, course):
        assert course.known.rate_per_min == 40
        assert course.may() == Go(40)

    def test_a_clean_minute_that_was_used_adds_a_step(self, course):
        assert course.minute().rate_per_min == 46

    @pytest.mark.parametrize("used", [0, 0.5, 0.7])
    def test_an_idle_minute_proves_nothing(self, course, used):
        assert course.minute(used).rate_per_min == 40

    def test_an_idle_hour_is_no_used_minute(self, course):
        course.meet(asked=0)
        course.wait(3600)
        assert course.meet(asked=40).rate_per_min == 40

    def test_a_complaint_halves_and_cools_down(self, course):
        course.meet("throttled")
        assert course.known.rate_per_min == 20
        assert course.may() == Wait(course.now + timedelta(seconds=30))
        course.cooled()
        assert course.may() == Go(20)

    def test_what_the_venue_asks_for_is_honoured_when_it_is_longer(self, course):
        course.meet("throttled", retry_after_s=300)
        assert course.known.until == course.now + timedelta(seconds=300)
        course.cooled()
        course.meet("throttled", retry_after_s=3)
        assert course.known.until == course.now + timedelta(seconds=30)

    def test_a_burst_of_complaints_counts_once(self, course):
        for _ in range(8):
            course.meet("throttled", retry_after_s=60)
            course.wait(0.1)
        assert course.known.rate_per_min == 20
        assert course.known.state is Breaker.CLOSED
        assert course.known.until == NOON + timedelta(seconds=60.7)
        assert course.known.counts.throttled == 8

    def test_back_to_what_was_proven_in_halves_and_then_it_holds(self, course):
        while course.known.rate_per_min < 94:
            course.minute()
        course.meet("throttled")
        assert (course.known.limit_per_min, course.known.proven_per_min) == (94, 88)
        course.cooled()
        rates = [course.minute().rate_per_min for _ in range(8)]
        assert rates[:2] == [67.5, 77.75]
        assert rates[3:] == [88, 91, 91, 91, 91], "half of the way to the wall: the rest is not worth a complaint"

    def test_after_patience_it_tries_a_little_more_and_a_wall_that_moved_is_forgotten(self, course):
        course.known = replace(course.known, rate_per_min=88, limit_per_min=92, proven_per_min=88)
        held = [course.minute().rate_per_min for _ in range(PATIENCE_MIN)]
        assert set(held) == {88}
        assert course.minute().rate_per_min == 90, "half of what lies below the wall"
        assert course.minute().rate_per_min == 94, "twice that"
        assert course.minute().rate_per_min == 100, "no wall: a whole step, as far as was agreed"
        assert course.known.limit_per_min is None

    def test_a_wall_that_still_stands_is_remembered_where_it_is_lowest(self, course):
        course.known = replace(course.known, rate_per_min=97, limit_per_min=94, proven_per_min=91)
        course.meet("throttled")
        assert (course.known.limit_per_min, course.known.proven_per_min) == (94, 91)

    def test_a_wall_that_came_down_makes_what_was_proven_void(self, course):
        course.known = replace(course.known, rate_per_min=60, limit_per_min=94, proven_per_min=88)
        course.meet("throttled")
        assert (course.known.limit_per_min, course.known.proven_per_min) == (60, None)

    def test_new_bounds_hold_at_once(self, course):
        course.bounds = replace(BOUNDS, ceiling_per_min=30)
        assert course.meet().rate_per_min == 30


class TestSlow:
    def known(self, course):
        for _ in range(6):
            course.meet(latency_s=0.4)

    def test_three_slow_visits_in_a_row_are_a_complaint(self, course):
        self.known(course)
        assert [course.meet(latency_s=3).rate_per_min for _ in range(3)] == [40, 40, 20]
        assert course.known.counts.slowed == 1

    def test_a_slow_one_between_others_is_none(self, course):
        self.known(course)
        for _ in range(10):
            course.meet(latency_s=3)
            course.meet(latency_s=0.4)
        assert course.known.rate_per_min == 40

    def test_twice_next_to_nothing_is_not_slow(self, course):
        for _ in range(6):
            course.meet(latency_s=0.01)
        for _ in range(6):
            course.meet(latency_s=0.2)
        assert course.known.rate_per_min == 40

    def test_what_stays_slow_is_usual_one_day(self, course):
        self.known(course)
        for _ in range(200):
            course.meet(latency_s=3)
            course.wait(60)
        before = course.known.counts.slowed
        for _ in range(50):
            course.meet(latency_s=3)
            course.wait(60)
        assert course.known.counts.slowed == before


class TestBreaker:
    def test_a_challenge_opens_it_for_as_long_as_was_agreed(self, course):
        course.meet("challenged", retry_after_s=5)
        assert course.may() == Wait(NOON + timedelta(hours=1), "challenged")
        course.wait(3599)
        assert isinstance(course.may(), Wait)

    def test_a_burst_of_challenges_is_one(self, course):
        course.meet("challenged")
        course.wait(1)
        course.meet("challenged")
        course.meet("throttled")
        assert course.known.state is Breaker.OPEN
        assert course.known.until == NOON + timedelta(seconds=3601)
        assert course.known.why == "challenged"

    @pytest.mark.parametrize("kind", ["clean", "throttled", "down"])
    def test_what_was_under_way_when_it_opened_changes_nothing(self, course, kind):
        course.meet("challenged")
        before = course.known
        course.meet(kind)
        assert replace(course.known, counts=before.counts) == before

    def test_one_tries_and_closes_it(self, course):
        course.meet("challenged")
        course.cooled()
        assert course.may("first") == Go(20, "first")
        assert isinstance(course.may("second"), Wait)
        assert course.meet(probe="second").state is Breaker.HALF_OPEN
        assert course.meet(probe="first").state is Breaker.CLOSED
        assert course.may("third") == Go(20)

    def test_one_that_meets_it_again_opens_it_for_longer(self, course):
        while course.meet("throttled").state is not Breaker.OPEN:
            course.cooled()
        assert course.known.until == course.now + timedelta(seconds=60)
        course.cooled()
        course.may("first")
        course.meet("throttled", probe="first")
        assert course.known.state is Breaker.OPEN
        assert course.known.until == course.now + timedelta(seconds=120)

    def test_complaints_without_end_open_it_long_before_the_slowest_rate(self, course):
        course.bounds = replace(BOUNDS, floor_per_min=0.1)
        for _ in range(COMPLAINTS_IN_A_ROW):
            assert course.known.state is Breaker.CLOSED
            course.meet("throttled")
            course.wait(31)
        assert course.known.state is Breaker.OPEN

    def test_one_that_never_comes_back_is_given_up(self, course):
        course.meet("challenged")
        course.cooled()
        course.may("dead")
        course.wait(PROBE_S)
        assert course.may("next") == Go(20, "next")
        course.meet(probe="dead")
        assert course.known.state is Breaker.HALF_OPEN

    def test_a_venue_that_is_down_again_and_again_is_left_alone(self, course):
        for _ in range(DOWN_IN_A_ROW - 1):
            course.meet("down")
        course.meet()
        for _ in range(DOWN_IN_A_ROW - 1):
            assert course.meet("down").state is Breaker.CLOSED
        assert course.meet("down").state is Breaker.OPEN
        assert course.known.rate_per_min == 40

    def test_complaints_at_the_slowest_rate_open_it(self, course):
        course.known = replace(course.known, rate_per_min=10)
        for _ in range(3):
            assert course.known.state is Breaker.CLOSED
            course.meet("throttled")
            course.wait(31)
        assert course.known.state is Breaker.OPEN

    def test_a_clean_minute_between_complaints_is_a_new_beginning(self, course):
        for _ in range(2 * COMPLAINTS_IN_A_ROW):
            course.meet("throttled")
            course.cooled()
            course.minute()
        assert course.known.state is Breaker.CLOSED

    def test_a_person_closes_it(self, course):
        course.meet("challenged")
        course.known = go_on(course.known)
        assert course.may() == Go(20)


KINDS = st.sampled_from(["clean", "clean", "clean", "throttled", "challenged", "down"])
EVENTS = st.lists(
    st.tuples(
        KINDS,
        st.integers(0, 120),
        st.floats(0, 400),
        st.none() | st.floats(0.001, 5),
        st.none() | st.floats(1, 500),
        st.booleans(),
    ),
    max_size=80,
)


@st.composite
def agreed(draw):
    floor = draw(st.floats(0.5, 50))
    ceiling = floor + draw(st.floats(0, 200))
    start = draw(st.floats(floor, ceiling))
    back_off, step = draw(st.floats(0.1, 0.95)), draw(st.floats(0.1, 60))
    return Bounds(floor, ceiling, start, step, back_off, draw(st.floats(0, 120)), draw(st.floats(60, 7200)))


@given(agreed(), EVENTS)
def test_whatever_happens_the_rate_stays_inside_what_was_agreed(bounds, events):
    course = Course(bounds)
    grown_at: datetime | None = None
    for kind, asked, wait_s, latency_s, retry_after_s, goes in events:
        course.wait(wait_s)
        answer = course.may()
        before = course.known
        if isinstance(answer, Go):
            assert bounds.floor_per_min <= answer.per_min <= bounds.ceiling_per_min
        probe = answer.probe if isinstance(answer, Go) and goes else None
        known = course.meet(kind, asked, latency_s=latency_s, retry_after_s=retry_after_s, probe=probe)
        assert bounds.floor_per_min <= known.rate_per_min <= bounds.ceiling_per_min
        if known.rate_per_min > before.rate_per_min:
            assert kind == "clean"
            back = before.proven_per_min or 0
            assert known.rate_per_min <= max(before.rate_per_min + bounds.step_per_min, back) + 1e-9
            assert grown_at is None or course.now - grown_at >= timedelta(minutes=1)
            grown_at = course.now
        if kind == "challenged":
            assert known.is_blocked(course.now)
            assert isinstance(course.may(), Wait)
        if known.state is Breaker.CLOSED:
            assert known.probe is None
            assert known.why is None


@given(st.lists(st.tuples(st.floats(0, 200), st.booleans(), st.integers(0, 9)), min_size=1, max_size=60))
def test_whoever_asks_one_at_a_time_tries(steps):
    course = Course()
    course.meet("challenged")
    trying: tuple[str, datetime] | None = None
    for number, (wait_s, returns, who) in enumerate(steps):
        course.wait(wait_s)
        if returns and trying is not None:
            known = course.meet("throttled", probe=trying[0] if who else f"stranger {number}")
            trying = trying if known.state is Breaker.HALF_OPEN else None
        answer = course.may(f"visit {number}")
        if isinstance(answer, Go):
            token = f"visit {number}"
            assert answer.probe == token
            assert trying is None or course.now >= trying[1]
            trying = token, course.now + timedelta(seconds=PROBE_S)
