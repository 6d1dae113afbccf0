"""Sees a page as evidence: one picture under covers, and its text under masks. It asks the venue for nothing."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from tasks.masks import SCRIPT_LETTER, Masks, pattern_of

QUALITY = 60
UNCOVER_S = 0.5
BLANK = "about:blank"
_WORLD = "readback-evidence"


@dataclass(frozen=True)
class Frame:
    """What of a page may be seen.

    Attributes:
        own: What names this booking, where the page may show other guests': only its own row is seen then.
            None: the page is this booking's alone.
        strangers: What names others on it.
        last: Nothing more is done with the page: it keeps its covers, for each painting costs.
    """

    own: tuple[str, ...] | None = None
    strangers: tuple[str, ...] = ()
    last: bool = False


@dataclass(frozen=True)
class Shot:
    """What was seen, or why it was not."""

    picture: bytes | None = None
    text: str | None = None
    no_picture: str | None = None
    no_text: str | None = None

    @classmethod
    def nothing(cls, why: str) -> Shot:
        """Neither, for the same reason."""
        return cls(no_picture=why, no_text=why)


class Camera:
    """Sees the pages of one attempt; keeps its way into the newest one."""

    def __init__(self) -> None:
        self._page: Page | None = None
        self._way: tuple[CDPSession, str] | None = None

    async def see(self, page: Page, masks: Masks, frame: Frame) -> Shot:
        """A picture and the text; nothing that cannot be proven to be covered."""
        if page.url == BLANK:
            return Shot.nothing("no page was opened: the venue was asked over the wire")
        session, world = await self._world(page)
        ask = {
            "words": masks.pattern(SCRIPT_LETTER),
            "row": frame.own is not None,
            "own": frame.own or (),
            "identity": pattern_of(frame.own or (), SCRIPT_LETTER),
            "last": frame.last,
            "strangers": pattern_of(frame.strangers, SCRIPT_LETTER),
        }
        try:
            put = await _run(session, world, f"{_script()}\ncovers.put({json.dumps(ask)})")
            if put.get("path") is None:
                return Shot.nothing(str(put["why"]))
            taken, snapshot = await asyncio.gather(
                _taken(session, put.get("clip")), page.locator(f"css={put['path']}").aria_snapshot()
            )
        finally:
            covered = await _uncovered(session, world, ask)
        text = masks.text(snapshot)
        if text is None:
            return Shot.nothing("the page writes what must be covered in a way that cannot be")
        if taken is None or not covered:
            why = put.get("why") or (
                "the page changed meanwhile" if taken is not None else "nothing of it is in view"
            )
            return Shot(text=text, no_picture=str(why))
        return Shot(taken, text)

    async def _world(self, page: Page) -> tuple[CDPSession, int]:
        """A world of our own on the page as it is now: the page's scripts neither see it nor what runs there."""
        if self._way is None or self._page is not page:
            session = await page.context.new_cdp_session(page)
            tree = await session.send("Page.getFrameTree")
            self._page, self._way = page, (session, tree["frameTree"]["frame"]["id"])
        session, frame_id = self._way
        made = await session.send("Page.createIsolatedWorld", {"frameId": frame_id, "worldName": _WORLD})
        return session, made["executionContextId"]


async def _taken(session: CDPSession, clip: dict[str, float] | None) -> bytes | None:
    if clip is None:
        return None
    how = {"format": "jpeg", "quality": QUALITY, "clip": clip, "optimizeForSpeed": True}
    return base64.b64decode((await session.send("Page.captureScreenshot", how))["data"])


async def _uncovered(session: CDPSession, world: int, ask: dict[str, Any]) -> bool:
    """Take the covers off, whatever happened; True when everything was covered until then."""
    with contextlib.suppress(PlaywrightError, TimeoutError):  # the page may have gone on, with its covers
        async with asyncio.timeout(UNCOVER_S):
            return await _run(session, world, f"covers.off({json.dumps(ask)})") is True
    return False


async def _run(session: CDPSession, world: int, script: str) -> Any:  # noqa: ANN401 - what the script answers
    given = {"expression": script, "contextId": world, "returnByValue": True}
    answer = await session.send("Runtime.evaluate", given)
    if "exceptionDetails" in answer:
        raise PlaywrightError("the covers could not be put on")  # its own words may quote the page
    return answer["result"].get("value")


@cache
def _script() -> str:
    return (Path(__file__).parent / "covers.js").read_text(encoding="utf-8")
