"""Between which bounds a partner lets the farm learn; a partner that set no limits is not watched at all."""

from __future__ import annotations

from farm.tolerance import Bounds
from profiles.partner import Partner
from profiles.terms.tolerance import ToleranceTerms

_MINUTE_S = 60.0


def bounds_of(partner: Partner) -> Bounds | None:
    """The bounds; None where nobody has set any, as for our own installations.

    Without a ``[tolerance]`` nothing is learned: the agreed rate stands, and complaints are honoured all the same.
    """
    ceiling = partner.pacing.requests_per_min
    if ceiling is None:
        return None
    terms = partner.tolerance or ToleranceTerms(
        floor_per_min=ceiling, step_per_min=ceiling, source=partner.pacing.source
    )
    return Bounds(
        floor_per_min=terms.floor_per_min,
        ceiling_per_min=ceiling,
        start_per_min=terms.start_per_min if terms.start_per_min is not None else terms.floor_per_min,
        step_per_min=terms.step_per_min,
        back_off=terms.back_off,
        cool_down_s=terms.cool_down_min * _MINUTE_S,
        challenge_pause_s=terms.challenge_pause_min * _MINUTE_S,
    )
