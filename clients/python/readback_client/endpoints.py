"""What the API says of webhooks. What they bring is in ``webhooks``."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from readback_client.answers import Answer


class Health(Answer):
    """How it goes with an endpoint.

    Attributes:
        failures: How many tries in a row have failed; the first of them was at ``failing_since``.
        waiting: Deliveries that wait to be sent (again).
        given_up: Deliveries that never arrived; each can be asked for again.
    """

    failures: int = 0
    failing_since: AwareDatetime | None = None
    last_try_at: AwareDatetime | None = None
    last_success_at: AwareDatetime | None = None
    last_status: int | None = None
    last_trouble: str | None = None
    waiting: int = 0
    given_up: int = 0


class Webhook(Answer):
    """Where you are told what happens.

    Attributes:
        types: None: all but progress.
        disabled_why: ``asked``, ``gone`` (it answered 410) or ``failing`` (for days).
        two_secrets_until: Until then the secret of before the rotation signs too.
        position: The ``number`` of the last event that has been made ready for it.
    """

    id: str
    url: str
    types: tuple[str, ...] | None = None
    enabled: bool
    disabled_at: AwareDatetime | None = None
    disabled_why: str | None = None
    two_secrets_until: AwareDatetime | None = None
    created_at: AwareDatetime
    position: int = 0
    health: Health = Field(default_factory=Health)


class NewWebhook(Webhook):
    """A webhook with its new secret, which is shown this once."""

    secret: str = Field(repr=False)


class Delivery(Answer):
    """One event on its way to one webhook.

    Attributes:
        id: The ``webhook-id`` of every try.
        event: The event's ``number``; None for a test.
        due_at: When it is tried next; None when it is done.
    """

    id: str
    event: int | None = None
    type: str
    state: str
    created_at: AwareDatetime
    due_at: AwareDatetime | None = None
    tries: int = 0
    last_try_at: AwareDatetime | None = None
    last_status: int | None = None
    last_trouble: str | None = None
    done_at: AwareDatetime | None = None


class WebhooksList(Answer):
    """All of a reseller's."""

    webhooks: tuple[Webhook, ...]


class DeliveriesPage(Answer):
    """Some deliveries, newest first."""

    items: tuple[Delivery, ...] = Field(alias="deliveries")
    next: str | None = None
