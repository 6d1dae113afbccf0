"""Column types: moments are aware and in UTC, words are enums, stages and payloads are small JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from farm.life.transition import Stage

W = TypeVar("W", bound=StrEnum)


class Moment(TypeDecorator[datetime]):
    """An aware datetime; comes back in UTC. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger keeps no naive datetimes")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[W], Generic[W]):
    """One word of an enum, kept as text so that a new word needs no migration."""

    impl = String(32)
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> W | None:  # noqa: ARG002
        return None if value is None else self.words(value)


class Stages(TypeDecorator[tuple[Stage, ...]]):
    """An ordered list of ``{"stage", "seconds"}``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Stage, ...] | None, dialect: Dialect) -> str:  # noqa: ARG002
        return json.dumps([{"stage": s.stage, "seconds": round(s.seconds, 4)} for s in value or ()])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Stage, ...]:  # noqa: ARG002
        return tuple(Stage(s["stage"], s["seconds"]) for s in json.loads(value or "[]"))


class Payload(TypeDecorator[Mapping[str, Any]]):
    """A few words about an event. Never guest data."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str:  # noqa: ARG002
        return json.dumps(dict(value), separators=(",", ":")) if value else "{}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, Any]:  # noqa: ARG002
        found: Mapping[str, Any] = json.loads(value or "{}")
        return found
