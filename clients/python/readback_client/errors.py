"""What can go wrong, by what a caller does about it."""

from __future__ import annotations

from http import HTTPStatus

import httpx
from pydantic import ValidationError

from readback_client.answers import Booking, Fault, ProblemBody


class ReadbackError(Exception):
    """Anything that this client raises.

    Attributes:
        idempotency_key: That of the request for a booking that met it: sent again with this key, it books once.
    """

    idempotency_key: str | None = None


class Unreachable(ReadbackError):
    """No answer came, or was cut off. What was asked may have been done: ask again with the same key."""


class NotSettled(ReadbackError):
    """The time to wait is over, and the booking goes on; it is neither confirmed nor failed.

    Attributes:
        booking: As it was last seen.
    """

    def __init__(self, booking: Booking) -> None:
        super().__init__(f"{booking.id} is {booking.status} and goes on; wait again, or look later")
        self.booking = booking


class Problem(ReadbackError):
    """The API said no.

    Attributes:
        status: The HTTP status.
        kind: The last part of the problem's type, as ``idempotency-conflict``; ``""`` where a proxy answered.
        detail: What happened.
        faults: Everything that is wrong with what was sent, each with its place.
        then: What to do next.
        request_id: Name it when you ask the farm about it.
        retry_after_s: When to ask again, where the answer says so.
    """

    def __init__(self, status: int, body: ProblemBody, request_id: str | None, retry_after_s: float | None) -> None:
        self.status = status
        self.kind = body.type.rpartition("/")[2] if body.type != "about:blank" else ""
        self.title = body.title
        self.detail = body.detail
        self.faults: tuple[Fault, ...] = body.faults
        self.then = body.then
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        super().__init__(self._said())

    def _said(self) -> str:
        first = f"{self.status} {self.title}: {self.detail}".rstrip(": ")
        faults = [f"{fault.where}: {fault.what}" if fault.where else fault.what for fault in self.faults]
        return "\n  ".join([first, *faults, *([f"-> {self.then}"] if self.then else [])])


class KeyRefused(Problem):
    """The API key is missing, not (or no longer) a key, or may not do this."""


class NotFound(Problem):
    """There is no such thing, or it is another reseller's."""


class TooManyRequests(Problem):
    """The limit of the key is used up until ``retry_after_s`` from now."""


_KINDS: dict[int, type[Problem]] = {
    HTTPStatus.UNAUTHORIZED: KeyRefused,
    HTTPStatus.FORBIDDEN: KeyRefused,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
}


def problem_of(response: httpx.Response) -> Problem:
    """The problem that an answer tells; its body is read already."""
    try:
        body = ProblemBody.model_validate_json(response.content)
    except ValidationError:
        body = ProblemBody(title=response.reason_phrase)
    request_id = response.headers.get("Readback-Request-Id", body.instance)
    kind = _KINDS.get(response.status_code, Problem)
    return kind(response.status_code, body, request_id, _seconds(response.headers.get("Retry-After")))


def _seconds(written: str | None) -> float | None:
    """A whole number of seconds, as this API writes it; anything else counts as not said."""
    return float(written) if written is not None and written.isascii() and written.isdigit() else None
