"""Deliveries, signed by the library that the farm signs with."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from readback_client import webhooks
from readback_client.webhooks import NotSigned
from standardwebhooks import Webhook

EVENT = {
    "number": 7,
    "type": "booking.confirmed",
    "at": "2030-06-14T19:00:00Z",
    "booking": "bk_1",
    "sequence": 3,
    "attempt": 1,
    "venue": "luna",
    "data": {},
}
BODY = json.dumps({"type": "booking.confirmed", "timestamp": "2030-06-14T19:00:00Z", "data": EVENT})
NOW = datetime(2030, 6, 14, 19, tzinfo=UTC)


def new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(24)).decode()


SECRET = new_secret()


def signed(secret=SECRET, at=NOW, body=BODY):
    return {
        "Webhook-Id": "msg_1_7",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("msg_1_7", at, body),
    }


def verify(payload, headers, secret, clock=NOW.timestamp):
    return webhooks.verify(payload, headers, secret, clock=clock)


def test_what_the_farm_sent():
    delivery = verify(BODY.encode(), signed(), SECRET)
    assert (delivery.id, delivery.type) == ("msg_1_7", "booking.confirmed")
    assert (delivery.data.number, delivery.data.booking) == (7, "bk_1")


def test_while_a_secret_is_rotated_both_hold():
    older = new_secret()
    both = f"{signed(older)['Webhook-Signature']} v2,AAAA v1,no+base64! {signed()['Webhook-Signature']}"
    for secret in (SECRET, older):
        assert verify(BODY.encode(), signed() | {"Webhook-Signature": both}, secret).id == "msg_1_7"


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,"},
        {"Webhook-Signature": signed(new_secret())["Webhook-Signature"]},
        {"Webhook-Id": "msg_1_8"},
        {"Webhook-Id": ""},
        {"Webhook-Timestamp": str(int(NOW.timestamp()) + 1)},
        {"Webhook-Timestamp": "now"},
    ],
)
def test_what_was_changed_on_the_way(changed):
    with pytest.raises(NotSigned):
        verify(BODY.encode(), signed() | changed, SECRET)


def test_another_body():
    with pytest.raises(NotSigned, match="no signature"):
        verify(BODY.replace("bk_1", "bk_2").encode(), signed(), SECRET)


@pytest.mark.parametrize("off_s", [-400, 400])
def test_an_old_one_is_not_played_again(off_s):
    at = NOW + timedelta(seconds=off_s)
    with pytest.raises(NotSigned, match="too long ago"):
        verify(BODY.encode(), signed(at=at), SECRET)
    assert verify(BODY.encode(), signed(at=at), SECRET, clock=at.timestamp).id == "msg_1_7"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64"])
def test_what_is_no_secret(secret):
    with pytest.raises(ValueError, match="whsec_"):
        verify(BODY.encode(), signed(), secret)


def test_its_age_is_told_by_this_machines_clock():
    assert webhooks.verify(BODY.encode(), signed(at=datetime.now(UTC)), SECRET).id == "msg_1_7"
    with pytest.raises(NotSigned, match="too long ago"):
        webhooks.verify(BODY.encode(), signed(), SECRET)
