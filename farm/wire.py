"""The wire: requests without a page, on the visit's cookies, under the same gate, hosts and refusal rules."""

from __future__ import annotations

import json as jsonlib
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

from playwright.async_api import APIRequestContext
from playwright.async_api import Error as PlaywrightError

from farm.access import Access
from farm.crash import browser_lost
from farm.encounter import Encounter, refusal
from farm.errors import AccessNotAgreed, ContractBroken, VenueChanged, VenueDown
from farm.gate import CommitGate, Ruling, spoken
from farm.network import Poison

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Answer:
    """What the venue answered on the wire."""

    status: int
    url: str
    text: str = field(repr=False)

    def json(self) -> object:
        """The body as JSON.

        Raises:
            VenueChanged: It is none.
        """
        try:
            return jsonlib.loads(self.text)
        except ValueError:
            raise VenueChanged(f"{spoken('GET', self.url)} did not answer with JSON") from None


class Wire:
    """Sends one request at a time; redirects are followed by hand, so that each one passes the host check."""

    def __init__(
        self, sender: APIRequestContext, gate: CommitGate, access: Access, poison: Poison, met: Encounter
    ) -> None:
        self._sender = sender
        self._gate = gate
        self._access = access
        self._poison = poison
        self._met = met

    async def send(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None,
        json: object,
        headers: dict[str, str] | None,
    ) -> Answer:
        """See ``Visit.call``."""
        body, media = _body(form, json)
        for _ in range(_MOST_REDIRECTS):
            self._poison.check()
            answer, onward = await self._once(method, url, body, {**(headers or {}), **media})
            if onward is None:
                return answer
            left, url = url, urljoin(url, onward)
            if urlsplit(left)[:2] != urlsplit(url)[:2]:
                headers = None  # a token is for the host that it was given for
            method = "GET" if answer.status in {301, 302, 303} else method
            body, media = (None, {}) if method == "GET" else (body, media)
        raise VenueDown(f"{spoken(method, url)} redirects for ever")

    async def _once(
        self, method: str, url: str, body: str | None, headers: dict[str, str]
    ) -> tuple[Answer, str | None]:
        what = spoken(method, url)
        if not self._access.covers(url):
            raise AccessNotAgreed(f"{what}: the agreement does not name this host")
        await self._access.turn(first=self._gate.was_opened)
        self._poison.check()
        if self._gate.rule(method, url, None, body, headers.get("content-type", "")) is not Ruling.PASS:
            raise ContractBroken(f"{what} is neither safe nor allowed now: stopped")
        began_s = time.monotonic()
        try:
            response = await self._sender.fetch(
                url,
                method=method,
                data=body,
                headers={**headers, **self._access.signature(method, url)},
                max_redirects=0,
                timeout=30_000,
            )
        except PlaywrightError as error:
            self._poison.check()  # what broke may have been our own way out
            raise browser_lost(error) or VenueDown(f"{what} got no answer") from None
        if response.status >= 400:
            self._poison.heed(response.headers)
        refused = refusal(response.status, response.headers, what)
        self._met.answered(time.monotonic() - began_s, refused)
        if refused is not None:
            self._poison.by(refused)
            raise refused
        if response.status >= 500:
            raise VenueDown(f"{what} was answered {response.status}")
        answer = Answer(response.status, url, await response.text())
        return answer, response.headers.get("location") if response.status in _REDIRECTS else None


def _body(form: dict[str, str] | None, json: object) -> tuple[str | None, dict[str, str]]:
    if form is not None:
        return urlencode(form), {"content-type": "application/x-www-form-urlencoded"}
    if json is not None:
        return jsonlib.dumps(json), {"content-type": "application/json"}
    return None, {}
