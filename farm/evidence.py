"""What is kept of an attempt for people who ask later: what its pages showed, without whose booking it is."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from farm.facts import Fact


class Scene(StrEnum):
    """What a page showed.

    The recap before the last click, what came after it (a claim, or a refusal or doubt), the venue's own record, and
    the page on which a step before the click went wrong.
    """

    RECAP = "recap"
    CLAIM = "claim"
    SIGHTING = "sighting"
    TROUBLE = "trouble"


class EvidenceKind(StrEnum):
    """A picture, or the page's text as assistive technology reads it."""

    PICTURE = "picture"
    TEXT = "text"


MEDIA_TYPES = {EvidenceKind.PICTURE: "image/jpeg", EvidenceKind.TEXT: "text/plain; charset=utf-8"}
ENDINGS = {EvidenceKind.PICTURE: "jpg", EvidenceKind.TEXT: "txt"}


class Evidence(Fact):
    """One item.

    Attributes:
        attempt: Its number in the booking.
        sha256: Of the bytes that were kept; None: there are none.
        why_not: Why there are none.
    """

    id: str
    booking_id: str
    attempt: int
    venue: str
    scene: Scene
    kind: EvidenceKind
    at: AwareDatetime
    sha256: str | None = None
    size_bytes: int = 0
    why_not: str | None = None

    @property
    def media_type(self) -> str:
        """Of the bytes that were kept."""
        return MEDIA_TYPES[self.kind]

    @property
    def key(self) -> str:
        """Where in the store they are: below the day on which they were seen, so that a day can go at once."""
        return f"{self.at:%Y-%m-%d}/{self.booking_id}/{self.id}.{ENDINGS[self.kind]}"
