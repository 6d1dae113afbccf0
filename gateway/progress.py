"""What a long check says on the way: on a terminal one line that moves, elsewhere a line for each kind."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console

    from tools.results import Check


class Progress:
    """Told of each check when it is known.

    Args:
        console: Standard error.
        quiet: Nothing is said.
    """

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._status = console.status("", spinner="dots") if console.is_terminal and not quiet else None
        self._name = ""
        self._kind: str | None = None
        self._count = 0
        self._failed = 0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_kind()
        if self._status is not None:
            self._status.stop()

    def begin(self, name: str) -> None:
        """The next integration."""
        self._end_kind()
        self._name, self._kind = name, None

    def say(self, check: Check) -> None:
        """One check is known; one that failed is said at once."""
        if check.kind != self._kind:
            self._end_kind()
            self._kind, self._count, self._failed = check.kind, 0, 0
        self._count += 1
        self._failed += not check.ok
        if self._quiet:
            return
        if not check.ok:
            first, *more = check.what.splitlines() or [""]
            and_more = f" (and {len(more)} more)" if more else ""
            self._console.print(f"✗ {self._name} · {check.kind} · {check.name}: {first}{and_more}", style="red")
        if self._status is not None:
            self._status.update(f"{self._name} · {check.kind} {self._count} · {check.name} ({check.seconds:.1f} s)")

    def _end_kind(self) -> None:
        if self._kind is not None and not self._quiet:
            how = f"{self._failed} of {self._count} failed" if self._failed else f"{self._count} well"
            self._console.print(f"{self._name} · {self._kind}: {how}", style="dim")
        self._kind = None
