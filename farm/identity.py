"""Identity belongs to the core: our reference, where it is planted, and whose record a sighting is.

A reference is minted before the attempt and is the only key that is known before the venue answers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from farm.facts import Sighting
from farm.request import Request

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHAPE = re.compile(r"(?<![0-9A-Z])RB-([0-9A-HJKMNP-TV-Z]{10})-(\d{1,3})(?![0-9A-Z])", re.IGNORECASE)
_TAGS = re.compile(r"(\+rb-[0-9a-hjkmnp-tv-z]{10}-\d{1,3})+(?=@)", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """Ours, as planted at the venue: the booking's code (50 bits, base32) and the attempt's number."""

    code: str
    attempt: int

    def __str__(self) -> str:
        return f"RB-{self.code}-{self.attempt}"

    @classmethod
    def found_in(cls, text: str | None) -> Reference | None:
        """The last farm reference in a text, whoever's it is; None when there is none.

        The last one: what is planted stands behind what the guest wrote, and a guest may quote another booking.
        """
        found = _SHAPE.findall(text or "")
        return cls(found[-1][0].upper(), int(found[-1][1])) if found else None


def mint_code(token: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A new booking code of 10 characters."""
    number = int.from_bytes(token(7), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(45, -1, -5))


def tagged(email: str, reference: Reference) -> str:
    """The guest's address with our reference as a plus-tag: mail still arrives, the record is findable.

    Venues write to the tagged address, so that guests may give it again: an older tag makes room.
    """
    local, _, domain = untagged(email).rpartition("@")
    return f"{local}+{str(reference).lower()}@{domain}"


def untagged(email: str) -> str:
    """The guest's own address."""
    return _TAGS.sub("", email)


def plant(request: Request, reference: Reference, places: tuple[Literal["email", "note"], ...]) -> Request:
    """The request as the script gets it: with our reference where the manifest says it goes."""
    guest, note = request.guest, request.note
    if "email" in places:
        guest = guest.model_copy(update={"email": tagged(guest.email, reference)})
    if "note" in places:
        note = f"{note} ({reference})" if note else str(reference)
    return request.model_copy(update={"guest": guest, "note": note})


def made_secret(key: bytes, reference: Reference) -> str:
    """The password of the account that an attempt makes on its way: any worker can mint it again, nobody else can.

    24 characters with each kind that sites ask for; HMAC-SHA256 of our reference under the farm's own key.
    """
    digest = hmac.new(key, str(reference).encode(), hashlib.sha256).digest()
    return f"Rb1-{base64.urlsafe_b64encode(digest).decode()[:20]}"


class Whose(StrEnum):
    """Whose record a sighting is."""

    OURS = "ours"
    FOREIGN = "foreign"
    ALIKE = "alike"


def whose(sighting: Sighting, code: str, claimed: str | None = None) -> Whose:
    """Ours when it carries our code; never ours when it carries another; ``alike`` when it carries none.

    Args:
        sighting: A candidate from a read-back.
        code: The booking's code.
        claimed: The venue reference that our own thank-you page named: a record under it is ours too,
            unless it carries somebody else's code.
    """
    texts = (sighting.our_reference, sighting.guest_email, sighting.note)
    codes = {found.code for found in map(Reference.found_in, texts) if found}
    if code in codes:
        return Whose.OURS
    if codes:
        return Whose.FOREIGN
    if claimed is not None and sighting.reference == claimed:
        return Whose.OURS
    return Whose.ALIKE
