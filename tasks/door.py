"""The door for platforms that share the broker: ``readback.book`` queues a request and answers with its booking."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence

from farm.facts import Fact
from farm.intake import BadRequest
from farm.schema import Fault
from farm.status import BookingStatus
from ledger.errors import IdempotencyConflict
from ledger.surely import is_away
from tasks.accepting import accept
from tasks.runtime import Farm
from tasks.shortly import in_short

log = logging.getLogger(__name__)

LARGEST_BYTES = 256 * 1024
_KEY = re.compile(r"[!-~]{1,255}")


class FaultAnswer(Fact):
    """One thing that is wrong with the request, and its place in it."""

    where: str
    what: str


class ProblemAnswer(Fact):
    """Why nothing was queued.

    Attributes:
        then: What to do next.
    """

    title: str
    faults: tuple[FaultAnswer, ...] = ()
    then: str

    @classmethod
    def of(cls, title: str, faults: Sequence[Fault], then: str) -> ProblemAnswer:
        """The answer with these faults."""
        said = tuple(FaultAnswer(where=fault.where, what=fault.what) for fault in faults)
        return cls(title=title, faults=said, then=then)


class DoorAnswer(Fact):
    """What came of a message: a booking, or a problem. No guest data: it lies in the result backend.

    Attributes:
        booking: Its id.
        status: As it is now, which is no confirmation.
    """

    booking: str | None = None
    status: BookingStatus | None = None
    problem: ProblemAnswer | None = None


async def taken_in(farm: Farm, written: object, key: str) -> DoorAnswer:
    """Queue a request; the same key gives the same booking, so that a message may come any number of times.

    Raises:
        DBAPIError: The ledger is away: the message is to come again.
    """
    try:
        _must_be_a_key(key)
        booking = await accept(farm.settings, farm.registry, farm.ledger, _as_json(written), key)
    except BadRequest as error:
        problem = ProblemAnswer.of("the request cannot be booked", error.faults, "nothing was queued: correct it")
    except IdempotencyConflict:
        then = "nothing was queued: use a new key for a new request, or send the first request again"
        problem = ProblemAnswer.of("the idempotency key belongs to another request", (), then)
    except Exception as error:
        if is_away(error):
            raise
        # its own words may hold guest data, and Celery would pass them on
        log.error("a request was not taken in: %s", in_short(error))  # noqa: TRY400 - nor may its traceback
        problem = ProblemAnswer.of(
            "Readback made a mistake", (), "send it again with the same key, and tell the farm"
        )
    else:
        return DoorAnswer(booking=booking.id, status=booking.status)
    return DoorAnswer(problem=problem)


def _must_be_a_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BadRequest([Fault("idempotency_key", "has 1 to 255 visible ASCII characters")])


def _as_json(written: object) -> object:
    """The request as a JSON document: Celery's messages may hold more than that.

    Raises:
        BadRequest: It is none, or larger than any request.
    """
    try:
        text = json.dumps(written, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise BadRequest([Fault("", "is no JSON: write dates and moments as text, and no NaN")]) from None
    if size > LARGEST_BYTES:
        raise BadRequest([Fault("", f"is too large for a request: more than {LARGEST_BYTES // 1024} KiB")])
    return written
