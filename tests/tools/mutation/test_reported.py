"""What the mutation check says of its mutants: a survivor is named and fails, and nothing is passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.found import found
from tools.mutation import suite
from tools.mutation.check import Mutant, NoGoodRun
from tools.mutation.mutations import MUTATIONS

MUTATION = next(one for one in MUTATIONS if one.name == "date_shifted")
KILLED = Mutant(MUTATION, "confirmation", "killed", "what came of it")
SURVIVED = Mutant(MUTATION, "guest_lookup", "survived", "what came of it")
NOTHING = Mutant(MUTATION, "desk_book", "not_applicable", "what came of it")


def test_only_what_was_noticed_is_well() -> None:
    checks = [suite._as_check(one, 1.0) for one in (KILLED, SURVIVED, NOTHING)]
    assert [(check.name, check.ok, check.ended) for check in checks] == [
        ("date_shifted on confirmation", True, "killed"),
        ("date_shifted on guest_lookup", False, "survived"),
        ("date_shifted on desk_book", False, "not_applicable"),
    ]
    assert "the script did not notice" in checks[1].what
    assert "promise it in `shows`" in checks[1].what_to_do
    assert "declare it: [[leave_out]]" in checks[2].what_to_do


def test_survivors_are_named_in_the_results() -> None:
    checks = tuple(suite._as_check(one, 1.0) for one in (KILLED, SURVIVED, NOTHING))
    told = suite.with_mutants(found(ran=("schema",), killed=0), checks)
    assert (told.killed, told.survived) == (1, ("date_shifted on guest_lookup",))
    assert told.ran == ("schema", "mutation")
    assert told.checks[-3:] == checks


async def test_where_no_good_run_came_of_it_the_check_fails_and_did_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mutate(*_: Any) -> Any:
        yield KILLED
        raise NoGoodRun("a good booking ended as in_doubt")

    monkeypatch.setattr(suite, "mutate", mutate)
    here: Any = None
    checks = tuple([one async for one in suite._checks(here, tmp_path, "confirmation", frozenset())])
    assert [check.ok for check in checks] == [True, False]
    assert checks[1].what == "a good booking ended as in_doubt"
    told = suite.with_mutants(found(ran=("schema",)), checks)
    assert (told.ran, told.killed) == (("schema",), 1)


def test_what_is_left_out_is_left_out_by_its_name_or_a_pattern() -> None:
    patterns = frozenset({"* on letters", "party_changed on desk_book"})
    names = ("date_shifted on letters", "party_changed on desk_book", "party_changed on guest_lookup")
    assert [suite._is_out(name, patterns) for name in names] == [True, True, False]
    assert not suite._is_out(names[0], frozenset())
