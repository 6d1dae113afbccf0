"""Confirmation rates of the caller's own bookings, each with the bound that its number allows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from farm.facts import Fact
from farm.schema import Fault
from farm.written import Moment
from gateway.api.caller import Reader
from gateway.api.house import Here
from gateway.api.problems import Refused
from gateway.windows import USUAL, By, WindowRates, rates_in
from ledger.tallies import Window

router = APIRouter(prefix="/v1/rates", tags=["rates"])

LONGEST = timedelta(days=92)


class RatesWanted(Fact):
    """Which rates: of the bookings that were accepted in a stretch of time.

    Attributes:
        by: What they are told apart by; by venue and by partner attempts are counted, else bookings.
        since: That moment is in; left out, 30 days before `to`.
        until: That moment is out; left out, now.
    """

    model_config = ConfigDict(validate_by_name=True)

    by: By = By.TOTAL
    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None

    @field_validator("until")
    @classmethod
    def _is_a_window(cls, until: datetime | None, info: ValidationInfo[None]) -> datetime | None:
        since = info.data.get("since")
        fault = _fault(since, until) if since is not None and until is not None else None
        if fault is not None:
            raise ValueError(fault)
        return until

    def window(self, reseller: str, now: datetime) -> Window:
        """The same of this reseller alone.

        Raises:
            Refused: It begins in the future, or too long ago.
        """
        until = self.until or now
        since = self.since or until - USUAL
        fault = _fault(since, until)
        if fault is not None:
            raise Refused("bad-request", "there is no such window", faults=[Fault("to", f"is now, which {fault}")])
        return Window(since, until, reseller)


def _fault(since: datetime, until: datetime) -> str | None:
    if until <= since:
        return "is not after `from`"
    return f"is more than {LONGEST.days} days after `from`" if until - since > LONGEST else None


@router.get("", summary="How many of your bookings were confirmed")
async def show_rates(here: Here, who: Reader, wanted: Annotated[RatesWanted, Query()]) -> WindowRates:
    """Confirmed means read back from the venue's own record.

    Not counted in a rate: bookings that no venue had a place for, that were called off, or that are still open. They
    stand in `by_status`. `at_least` is what the true rate is at least, with 95 % confidence (Wilson).
    """
    window = wanted.window(who.reseller, here.ledger.clock())
    return await rates_in(window, wanted.by, here.ledger.tallies, here.registry)
