"""The restaurant twin, empty for each test, and one attempt at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from fixtures.kit.process import TwinProcess
from tests.browsers import browser
from tests.integrations.luna import DESK_PASSWORD, WISH, Farm

__all__ = ["browser"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess.start(
        "fixtures.osteria_luna", tmp_path_factory.mktemp("osteria"), desk_password=DESK_PASSWORD
    ) as twin:
        yield twin


@pytest.fixture
def twin(running: TwinProcess) -> TwinProcess:
    running.clear()
    return running


@pytest.fixture
def farm(browser: Browser, twin: TwinProcess) -> Farm:
    return Farm(browser, twin, WISH)
