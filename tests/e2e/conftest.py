"""What the end-to-end tests stand on: the real shop, installed when it is not there yet, and a warm browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.kit.process import TwinProcess
from fixtures.pretix_shop.shop import PretixShop
from tests.browsers import browser

__all__ = ["browser"]


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretixShop]:
    """A pretix that cannot be installed is a failure, not a reason to skip."""
    with PretixShop.start(tmp_path_factory.mktemp("pretix")) as shop, pytest.MonkeyPatch.context() as patch:
        for name, value in shop.secrets().items():
            patch.setenv(name, value)
        yield shop


@pytest.fixture
def shop(running_shop: PretixShop) -> PretixShop:
    """The shop as it was seeded: nothing sold, nothing held."""
    running_shop.reset()
    return running_shop


@pytest.fixture(scope="module")
def houses(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, TwinProcess]]:
    """The restaurants of a file's ``NAMES``, each a twin with books of its own."""
    folder = tmp_path_factory.mktemp("houses")
    started = {name: TwinProcess.start("fixtures.osteria_luna", folder / name) for name in request.module.NAMES}
    yield started
    for twin in started.values():
        twin.stop()
