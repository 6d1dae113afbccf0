"""The night as JUnit XML: a suite per integration, a case per check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from tools.results import Check, Report, Results

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(parts: Sequence[Report]) -> str:
    """The XML document."""
    root = Element("testsuites", name="readback nightly")
    for part in parts:
        for results in part.results:
            _suite(root, results, part)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, results: Results, part: Report) -> None:
    today = part.at.date()
    bad = set(map(id, results.failed(today)))
    left_out = [one for one in results.exempted if one.counts(today)]
    suite = SubElement(root, "testsuite", name=results.integration, timestamp=part.at.isoformat(timespec="seconds"))
    suite.set("tests", str(len(results.checks) + len(left_out) + bool(results.not_checked)))
    suite.set("failures", str(len(bad)))
    suite.set("errors", str(int(results.not_checked is not None)))
    suite.set("skipped", str(len(left_out) + sum(not check.ok for check in results.checks) - len(bad)))
    suite.set("time", f"{results.seconds:.1f}")
    about = SubElement(suite, "properties")
    for name, value in _told(results).items():
        SubElement(about, "property", name=name, value=_clean(value))
    if results.not_checked is not None:
        case = SubElement(suite, "testcase", classname=results.integration, name="this machine can check it")
        SubElement(case, "error", message=_clean(results.not_checked))
    for check in results.checks:
        _case(suite, results, check, is_bad=id(check) in bad, today=today)
    for one in left_out:
        case = SubElement(suite, "testcase", classname=f"{results.integration}.{one.kind}", name=_clean(one.name))
        SubElement(case, "skipped", message=_clean(f"left out until {one.until}: {one.reason}"))


def _case(suite: Element, results: Results, check: Check, *, is_bad: bool, today: date) -> None:
    case = SubElement(suite, "testcase", classname=f"{results.integration}.{check.kind}", name=_clean(check.name))
    case.set("time", f"{check.seconds:.2f}")
    if is_bad:
        failure = SubElement(case, "failure", message=_clean(check.what))
        picture = f"\npicture: {check.screenshot}" if check.screenshot else ""
        failure.text = _clean(f"{check.what_to_do}{picture}")
    elif not check.ok:
        SubElement(case, "skipped", message=_clean(f"failed, and is left out on {today}: {check.what}"))


def _told(results: Results) -> dict[str, str]:
    return {
        "venue": results.venue,
        "owners": ", ".join(results.owners),
        "tier.claimed": results.claimed,
        "tier.earned": results.earned or "",
        "cells": str(results.cells),
        "faults.hit": f"{len(results.faults_hit)} of {len(results.faults)}",
        "mutants.killed": str(results.killed),
        "mutants.survived": ", ".join(results.survived),
    }


def _clean(text: str) -> str:
    """What a venue's page may have said, without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
