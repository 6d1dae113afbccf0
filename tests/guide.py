"""What the tests of the guide stand on: its boat hire on a free port, and its folders moved there."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import threading
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
REQUEST = "request.json"


@pytest.fixture(scope="module")
def site():
    spec = importlib.util.spec_from_file_location("quayside_site", DOCS / "quayside" / "site.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hire(site):
    """The boat hire on a free port: its book, and where it stands."""
    ours = site.Book()
    server = site.serve(ours, 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield ours, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def moved(name: str, to: Path, host: str) -> Path:
    """A folder of the guide, for a site that stands elsewhere."""
    copy = Path(shutil.copytree(DOCS / name, to / name, ignore=shutil.ignore_patterns("__pycache__")))
    for path in copy.rglob("*.toml"):
        text = path.read_text().replace("127.0.0.1:8404", host).replace("127.0.0.1:8410", host)
        path.write_text(text)
    return copy
