"""A browser for pages as a person meets them. This folder has a pytest process of its own: see the Makefile.

pytest-playwright's synchronous fixtures keep an event loop in the main thread, under which no asynchronous test runs.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from fixtures.kit.process import TwinProcess
from tasks.machine.chromium import find_chromium
from tasks.machine.finding import Found
from tests.pages.person import DESK_PASSWORD, Person


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    found = find_chromium()
    assert isinstance(found, Found), found
    return browser_type_launch_args | {"executable_path": str(found.path), "chromium_sandbox": False}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return browser_context_args | {"locale": "it-IT", "timezone_id": "Europe/Rome"}


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    with TwinProcess.start("fixtures.osteria_luna", folder, desk_password=DESK_PASSWORD) as twin:
        yield twin


@pytest.fixture(scope="session")
def base_url(house):
    return house.origin


@pytest.fixture
def person(page, house):
    """Somebody at a browser. Whatever they did, no page complained and nothing was asked of another machine."""
    house.clear()
    person = Person(page, house)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield person
    elsewhere = [url for url in asked if urlsplit(url).scheme != "data" and not url.startswith(house.origin + "/")]
    assert elsewhere == []
    # Chromium calls every page with a status over 400 an error; some of these must have one
    assert [text for text in complaints if "Failed to load resource" not in text] == []
