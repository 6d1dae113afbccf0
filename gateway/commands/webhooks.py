"""``readback webhooks``: how it goes with the endpoints of platforms, and one that was disabled enabled again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, examples, printer, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.webhook_health import WebhookHealth
    from tasks.settings import Settings

webhooks = typer.Typer(rich_markup_mode="rich", context_settings={"help_option_names": ["-h", "--help"]})


@webhooks.callback(invoke_without_command=True)
def everyone(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the webhooks of all platforms: which are well, which fail and why, what waits.

    Platforms register them over the API (POST /v1/webhooks). Only the host of an address is shown.
    """
    if context.invoked_subcommand is not None:
        return
    from gateway.deployment import settings
    from gateway.webhook_health import WebhooksHealth

    found = asyncio.run(_all(settings()))
    if as_json:
        put(WebhooksHealth(webhooks=tuple(found)))
        return
    for each in found:
        printer().print(each.line)
    if not found:
        printer().print("No platform has a webhook.")
    elif any(not each.enabled for each in found):
        say("→ once its owner has repaired it: `readback webhooks enable ID`; it goes on where it had stopped")


@webhooks.command(epilog=examples("readback webhooks enable wh_01m834szzffxy8k28y2h"))
def enable(
    webhook: Annotated[str, typer.Argument(metavar="ID", help="The webhook, as `readback webhooks` lists it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Send to a webhook again that was disabled. It goes on where it had stopped, with nothing left out."""
    from gateway.deployment import settings

    answer = asyncio.run(_enable(settings(), webhook))
    if as_json:
        put(answer)
        return
    printer().print(answer.line)


async def _all(here: Settings) -> list[WebhookHealth]:
    from gateway.deployment import open_ledger
    from gateway.webhook_health import WebhookHealth

    async with open_ledger(here) as ledger:
        found = await ledger.webhooks.all()
        ids = [each.id for each in found]
        waiting, given_up = await ledger.webhooks.waiting(ids), await ledger.webhooks.given_up(ids)
    return [WebhookHealth.of(each, waiting.get(each.id, 0), given_up.get(each.id, 0)) for each in found]


async def _enable(here: Settings, webhook_id: str) -> WebhookHealth:
    from gateway.deployment import open_ledger
    from ledger.errors import NoSuchWebhook
    from ledger.webhooks import WebhookChange

    async with open_ledger(here) as ledger:
        try:
            await ledger.webhooks.change(webhook_id, WebhookChange(enabled=True))
        except NoSuchWebhook:
            known = [each.id for each in await ledger.webhooks.all()]
            raise Complaint(f"no webhook `{webhook_id}`", then=_nearest(webhook_id, known)) from None
    return next(each for each in await _all(here) if each.id == webhook_id)


def _nearest(wrong: str, known: Sequence[str]) -> str:
    from farm.schema import nearest

    return nearest(wrong, known[:20]) if known else "no platform has a webhook"
