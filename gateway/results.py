"""A booking for a person: how it stands, what proves it, what was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from farm.compare import FieldResult
from farm.status import Attendance, BookingStatus, Cause
from farm.verdict import Verdict
from gateway.answers import AttemptAnswer, BookingAnswer
from ledger.records import EventRecord
from tools.watching import status_text
from tools.words import STEPS, in_words

_RESULT_STYLES = {"same": "green", "within_tolerance": "yellow", "differs": "bold red"}

_TELLING = ("detail", "sentence", "venue_reference", "channel", "why", "reason", "how")
"""What an event of a booking is told with: the first of these that it has."""

_MOMENTS = {
    "guarded": "this attempt alone may press the last button",
    "claimed": "the page says yes, which proves nothing yet",
    "refused": "the venue said no",
    "in_doubt": "no answer after the click; only the venue's record can tell",
}


def short(answer: BookingAnswer, names: Mapping[str, str]) -> RenderableType:
    """What a person who waited wants to know, and what can be typed next."""
    return Group(_whole_facts(answer, names), Text(f"  more       readback show {answer.id}", style="dim"))


def doubtful(answer: BookingAnswer, names: Mapping[str, str]) -> RenderableType:
    """What whoever must look at the venue needs: where, for what, under which of our references."""
    late = next((a for a in answer.attempts if a.cause is Cause.CANCEL_UNPROVEN), None)
    attempt = late or (answer.attempts[-1] if answer.attempts else None)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=9)
    grid.add_column(overflow="fold")
    if attempt is not None:
        grid.add_row("where", f"{names.get(attempt.venue, attempt.venue)} ({attempt.venue})")
        grid.add_row("look for", f"our reference {attempt.our_reference}")
        if attempt.detail:
            grid.add_row("known", attempt.detail)
    grid.add_row("more", f"readback show {answer.id}")
    return Group(Text.assemble((answer.id, "bold"), "  ", _headline(answer)), _indented(grid))


def whole(answer: BookingAnswer, events: Sequence[EventRecord], names: Mapping[str, str]) -> RenderableType:
    """Everything: the facts, the fields that were compared, each attempt, the history."""
    parts: list[RenderableType] = [_whole_facts(answer, names)]
    if answer.verdict is not None and answer.verdict.fields:
        parts += [_title("The venue's record against the request"), _indented(_fields(answer.verdict))]
    if answer.attempts:
        parts += [_title("Attempts"), _indented(_attempts(answer.attempts, names))]
    parts += [_title("History"), _indented(_history(events, names))]
    return Group(*parts)


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, 2))


def _whole_facts(answer: BookingAnswer, names: Mapping[str, str]) -> RenderableType:
    return Group(_headline(answer), _indented(_facts(answer, names)))


def _headline(answer: BookingAnswer) -> Text:
    return Text.assemble(status_text(answer.status), "  ", answer.sentence)


def _facts(answer: BookingAnswer, names: Mapping[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=9)
    grid.add_column(overflow="fold")
    for name, value in _facts_of(answer, names):
        grid.add_row(name, value)
    return grid


def _facts_of(answer: BookingAnswer, names: Mapping[str, str]) -> Iterator[tuple[str, Text | str]]:
    yield "booking", answer.id
    others = {"called": answer.reseller_reference, "replaces": answer.replaces, "instead": answer.replaced_by}
    yield from ((name, other) for name, other in others.items() if other)
    if answer.venue is not None:
        reference = f", reference {answer.venue_reference}" if answer.venue_reference else ""
        yield "venue", f"{names.get(answer.venue, answer.venue)} ({answer.venue}){reference}"
    if answer.verdict is not None:
        yield "read back", _read_back(answer.verdict)
    yield from _knowing(answer)
    if answer.cause is not None:
        yield "cause", str(answer.cause)
    left = [a for a in answer.attempts if a.cause is not None and a.venue != answer.venue]
    for attempt in left:
        why = f"{in_words(attempt.cause)}"
        yield "tried", Text.assemble(f"{names.get(attempt.venue, attempt.venue)}: {why}", (_detail(attempt), "dim"))
    if answer.settled_at is not None:
        yield "took", f"{(answer.settled_at - answer.created_at).total_seconds():.1f} s"


def _knowing(answer: BookingAnswer) -> Iterator[tuple[str, str]]:
    if answer.waits is not None:
        until = f" (until {_moment(answer.waits.until)})" if answer.waits.until is not None else ""
        yield "waits", f"{answer.waits.sentence.rstrip('.')}{until}"
    if not answer.settled:
        yield "know by", _moment(answer.know_by)
    if answer.attendance is not Attendance.UNKNOWN:
        yield "guest", answer.attendance.replace("_", " ")


def _detail(attempt: AttemptAnswer) -> str:
    return f"\n{attempt.detail}" if attempt.detail else ""


def _read_back(verdict: Verdict) -> Text:
    said = f"{verdict.kind.replace('_', ' ')} on {verdict.channel} at {_clock(verdict.at)}"
    if verdict.reason:
        said += f": {verdict.reason}"
    text = Text(said)
    if verdict.fields:
        same = sum(field.result == "same" for field in verdict.fields)
        text.append(f"\n{same} of {len(verdict.fields)} compared fields are the same", style="dim")
    if verdict.fields and verdict.not_compared:
        text.append(f"; not shown there: {', '.join(verdict.not_compared)}", style="dim")
    return text


def _fields(verdict: Verdict) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("field", "result", "asked", "the venue has"):
        table.add_column(name, overflow="fold")
    for field in verdict.fields:
        table.add_row(*_field(field))
    for name in verdict.not_compared:
        table.add_row(Text(name, style="dim"), Text("not compared", style="dim"), "", "")
    return table


def _field(field: FieldResult) -> tuple[str, Text, Text, Text]:
    hidden = field.field.startswith("guest_")
    asked, seen = (
        Text(value or ("(not shown)" if hidden else ""), style="dim" if hidden else "")
        for value in (field.wanted, field.seen)
    )
    return field.field, Text(field.result.replace("_", " "), style=_RESULT_STYLES[field.result]), asked, seen


def _attempts(attempts: Sequence[AttemptAnswer], names: Mapping[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", style="dim")
    grid.add_column(overflow="fold")
    for attempt in attempts:
        said = Text.assemble(names.get(attempt.venue, attempt.venue), "  ", attempt.state.replace("_", " "))
        if attempt.cause is not None:
            said.append(f", {in_words(attempt.cause)} ({attempt.cause})")
        if attempt.sent is not None:
            said.append(f"; went out: {attempt.sent}")
        for line in (attempt.detail, f"our reference {attempt.our_reference}", _stages(attempt)):
            said.append(f"\n{line}" if line else "", style="dim")
        grid.add_row(str(attempt.number), said)
    return grid


def _stages(attempt: AttemptAnswer) -> str:
    stages = " · ".join(f"{stage.stage} {stage.seconds:.2f}" for stage in attempt.stages)
    return f"seconds: {stages}" if stages else ""


def _history(events: Sequence[EventRecord], names: Mapping[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(style="dim", justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    began = events[0].at if events else None
    for event in events:
        since = f"+{(event.at - began).total_seconds():.1f} s" if began is not None else ""
        grid.add_row(_clock(event.at), since, in_sentence(event, names))
    return grid


def in_sentence(event: EventRecord, names: Mapping[str, str]) -> Text:
    """One event in words."""
    said = {key: str(value) for key, value in event.payload.items()}
    group, _, kind = event.kind.partition(".")
    if group == "attempt":
        return _of_attempt(
            kind, said, f"attempt {event.attempt} at {names.get(event.venue or '', event.venue or '')}"
        )
    if group == "verify":
        reason = f": {said['reason']}" if said.get("reason") else ""
        return Text(f"  {said.get('channel', '')} says {said.get('verdict', '').replace('_', ' ')}{reason}")
    if group == "doubt":
        return Text(f"{said.get('by', '')} says: {said.get('said', '')} ({said.get('reason', '')})", style="bold")
    line = status_text(BookingStatus(kind)) if kind in set(BookingStatus) else Text(kind.replace("_", " "))
    more = next((said[name] for name in _TELLING if said.get(name)), "")
    return Text.assemble(line, f"  {more}" if more else "")


def _of_attempt(kind: str, said: Mapping[str, str], which: str) -> Text:
    detail = f" ({said['detail']})" if said.get("detail") else ""
    match kind:
        case "started":
            return Text(f"{which}, as {said.get('our_reference', '')}", style="bold")
        case "step":
            return Text(f"  {STEPS.get(said.get('step', ''), said.get('step', ''))}")
        case "not_booked":
            return Text(f"  not booked: {in_words(said.get('cause'))}{detail}", style="yellow")
        case _ if kind in _MOMENTS:
            return Text(f"  {_MOMENTS[kind]}{detail}")
        case _:
            return Text(f"  {said.get('text') or kind.replace('_', ' ')}", style="dim")


def _moment(at: datetime) -> str:
    return at.astimezone().strftime("%d %b %Y, %H:%M %Z")


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
