"""What a venue puts up with, learned inside what its partner agreed to. Pure: the same past gives the same future.

Up: each clean minute that was really used adds ``step_per_min``; a minute that was idle proves nothing. Down: a
complaint multiplies by ``back_off``, and nothing goes there for the cool-down. Two rates are remembered, so that the
farm neither runs into the same wall every few minutes nor stays away from it for ever: the one at which a complaint
came last (``limit_per_min``), and the highest below it that was clean for a minute (``proven_per_min``). Back to
what was proven it goes in halves of the way; from there on to half of what lies between the two, as long as there is
something to win; then it holds. After a while without complaints it tries half of what is left, then twice that,
and so on up to the whole step: either the wall still stands, which costs one complaint, or it has moved, which is
soon known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from farm.tolerance import PATIENCE_MIN, Bounds, Breaker, Kind, Met, Tolerance, fitted, go_on, inside

MINUTE = timedelta(minutes=1)
LONGEST_MINUTE = 2 * MINUTE
"""Visits tell what they asked when they end: the minute that they prove may come to its end a little later."""
USED = 0.75
"""A minute proves its rate if so much of it was really asked for."""
LEAST = 0.01
"""Less than this part of the limit makes no difference that could be seen."""
WORTH = 0.06
"""A gain that is smaller, as a part of the limit, is not worth a complaint."""
LONGEST_PATIENCE_MIN = 10
"""Clean minutes before more is tried, once a try has failed."""
COMPLAINTS_IN_A_ROW, AT_THE_FLOOR, DOWN_IN_A_ROW = 6, 3, 3
"""How many of them, without a clean minute in between, open the breaker."""
LONGEST_OPEN_S = 6 * 3600.0
SLOW_FACTOR, SLOW_LEAST_S, SLOW_IN_A_ROW, KNOWN_AFTER = 2.0, 0.5, 3, 5
"""Slow: over twice the usual and half a second more, three visits in a row, once five visits say what is usual."""
_SMOOTH = 0.05


def learn(known: Tolerance, bounds: Bounds, met: Met, now: datetime) -> Tolerance:
    """What is known after a visit."""
    known = _counted(fitted(known, bounds), met)
    known, slowed = _timed(known, met)
    if met.kind == "challenged":
        return _open(_lowered(known, bounds, now), "challenged", _pause(bounds.challenge_pause_s, met), now)
    if known.state is not Breaker.CLOSED:
        return _tried(known, bounds, met, now)
    if met.kind == "down":
        return _was_down(known, bounds, met, now)
    if met.kind == "throttled" or slowed:
        return _complained(known, bounds, met, now)
    return _was_clean(replace(known, downs=0), bounds, met, now)


def _counted(known: Tolerance, met: Met) -> Tolerance:
    counts = replace(known.counts, visits=known.counts.visits + 1)
    if met.kind != "clean":
        counts = replace(counts, **{met.kind: getattr(counts, met.kind) + 1})
    return replace(known, counts=counts)


def _timed(known: Tolerance, met: Met) -> tuple[Tolerance, bool]:
    """The usual latency, which follows slowly; and whether the venue has slowed down."""
    if met.kind != "clean" or met.latency_s is None:
        return known, False
    if known.latency_s is None:
        return replace(known, latency_s=met.latency_s), False
    usual = known.latency_s
    is_slow = (
        known.counts.visits > KNOWN_AFTER
        and met.latency_s > SLOW_FACTOR * usual
        and met.latency_s - usual > SLOW_LEAST_S
    )
    slow = known.slow + 1 if is_slow else 0
    usual += _SMOOTH * (min(met.latency_s, SLOW_FACTOR * usual) - usual)
    if slow < SLOW_IN_A_ROW:
        return replace(known, latency_s=usual, slow=slow), False
    counts = replace(known.counts, slowed=known.counts.slowed + 1)
    return replace(known, latency_s=usual, slow=0, counts=counts), True


def _complained(known: Tolerance, bounds: Bounds, met: Met, now: datetime) -> Tolerance:
    """Less, and nothing at all for a while. What comes of the same burst only makes the while longer."""
    until = now + timedelta(seconds=_pause(bounds.cool_down_s, met))
    if known.deaf_until is not None and now < known.deaf_until:
        return replace(known, until=max(until, known.until or until), deaf_until=max(until, known.deaf_until))
    lowered = _lowered(known, bounds, now)
    row = known.complaints + 1
    if row >= COMPLAINTS_IN_A_ROW or (row >= AT_THE_FLOOR and known.rate_per_min <= bounds.floor_per_min):
        return _open(lowered, "throttled", _pause(_longer(bounds.cool_down_s, known.opened), met), now)
    window = until + timedelta(seconds=2 * (known.latency_s or 0))
    return replace(lowered, complaints=row, until=until, deaf_until=window)


def _lowered(known: Tolerance, bounds: Bounds, now: datetime) -> Tolerance:
    """What a complaint teaches: the wall stands here, and what was proven at or over it counts no more."""
    if known.deaf_until is not None and now < known.deaf_until:
        return known
    rate = known.rate_per_min
    stands = known.proven_per_min is not None and known.proven_per_min < rate
    tried = stands and known.limit_per_min is not None and known.held_min >= known.patience_min
    patience = LONGEST_PATIENCE_MIN if tried else PATIENCE_MIN
    return replace(
        known,
        rate_per_min=inside(rate * bounds.back_off, bounds),
        limit_per_min=min(rate, known.limit_per_min or rate) if stands else rate,
        proven_per_min=known.proven_per_min if stands else None,
        held_min=0,
        patience_min=patience,
        minute_began=None,
        minute_asked=0,
    )


def _was_down(known: Tolerance, bounds: Bounds, met: Met, now: datetime) -> Tolerance:
    row = known.downs + 1
    if row < DOWN_IN_A_ROW:
        return replace(known, downs=row)
    return _open(known, "down", _pause(_longer(bounds.cool_down_s, known.opened), met), now)


def _tried(known: Tolerance, bounds: Bounds, met: Met, now: datetime) -> Tolerance:
    """With the breaker open or half open only the one visit that tries says something."""
    if known.state is Breaker.OPEN or met.probe is None or met.probe != known.probe:
        return known
    if met.kind != "clean":
        return _open(known, met.kind, _pause(_longer(bounds.cool_down_s, known.opened), met), now)
    return replace(go_on(known), minute_began=None, minute_asked=0)


def _open(known: Tolerance, why: Kind, pause_s: float, now: datetime) -> Tolerance:
    until = now + timedelta(seconds=pause_s)
    if known.state is Breaker.OPEN and known.until is not None:
        until = max(until, known.until)
        why = "challenged" if known.why == "challenged" else why
    return replace(
        known,
        state=Breaker.OPEN,
        until=until,
        why=why,
        probe=None,
        opened=known.opened + 1,
        complaints=0,
        downs=0,
        minute_began=None,
        minute_asked=0,
    )


def _was_clean(known: Tolerance, bounds: Bounds, met: Met, now: datetime) -> Tolerance:
    if known.waits_until(now) is not None:
        return known  # it was under way when the others were told to wait
    began = known.minute_began or known.until or now  # after a complaint it begins with the end of the cool-down
    asked, lasted = known.minute_asked + met.asked, now - began
    over = replace(known, complaints=0, opened=0, until=None, minute_began=now, minute_asked=0)
    if lasted >= MINUTE and asked >= USED * known.rate_per_min * (lasted / MINUTE):
        return _grown(over, bounds)
    if lasted >= LONGEST_MINUTE:
        return over
    return replace(known, until=None, minute_began=began, minute_asked=asked)


def _grown(known: Tolerance, bounds: Bounds) -> Tolerance:
    """After a clean minute that was used."""
    rate, step, before = known.rate_per_min, bounds.step_per_min, known.proven_per_min or 0.0
    known = replace(known, proven_per_min=max(before, rate))
    limit = known.limit_per_min
    if limit is not None and rate >= limit:
        limit, known = None, replace(known, limit_per_min=None, held_min=0, patience_min=PATIENCE_MIN)
    if limit is None:
        return _at(known, rate + step, bounds)
    if rate < before:
        return _at(known, min(before, rate + max(step, (before - rate) / 2)), bounds)
    if limit - rate > WORTH * limit:
        return _at(replace(known, held_min=0), min(rate + step, (rate + limit) / 2), bounds)
    if known.held_min < known.patience_min:
        return replace(known, held_min=known.held_min + 1)
    return _at(known, rate + min(step, _stride(rate, before, limit, step)), bounds)


def _stride(rate: float, before: float, limit: float, step: float) -> float:
    """How much more is tried after patience: half of what lies below the wall, then twice that, and so on."""
    if rate > before:
        return 2 * (rate - before)
    half = (limit - rate) / 2
    return half if half > LEAST * limit else step / 4


def _at(known: Tolerance, rate_per_min: float, bounds: Bounds) -> Tolerance:
    return replace(known, rate_per_min=inside(rate_per_min, bounds))


def _pause(pause_s: float, met: Met) -> float:
    return max(pause_s, met.retry_after_s or 0.0)


def _longer(pause_s: float, opened: int) -> float:
    return min(max(pause_s, MINUTE.total_seconds()) * 2.0 ** min(opened, 10), LONGEST_OPEN_S)
