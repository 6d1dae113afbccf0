"""When a webhook is tried again, and when its endpoint is left alone or given up: decided here, done elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from farm.facts import Fact
from farm.feed import TYPES, PublicEvent

TEST = "webhook.test"
"""The type of a delivery that somebody has asked for to see whether it comes."""
SCHEDULE_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""How long after each failed try the next one comes: three days together, as Standard Webhooks has it."""
JITTER = 0.2
"""By so much of itself each wait is longer, at random: what failed together does not come back together."""
FAILING_FOR = timedelta(days=5)
"""An endpoint that has taken nothing for so long is disabled."""
PATIENCE = 2
"""So many failures in a row are each for themselves; after more the endpoint rests before anything is sent."""
LONGEST_REST_S = 60.0
BOTH_SECRETS = timedelta(hours=24)
"""How long after a rotation the secret of before is signed with too."""
_GONE = 410


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class WhyDisabled(StrEnum):
    """Why nothing is sent to an endpoint."""

    ASKED = "asked"
    GONE = "gone"
    FAILING = "failing"


class Message(Fact):
    """What a webhook brings: an event, as ``GET /v1/events`` shows it."""

    type: str
    timestamp: AwareDatetime
    data: PublicEvent

    @classmethod
    def of(cls, event: PublicEvent) -> Message:
        """The message about an event."""
        return cls(type=event.type, timestamp=event.at, data=event)


def test_event(at: datetime) -> PublicEvent:
    """What a test brings: nothing has happened, and there is no such booking."""
    no_booking = "bk_" + 20 * "0"
    return PublicEvent(number=0, type=TEST, at=at, booking=no_booking, sequence=0, attempt=None, venue=None, data={})


def default_types() -> list[str]:
    """What an endpoint gets that has asked for nothing in particular: all but progress."""
    return [each.type for each in TYPES.values() if not each.progress]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try.

    Attributes:
        status: Of the answer; None where there was none.
        trouble: Why there was none, in a few words.
        retry_after_s: How long the endpoint wants to be left alone.
    """

    status: int | None
    trouble: str | None = None
    retry_after_s: float | None = None

    @property
    def is_delivered(self) -> bool:
        """Only a 2xx is; a redirect is not followed."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from a try.

    Attributes:
        next_try_s: When this delivery is tried again; None: never.
        rest_s: How long nothing is sent to this endpoint.
        disable: The endpoint is given up.
    """

    state: DeliveryState
    next_try_s: float | None = None
    rest_s: float = 0.0
    disable: WhyDisabled | None = None


def judge(
    outcome: Outcome,
    tries: int,
    failures: int,
    failing_since: datetime | None,
    now: datetime,
    random: Callable[[], float],
) -> Judgement:
    """What to do after a try.

    Args:
        outcome: Of this try.
        tries: Of this delivery, with this one.
        failures: Of the endpoint in a row, before this one.
        failing_since: When the first of these was.
        now: The time.
        random: Between 0 and 1.
    """
    if outcome.is_delivered:
        return Judgement(DeliveryState.DELIVERED)
    disable = None
    if outcome.status == _GONE:
        disable = WhyDisabled.GONE
    elif failing_since is not None and now - failing_since >= FAILING_FOR:
        disable = WhyDisabled.FAILING
    rest_s = min(2.0 ** min(failures + 1 - PATIENCE, 10), LONGEST_REST_S) if failures >= PATIENCE else 0.0
    rest_s = max(rest_s, outcome.retry_after_s or 0.0)
    if tries > len(SCHEDULE_S):
        return Judgement(DeliveryState.GIVEN_UP, None, rest_s, disable)
    wait_s = SCHEDULE_S[tries - 1] * (1 + JITTER * random())
    return Judgement(DeliveryState.WAITING, max(wait_s, outcome.retry_after_s or 0.0), rest_s, disable)
