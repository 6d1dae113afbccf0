"""`readback gateway` as a process: where it listens, what it says, how it ends."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from gateway.api.serving import Discreet, listening
from gateway.commands.up import door

LIMIT_S = 30


@contextmanager
def gateway(home, *words):
    """The process and its address; what it has said by its end is ``said``."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("READBACK_")}
    command = [sys.executable, "-m", "gateway.cli", "gateway", "--port", "0", *words]
    process = subprocess.Popen(
        command,
        env=environ | {"READBACK_HOME": str(home), "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first, where = process.stdout.readline(), process.stdout.readline()
        assert "The gateway is up." in first, process.communicate(timeout=LIMIT_S)
        yield process, where.split()[1]
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def refused(address: str) -> bool:
    """True when nobody listens there any more."""
    try:
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=LIMIT_S).close()
    except ConnectionError:  # refused; reset, where it was still in the queue when listening ended
        return True
    return False


def test_it_serves_says_where_and_ends_with_sigterm(tmp_path):
    with gateway(tmp_path, "--host", "0.0.0.0") as (process, address):
        host, port = address.removeprefix("http://").split(":")
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/bookings")
        assert (host, answer.status_code) == ("0.0.0.0", 401)
        assert "server" not in answer.headers
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)
        out, said = process.stdout.read(), process.stderr.read()
    assert process.returncode == 0
    assert f"{address}/docs" in out
    assert "No farm serves this folder" in said
    assert "put a proxy with TLS before it" in said
    assert said.endswith("Ended.\n")


def test_streams_are_ended_and_not_broken_off(run, home):
    key = run("keys", "new", "acme").stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    with (
        gateway(home) as (process, address),
        httpx.stream("GET", f"{address}/v1/events/stream", headers=headers, timeout=LIMIT_S) as stream,
    ):
        lines = stream.iter_lines()
        assert next(lines)
        process.send_signal(signal.SIGTERM)
        list(lines)  # a connection that is cut in the middle of an answer is an error here
        process.wait(LIMIT_S)
        assert process.returncode == 0


def test_an_answer_does_not_wait_for_the_callers_ack():
    with listening("127.0.0.1", 0) as bound, socket.create_connection(bound.getsockname()):
        accepted, _ = bound.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_is_under_way_is_finished_and_nothing_new_begins(run, home):
    """Half of a body is there when the signal comes."""
    key = run("keys", "new", "acme").stdout.strip()
    with gateway(home) as (process, address):
        head = f"POST /v1/bookings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: a\r\n"
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=LIMIT_S) as slow:
            slow.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{".encode())
            assert httpx.get(f"{address}/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 200
            process.send_signal(signal.SIGINT)
            while not refused(address):
                pass
            slow.sendall(b"}")
            assert slow.recv(100).startswith(b"HTTP/1.1 422")
        process.wait(LIMIT_S)
        assert process.returncode == 0
        log = process.stderr.read()
    assert "route=/v1/bookings status=422" in log
    assert key.rpartition("_")[2] not in log


def test_a_port_that_is_taken_is_said(run):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        result = run("gateway", "--port", port)
    assert result.exit_code == 2
    assert f"port {port} of 127.0.0.1 is taken" in result.stderr


def test_a_farm_whose_port_is_taken_goes_on_without_the_api(capsys):
    with ExitStack() as running, socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        assert door(running, port) is None
    said = " ".join(capsys.readouterr().err.split())
    assert f"The API is not served: port {port} of 127.0.0.1 is taken" in said


def test_every_proxy_that_is_none_is_named(run, home):
    result = run("gateway", "--behind-proxy", "10.0.0.1/8", "--behind-proxy", "front", "--behind-proxy", "::1")
    assert result.exit_code == 2
    assert "10.0.0.1/8 has host bits set" in result.stderr
    assert "front: is no address and no network" in result.stderr
    assert "::1:" not in result.stderr
    assert not home.exists()


def test_the_log_shows_where_and_never_what(capsys):
    """The text of an exception may hold what a guest has written."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Discreet("%(levelname)s %(message)s"))
    with pytest.raises(ValueError, match="Geheim") as caught:
        int(chr(71) + "eheim")
    raised = (caught.type, caught.value, caught.tb)
    handler.handle(logging.LogRecord("x", logging.ERROR, __file__, 1, "it broke", None, raised))
    said = capsys.readouterr().err
    assert "test_the_log_shows_where_and_never_what" in said
    assert said.rstrip().endswith("builtins.ValueError")
    assert "Geheim" not in said
