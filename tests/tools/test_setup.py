from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.machine.finding import Found, Given, Missing
from tools import setup
from tools.setup import Way, get


def way(script: str, *, allowed: bool = True, limit_s: float = 10.0) -> Way:
    return Way(says="trying", commands=(("sh", "-c", script),), limit_s=limit_s, allowed=lambda: allowed)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "part"


@pytest.fixture
def find(part):
    return lambda: Found(part, "on the PATH") if part.exists() else Missing("no part anywhere", "install it")


def test_what_is_there_is_not_fetched(part, find, capsys, tmp_path):
    part.touch()
    assert get("Part", find, [way(f"touch {tmp_path}/fetched")])
    assert capsys.readouterr().out == f"Part: {part} (on the PATH)\n"
    assert not (tmp_path / "fetched").exists()


def test_the_ways_are_tried_in_order_until_one_works(part, find, capsys, tmp_path):
    ways = [way("echo 'Error: no network' >&2; exit 1"), way(f"touch {part}"), way(f"touch {tmp_path}/more")]
    assert get("Part", find, ways)
    assert capsys.readouterr().out.splitlines() == [
        "Part: trying",
        "Part: that did not work: Error: no network",
        "Part: trying",
        f"Part: {part} (on the PATH)",
    ]
    assert not (tmp_path / "more").exists()


def test_a_way_that_is_not_allowed_is_not_tried(part, find, capsys):
    assert not get("Part", find, [way(f"touch {part}", allowed=False)])
    assert capsys.readouterr().err == "Part: no part anywhere. To get it: install it.\n"


def test_a_way_that_hangs_is_given_up(find, capsys):
    assert not get("Part", find, [way("exec sleep 30", limit_s=0.2)])
    assert "gave up after 0.2 s" in capsys.readouterr().out


def test_the_address_of_a_given_server_is_not_printed(capsys):
    assert get("Redis", lambda: Given("redis://:s3cret@host/1", "READBACK_REDIS_URL"), [])
    assert capsys.readouterr().out == "Redis: the server that READBACK_REDIS_URL names\n"


def test_a_chromium_that_does_not_start_counts_as_missing(tmp_path, monkeypatch):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'libnss3.so: cannot open shared object file' >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("READBACK_CHROMIUM", str(broken))
    found = setup.working_chromium()
    assert isinstance(found, Missing)
    assert "libnss3.so" in found.why


def test_apt_is_for_root_only(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not setup.root_with_apt()
