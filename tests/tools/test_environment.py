"""What a demo and a benchmark start has nothing of the deployment around it."""

from __future__ import annotations

import os
import subprocess
import sys

from tasks.settings import Settings
from tools.environment import changed, embedded

DEPLOYED = {
    "READBACK_HOME": "/nowhere",
    "READBACK_DATABASE_URL": "postgresql://farm:s3cret@db/farm",
    "READBACK_BROKER_URL": "amqp://farm:s3cret@rabbit//",
    "READBACK_REDIS_URL": "redis://:s3cret@redis/1",
    "READBACK_INTEGRATIONS": "/nowhere/integrations",
    "READBACK_PARTNERS": "/nowhere/partners",
    "READBACK_LEASE_S": "900",
}


def test_nothing_of_the_deployment_is_inherited(monkeypatch):
    for name, value in DEPLOYED.items():
        monkeypatch.setenv(name, value)
    with embedded():
        assert not DEPLOYED.keys() & os.environ.keys()
        assert Settings().broker_url is None
        child = "import os, sys; sys.exit(any(name in os.environ for name in sys.argv[1:]))"
        done = subprocess.run([sys.executable, "-c", child, *DEPLOYED], timeout=20, check=False)
        assert done.returncode == 0
    assert {name: os.environ[name] for name in DEPLOYED} == DEPLOYED


def test_what_was_not_set_is_not_set_afterwards(monkeypatch):
    monkeypatch.delenv("READBACK_LAB_TOKEN", raising=False)
    monkeypatch.setenv("READBACK_LAB_DESK_USER", "before")
    with changed({"READBACK_LAB_TOKEN": "x", "READBACK_LAB_DESK_USER": None}):
        assert os.environ["READBACK_LAB_TOKEN"] == "x"
        assert "READBACK_LAB_DESK_USER" not in os.environ
    assert "READBACK_LAB_TOKEN" not in os.environ
    assert os.environ["READBACK_LAB_DESK_USER"] == "before"
