"""``[tolerance]``: between which bounds the farm may learn how much a venue puts up with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from farm.facts import Fact


class ToleranceTerms(Fact):
    """Where learning begins, and its bounds; the ceiling is ``pacing.requests_per_min``.

    Attributes:
        floor_per_min: Never slower than this, short of standing still.
        start_per_min: Where learning begins; None: at the floor.
        step_per_min: What a minute that was used and without complaints adds, up to what was never tried; back to a
            rate that stood the test it goes in halves of the way.
        back_off: What a complaint multiplies the rate by.
        cool_down_min: How long nothing goes there after a complaint; longer, where the venue says so.
        challenge_pause_min: How long the partner is left alone after a challenge, unless its contact has answered.
        source: Who agreed to these numbers.
    """

    floor_per_min: Annotated[float, Field(gt=0)]
    start_per_min: Annotated[float, Field(gt=0)] | None = None
    step_per_min: Annotated[float, Field(gt=0)]
    back_off: Annotated[float, Field(gt=0, lt=1)] = 0.5
    cool_down_min: Annotated[float, Field(ge=0, le=1440)] = 1.0
    challenge_pause_min: Annotated[float, Field(gt=0, le=43_200)] = 1440.0
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _begins_inside(self) -> ToleranceTerms:
        if self.start_per_min is not None and self.start_per_min < self.floor_per_min:
            raise ValueError("`start_per_min` lies below `floor_per_min`")
        return self
