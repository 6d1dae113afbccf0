"""Closed schemas for TOML: an unknown key is an error that names file, key and the nearest known one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Step = int | str


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with something a person wrote.

    Attributes:
        where: The place, as ``file: key.key`` or ``key.key``.
        what: What is wrong and what would be right. Never the value itself: it may be personal.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class SchemaFaults(Exception):
    """Everything that is wrong with one or more files, at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def read_toml(path: Path, model: type[Model], named: Mapping[str, str] | None = None) -> Model:
    """The file as a model.

    Args:
        path: The file.
        model: Its closed schema.
        named: Fields that its place gives (``{"slug": "file"}``: the file's name); nobody may write them.

    Raises:
        SchemaFaults: The file is no TOML, or does not fit the model; every fault is named.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SchemaFaults([Fault(str(path), f"cannot be read: {error.strerror}")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SchemaFaults([Fault(str(path), f"not valid TOML: {error}")]) from None
    places = {"file": path.stem, "folder": path.absolute().parents[1].name}
    given = {key: places[place] for key, place in (named or {}).items()}
    faults = [
        Fault(f"{path}: {key}", f"unknown key `{key}`; it is the name of the {place}")
        for key, place in (named or {}).items()
        if key in written
    ]
    try:
        read = model.model_validate(written | given)
    except ValidationError as error:
        faults += [Fault(f"{path}: {f.where}", f.what) for f in faults_of(error, model)]
        raise SchemaFaults(faults) from None
    if faults:
        raise SchemaFaults(faults)
    return read


def faults_of(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """A validation error in words for the person who wrote the file or the request."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return list(dict.fromkeys(_fault(detail, model) for detail in details))


def nearest(name: str, known: Sequence[str]) -> str:
    """`` (did you mean `x`?)``, or the known names when none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return "known here: " + ", ".join(f"`{k}`" for k in sorted(known)) if known else "nothing is known here"


def _fault(detail: ErrorDetails, model: type[BaseModel]) -> Fault:
    names_a_key = detail["type"] in {"extra_forbidden", "missing"}
    path, known = _walk(detail["loc"], model, names_a_key=names_a_key)
    where = ".".join(str(step) for step in path)
    if detail["type"] == "extra_forbidden":
        return Fault(where, f"unknown key `{path[-1]}`; {nearest(str(path[-1]), sorted(known))}")
    if detail["type"] == "missing":
        return Fault(where, "is missing")
    return Fault(where, detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, "))


def _walk(loc: tuple[Step, ...], model: type[BaseModel], *, names_a_key: bool) -> tuple[tuple[Step, ...], set[str]]:
    """The place as it was written, and the keys that are known at its last step.

    Pydantic's place also names the member of a union that it tried; only a last step may be a key of that name.
    """
    kinds: list[object] = [model]
    known: set[str] = set()
    path: list[Step] = []
    for number, step in enumerate(loc):
        models = [inner for kind in kinds for inner in _shallow_models(kind)]
        fields = [
            (field.alias or name, field.annotation) for inner in models for name, field in inner.model_fields.items()
        ]
        known = {name for name, _ in fields}
        member = [inner for inner in models if inner.__name__ == step]
        if member and not (names_a_key and number == len(loc) - 1):
            kinds = list(member)
            continue
        path.append(step)
        kinds = [annotation for name, annotation in fields if name == step] or kinds
    return tuple(path), known


def _shallow_models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _shallow_models(argument)


def check_keys(written: Mapping[str, object], known: Sequence[str], where: str) -> list[Fault]:
    """Faults for the keys of a free table whose names are given elsewhere."""
    return [
        Fault(f"{where}.{key}", f"unknown key `{key}`; {nearest(key, known)}") for key in written if key not in known
    ]
