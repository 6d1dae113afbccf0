"""Who serves a state folder: a lock that its holder cannot leave behind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.presence import Service, Taken, Tenancy, is_served
from tasks.settings import Settings


def test_one_at_a_time(tmp_path):
    settings = Settings(home=tmp_path / "home")
    assert not is_served(settings)
    tenancy = Tenancy.take(settings.home, "readback up")
    assert is_served(settings)
    with pytest.raises(Taken, match=r"readback up \(pid \d+\)"):
        Tenancy.take(settings.home, "readback book")
    tenancy.leave()
    assert not is_served(settings)


def test_it_goes_with_its_process(tmp_path):
    hold = (
        "import sys; from pathlib import Path; from gateway.presence import Tenancy\n"
        "t = Tenancy.take(Path(sys.argv[1]), 'x'); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_served(Settings(home=tmp_path))
        holder.kill()
    assert not is_served(Settings(home=tmp_path))


def test_a_broker_of_ones_own_is_taken_as_served(tmp_path):
    settings = Settings(home=tmp_path, broker_url="redis://127.0.0.1:1/0")
    said: list[str] = []
    with Service(settings, "test", said.append) as service:
        service.ensure()
    assert not said


def test_a_farm_of_its_own_that_has_ended_is_replaced(tmp_path, monkeypatch):
    started = []

    class Farm:
        whole = True

        def __init__(self, settings):
            started.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.whole = False

        def is_whole(self):
            return self.whole

    monkeypatch.setattr("gateway.presence.EmbeddedFarm", Farm)
    said: list[str] = []
    with Service(Settings(home=tmp_path), "test", said.append) as service:
        service.ensure()
        service.ensure()
        assert service.is_there()
        assert len(started) == 1
        started[0].whole = False
        assert not service.is_there()
        service.ensure()
        assert service.is_there()
        assert len(started) == len(said) == 2
    assert not started[1].whole
    assert not is_served(Settings(home=tmp_path))
