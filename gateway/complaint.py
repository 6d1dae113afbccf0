"""What a command says when it cannot do what was typed: what happened, every fault, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.schema import Fault


class ExitCode(IntEnum):
    """How a command ends."""

    WELL = 0
    MACHINE = 1
    BAD_INPUT = 2
    NOT_BOOKED = 3
    IN_DOUBT = 4
    BROKE = 5
    INTERRUPTED = 130


class Complaint(Exception):
    """Something that a person can put right. It ends the command; there is never a traceback.

    Attributes:
        what: One sentence: what happened, to which booking or venue. Never guest data.
        faults: Every single one, with its place.
        then: What to do next.
        code: The exit code.
    """

    def __init__(
        self,
        what: str,
        *,
        faults: Sequence[Fault] = (),
        then: str | None = None,
        code: ExitCode = ExitCode.BAD_INPUT,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.faults = tuple(faults)
        self.then = then
        self.code = code
