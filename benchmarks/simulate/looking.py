"""The farm's looks, cancellations and changes at a simulated venue, as ``farm/reading.py`` does them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.simulate.house import House, Record
from benchmarks.simulate.stock import PLACES, measure, stranger
from farm.errors import VenueDown
from farm.facts import Sighting
from farm.life.case import Attempt
from farm.life.happened import Cancelled, Changed, Happening, Looked, NotCancelled
from farm.life.work import CancelAt, ChangeAt, LookAt
from farm.status import VenueStatus, VerdictKind
from farm.verdict import Verdict, contested, judge

if TYPE_CHECKING:
    from benchmarks.simulate.ours import Ours

LOOK_S = 3.0
CANCEL_S = 2.0
_Seen = tuple[tuple[tuple[str, int, bool, VenueStatus | None], ...], str, int, str | None, bool]
_verdicts: dict[_Seen, Verdict] = {}


def look_at(farm: Ours, work: LookAt) -> Happening:
    """Look at the record of an attempt."""
    verdict, _ = _look(farm, work.attempt)
    farm.world.point()
    return Looked(work.attempt.id, work.why, verdict)


def ours_at(farm: Ours, attempt: Attempt) -> list[Record]:
    """What stands of an attempt, as a look shows it; nothing where it cannot be seen."""
    return _look(farm, attempt)[1]


def _look(farm: Ours, attempt: Attempt) -> tuple[Verdict, list[Record]]:
    farm.passes(LOOK_S)
    world, house = farm.world, farm.world.houses[attempt.venue]
    claimed = attempt.claim.reference if attempt.claim is not None else None
    channel = PLACES[attempt.venue].manifest.read_back[0]
    if channel.needs is not None and claimed is None:
        return _doubt(farm, "no channel can answer"), []
    try:
        records = house.look(world.at_s)
    except VenueDown as error:
        return _doubt(farm, str(error)), []
    if channel.needs is not None:
        records = [record for record in records if record.reference == claimed]
    return _judged(house, attempt, claimed, records, world.at_s).model_copy(update={"at": world.now}), records


def _judged(house: House, attempt: Attempt, claimed: str | None, records: list[Record], at_s: float) -> Verdict:
    """The real verdict; the same sightings by the same measure are judged once, for only the moment differs."""
    twice = house.fortune.sold_twice_s > 0 and house.sold_twice(at_s)
    lines = tuple((r.reference, r.number, r.shifted, r.status(at_s)) for r in records)
    seen: _Seen = (lines, attempt.venue, attempt.number, claimed, twice)
    known = _verdicts.get(seen)
    if known is None:
        by, channel = measure(attempt.venue, attempt.number, claimed), PLACES[attempt.venue].manifest.read_back[0]
        sightings: list[Sighting] = [house.shown(record, at_s) for record in records]
        known = judge(sightings, by, channel, attempt.started_at)
        if known.proves and twice:
            known = contested(known, [stranger()], by)
        _verdicts[seen] = known
    return known


def _doubt(farm: Ours, reason: str) -> Verdict:
    return Verdict(kind=VerdictKind.IN_DOUBT, channel="guest_page", at=farm.world.now, reason=reason)


def cancel_at(farm: Ours, work: CancelAt) -> Happening:
    """Cancel what stands of an attempt but the record to keep, and prove it."""
    attempt, world = work.attempt, farm.world
    house = world.houses[attempt.venue]
    world.point()
    before, records = _look(farm, attempt)
    standing = [r for r in records if r.stands(world.at_s)]
    surplus = [r for r in standing if r.reference != work.keep]
    if not surplus:
        if _only_kept(before, records, standing, work.keep):
            return Cancelled(attempt.id, work.why, before)
        return NotCancelled(attempt.id, work.why, "the record cannot be seen now")
    if work.keep is not None and len(surplus) == len(standing):
        return NotCancelled(attempt.id, work.why, "the record that shall stay is not there")
    for record in surplus:
        farm.passes(CANCEL_S)
        try:
            house.cancel(world.at_s, record)
        except VenueDown:
            continue  # only the look that follows says whether it worked
        finally:
            world.point()
    after, records = _look(farm, attempt)
    standing = [r for r in records if r.stands(world.at_s)]
    if not _only_kept(after, records, standing, work.keep):
        return NotCancelled(attempt.id, work.why, "it is still shown after the cancellation")
    world.point()
    return Cancelled(attempt.id, work.why, after)


def _only_kept(verdict: Verdict, records: list[Record], standing: list[Record], keep: str | None) -> bool:
    """True when exactly what was to be kept stands, and the channel can say so."""
    if keep is not None:
        return [record.reference for record in standing] == [keep]
    return verdict.kind is VerdictKind.NOT_FOUND and (verdict.complete or bool(records))


def change_at(farm: Ours, work: ChangeAt) -> Happening:
    """Have the venue put a shifted record right, and prove it."""
    attempt, world = work.attempt, farm.world
    before, records = _look(farm, attempt)
    standing = [r for r in records if r.stands(world.at_s)]
    if len(standing) != 1:
        return Changed(attempt.id, work.why, "unknown", before)
    farm.passes(CANCEL_S)
    standing[0].shifted = False
    world.point()
    after, _ = _look(farm, attempt)
    return Changed(attempt.id, work.why, "done" if after.proves else "unknown", after, attempt.expected)
