"""A process's runtime: its thread and loop end with it, also when it never came to be."""

from __future__ import annotations

import threading

import pytest

from tasks import runtime as module
from tasks.runtime import Runtime
from tasks.settings import Settings


def loops() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "readback-loop"]


def test_a_farm_that_does_not_open_leaves_no_thread_behind(monkeypatch, tmp_path):
    async def fails(settings):
        raise OSError("no such folder")

    monkeypatch.setattr(module, "_open_farm", fails)
    for _ in range(2):
        with pytest.raises(OSError, match="no such folder"):
            Runtime(Settings(home=tmp_path))
        assert loops() == []


def test_a_farm_that_does_not_close_leaves_no_thread_behind(monkeypatch, tmp_path):
    async def nothing(settings):
        return None

    async def fails(farm):
        raise OSError("it hangs")

    monkeypatch.setattr(module, "_open_farm", nothing)
    monkeypatch.setattr(module, "_close_farm", fails)
    started = Runtime(Settings(home=tmp_path))
    assert len(loops()) == 1
    with pytest.raises(OSError, match="it hangs"):
        started.stop()
    assert loops() == []
