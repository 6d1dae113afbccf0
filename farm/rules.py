"""The requests of a booking site, as a manifest declares them: the ones that change a record, and the safe ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field

from farm.facts import Fact

BodyFields = Mapping[str, tuple[str, ...]] | None
"""The values that a body gives to each of its fields; None when nobody can read it."""

RequestKind = Literal["document", "xhr", "fetch"]
BodyFact = Literal[
    "date",
    "time",
    "starts_at",
    "check_in",
    "check_out",
    "people",
    "adults",
    "children",
    "units",
    "resource",
    "service",
    "guest_name",
    "guest_email",
    "guest_phone",
    "price_minor",
]
"""A fact in the body of the request that commits; times are the venue's own, dates ISO."""


class RequestRule(Fact):
    """One kind of request, as the gate recognises it.

    Attributes:
        url: A glob over the whole address (``*`` is anything); ``{origin}`` stands for the venue's origin, and a
            venue's setting of kind ``text`` for its value: ``{card_origin}`` where cards are typed in elsewhere.
        kind: How the page sends it. None: any way. Live checks may post to the same address in another way.
        where: Fields of the body that must have these values. Sites that route by a field need it.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: Annotated[str, Field(min_length=2)]
    kind: RequestKind | None = None
    where: dict[str, str] = Field(default_factory=dict)

    def at(self, texts: Mapping[str, str]) -> Self:
        """The rule with the settings of one venue in its address."""
        url = self.url
        for name, value in texts.items():
            url = url.replace(f"{{{name}}}", value)
        return self.model_copy(update={"url": url})

    def may_be(self, method: str, url: str, kind: str | None, fields: BodyFields, origin: str) -> bool:
        """True unless a request is surely of another kind. A body that nobody can read may say anything.

        A request on the wire has no ``kind`` and fits every one.
        """
        said = all(fields is None or value in fields.get(name, ()) for name, value in self.where.items())
        return said and self._is_addressed(method, url, kind, origin)

    def surely_is(self, method: str, url: str, kind: str | None, fields: BodyFields, origin: str) -> bool:
        """True when a request is of this kind whatever the site makes of its body: no field says two things."""
        said = all(fields is not None and fields.get(name) == (value,) for name, value in self.where.items())
        return said and self._is_addressed(method, url, kind, origin)

    def _is_addressed(self, method: str, url: str, kind: str | None, origin: str) -> bool:
        if method != self.method or (self.kind is not None and kind not in {None, self.kind}):
            return False
        pattern = re.escape(self.url.replace("{origin}", origin)).replace(r"\*", ".*")
        return re.fullmatch(pattern, url) is not None


class CommitRule(RequestRule):
    """The one request that makes the booking, and how long the last click may take.

    Attributes:
        body: Which of its fields (of a form; of JSON, deeper ones with dots) carries which fact: the request is held
            and compared with what was asked before it may pass.
    """

    body: dict[str, BodyFact] = Field(default_factory=dict)
    deadline_s: Annotated[float, Field(gt=0, le=120)] = 30.0


class CancelRule(RequestRule):
    """The one request that cancels a booking, and who may send it."""

    by: Literal["guest", "venue"] = "guest"
    account: str | None = None
    deadline_s: Annotated[float, Field(gt=0, le=120)] = 30.0


class ChangeRule(RequestRule):
    """The one request that changes a booking in place, and who may send it."""

    account: str | None = None
    deadline_s: Annotated[float, Field(gt=0, le=120)] = 30.0
