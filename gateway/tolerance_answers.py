"""What the doors hand out about partners as JSON: what they put up with, what they were told. No guest data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Self

from pydantic import AwareDatetime

from farm.facts import Fact
from farm.tolerance import Breaker
from ledger.notices import NoticeRecord
from ledger.tolerances import ToleranceRecord


class ToleranceAnswer(Fact):
    """What is known of a partner's tolerance, or of one account's there.

    Attributes:
        account: The account's role; empty for the partner as a whole.
        until: No visit before that moment.
        why: What the visits were stopped for.
        limit_per_min: The rate at which the last complaint came.
        proven_per_min: The highest rate below it that was clean for a minute.
    """

    partner: str
    account: str
    state: Breaker
    rate_per_min: float
    until: AwareDatetime | None
    why: str | None
    limit_per_min: float | None
    proven_per_min: float | None
    latency_s: float | None
    visits: int
    throttled: int
    slowed: int
    challenged: int
    down: int
    updated_at: AwareDatetime

    @classmethod
    def of(cls, record: ToleranceRecord, now: datetime) -> Self:
        """The answer for a row of the ledger."""
        known = record.known
        return cls(
            partner=record.partner,
            account=record.account,
            state=known.state,
            rate_per_min=round(known.rate_per_min, 2),
            until=known.waits_until(now),
            why=known.why,
            limit_per_min=known.limit_per_min,
            proven_per_min=known.proven_per_min,
            latency_s=known.latency_s,
            updated_at=record.updated_at,
            **asdict(known.counts),
        )


class TolerancesAnswer(Fact):
    """What is known of tolerance, by partner and account."""

    tolerances: tuple[ToleranceAnswer, ...]


class NoticeAnswer(Fact):
    """What a partner's contact was told, or must be.

    Attributes:
        until: How long the partner is left alone, unless it answers.
        evidence: The request, the answer, our identity.
        trouble: Why its letter was not sent.
    """

    id: str
    partner: str
    account: str
    venue: str
    at: AwareDatetime
    until: AwareDatetime
    contact: str
    evidence: dict[str, str | int | list[str]]
    sent_at: AwareDatetime | None
    trouble: str | None

    @classmethod
    def of(cls, record: NoticeRecord) -> Self:
        """The answer for a row of the ledger."""
        return cls(
            id=record.id,
            partner=record.partner,
            account=record.account,
            venue=record.venue,
            at=record.at,
            until=record.until,
            contact=record.contact,
            evidence=dict(record.evidence),
            sent_at=record.sent_at,
            trouble=record.trouble,
        )


class NoticesAnswer(Fact):
    """Notices, newest first."""

    notices: tuple[NoticeAnswer, ...]
