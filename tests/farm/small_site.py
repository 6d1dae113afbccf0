"""A few pages on loopback that remember what was asked of them, and a visit there; import the fixtures by name."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from farm.gate import CommitGate
from farm.registry import Registry
from farm.rules import CommitRule, RequestRule
from farm.visit import Visit

REGISTRY = Registry.load([Path(__file__).parents[2] / "integrations"])
PAGES = {
    "/list": "<h1>Free</h1><ul><li>19:00</li><li hidden>20:00</li></ul>",
    "/none": "<h1>Free</h1><p>Nothing free</p>",
    "/skeleton": "<h1>Free</h1><ul></ul>",
    "/late": "<h1>Free</h1><ul></ul><script>setTimeout(() => document.querySelector('ul').innerHTML ="
    " '<li>21:00</li>', 300)</script>",
    "/wall": "<h1>Please log in</h1>",
    "/form": "<h1>Form</h1><form method=post action=/commit><button>Confirm</button></form><p hidden>Done</p>",
    "/commit": "<h1>Thank you</h1>",
    "/double": "<h1>Double</h1>"
    "<button onclick=\"for (const i of [1, 2]) fetch('/commit', {method: 'POST'})\">Go</button>",
    "/beacon": "<h1>Beacon</h1><script>navigator.sendBeacon('/track', 'x')</script>",
    "/popup": "<h1>Popup</h1><form method=post action=/commit target=_blank><button>Go</button></form>",
    "/frame": "<h1>Frame</h1><iframe src=/double></iframe>",
    "/xhr403": "<h1>Page</h1><script>fetch('/forbidden')</script><p hidden>Never</p>",
    "/breaks": "<h1>Page</h1><a href=/down>On</a><button onclick=\"fetch('/down')\">Ask</button>",
    "/status": "<h1>State</h1><p>Caf\u00e9 at 8:00\u202fPM</p>",
    "/outside": "<h1>Outside</h1><img src=http://127.0.0.1:9/x.png><script src=http://127.0.0.1:9/x.js></script>",
    "/leads-out": "<h1>Never</h1>",
    "/cut": "<h1>Cut</h1><button onclick=\"fetch('/commit?cut', {method: 'POST'})\">Go</button>",
    "/socket": "<h1>Socket</h1><script>new WebSocket('ws://' + location.host + '/live')</script>",
    "/binary": "<h1>Binary</h1>"
    "<script>fetch('/safe', {method: 'POST', body: new Uint8Array([255, 254, 0])})</script>",
    "/pick": "<h1>Pick</h1><button onclick=\"setTimeout(() => fetch('/slow'), 150)\">Pick</button>",
    "/busy": "<h1>Busy</h1><script>setTimeout(() => fetch('/slow'), 50)</script>",
    "/slow": "ok",
}
ENOUGH_S = 15
EVER = datetime.max.replace(tzinfo=UTC)
STATUS = {"/forbidden": 403, "/too-many": 429, "/down": 503}


def now() -> datetime:
    return datetime.now(UTC)


class Site:
    """A few pages on loopback that remember what was asked of them."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.moved = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = urlsplit(self.path).path
                self.rfile.read(int(self.headers.get("content-length") or 0))
                site.asked.append(f"{self.command} {path}")
                if path == "/slow":
                    threading.Event().wait(0.4)
                    site.asked.append("done /slow")
                site.tokens.append(self.headers.get("authorization"))
                if path in {"/redirect-out", "/leads-out", "/moved"}:
                    self.send_response(302)
                    self.send_header("location", site.moved if path == "/moved" else "http://127.0.0.1:9/stolen")
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                if self.path == "/commit?cut":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                body = f"<!doctype html><meta charset=utf-8>{PAGES.get(path, '')}".encode()
                self.send_response(STATUS.get(path, 200))
                if path == "/too-many":
                    self.send_header("retry-after", "30")
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that http.server asks for

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            served = self.server.socket
            self.server.socket = tls.wrap_socket(served, server_side=True, do_handshake_on_connect=False)
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def posts(self, path: str = "/commit") -> int:
        return self.asked.count(f"POST {path}")


class Access:
    def __init__(self, origin: str) -> None:
        self.host = urlsplit(origin).netloc

    def covers(self, url: str) -> bool:
        return urlsplit(url).netloc == self.host

    def loads(self, resource_type: str) -> bool:
        return True

    def signature(self, method: str, url: str) -> dict[str, str]:
        return {}

    async def pace(self) -> None:
        return None

    async def turn(self, *, first: bool) -> None:
        return None

    def went_by_itself(self) -> None:
        return None


@pytest.fixture(scope="module")
def site():
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser, site):
    site.asked.clear()
    site.tokens.clear()
    stock = REGISTRY.venue("osteria_luna")
    venue = stock.model_copy(update={"origin": site.origin})
    commit = CommitRule(url="{origin}/commit*")
    gate = CommitGate(commit, [RequestRule(url="{origin}/safe")], site.origin)
    context = await browser.new_context()
    visit = Visit(await context.new_page(), venue, REGISTRY.manifest(stock), gate, Access(site.origin), wait_s=2)
    await visit.begin(visit.page.get_by_role("heading", name="Please log in"))
    yield visit
    await context.unroute_all(behavior="ignoreErrors")
    await context.close()


@pytest.fixture
def patient(visit):
    """A visit that waits for a sign much longer than the test does: only what is known at once ends it in time."""
    visit._wait_s = 4 * ENOUGH_S


def heading(visit, name):
    return visit.page.get_by_role("heading", name=name)
