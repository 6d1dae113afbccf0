"""How the API says no: RFC 9457 problem documents that name every fault and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from farm.facts import Fact
from farm.schema import Fault
from gateway.answers import FaultAnswer
from gateway.api.entry import entry_of
from gateway.api.limits import Standing
from gateway.complaint import Complaint, ExitCode
from ledger.errors import NoSuchBooking

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 100
"""Whoever sends more of them at once does not correct them by hand."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem.

    Attributes:
        title: The same for every one of its kind.
        then: What to do next, where the problem itself does not say it.
    """

    status: int
    title: str
    then: str = "correct the request and send it again"


_ASK_AGAIN = "send the same request again after the seconds of `Retry-After`"
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "not-json": Kind(400, "The body is not the JSON that was expected"),
        "idempotency-key-missing": Kind(
            400,
            "There is no Idempotency-Key",
            "send `Idempotency-Key` with a value of your own for each booking, and the same one when you try again",
        ),
        "no-key": Kind(401, "There is no API key", "send `Authorization: Bearer rb_...`"),
        "wrong-key": Kind(
            401, "The API key is not one of ours, or no longer", "use another key, or ask the operator for one"
        ),
        "scope-missing": Kind(403, "The API key may not do this", "use a key that has this scope"),
        "link-expired": Kind(403, "The link has ended", "list the booking's evidence again: its links are new"),
        "not-found": Kind(404, "There is no such thing", "look at the address and at the id"),
        "wrong-method": Kind(405, "This address does something else", "use a method that `Allow` names"),
        "too-slow": Kind(408, "The body did not come in time", "send the same request again"),
        "not-confirmed": Kind(
            409, "The booking is not confirmed", "look at the booking as it is now; wait until it is confirmed"
        ),
        "too-early": Kind(409, "Its time has not come", "say so again once it has"),
        "not-changeable": Kind(409, "It cannot be changed (any more)", "look at the booking as it is now"),
        "not-in-doubt": Kind(409, "Nobody's word is waited for", "look at the booking as it is now"),
        "click-on-its-way": Kind(409, "A click may still be on its way", _ASK_AGAIN),
        "being-worked-on": Kind(409, "A worker is at the booking at this moment", _ASK_AGAIN),
        "still-being-written": Kind(409, "A request with this key is being written at this moment", _ASK_AGAIN),
        "too-many-webhooks": Kind(409, "There are as many webhooks as there may be", "delete one that is not needed"),
        "webhook-disabled": Kind(
            409, "The webhook is disabled", 'enable it with PATCH `{"enabled": true}`, and ask again'
        ),
        "too-large": Kind(413, "The body is larger than any request", "send less"),
        "address-too-long": Kind(414, "The address is longer than any of ours", "leave out what no route knows"),
        "wrong-media-type": Kind(
            415, "The body does not say that it is JSON", "send `Content-Type: application/json`"
        ),
        "bad-request": Kind(422, "Something in the request cannot be right"),
        "idempotency-conflict": Kind(
            422,
            "This Idempotency-Key belongs to another request",
            "use a new key for a new booking, or send the first request again",
        ),
        "too-many-requests": Kind(429, "That was asked too often", _ASK_AGAIN),
        "too-many-streams": Kind(
            429, "This key has as many streams open as it may", "close one, or follow all bookings by a single stream"
        ),
        "headers-too-large": Kind(431, "The headers are larger than any request's", "send fewer or shorter ones"),
        "bug": Kind(500, "Readback made a mistake", "send the same request again; if it stays so, tell the operator"),
        "cannot-keep-secrets": Kind(
            503, "This deployment cannot keep secrets", "ask the operator to set READBACK_STATE_KEY"
        ),
        "evidence-away": Kind(503, "The store of evidence cannot be reached", _ASK_AGAIN),
        "no-link-key": Kind(
            503,
            "This gateway has no key to sign links with",
            "tell the operator: READBACK_ACCOUNT_KEY_FILE names the key that workers and gateways share",
        ),
        "ledger-away": Kind(503, "The ledger cannot be reached", _ASK_AGAIN),
    }
)
_BY_STATUS = {404: "not-found", 405: "wrong-method"}


class Problem(Fact):
    """RFC 9457, with every fault and what to do next.

    Attributes:
        type: Names the kind; its page says more.
        instance: This answer's ``Readback-Request-Id``.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str | None
    faults: tuple[FaultAnswer, ...]
    then: str | None


class Refused(Exception):
    """A route says no.

    Attributes:
        kind: One of ``KINDS``.
        detail: What happened, to which booking or venue; never guest data.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        then: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.then = then
        self.headers = dict(headers)


def answer(refused: Refused, request_id: str | None = None) -> JSONResponse:
    """The answer for a refusal."""
    kind = KINDS[refused.kind]
    problem = Problem(
        type=f"/problems/{refused.kind}",
        title=kind.title,
        status=kind.status,
        detail=refused.detail,
        instance=request_id,
        faults=_shown(refused.faults),
        then=refused.then or kind.then,
    )
    return JSONResponse(problem.model_dump(mode="json"), kind.status, headers=refused.headers, media_type=MEDIA_TYPE)


def _shown(faults: Sequence[Fault]) -> tuple[FaultAnswer, ...]:
    shown = [FaultAnswer(where=fault.where, what=fault.what) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        shown.append(FaultAnswer(where="", what=f"and {len(faults) - MOST_FAULTS} more"))
    return tuple(shown)


def too_often(standing: Standing) -> Refused:
    """What is said to who asks more often than a limit lets anybody."""
    policy = standing.policy
    return Refused(
        "too-many-requests",
        f"more than {policy.per_min} {policy.of_what} in a minute",
        headers={"Retry-After": str(max(1, standing.resets_s))},
    )


def _of_complaint(error: Complaint) -> Refused:
    """What a command would say; what it would tell to do next is a command line."""
    if error.code is ExitCode.BAD_INPUT:
        return Refused("bad-request", error.what, faults=error.faults)
    return Refused("ledger-away", "nothing was written", headers={"Retry-After": "2"})


def _of_unknown(_error: NoSuchBooking) -> Refused:
    return Refused("not-found", "there is no such booking")


def _of_ledger(_error: SQLAlchemyError) -> Refused:
    return Refused("ledger-away", "nothing was written", headers={"Retry-After": "2"})


def _of_shape(error: RequestValidationError) -> Refused:
    faults = [Fault(".".join(map(str, e["loc"][1:])), str(e["msg"])) for e in error.errors()]
    return Refused("bad-request", "the request cannot be read", faults=faults)


def _of_http(error: HTTPException) -> Refused:
    return Refused(_BY_STATUS.get(error.status_code, "bad-request"), str(error.detail))


def _itself(error: Refused) -> Refused:
    return error


def _methods(request: Request) -> set[str]:
    """What may be done at this address; each route knows only its own method."""
    path = getattr(request.scope.get("route"), "path", None)
    routes = (route for route in iter_route_contexts(request.app.routes) if route.path == path)
    return {method for route in routes for method in route.methods or ()}


_REFUSALS: Mapping[type[Exception], Callable[..., Refused]] = {
    Refused: _itself,
    Complaint: _of_complaint,
    NoSuchBooking: _of_unknown,
    SQLAlchemyError: _of_ledger,
    RequestValidationError: _of_shape,
    HTTPException: _of_http,
}


def install(app: FastAPI) -> None:
    """Let every error that a route may end with become a problem; any other is a bug (``gateway.api.door``)."""
    for kind, refusal in _REFUSALS.items():

        async def said(request: Request, error: Exception, refusal: Callable[..., Refused] = refusal) -> JSONResponse:
            refused = refusal(error)
            if refused.kind == "wrong-method":
                refused.headers["Allow"] = ", ".join(sorted(_methods(request)))
            return answer(refused, entry_of(request).id)

        app.add_exception_handler(kind, said)
