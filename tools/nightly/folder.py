"""A night's report folder: what was found, a page for people, JUnit XML for machines. One night may come in parts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tools.nightly.junit import junit
from tools.nightly.page import page
from tools.results import Check, Report, Results

PAGE, JUNIT, JSON = "index.html", "junit.xml", "report.json"


def keep(results: Results, at: datetime, folder: Path) -> Results:
    """Write what one integration's check found, with its pictures, below the folder; and say where they are now."""
    own = folder / results.integration
    if own.exists():
        shutil.rmtree(own)
    own.mkdir(parents=True)
    checks = tuple(_with_picture(check, own / f"{number}.png") for number, check in enumerate(results.checks, 1))
    kept = results.model_copy(update={"checks": checks})
    _write(own / "results.json", Report(at=at, results=(kept,)).model_dump_json(indent=2))
    return kept


def publish(folder: Path) -> Path:
    """Write page, JUnit XML and JSON of everything that lies in the folder; workers may share one for a night.

    Returns:
        The page.
    """
    parts = [Report.model_validate_json(file.read_text("utf-8")) for file in sorted(folder.glob("*/results.json"))]
    parts.sort(key=lambda part: part.results[0].integration)
    _write(folder / JSON, joined(parts).model_dump_json(indent=2))
    _write(folder / JUNIT, junit(parts))
    _write(folder / PAGE, page(parts))
    return folder / PAGE


def joined(parts: Sequence[Report]) -> Report:
    """The parts of a night as one, of the time of the last."""
    return Report(at=max(part.at for part in parts), results=tuple(one for part in parts for one in part.results))


def _with_picture(check: Check, to: Path) -> Check:
    """The check with its picture beside the results; without, where the picture is not there any more."""
    if check.screenshot is None:
        return check
    if not check.screenshot.is_file():
        return check.model_copy(update={"screenshot": None})
    shutil.copyfile(check.screenshot, to)
    return check.model_copy(update={"screenshot": to.absolute()})


def _write(file: Path, text: str) -> None:
    """Whole or not at all: another worker may read it now."""
    half = file.with_name(f".{file.name}.half")
    half.write_text(text, encoding="utf-8")
    half.replace(file)
