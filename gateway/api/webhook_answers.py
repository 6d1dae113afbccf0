"""What is asked and said about webhooks. Closed schemas; a secret is in the answer that makes it, and in no other."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from farm.delivering import DeliveryState, WhyDisabled
from farm.facts import Fact
from farm.feed import TYPES
from farm.schema import nearest
from gateway.api.paging import PageWanted
from ledger.deliveries import DeliveryRecord
from ledger.webhooks import WebhookRecord

_Types = Annotated[tuple[str, ...], Field(max_length=len(TYPES))]


class _Wish(Fact):
    types: _Types | None = None

    @field_validator("types")
    @classmethod
    def _known(cls, types: tuple[str, ...] | None) -> tuple[str, ...] | None:
        wrong = [name for name in types or () if name not in TYPES]
        if wrong:
            raise ValueError("; ".join(f"no type `{name[:80]}`: {nearest(name[:80], list(TYPES))}" for name in wrong))
        if types is not None and not types:
            raise ValueError("names no type; leave it out, or give null, for all but progress")
        return None if types is None else tuple(dict.fromkeys(types))


class WebhookWanted(_Wish):
    """Where to be told what happens.

    Attributes:
        url: `https://` on the public Internet.
        types: The types of events that are wanted; left out or null: all but progress.
    """

    url: str


class WebhookChanged(_Wish):
    """How a webhook shall be otherwise; what is left out stays.

    Attributes:
        types: null: all but progress.
        enabled: true: it goes on where it had stopped, with nothing left out.
    """

    url: str | None = None
    enabled: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.url is None and self.enabled is None and "types" not in self.model_fields_set:
            raise ValueError("asks for nothing: `url`, `types` or `enabled` must say what shall be otherwise")
        return self


class WebhookHealthAnswer(Fact):
    """How it goes with an endpoint.

    Attributes:
        failures: How many tries in a row have failed; the first of them was at `failing_since`.
        last_status: Of the last answer; null where there was none.
        last_trouble: Why there was none.
        waiting: Deliveries that wait to be sent (again).
        given_up: Deliveries that never arrived, of the last 30 days; each can be asked for again.
    """

    failures: int
    failing_since: AwareDatetime | None
    last_try_at: AwareDatetime | None
    last_success_at: AwareDatetime | None
    last_status: int | None
    last_trouble: str | None
    waiting: int
    given_up: int


class WebhookAnswer(Fact):
    """A webhook.

    Attributes:
        types: null: all but progress.
        disabled_why: `asked` (by you or the operator), `gone` (it answered 410), `failing` (for five days).
        two_secrets_until: Until then deliveries are signed with the secret of before the rotation, too.
        position: The `number` of the last event that has been made ready for it.
    """

    id: str
    url: str
    types: tuple[str, ...] | None
    enabled: bool
    disabled_at: AwareDatetime | None
    disabled_why: WhyDisabled | None
    two_secrets_until: AwareDatetime | None
    created_at: AwareDatetime
    position: int
    health: WebhookHealthAnswer

    @classmethod
    def of(cls, webhook: WebhookRecord, waiting: int, given_up: int) -> WebhookAnswer:
        """What its owner may know."""
        return cls.model_validate(_shown(webhook, waiting, given_up))


class NewSecretAnswer(WebhookAnswer):
    """A webhook and its new secret.

    Attributes:
        secret: What deliveries are signed with. It is shown this once.
    """

    secret: str

    @classmethod
    def made(cls, webhook: WebhookRecord, waiting: int, given_up: int, secret: str) -> NewSecretAnswer:
        """The one answer that shows it."""
        return cls.model_validate(_shown(webhook, waiting, given_up) | {"secret": secret})


class WebhooksAnswer(Fact):
    """All of a reseller's, oldest first."""

    webhooks: tuple[WebhookAnswer, ...]


class DeliveryAnswer(Fact):
    """One event on its way to one webhook.

    Attributes:
        id: The `webhook-id` of every try.
        event: The event's `number`; null for a test.
        due_at: When it is tried next; null when it is done.
        tries: Since it was last asked for.
    """

    id: str
    event: int | None
    type: str
    state: DeliveryState
    created_at: AwareDatetime
    due_at: AwareDatetime | None
    tries: int
    last_try_at: AwareDatetime | None
    last_status: int | None
    last_trouble: str | None
    done_at: AwareDatetime | None

    @classmethod
    def of(cls, delivery: DeliveryRecord) -> DeliveryAnswer:
        """How far it is."""
        return cls(
            id=delivery.id,
            event=delivery.position,
            type=delivery.type,
            state=delivery.state,
            created_at=delivery.made_at,
            due_at=delivery.due_at if delivery.done_at is None else None,
            tries=delivery.tries,
            last_try_at=delivery.last_try_at,
            last_status=delivery.last_status,
            last_trouble=delivery.last_trouble,
            done_at=delivery.done_at,
        )


class DeliveriesPage(Fact):
    """Deliveries, newest first.

    Attributes:
        next: The cursor of the next page; null at the end.
    """

    deliveries: tuple[DeliveryAnswer, ...]
    next: str | None


class DeliveriesWanted(PageWanted):
    """Which deliveries.

    Attributes:
        state: Those in this one.
        limit: How many on a page.
        cursor: The `next` of the page before.
    """

    state: DeliveryState | None = None


def _shown(webhook: WebhookRecord, waiting: int, given_up: int) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "types": webhook.types,
        "enabled": webhook.disabled_at is None,
        "disabled_at": webhook.disabled_at,
        "disabled_why": webhook.disabled_why,
        "two_secrets_until": webhook.previous_until,
        "created_at": webhook.created_at,
        "position": webhook.position,
        "health": {
            "failures": webhook.failures,
            "failing_since": webhook.failing_since,
            "last_try_at": webhook.last_try_at,
            "last_success_at": webhook.last_success_at,
            "last_status": webhook.last_status,
            "last_trouble": webhook.last_trouble,
            "waiting": waiting,
            "given_up": given_up,
        },
    }
