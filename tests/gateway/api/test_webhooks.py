"""Webhooks over HTTP: registered, shown with their health, changed, rotated, sent again; nobody sees another's."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from readback_client import webhooks as client
from standardwebhooks import Webhook, WebhookVerificationError

from ledger.webhooks import MOST
from tasks.delivering import Sendings
from tasks.keeping import state_keys_of
from tasks.posting import Poster
from tests.gateway.api.conftest import new_key
from tests.ledger.lives import queued
from tests.tasks.receiver import receiving

DELIVERED, WAITING = "delivered", "waiting"


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """What differs between databases is asked in tests/ledger/test_deliveries.py."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
def settings(settings, tmp_path):
    key = tmp_path / "state.key"
    key.write_text("a key that has thirty-two letters or more")
    return settings.model_copy(update={"webhooks_to_loopback": True, "state_key": f"file:{key}"})


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
async def hook(mine, receiver):
    """A webhook of ours, with its secret."""
    answer = await mine.post("/v1/webhooks", json={"url": receiver.url})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def goes_out(ledger, settings):
    """All that is due goes out, as relay and worker do it; how many were tried."""

    async def goes_out():
        sendings = Sendings(ledger, Poster(to_loopback=True), lambda: state_keys_of(settings))
        await ledger.deliveries.plan()
        return sum([await sendings.send_due(each) for each in await ledger.deliveries.to_tell(99, 0.001)])

    return goes_out


async def test_from_registration_to_a_verified_event(mine, hook, ledger, receiver, goes_out):
    assert hook["secret"].startswith("whsec_")
    assert (hook["enabled"], hook["types"], hook["health"]["waiting"]) == (True, None, 0)
    await queued(ledger)
    assert await goes_out() == 1
    (got,) = receiver.got
    said = Webhook(hook["secret"]).verify(got.body, got.headers)
    feed = (await mine.get("/v1/events")).json()["events"]
    assert said == {"type": "booking.queued", "timestamp": feed[0]["at"], "data": feed[0]}, "the same JSON"
    assert client.verify(got.body, got.headers, hook["secret"]).data.number == 1
    shown = (await mine.get(f"/v1/webhooks/{hook['id']}")).json()
    assert (shown["health"]["failures"], shown["health"]["last_status"]) == (0, 204)
    assert shown["health"]["last_success_at"] is not None


async def test_the_secret_is_shown_once(mine, receiver):
    made = await mine.post("/v1/webhooks", json={"url": receiver.url})
    secret = made.json()["secret"]
    assert made.headers["cache-control"] == "no-store"
    assert made.headers["location"] == f"/v1/webhooks/{made.json()['id']}"
    for path in ("", f"/{made.json()['id']}"):
        assert secret not in (await mine.get(f"/v1/webhooks{path}")).text


async def test_the_secret_is_nowhere_in_the_ledger(hook, tmp_path):
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("ledger.sqlite3*"))
    assert hook["id"].encode() in kept
    assert hook["secret"].removeprefix("whsec_").encode() not in kept
    assert hook["secret"].encode() not in kept


async def test_every_fault_is_named_at_once(mine):
    answer = await mine.post("/v1/webhooks", json={"url": "http://u:geheim@h.example:22/#x", "types": [], "utl": 1})
    assert answer.status_code == 422
    assert [fault["where"] for fault in answer.json()["faults"]].count("url") == 4
    assert {fault["where"] for fault in answer.json()["faults"]} == {"url", "types", "utl"}
    assert "geheim" not in answer.text
    answer = await mine.post(
        "/v1/webhooks", json={"url": "https://hooks.platform.example/", "types": ["booking.confirmd", "x"]}
    )
    assert "did you mean `booking.confirmed`?" in answer.json()["faults"][0]["what"]
    for written in ("null", "[]", '"https://h.example/"', "{}", '{"url": null}', '{"url": 7}'):
        answer = await mine.post("/v1/webhooks", content=written, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
    assert (await mine.get("/v1/webhooks")).json() == {"webhooks": []}


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::ffff:192.168.0.1]/", "https://localhost/"],
)
async def test_a_private_address_is_refused_at_registration_and_when_it_is_changed(mine, hook, url):
    for answer in (
        await mine.post("/v1/webhooks", json={"url": url}),
        await mine.patch(f"/v1/webhooks/{hook['id']}", json={"url": url}),
    ):
        assert answer.status_code == 422
        assert "private" in answer.json()["faults"][0]["what"]


async def test_it_is_changed_disabled_and_enabled_and_loses_nothing(mine, hook, ledger, receiver, goes_out):
    at = f"/v1/webhooks/{hook['id']}"
    booking_id = await queued(ledger)
    changed = (await mine.patch(at, json={"types": ["booking.lost", "booking.lost"]})).json()
    assert changed["types"] == ["booking.lost"]
    assert await goes_out() == 0
    changed = (await mine.patch(at, json={"enabled": False})).json()
    assert (changed["enabled"], changed["disabled_why"], changed["url"]) == (False, "asked", receiver.url)
    await ledger.note(booking_id, "booking.lost")
    assert await goes_out() == 0
    changed = (await mine.patch(at, json={"enabled": True, "types": None})).json()
    assert (changed["enabled"], changed["types"]) == (True, None)
    assert await goes_out() == 1
    for body in ({}, {"enabled": "yes"}, {"position": 0}):
        assert (await mine.patch(at, json=body)).status_code == 422


async def test_a_rotation_leaves_no_gap(mine, hook, ledger, receiver, goes_out):
    rotated = await mine.post(f"/v1/webhooks/{hook['id']}/rotate-secret")
    assert rotated.headers["cache-control"] == "no-store"
    newer = rotated.json()["secret"]
    assert rotated.json()["two_secrets_until"] is not None
    await queued(ledger)
    await goes_out()
    (got,) = receiver.got
    assert Webhook(newer).verify(got.body, got.headers) == Webhook(hook["secret"]).verify(got.body, got.headers)
    newest = (await mine.post(f"/v1/webhooks/{hook['id']}/rotate-secret")).json()["secret"]
    await mine.post(f"/v1/webhooks/{hook['id']}/test")
    await goes_out()
    for secret in (newer, newest):
        assert Webhook(secret).verify(receiver.got[1].body, receiver.got[1].headers)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        Webhook(hook["secret"]).verify(receiver.got[1].body, receiver.got[1].headers)


async def test_deliveries_are_paged_and_sent_again(mine, hook, ledger, receiver, goes_out):
    at = f"/v1/webhooks/{hook['id']}/deliveries"
    booking_id = await queued(ledger)
    for _ in range(4):
        await ledger.note(booking_id, "booking.lost")
    receiver.answers = [(500, {})]
    await goes_out()
    seen, cursor = [], None
    while True:
        page = (await mine.get(at, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += page["deliveries"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [one["event"] for one in seen] == [5, 4, 3, 2, 1]
    (failed,) = (await mine.get(at, params={"state": WAITING})).json()["deliveries"]
    assert (failed["event"], failed["tries"], failed["last_status"]) == (1, 1, 500)
    again = await mine.post(f"{at}/{failed['id']}/redeliver")
    assert again.status_code == 202
    assert again.json()["tries"] == 0
    assert await goes_out() == 1
    assert receiver.ids[-1] == receiver.ids[0] == failed["id"]
    assert len((await mine.get(at, params={"state": DELIVERED})).json()["deliveries"]) == 5
    for query in ({"state": "lost"}, {"limit": 0}, {"cursor": "x"}, {"page": 2}):
        assert (await mine.get(at, params=query)).status_code == 422


async def test_what_is_disabled_is_sent_nothing_by_call_either(mine, hook):
    at = f"/v1/webhooks/{hook['id']}"
    made = (await mine.post(f"{at}/test")).json()
    await mine.patch(at, json={"enabled": False})
    for path in ("test", f"deliveries/{made['id']}/redeliver"):
        answer = await mine.post(f"{at}/{path}")
        assert answer.status_code == 409
        assert "PATCH" in answer.json()["then"]


async def test_gone_and_failing_are_seen(mine, hook, receiver, goes_out):
    await mine.post(f"/v1/webhooks/{hook['id']}/test")
    receiver.answers = [(410, {})]
    await goes_out()
    shown = (await mine.get("/v1/webhooks")).json()["webhooks"][0]
    assert (shown["enabled"], shown["disabled_why"]) == (False, "gone")
    assert (shown["health"]["failures"], shown["health"]["last_status"], shown["health"]["waiting"]) == (1, 410, 1)


async def test_another_resellers_is_as_if_it_were_not_there(mine, theirs, hook):
    at = f"/v1/webhooks/{hook['id']}"
    made = (await mine.post(f"{at}/test")).json()
    assert (await theirs.get("/v1/webhooks")).json() == {"webhooks": []}
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"enabled": False}),
        ("DELETE", "", None),
        ("POST", "/rotate-secret", None),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", f"/deliveries/{made['id']}/redeliver", None),
    ):
        answer = await theirs.request(method, at + path, json=body)
        nobodys = await theirs.request(method, "/v1/webhooks/wh_" + 20 * "0" + path, json=body)
        assert answer.status_code == nobodys.status_code == 404
        assert answer.json() | {"instance": None} == nobodys.json() | {"instance": None}
    other = (await theirs.post("/v1/webhooks", json={"url": hook["url"]})).json()
    crossed = await theirs.post(f"/v1/webhooks/{other['id']}/deliveries/{made['id']}/redeliver")
    assert crossed.status_code == 404
    assert (await mine.get(at)).json()["enabled"] is True


async def test_only_events_of_its_own_reseller_come(mine, theirs, hook, ledger, receiver, goes_out):
    await queued(ledger, reseller="theirs")
    assert await goes_out() == 0
    assert receiver.got == []


async def test_a_key_needs_the_scope(address, ledger, mine):
    key = await new_key(ledger, "local", ["bookings:read", "bookings:write", "events:read"])
    answer = await mine.get("/v1/webhooks", headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, "webhooks:write" in answer.text) == (403, True)


async def test_it_is_removed_and_there_is_an_end_to_how_many(mine, receiver):
    made = [await mine.post("/v1/webhooks", json={"url": receiver.url}) for _ in range(MOST + 1)]
    assert [answer.status_code for answer in made] == [201] * MOST + [409]
    at = f"/v1/webhooks/{made[0].json()['id']}"
    assert (await mine.delete(at)).status_code == 204
    assert (await mine.get(at)).status_code == 404
    assert (await mine.post("/v1/webhooks", json={"url": receiver.url})).status_code == 201


async def test_a_deployment_without_a_key_for_secrets_says_so(mine, server, receiver):
    state = server.config.app.state
    house = state.house
    there = house.settings.model_copy(update={"state_key": "env:READBACK_NOBODY_SET_THIS"})
    state.house = replace(house, settings=there)
    answer = await mine.post("/v1/webhooks", json={"url": receiver.url})
    state.house = house
    assert answer.status_code == 503
    assert "READBACK_STATE_KEY" in answer.json()["then"]


async def test_nothing_of_a_guest_is_in_what_is_kept_or_sent(mine, hook, ledger, receiver, goes_out):
    await queued(ledger)
    await goes_out()
    said = receiver.got[0].body.decode() + (await mine.get(f"/v1/webhooks/{hook['id']}/deliveries")).text
    assert "booking.queued" in said
    assert "ada" not in json.dumps(said).lower()
