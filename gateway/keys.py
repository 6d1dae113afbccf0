"""Making API keys and telling about them: the secret is in the first answer and in no other."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError

from farm.facts import Fact
from farm.request import Reseller
from farm.schema import Fault, faults_of, nearest
from farm.written import Line
from gateway.api.caller import SCOPES
from gateway.complaint import Complaint
from ledger.keys import KeyRecord
from ledger.store import Ledger

EVERYTHING = "all"
USUAL = ("bookings:read", "bookings:write", "events:read")
"""What a key may do unless its scopes are named: book, and follow what becomes of it."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LETTERS = 12
_SECRET_BYTES = 32


State = Literal["valid", "replaced", "expired", "revoked"]


class KeyWanted(Fact):
    """A key that shall be made.

    Attributes:
        scopes: As they were named; none: the usual ones.
        days: So long it is valid; without, until it is revoked.
    """

    reseller: Reseller
    name: Annotated[Line, Field(min_length=1, max_length=80)]
    scopes: tuple[str, ...] = ()
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class KeyAnswer(Fact):
    """A key of a reseller, without its secret.

    Attributes:
        state: ``replaced`` is still valid until it expires.
        replaced_by: The key that took its place.
    """

    id: str
    reseller: str
    name: str
    scopes: tuple[str, ...]
    state: State
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    replaced_by: str | None

    @classmethod
    def of(cls, key: KeyRecord, now: datetime) -> Self:
        """The answer for a row of the ledger."""
        return cls(
            id=key.id,
            reseller=key.reseller,
            name=key.name,
            scopes=tuple(sorted(key.scopes)),
            state=_state(key, now),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
            replaced_by=key.replaced_by,
        )


class KeysAnswer(Fact):
    """Keys, newest first."""

    keys: tuple[KeyAnswer, ...]


class MadeAnswer(Fact):
    """A key that was made just now.

    Attributes:
        key: What is sent with every call; it is kept nowhere, and never shown again.
        old: The key in whose place it is.
    """

    key: str
    made: KeyAnswer
    old: KeyAnswer | None = None


def wanted(reseller: str, name: str, scopes: Sequence[str], days: int | None) -> KeyWanted:
    """A key as somebody has typed it.

    Raises:
        Complaint: It cannot be made; every fault is named.
    """
    faults = [Fault("scope", f"no scope `{one}`; {nearest(one, list(SCOPES))}") for one in _unknown(scopes)]
    try:
        wish = KeyWanted(reseller=reseller, name=name, scopes=tuple(scopes), days=days)
    except ValidationError as error:
        faults = [*faults_of(error, KeyWanted), *faults]
    else:
        if not faults:
            return wish
    raise Complaint(
        "no key was made", faults=faults, then=f"scopes are {', '.join(SCOPES)}, or {EVERYTHING} for all of them"
    )


def _unknown(scopes: Sequence[str]) -> list[str]:
    return [one for one in dict.fromkeys(scopes) if one not in {*SCOPES, EVERYTHING}]


async def make_key(ledger: Ledger, wish: KeyWanted) -> MadeAnswer:
    """Make a key; what is answered is the only place where its secret is."""
    key_id, secret = _minted()
    now = ledger.clock()
    scopes = tuple(SCOPES) if EVERYTHING in wish.scopes else wish.scopes or USUAL
    expires_at = None if wish.days is None else now + timedelta(days=wish.days)
    await ledger.keys.add(key_id, secret, wish.reseller, wish.name, sorted(set(scopes)), expires_at)
    made = await ledger.keys.find(key_id)
    if made is None:
        raise LookupError("a key that was just made is not there")
    return MadeAnswer(key=f"rb_{key_id}_{secret}", made=KeyAnswer.of(made, now))


async def rotate_key(ledger: Ledger, key_id: str, both: timedelta) -> MadeAnswer:
    """Make a key in the place of another, with which it may be used for a while.

    Raises:
        NoSuchKey: There is no such other one.
        KeyIsOver: It was revoked or replaced, or has expired.
    """
    new_id, secret = _minted()
    now = ledger.clock()
    made = await ledger.keys.rotate(key_id, new_id, secret, now + both)
    old = await ledger.keys.find(key_id)
    return MadeAnswer(
        key=f"rb_{new_id}_{secret}", made=KeyAnswer.of(made, now), old=None if old is None else KeyAnswer.of(old, now)
    )


def id_in(written: str) -> str:
    """The id in what somebody names a key by: its id, or the key itself, as it was found somewhere."""
    return written.removeprefix("rb_").partition("_")[0]


def _state(key: KeyRecord, now: datetime) -> State:
    if key.revoked_at is not None:
        return "revoked"
    if not key.is_valid(now):
        return "expired"
    return "valid" if key.replaced_by is None else "replaced"


def _minted() -> tuple[str, str]:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LETTERS)), secrets.token_urlsafe(_SECRET_BYTES)
