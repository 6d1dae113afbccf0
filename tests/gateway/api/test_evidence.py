"""Evidence over HTTP: own bookings' alone, behind links that end, name one item and cannot be changed."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import httpx
import pytest

from farm.evidence import Evidence, EvidenceKind, Scene
from gateway.api import evidence as routes
from ledger.names import new_id
from tasks.evidence import EvidenceStore
from tests.ledger.lives import queued

pytestmark = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
JPEG = b"\xff\xd8\xff a picture"


async def kept(ledger, settings, booking, seen=JPEG, kind=EvidenceKind.PICTURE, why=None):
    item = Evidence(
        id=new_id("ev", ledger.clock(), lambda n: hashlib.sha256(seen).digest()[:n]),
        booking_id=booking,
        attempt=1,
        venue="osteria_luna",
        scene=Scene.RECAP,
        kind=kind,
        at=ledger.clock(),
        sha256=None if why else hashlib.sha256(seen).hexdigest(),
        size_bytes=len(seen),
        why_not=why,
    )
    await EvidenceStore.of(settings).keep(ledger.evidence, [(item, seen)])
    return item


async def listed(client, booking):
    answer = await client.get(f"/v1/bookings/{booking}/evidence")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(autouse=True)
def farm_has_its_key(settings):
    settings.home.mkdir()
    settings.key_file.write_text("k" * 64)


@pytest.fixture
async def nobody():
    """Somebody without a key."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


async def test_a_link_gives_the_bytes_to_whoever_has_it(mine, nobody, ledger, settings):
    booking = await queued(ledger)
    item = await kept(ledger, settings, booking)
    await kept(ledger, settings, booking, b"", EvidenceKind.TEXT, why="the page changed meanwhile")
    said = await listed(mine, booking)
    (shown,), (missing,) = said["evidence"], said["missing"]
    assert (shown["id"], shown["scene"], shown["sha256"]) == (item.id, "recap", hashlib.sha256(JPEG).hexdigest())
    assert (missing["kind"], missing["why"]) == ("text", "the page changed meanwhile")
    got = await nobody.get(shown["url"])
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, JPEG, "image/jpeg")
    assert got.headers["content-disposition"].startswith(f'inline; filename="{booking}-1-recap-{item.id}')
    for name, value in (
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ):
        assert got.headers[name] == value, name


async def test_another_resellers_evidence_is_not_there(mine, theirs, ledger, settings):
    booking = await queued(ledger)
    await kept(ledger, settings, booking)
    hidden = await theirs.get(f"/v1/bookings/{booking}/evidence")
    missing = await theirs.get("/v1/bookings/bk_01234567890123456789/evidence")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() | {"instance": None} == missing.json() | {"instance": None}
    assert len((await listed(mine, booking))["evidence"]) == 1


async def test_a_link_that_was_changed_leads_nowhere(mine, nobody, ledger, settings):
    booking = await queued(ledger)
    first, second = await kept(ledger, settings, booking), await kept(ledger, settings, booking, b"another")
    url = httpx.URL((await listed(mine, booking))["evidence"][0]["url"])
    later = str(int(url.params["until"]) + 60)
    forged = "0" * 64
    for changed in (
        url.copy_set_param("until", later),
        url.copy_set_param("signature", forged),
        url.copy_with(path=url.path.replace(first.id, second.id)),
    ):
        answer = await nobody.get(changed)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    unsigned = await nobody.get(url.copy_remove_param("signature"))
    assert (unsigned.status_code, unsigned.json()["faults"][0]["where"]) == (422, "signature")


async def test_a_link_ends(mine, nobody, ledger, settings, monkeypatch):
    booking = await queued(ledger)
    await kept(ledger, settings, booking)
    monkeypatch.setattr(routes, "GOOD_FOR", timedelta(seconds=-1))
    (shown,) = (await listed(mine, booking))["evidence"]
    answer = await nobody.get(shown["url"])
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/link-expired")
    assert "list the booking's evidence again" in answer.json()["then"]


async def test_bytes_that_were_changed_or_lost_are_not_shown(mine, nobody, ledger, settings):
    booking = await queued(ledger)
    item = await kept(ledger, settings, booking)
    (shown,) = (await listed(mine, booking))["evidence"]
    file = settings.home.absolute() / "evidence" / item.key
    file.write_bytes(b"something else")
    assert (await nobody.get(shown["url"])).status_code == 404
    file.unlink()
    assert (await nobody.get(shown["url"])).status_code == 404
    file.mkdir()
    away = await nobody.get(shown["url"])
    assert (away.status_code, away.json()["type"]) == (503, "/problems/evidence-away")


async def test_a_gateway_without_the_farms_key_says_what_is_missing(mine, ledger, settings):
    booking = await queued(ledger)
    settings.key_file.unlink()
    answer = await mine.get(f"/v1/bookings/{booking}/evidence")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/no-link-key")
    assert "READBACK_ACCOUNT_KEY_FILE" in answer.json()["then"]
