"""Webhooks: where a platform is told what happens, by Standard Webhooks; how it goes with each, and what was sent."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from farm.errors import AccessNotAgreed
from farm.schema import Fault, faults_of
from gateway.api.body import Body
from gateway.api.caller import Caller, HookOwner
from gateway.api.described import takes
from gateway.api.house import Here, House
from gateway.api.problems import Refused
from gateway.api.webhook_answers import (
    DeliveriesPage,
    DeliveriesWanted,
    DeliveryAnswer,
    NewSecretAnswer,
    WebhookAnswer,
    WebhookChanged,
    WebhooksAnswer,
    WebhookWanted,
)
from ledger.errors import NoSuchWebhook, TooManyWebhooks
from ledger.names import new_id
from ledger.webhooks import MOST, NewWebhook, WebhookChange, WebhookRecord
from tasks.delivering import new_secret, sealed_for
from tasks.keeping import state_keys_of
from tasks.posting import Poster

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Wish = TypeVar("Wish", WebhookWanted, WebhookChanged)
_ID, _DELIVERY = re.compile(r"wh_[0-9a-z]{20}"), re.compile(r"dl_[0-9a-z]{20}")
_UNKNOWN = "there is no such webhook"
_NO_DELIVERY = "there is no such delivery, or no longer"


@router.post("", status_code=201, summary="Be told what happens")
@takes(WebhookWanted, refuses=("too-many-webhooks", "cannot-keep-secrets"))
async def register(here: Here, who: HookOwner, body: Body, response: Response) -> NewSecretAnswer:
    """From now on each event of your bookings is posted there, signed with the secret that is shown here once."""
    wanted = await _read(here, body, WebhookWanted, "nothing was registered")
    webhook_id, secret = new_id("wh", here.ledger.clock(), secrets.token_bytes), new_secret()
    sealed = await _sealed(here, webhook_id, secret)
    try:
        webhook = await here.ledger.webhooks.add(
            NewWebhook(webhook_id, who.reseller, wanted.url, wanted.types, sealed)
        )
    except TooManyWebhooks:
        raise Refused("too-many-webhooks", f"you have {MOST} webhooks; nothing was registered") from None
    response.headers["Location"] = f"{router.prefix}/{webhook.id}"
    return NewSecretAnswer.made(webhook, 0, 0, secret)


@router.get("", summary="Your webhooks, and how it goes with them")
async def list_webhooks(here: Here, who: HookOwner) -> WebhooksAnswer:
    """All of them, oldest first."""
    found = await here.ledger.webhooks.of_reseller(who.reseller)
    ids = [webhook.id for webhook in found]
    waiting, given_up = await here.ledger.webhooks.waiting(ids), await here.ledger.webhooks.given_up(ids)
    return WebhooksAnswer(
        webhooks=tuple(WebhookAnswer.of(each, waiting.get(each.id, 0), given_up.get(each.id, 0)) for each in found)
    )


@router.get("/{webhook_id}", summary="One webhook, and how it goes with it")
async def show(webhook_id: str, here: Here, who: HookOwner) -> WebhookAnswer:
    """Its secret is not shown again: rotate it if it is lost."""
    return await _answer(here, await _own(here, who, webhook_id))


@router.patch("/{webhook_id}", summary="Change, disable or enable a webhook")
@takes(WebhookChanged)
async def change(webhook_id: str, here: Here, who: HookOwner, body: Body) -> WebhookAnswer:
    """One that is enabled again goes on where it had stopped; to begin with what happens now, register a new one."""
    await _own(here, who, webhook_id)
    wish = await _read(here, body, WebhookChanged, "nothing was changed")
    types = (wish.types or ()) if "types" in wish.model_fields_set else None
    return await _answer(
        here, await here.ledger.webhooks.change(webhook_id, WebhookChange(wish.url, types, wish.enabled))
    )


@router.delete("/{webhook_id}", status_code=204, summary="Be told no more")
async def remove(webhook_id: str, here: Here, who: HookOwner) -> None:
    """It is forgotten with all of its deliveries; one that is being sent at this moment may still come."""
    await _own(here, who, webhook_id)
    await here.ledger.webhooks.remove(webhook_id)


@router.post("/{webhook_id}/rotate-secret", summary="Get a new secret")
@takes(refuses=("cannot-keep-secrets",))
async def rotate(webhook_id: str, here: Here, who: HookOwner) -> NewSecretAnswer:
    """It is shown here once. For 24 hours the one of before signs, too; rotate again to end that."""
    await _own(here, who, webhook_id)
    secret = new_secret()
    webhook = await here.ledger.webhooks.rotate(webhook_id, await _sealed(here, webhook_id, secret))
    return NewSecretAnswer.made(webhook, *await _counts(here, webhook_id), secret)


@router.post("/{webhook_id}/test", status_code=202, summary="Have a test sent")
@takes(refuses=("webhook-disabled",))
async def test(webhook_id: str, here: Here, who: HookOwner) -> DeliveryAnswer:
    """An event of the type `webhook.test`, about a booking that does not exist, comes within seconds."""
    _must_be_enabled(await _own(here, who, webhook_id))
    return DeliveryAnswer.of(await here.ledger.deliveries.test(webhook_id))


@router.get("/{webhook_id}/deliveries", summary="What was sent, and what waits")
async def deliveries(
    webhook_id: str, here: Here, who: HookOwner, wanted: Annotated[DeliveriesWanted, Query()]
) -> DeliveriesPage:
    """Newest first. What is done is kept for 30 days."""
    await _own(here, who, webhook_id)
    found = await here.ledger.deliveries.page(webhook_id, wanted.limit + 1, wanted.after, wanted.state)
    page = found[: wanted.limit]
    return DeliveriesPage(
        deliveries=tuple(DeliveryAnswer.of(each) for each in page),
        next=wanted.next_of(found, lambda one: one.id),
    )


@router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202, summary="Have it sent again")
@takes(refuses=("webhook-disabled",))
async def redeliver(webhook_id: str, delivery_id: str, here: Here, who: HookOwner) -> DeliveryAnswer:
    """Now, under the same `webhook-id`, whatever became of it; the whole schedule is before it again."""
    _must_be_enabled(await _own(here, who, webhook_id))
    if not _DELIVERY.fullmatch(delivery_id):
        raise Refused("not-found", _NO_DELIVERY)
    try:
        return DeliveryAnswer.of(await here.ledger.deliveries.again(webhook_id, delivery_id))
    except NoSuchWebhook:
        raise Refused("not-found", _NO_DELIVERY) from None


async def _own(here: House, who: Caller, webhook_id: str) -> WebhookRecord:
    """The caller's webhook; another reseller's is as if it were not there."""
    if not _ID.fullmatch(webhook_id):
        raise Refused("not-found", _UNKNOWN)
    try:
        webhook = await here.ledger.webhooks.find(webhook_id)
    except NoSuchWebhook:
        raise Refused("not-found", _UNKNOWN) from None
    if webhook.reseller != who.reseller:
        raise Refused("not-found", _UNKNOWN)
    return webhook


async def _answer(here: House, webhook: WebhookRecord) -> WebhookAnswer:
    return WebhookAnswer.of(webhook, *await _counts(here, webhook.id))


async def _counts(here: House, webhook_id: str) -> tuple[int, int]:
    waiting = await here.ledger.webhooks.waiting([webhook_id])
    given_up = await here.ledger.webhooks.given_up([webhook_id])
    return waiting.get(webhook_id, 0), given_up.get(webhook_id, 0)


async def _read(here: House, body: object, model: type[Wish], refusal: str) -> Wish:
    """What is asked for.

    Raises:
        Refused: It cannot be; every fault is named, those of the address too.
    """
    wish, faults = None, list[Fault]()
    try:
        wish = model.model_validate_json(json.dumps(body))
    except ValidationError as error:
        faults += faults_of(error, model)
    url = body.get("url") if isinstance(body, dict) else None
    if isinstance(url, str):
        faults += await Poster(here.settings.webhooks_to_loopback).faults(url)
    if wish is None or faults:
        raise Refused("bad-request", refusal, faults=faults)
    return wish


async def _sealed(here: House, webhook_id: str, secret: str) -> bytes:
    try:
        keys = await asyncio.to_thread(state_keys_of, here.settings)
    except AccessNotAgreed:
        raise Refused("cannot-keep-secrets", "nothing was written") from None
    return keys.seal(secret.encode(), sealed_for(webhook_id))


def _must_be_enabled(webhook: WebhookRecord) -> None:
    if webhook.disabled_at is not None:
        raise Refused("webhook-disabled", f"{webhook.id} is disabled; nothing is sent to it")
