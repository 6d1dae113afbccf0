"""The last net: an exception that no command foresaw becomes a complaint, and its traceback a file."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.complaint import Complaint, ExitCode


def unexpected(error: Exception, command: str) -> Complaint:
    """What to say of an exception. Its own text may hold guest data and is not passed on; a system's error may be."""
    kept = _kept("\n".join(story_of(error, command)))
    why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    where = f"; where it happened is written in {kept}" if kept is not None else ""
    return Complaint(
        f"{command} failed unexpectedly with {type(error).__name__}{why}{where}",
        then="`readback doctor` says whether this machine lacks something",
        code=ExitCode.MACHINE,
    )


def story_of(error: BaseException, doing: str) -> Iterator[str]:
    """Every exception of the chain with its lines of code, the first one first; without the values in its text."""
    yield f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {doing} (pid {os.getpid()})"
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None and before not in chain:
        chain.append(before)
    for one in reversed(chain):
        yield "".join(traceback.format_tb(one.__traceback__)) + f"{type(one).__module__}.{type(one).__qualname__}\n"


def _kept(story: str) -> Path | None:
    """Where it was written: in the state folder, else in a new folder for temporary files."""
    home = Path(os.environ.get("READBACK_HOME") or ".readback")  # noqa: TID251 - settings may be what failed
    try:
        return _appended(home / "logs", story)
    except OSError:
        with contextlib.suppress(OSError):
            return _appended(Path(tempfile.mkdtemp(prefix="readback-")), story)
    return None


def _appended(folder: Path, story: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.absolute() / "commands.log"
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{story}\n")
    return log
