"""A good run, then the same again with each mutation; what the script takes for good has survived."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from farm.closing import Closing
from farm.errors import FarmError
from farm.identity import Reference, mint_code
from farm.manifest import Channel
from farm.status import VerdictKind
from tasks.subject import ask_as
from tools.conformance.ground import Ground
from tools.mutation.mirror import Body
from tools.mutation.mutations import MUTATIONS, Booked, Mutation
from tools.mutation.numbers import number_in
from tools.mutation.trial import Trial

CONFIRMATION = "confirmation"
LEAST_S = 6.0
"""A changed page gets at least so long to show what it does not have any more."""
SLOWER = 3
"""And at least so many times as long as the good one."""

EVERY = Mutation("*", "no mutation was played", lambda body, _: body.text)
"""Stands for all of them at a place that cannot be looked at."""

State = Literal["killed", "survived", "not_applicable"]


class NoGoodRun(Exception):
    """Without any mutation it does not work either; the text says what went wrong."""


@dataclass(frozen=True)
class Mutant:
    """One mutation at one place.

    Attributes:
        place: ``confirmation``, or the name of a read-back channel.
        what: What the script and the core made of it.
        page: The page as the script got it; None where there was nothing to change.
        picture: The same as it looked, where a browser showed it.
    """

    mutation: Mutation
    place: str
    state: State
    what: str
    page: Path | None = None
    picture: Path | None = None

    @property
    def name(self) -> str:
        """How ``[[leave_out]]`` names it."""
        return name_of(self.mutation, self.place)


def name_of(mutation: Mutation, place: str) -> str:
    """How ``[[leave_out]]`` names a mutation at a place."""
    return f"{mutation.name} on {place}"


async def mutate(
    ground: Ground,
    folder: Path,
    place: str,
    is_out: Callable[[str], bool],
    mutations: Sequence[Mutation] = MUTATIONS,
) -> AsyncIterator[Mutant]:
    """Play the mutations at one place, after a good run of its own.

    Args:
        ground: The twin, and the farm that visits it.
        folder: Where the good pages and the mutated ones are kept.
        place: ``confirmation``, or the name of a read-back channel.
        is_out: True of the names that are not played.
        mutations: Which ones.

    Raises:
        NoGoodRun: The booking, or the channel, does not work without any mutation.
    """
    nights = ground.manifest.takes == "stay"
    able = [mutation for mutation in mutations if mutation.of_nights or not nights]
    played = [mutation for mutation in able if not is_out(name_of(mutation, place))]
    if not played:
        return
    run = _Run(ground, folder)
    closing = await run.good()
    if place == CONFIRMATION:
        for mutation in played:
            yield await run.of_confirmation(mutation, closing)
        return
    channel = ground.manifest.channel(place)
    if channel not in run.trial.channels(closing):
        yield Mutant(EVERY, place, "not_applicable", "the channel lacks its account, or what it needs")
        return
    pages, booked = await run.good_look(channel, closing)
    for mutation in played:
        yield await run.of_channel(channel, closing, mutation, pages, booked)


class _Run:
    """The good run, and every other one measured by it."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._ground = ground
        self._folder = folder
        self._confirmation: list[Body] = []
        self._patience_s = LEAST_S
        self.trial = self._fresh()

    def _fresh(self) -> Trial:
        """An attempt with an identity of its own, at a venue where nobody ever was."""
        ground, reference = self._ground, Reference(mint_code(), 1)
        ground.clear()
        ask = ask_as(reference, ground.farm, ground.venue, ground.wish())
        return Trial(ask, reference, ground.farm.visits(ground.venue))

    async def good(self) -> Closing:
        """The booking whose pages are the good ones."""
        begun = time.monotonic()
        closing = await _booked(self.trial)
        if closing.kind != "claimed" or closing.claim is None:
            raise NoGoodRun(f"a good booking ended as {closing.kind}: {closing.detail or closing.cause}")
        self._patience_s = max(LEAST_S, SLOWER * (time.monotonic() - begun))
        self._confirmation = list(self.trial.mirror.seen)
        self._keep(f"good on {CONFIRMATION}", self._confirmation)
        return closing

    async def good_look(self, channel: Channel, closing: Closing) -> tuple[list[Body], Booked]:
        """The channel's good pages, and what they show."""
        mirror = self.trial.mirror
        mirror.seen.clear()
        verdict = await self.trial.look(channel, closing)
        if verdict.kind is not VerdictKind.MATCHED:
            raise NoGoodRun(f"channel {channel.name} calls a good booking {verdict.kind}: {verdict.reason or ''}")
        self._keep(f"good on {channel.name}", mirror.seen)
        return list(mirror.seen), self.trial.booked(verdict.venue_reference)

    async def of_channel(
        self, channel: Channel, closing: Closing, mutation: Mutation, pages: Sequence[Body], booked: Booked
    ) -> Mutant:
        """One look at changed pages: it must not match."""
        if not _applies(mutation, pages, booked):
            return _nothing_to_change(mutation, channel.name)
        trial = self.trial
        trial.hurry(self._patience_s)
        self._change(trial, mutation, channel.name, lambda body: mutation.change(body, booked))
        verdict = await trial.look(channel, closing)
        said = f"{verdict.kind}: {verdict.reason}" if verdict.reason else str(verdict.kind)
        return self._mutant(mutation, channel.name, trial, said, survived=verdict.kind is VerdictKind.MATCHED)

    async def of_confirmation(self, mutation: Mutation, good: Closing) -> Mutant:
        """One booking whose thank-you page is changed: no claim with a number may come of it."""
        number = good.claim.reference if good.claim else None
        if not _applies(mutation, self._confirmation, self.trial.booked(number)):
            return _nothing_to_change(mutation, CONFIRMATION)
        trial = self._fresh()
        trial.hurry(self._patience_s)

        def change(body: Body) -> str:
            here = number_in(body.text, [page.text for page in self._confirmation], number)
            return mutation.change(body, trial.booked(here))

        self._change(trial, mutation, CONFIRMATION, change)
        closing = await _booked(trial)
        claimed = closing.kind == "claimed" and closing.claim is not None and closing.claim.reference is not None
        said = closing.detail or ("claimed with a number" if claimed else f"{closing.kind} without a number")
        return self._mutant(mutation, CONFIRMATION, trial, said, survived=claimed)

    def _change(self, trial: Trial, mutation: Mutation, place: str, change: Callable[[Body], str]) -> None:
        trial.mirror.changed.clear()
        trial.mirror.change = change
        self._ground.camera.keeps = self._folder / f"{mutation.name}-on-{place}.png"

    def _mutant(self, mutation: Mutation, place: str, trial: Trial, said: str, *, survived: bool) -> Mutant:
        mirror, camera = trial.mirror, self._ground.camera
        picture, camera.keeps, mirror.change = camera.keeps, None, None
        if not mirror.changed:
            raise NoGoodRun(f"{mutation.name} on {place}: the page came in another shape than in the good run")
        page = self._keep(f"{mutation.name} on {place}", mirror.changed)
        drawn = picture if picture is not None and picture.exists() else None
        return Mutant(mutation, place, "survived" if survived else "killed", said, page, drawn)

    def _keep(self, name: str, pages: Sequence[Body]) -> Path | None:
        """Write them down, the last one's file first of all to look at."""
        path = None
        for number, page in enumerate(pages, 1):
            ending = "json" if page.is_json else "html"
            path = self._folder / f"{name.replace(' ', '-')}-{number}.{ending}"
            path.write_text(page.text, encoding="utf-8")
        return path


def _applies(mutation: Mutation, pages: Sequence[Body], booked: Booked) -> bool:
    return any(mutation.change(page, booked) != page.text for page in pages)


def _nothing_to_change(mutation: Mutation, place: str) -> Mutant:
    return Mutant(mutation, place, "not_applicable", "the page has nothing to change")


async def _booked(trial: Trial) -> Closing:
    try:
        return await trial.book()
    except FarmError as error:
        raise NoGoodRun(f"a good booking did not come to its last click: {type(error).__name__}: {error}") from error
