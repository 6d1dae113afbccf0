"""The services of docker-compose.yml as plain processes: the same commands, on PostgreSQL and a Redis with a port."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import yaml

from fixtures.kit.process import ROOT, TwinProcess
from tasks.embedded import environment
from tasks.machine.finding import Found
from tasks.machine.redis import find_redis
from tasks.settings import Settings
from tests.databases import postgresql
from tools.overlay import Overlay, Standing

__all__ = ["postgresql"]

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
READBACK = Path(sys.executable).with_name("readback")
PATIENCE_S = 60
REQUEST = {
    "guest": {"name": "Ada Rossi", "email": "ada@example.com"},
    "party": {"adults": 2},
    "when": {"date": "2029-06-01", "earliest": "19:00", "latest": "21:00"},
    "venues": ["luna_here"],
}


@pytest.fixture
def redis_url(tmp_path) -> Iterator[str]:
    """The Redis service, with the settings that its command names."""
    found = find_redis({"PATH": os.environ["PATH"]})
    assert isinstance(found, Found)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [str(part) for part in SERVICES["redis"]["command"][1:]]
    where = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path)]
    server = subprocess.Popen([str(found.path), *arguments, *where], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}"
    client.close()
    server.terminate()
    server.wait(PATIENCE_S)


@contextmanager
def service(name: str, env: dict[str, str], log: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """One service's command as a process, ended as compose would end it."""
    command = [*(str(part) for part in SERVICES[name]["command"]), *more]
    assert command[0] == "readback"
    with log.open("wb") as out:
        process = subprocess.Popen([READBACK, *command[1:]], env=env, stdout=out, stderr=subprocess.STDOUT)
    yield process
    process.terminate()
    process.wait(PATIENCE_S)


def by_the_api(env: dict[str, str], log: Path) -> dict[str, Any]:
    """A booking that a platform makes, when it is settled."""
    new = [str(READBACK), "keys", "new", "acme"]
    key = subprocess.run(new, env=env, capture_output=True, text=True, check=True).stdout.strip()
    (port,) = re.findall(r"listens +http://0\.0\.0\.0:(\d+)", log.read_text())
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "order-1"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE_S) as api:
        made = api.post("/v1/bookings", json=REQUEST)
        assert made.status_code == 201, made.text
        api.get(f"/v1/bookings/{made.json()['id']}/events/stream")  # which ends when it is settled
        answer: dict[str, Any] = api.get(made.headers["Location"]).json()
    return answer


def test_the_services_book_together(redis_url, postgresql, tmp_path):
    named = SERVICES["relay"]["environment"]
    with TwinProcess.start("fixtures.osteria_luna", tmp_path / "twin") as twin:
        overlay = Overlay(tmp_path / "overlay")
        overlay.add(Standing("osteria_luna/osteria_luna", "luna_here", twin.origin, "here"))
        venues = environment(overlay.settings(Settings(home=tmp_path / "home")))
        ours = {
            "READBACK_DATABASE_URL": postgresql.new_database(),
            "READBACK_BROKER_URL": f"{redis_url}/0",
            "READBACK_REDIS_URL": f"{redis_url}/1",
            "READBACK_HOME": str(tmp_path / "home"),
            "READBACK_CHROMIUM_SANDBOX": named["READBACK_CHROMIUM_SANDBOX"],
            "READBACK_EGRESS_HOST": "127.0.0.1",
        }
        assert set(ours) == set(named)
        env = {**os.environ, **venues, **ours}
        with service("migrate", env, tmp_path / "migrate.log") as migrate:
            assert migrate.wait(PATIENCE_S) == 0, (tmp_path / "migrate.log").read_text()
        (tmp_path / "request.json").write_text(json.dumps(REQUEST))
        with (
            service("egress", env, tmp_path / "egress.log") as egress,
            service("relay", env, tmp_path / "relay.log") as relay,
            service("gateway", env, tmp_path / "gateway.log", "--port", "0") as gateway,
            service("worker-book", env, tmp_path / "book.log") as book,
            service("worker-verify", env, tmp_path / "verify.log") as verify,
        ):
            command = [str(READBACK), "book", str(tmp_path / "request.json"), "--wait", "--json", "--timeout", "60"]
            answer = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)
            logs = "\n".join(path.read_text() for path in tmp_path.glob("*.log"))
            assert answer.returncode == 0, answer.stdout + answer.stderr + logs
            asked = by_the_api(env, tmp_path / "gateway.log")
            counted = [str(READBACK), "egress", "--counts", "--json"]
            through = json.loads(subprocess.run(counted, env=env, capture_output=True, check=True).stdout)
        said = json.loads(answer.stdout)
        records = {record.code for record in twin.records()}
        assert {said["status"], asked["status"]} == {"confirmed"}
        assert {said["venue_reference"], asked["venue_reference"]} == records
        assert len(records) == 2
        assert [process.returncode for process in (egress, relay, gateway, book, verify)] == [0, 0, 0, 0, 0]
        (count,) = through["partners"].values()
        assert min(count.values()) > 0, "nothing went through the guard of its own"
