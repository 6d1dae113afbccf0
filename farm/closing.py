"""What the end of the last click means, before anybody looked at the venue's record. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from farm.compare import compare
from farm.facts import Claim, Facts, Refusal
from farm.gate import Sent
from farm.manifest import Manifest
from farm.status import Cause
from farm.venue import Venue


@dataclass(frozen=True)
class Closing:
    """How the last click ended.

    Attributes:
        kind: ``refused`` only when the manifest knows the venue's words; everything unclear is ``in_doubt``.
        sent: Whether the commit went out, as the gate saw it.
        detail: In words, without guest data.
    """

    kind: Literal["claimed", "refused", "in_doubt"]
    sent: Sent
    claim: Claim | None = None
    cause: Cause | None = None
    detail: str = ""


def stopped(differing: tuple[str, ...], sent: Sent) -> Closing:
    """The click would have booked something else: it was held, and nothing left."""
    detail = f"the click would have sent another {', '.join(differing)}: it was stopped"
    return Closing("in_doubt", sent, cause=Cause.RECAP_MISMATCH, detail=detail)


def unknown(detail: str, sent: Sent, claim: Claim | None = None) -> Closing:
    """Nobody can tell from the page; the record will."""
    return Closing("in_doubt", sent, claim, cause=Cause.OUTCOME_UNKNOWN, detail=detail)


def answered(answer: object, sent: Sent, wanted: Facts, venue: Venue, manifest: Manifest) -> Closing:
    """What the script's answer to the click means."""
    if isinstance(answer, Refusal):
        return _refused(answer, sent, manifest)
    if isinstance(answer, Claim) and sent != "no":
        return _claimed(answer, sent, wanted, venue, manifest)
    detail = "the script reports a claim, but the request that commits never left"
    if not isinstance(answer, Claim):
        detail = f"`submit` returned {type(answer).__name__}, neither a claim nor a refusal"
    return Closing("in_doubt", sent, cause=Cause.CONTRACT_BROKEN, detail=detail)


def _refused(refusal: Refusal, sent: Sent, manifest: Manifest) -> Closing:
    cause = manifest.cause_of(refusal.text)
    if cause is None:
        return unknown("refused in unknown words", sent)
    return Closing("refused", sent, cause=cause, detail=f"the venue refused: {cause}")


def _claimed(claim: Claim, sent: Sent, wanted: Facts, venue: Venue, manifest: Manifest) -> Closing:
    differing = compare(wanted, claim.shows or Facts(), manifest.tolerance, venue.zone).differing
    if differing:
        return unknown(f"the page after the click shows another {', '.join(differing)}", sent, claim)
    return Closing("claimed", sent, claim=claim)
