"""``decide``: from what is known and what happened to what is written and done next. The farm's whole protocol.

Pure: the same case, happening and moment always give the same decision, so that the simulator and the state machine
of the tests run the very code that the workers run.
"""

from __future__ import annotations

from datetime import datetime

from farm.life import by_person, calling_off, changing, deferring, doubting, going, looking, rechecking
from farm.life.case import Case
from farm.life.decision import Decision
from farm.life.happened import (
    Cancelled,
    CannotLook,
    Changed,
    Clicked,
    Deferred,
    GivenBack,
    Happening,
    Looked,
    NotCancelled,
    NothingBooked,
    RecordAppeared,
    Resolved,
    Woken,
)

_WOKEN = {
    "book": going.woken,
    "verify": looking.woken,
    "cancel": calling_off.woken,
    "change": changing.woken,
    "recheck": rechecking.woken,
}
_LOOKED = {"verify": looking.looked, "recheck": rechecking.looked, "late": rechecking.looked_late}
_CANNOT_LOOK = {"verify": doubting.cannot, "recheck": rechecking.cannot, "late": rechecking.cannot_late}


def decide(case: Case, happened: Happening, now: datetime) -> Decision:
    """What follows from what happened.

    Raises:
        NotNow: A person's word comes too early: a click may still be on its way.
    """
    match happened:
        case Woken():
            return _WOKEN[happened.kind](case, now)
        case Deferred():
            return deferring.deferred(case, happened, now)
        case NothingBooked():
            return going.nothing_booked(case, happened, now)
        case RecordAppeared():
            return going.record_appeared(case, happened, now)
        case Clicked():
            return going.clicked(case, happened, now)
        case GivenBack():
            return going.given_back(case, happened)
        case Looked():
            return _LOOKED[happened.why](case, happened, now)
        case CannotLook():
            return _CANNOT_LOOK[happened.why](case, happened, now)
        case Cancelled():
            return calling_off.cancelled(case, happened, now)
        case NotCancelled():
            return calling_off.not_cancelled(case, happened, now)
        case Changed():
            return changing.changed(case, happened, now)
        case Resolved():
            return by_person.resolved(case, happened, now)
