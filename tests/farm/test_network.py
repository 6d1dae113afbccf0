"""What comes back and what is under way, from events made by hand; tests/farm/test_visit.py has real pages."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from farm.errors import AccessRefused
from farm.gate import CommitGate
from farm.network import Network
from tests.farm.small_site import Access

HOUSE, ELSEWHERE = "https://venue.example", "https://ads.example"


def network() -> Any:
    page: Any = SimpleNamespace()
    return Network(page, CommitGate(None, (), HOUSE), Access(HOUSE))


def answer(status: int, kind: str = "fetch", site: str = HOUSE, **headers: str) -> Any:
    request = SimpleNamespace(
        resource_type=kind, method="GET", headers={}, timing={"requestStart": 1.0, "responseStart": 2.0}
    )
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(status=status, url=f"{site}/free?mail=ada", headers=named, request=request)


BEGUN: Any = SimpleNamespace(redirected_from=None)


@pytest.mark.parametrize("kind", ["document", "xhr", "fetch"])
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_trouble_and_ends_nothing(kind, status):
    there = network()
    there._answered(answer(status, kind))
    assert there.trouble == f"GET venue.example/free was answered {status}"
    there.poison.check()


@pytest.mark.parametrize(
    "heard", [answer(200), answer(404), answer(418), answer(500, "image"), answer(500, site=ELSEWHERE)]
)
def test_what_is_no_trouble(heard):
    there = network()
    there._answered(heard)
    assert there.trouble is None
    there.poison.check()


@pytest.mark.parametrize(
    "heard",
    [
        answer(403),
        answer(429, "document"),
        answer(200, cf_mitigated="challenge"),
        answer(503, cf_mitigated="challenge"),
    ],
)
def test_a_refusal_or_a_challenge_ends_the_visit(heard):
    there = network()
    there._answered(heard)
    with pytest.raises(AccessRefused, match=f"was answered {heard.status}"):
        there.poison.check()
    assert there.trouble is None


@pytest.mark.parametrize("heard", [answer(403, "image"), answer(403, site=ELSEWHERE), answer(200, cf_mitigated="no")])
def test_what_refuses_something_else_does_not(heard):
    there = network()
    there._answered(heard)
    there.poison.check()


async def test_it_is_not_quiet_while_something_is_under_way():
    there = network()
    under_way = 2
    for _ in range(under_way):
        there._began(BEGUN)
    waiting = asyncio.create_task(there.quiet(0.05))
    for _ in range(under_way):
        done, _pending = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        there._ended(BEGUN)
    await waiting


async def test_it_is_quiet_only_so_long_after_what_began_last():
    there = network()
    waiting = asyncio.create_task(there.quiet(1))
    await asyncio.wait({waiting}, timeout=0.2)
    begun_at = time.monotonic()
    there._began(BEGUN)
    there._ended(BEGUN)
    await waiting
    assert time.monotonic() - begun_at >= 1


@pytest.mark.parametrize(("status", "alone_s"), [(200, None), (303, None), (404, 30), (429, 30), (503, 30)])
def test_only_an_answer_that_is_no_success_asks_to_be_left_alone(status, alone_s):
    there = network()
    there._answered(answer(status, retry_after="30"))
    assert there.poison.alone_s == alone_s
