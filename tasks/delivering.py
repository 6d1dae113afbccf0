"""Sending webhooks: one sender an endpoint at a time, in the feed's order, each try written down before the next.

Who dies between sending and writing has sent it all the same: it is sent again under the same ``webhook-id``, which
is what receivers know it by.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook

from farm.delivering import Message, Outcome, judge, test_event
from farm.errors import AccessNotAgreed
from farm.feed import PublicEvent
from ledger.deliveries import ToSend
from ledger.store import Ledger
from ledger.webhooks import WebhookRecord
from profiles.sealing import CannotOpen, KeyRing
from tasks.crash_points import AFTER_DELIVERY, crash_point
from tasks.posting import SEND_S, Poster
from tasks.shortly import in_short

log = logging.getLogger(__name__)

LEASE_S = 2 * SEND_S
"""A sender that has written nothing for so long is dead."""
TURN_S = 60.0
"""After so long others of the queue have their turn."""
MOST_AT_ONCE = 64
TROUBLE_REST_S = 60.0
"""How long an endpoint rests after a trouble of ours, as a secret that cannot be opened: it counts against nobody."""
END_S = 5.0


def sealed_for(webhook_id: str) -> tuple[str, str]:
    """What an endpoint's secret is bound to."""
    return "webhook", webhook_id


def new_secret() -> str:
    """A secret as Standard Webhooks writes it, of 256 random bits."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


@dataclass
class Sendings:
    """What one process sends, to many endpoints at once.

    Attributes:
        keys: Read when the first secret is opened.
    """

    ledger: Ledger
    poster: Poster
    keys: Callable[[], KeyRing]
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _asked_again: set[str] = field(default_factory=set)

    async def begin(self, webhook_id: str) -> None:
        """Let what is due to this endpoint go out, and return. One too many is left to others: it is told again."""
        if webhook_id in self._running:
            self._asked_again.add(webhook_id)  # its turn may be ending at this moment
        if webhook_id in self._running or len(self._running) >= MOST_AT_ONCE:
            return
        task = asyncio.create_task(self._quietly(webhook_id))
        self._running[webhook_id] = task
        task.add_done_callback(lambda _: self._running.pop(webhook_id, None))

    async def end(self) -> None:
        """Let what is on its way arrive, if that does not take long; the rest is sent again by another one."""
        running = list(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=END_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def send_due(self, webhook_id: str) -> int:
        """Send what is due to an endpoint, for one turn; how many were tried. 0 where another one is at it."""
        holder = secrets.token_hex(16)
        if not await self.ledger.deliveries.take(webhook_id, holder, LEASE_S):
            return 0
        tried, rest_s, again = 0, 0.0, True
        ends_at = asyncio.get_running_loop().time() + TURN_S
        try:
            while rest_s == 0 and asyncio.get_running_loop().time() < ends_at:
                due = await self.ledger.deliveries.next(webhook_id, holder, LEASE_S, again=again)
                if due is None:
                    break
                rest_s = await self._try(due, holder)
                tried, again = tried + 1, not again
        except Exception:
            rest_s = TROUBLE_REST_S
            raise
        finally:
            await self.ledger.deliveries.give_back(webhook_id, holder, rest_s)
        return tried

    async def _quietly(self, webhook_id: str) -> None:
        try:
            await self.send_due(webhook_id)
            while webhook_id in self._asked_again:
                self._asked_again.discard(webhook_id)
                await self.send_due(webhook_id)
        except SQLAlchemyError as error:
            log.warning("%s: the ledger is away (%s): what is due stays due", webhook_id, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - nobody waits for this task; and its own words may hold an address
            log.error("%s: nothing was sent (%s)", webhook_id, in_short(error))  # noqa: TRY400

    async def _try(self, due: ToSend, holder: str) -> float:
        """Send once, and write down what came of it; how long the endpoint is to rest."""
        webhook, delivery, now = due.webhook, due.delivery, self.ledger.clock()
        body = await self._body(due)
        try:
            headers = self._headers(webhook, delivery.id, body, now)
        except (CannotOpen, AccessNotAgreed) as error:
            log.warning("%s: its secret cannot be opened here: %s", webhook.id, error)
            return TROUBLE_REST_S
        outcome = await self.poster.post(webhook.url, body.encode(), headers)
        await crash_point(AFTER_DELIVERY)
        said = judge(
            outcome, delivery.tries + 1, webhook.failures, webhook.failing_since, self.ledger.clock(), random.random
        )
        if not await self.ledger.deliveries.settle(holder, delivery, outcome, said):
            log.info("%s: somebody else sends to it now", webhook.id)
        if not outcome.is_delivered:
            _tell(due, outcome)
        if said.disable is not None:
            log.warning("%s: disabled (%s)", webhook.id, said.disable)
        return said.rest_s

    async def _body(self, due: ToSend) -> str:
        if due.delivery.position is None:
            event = test_event(due.delivery.made_at)
        else:
            (line,) = await self.ledger.feed.page(due.webhook.reseller, due.delivery.position - 1, 1)
            event = PublicEvent.of(line)
        return Message.of(event).model_dump_json()

    def _headers(self, webhook: WebhookRecord, delivery_id: str, body: str, now: datetime) -> dict[str, str]:
        sealed = [webhook.secret]
        if (
            webhook.previous_secret is not None
            and webhook.previous_until is not None
            and now < webhook.previous_until
        ):
            sealed.append(webhook.previous_secret)
        opened = [self.keys().open(each, sealed_for(webhook.id)).decode() for each in sealed]
        return {
            "Content-Type": "application/json",
            "User-Agent": "Readback-Webhooks/1",
            "webhook-id": delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(delivery_id, now, body) for secret in opened),
        }


def _tell(due: ToSend, outcome: Outcome) -> None:
    why = outcome.trouble or f"it was answered {outcome.status}"
    log.info("%s: %s was not delivered: %s", due.webhook.id, due.delivery.id, why)
