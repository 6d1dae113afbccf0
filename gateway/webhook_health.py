"""How it goes with the webhooks of all resellers, for the deployment's own people: hosts, never whole addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import AwareDatetime

from farm.delivering import WhyDisabled
from farm.facts import Fact
from ledger.webhooks import WebhookRecord


class WebhookHealth(Fact):
    """One endpoint.

    Attributes:
        host: Of its address; the rest may hold a credential.
        failures: How many tries in a row have failed.
        waiting: Deliveries that wait to be sent (again).
        given_up: Deliveries that never arrived.
    """

    id: str
    reseller: str
    host: str
    enabled: bool
    disabled_at: AwareDatetime | None
    disabled_why: WhyDisabled | None
    failures: int
    failing_since: AwareDatetime | None
    last_success_at: AwareDatetime | None
    last_status: int | None
    last_trouble: str | None
    waiting: int
    given_up: int

    @classmethod
    def of(cls, webhook: WebhookRecord, waiting: int, given_up: int) -> WebhookHealth:
        """What the ledger knows of it."""
        return cls(
            id=webhook.id,
            reseller=webhook.reseller,
            host=urlsplit(webhook.url).hostname or "",
            enabled=webhook.disabled_at is None,
            disabled_at=webhook.disabled_at,
            disabled_why=webhook.disabled_why,
            failures=webhook.failures,
            failing_since=webhook.failing_since,
            last_success_at=webhook.last_success_at,
            last_status=webhook.last_status,
            last_trouble=webhook.last_trouble,
            waiting=waiting,
            given_up=given_up,
        )

    @property
    def line(self) -> str:
        """In one line."""
        if self.disabled_at is not None:
            state = f"disabled {self.disabled_at.astimezone():%d %b %H:%M} ({_WHY[self.disabled_why]})"
        elif self.failing_since is not None:
            last = self.last_trouble or f"answered {self.last_status}"
            state = f"failing since {self.failing_since.astimezone():%d %b %H:%M}, {self.failures} in a row: {last}"
        elif self.last_success_at is not None:
            state = f"well, last at {self.last_success_at.astimezone():%d %b %H:%M}"
        else:
            state = "nothing was sent yet"
        counts = [f"{self.waiting} waiting"] + ([f"{self.given_up} given up"] if self.given_up else [])
        return f"{self.id} of {self.reseller} at {self.host}: {state}; {', '.join(counts)}"


_WHY = {
    WhyDisabled.ASKED: "as was asked",
    WhyDisabled.GONE: "it answered 410",
    WhyDisabled.FAILING: "five days without a success",
    None: "for no known reason",
}


class WebhooksHealth(Fact):
    """All endpoints, by reseller."""

    webhooks: tuple[WebhookHealth, ...]
