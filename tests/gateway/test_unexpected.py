"""What nobody foresaw is a few lines and a file, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import gateway.reading
from gateway.answers import Problem
from tests.gateway.conftest import GOOD


@pytest.fixture
def broken(monkeypatch):
    """The reading of requests has a bug, whose text holds what it read."""

    def read_json(source):
        try:
            return {}[GOOD["guest"]["name"]]
        except KeyError as error:
            raise ValueError(GOOD["guest"]["email"]) from error

    monkeypatch.setattr(gateway.reading, "read_json", read_json)


def test_a_bug_is_said_and_written_down(run, broken, home):
    result = run("book", "-", stdin=json.dumps(GOOD))
    log = home / "logs" / "commands.log"
    assert result.exit_code == 1
    assert "readback book failed unexpectedly with ValueError" in result.stderr
    assert str(log) in result.stderr
    assert "Traceback" not in result.stderr
    written = log.read_text()
    assert "test_unexpected.py" in written
    assert written.index("KeyError") < written.rindex("ValueError")
    for guest in ("Ada", "ada@"):
        assert guest not in written + result.stderr


def test_as_json(run, broken):
    result = run("book", "-", "--json", stdin=json.dumps(GOOD))
    assert result.exit_code == 1
    assert "ValueError" in Problem.model_validate_json(result.stdout).error


def test_a_state_folder_that_cannot_be_written(run, broken, home, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("READBACK_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("book", "-", stdin=json.dumps(GOOD)).exit_code == 1
    assert list(tmp_path.glob("readback-*/commands.log"))


def test_words_of_typer_stay_its_own(run):
    for arguments in (["book"], ["nonsense"], ["book", "--nonsense"], ["list", "--limit", "0"]):
        assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "words", [["show", b"\xff"], ["book", b"\xff.json"], ["book", "-", "--idempotency-key", b"\xe9"]]
)
def test_an_argument_that_is_no_text(home, words):
    done = real(words)
    assert done.returncode == 2
    assert "is not UTF-8 text" in done.stderr


def test_standard_input_that_is_closed(home):
    done = real(["book", "-"], "exec <&-;")
    assert done.returncode == 2
    assert "standard input cannot be read: it is closed" in done.stderr


def test_a_reader_who_has_seen_enough(home):
    assert real(["venues", "--json"], end="| true").stderr == ""


def test_a_full_disk(home):
    done = real(["venues"], end="> /dev/full")
    assert done.returncode == 1
    assert "readback venues failed unexpectedly with OSError (No space left on device)" in done.stderr


def real(words, begin="", end=""):
    """The command in a process of its own, under a shell."""
    command = ["sh", "-c", f'{begin} "$@" {end}', "sh", sys.executable, "-m", "gateway.cli", *words]
    return subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=30, check=False)
