"""The gate rules on single requests; tests/farm/test_visit.py tries it on a real page."""

from datetime import UTC, datetime, timedelta

import pytest

from farm.errors import ContractBroken
from farm.facts import Facts, Party, Slot
from farm.gate import CommitGate, Ruling, address, body_fields, spoken
from farm.rules import CancelRule, CommitRule, RequestRule

ORIGIN = "https://venue.example"
FORM = "application/x-www-form-urlencoded"
EVER = datetime.max.replace(tzinfo=UTC)
NOON = datetime(2029, 12, 4, 12, tzinfo=UTC)


def now():
    return NOON


def gate(**commit):
    rule = CommitRule(**{"url": "{origin}/book/confirm*", "kind": "document", **commit})
    return CommitGate(rule, [RequestRule(url="{origin}/book/check", kind="fetch")], ORIGIN)


def post(g, path, kind="document", body=None, media=FORM):
    return g.rule("POST", ORIGIN + path, kind, body, media)


def test_closed_until_opened_then_once():
    g = gate()
    assert post(g, "/book/confirm") is Ruling.BREACH
    g.open_once(EVER, now)
    assert g.sent == "no"
    assert post(g, "/book/confirm") is Ruling.PASS
    assert g.sent == "yes"
    assert post(g, "/book/confirm") is Ruling.STOP
    assert g.stopped == ["POST venue.example/book/confirm"] * 2
    with pytest.raises(ContractBroken):
        g.open_once(EVER, now)


def test_once_it_is_shut_nothing_commits_any_more_and_its_answer_stays():
    g = gate()
    g.open_once(EVER, now)
    assert g.shut() == "no"
    assert post(g, "/book/confirm") is Ruling.STOP
    assert g.sent == "no"
    sent = gate()
    sent.open_once(EVER, now)
    post(sent, "/book/confirm")
    assert sent.shut() == "yes"
    assert post(sent, "/book/confirm") is Ruling.STOP


def test_a_visit_that_only_reads_has_nothing_to_open():
    with pytest.raises(ContractBroken):
        CommitGate(None, [], ORIGIN).open_once(EVER, now)


def test_unlisted_unsafe_requests_are_breaches_whatever_the_method():
    g = gate()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert g.rule(method, ORIGIN + "/elsewhere", "fetch", None) is Ruling.BREACH
    assert g.rule("GET", ORIGIN + "/elsewhere", "document", None) is Ruling.PASS


def test_a_live_check_on_the_same_address_is_no_commit():
    g = gate(url="{origin}/book*")
    assert post(g, "/book/check", kind="fetch") is Ruling.PASS
    assert post(g, "/book", kind="document") is Ruling.BREACH


def test_no_means_that_nothing_unsafe_left_after_opening():
    g = gate()
    assert post(g, "/book/check", kind="fetch") is Ruling.PASS
    g.open_once(EVER, now)
    assert g.sent == "no"
    assert post(g, "/book/check", kind="fetch") is Ruling.PASS
    assert g.sent == "unknown"


def test_what_a_redirect_sends_on_may_have_been_anything():
    g = gate()
    assert g.went_past("POST", ORIGIN + "/else")
    g.open_once(EVER, now)
    assert g.went_past("GET", ORIGIN + "/else")
    assert g.sent == "no"
    assert g.went_past("POST", ORIGIN + "/else")
    assert g.sent == "unknown"


def test_a_redirect_may_be_the_commit_itself():
    g = gate(method="GET", kind=None)
    assert not g.went_past("GET", ORIGIN + "/book/confirm"), "closed: too late to stop, the visit must end"
    g = gate(method="GET", kind=None)
    g.open_once(EVER, now)
    assert g.went_past("GET", ORIGIN + "/book/confirm")
    assert g.sent == "yes"
    assert g.rule("GET", ORIGIN + "/book/confirm", "document", None) is Ruling.STOP


CANCEL = CancelRule(url="{origin}/book/*/cancel")


@pytest.mark.parametrize("safe", ["{origin}/book/*", "{origin}*"])
def test_a_look_up_neither_books_nor_cancels_however_wide_its_safe_list(safe):
    booking = CommitRule(url="{origin}/book/confirm")
    g = CommitGate(None, [RequestRule(url=safe)], ORIGIN, never=[booking, CANCEL, None])
    assert post(g, "/book/search") is Ruling.PASS
    assert post(g, "/book/confirm") is Ruling.BREACH
    assert post(g, "/book/12/cancel") is Ruling.BREACH
    assert not g.went_past("POST", ORIGIN + "/book/confirm")
    by_get = CommitGate(None, [], ORIGIN, never=[CommitRule(url="{origin}/book/confirm*", method="GET")])
    assert by_get.rule("GET", ORIGIN + "/book/confirm?id=1", "document", None) is Ruling.BREACH


UNREADABLE = [
    ("action=confirm&action=check", FORM),
    (
        '--x\r\nContent-Disposition: form-data; name="action"\r\n\r\nconfirm\r\n--x--',
        "multipart/form-data; boundary=x",
    ),
    ('{"action": "confirm"}', "text/plain"),
    ('[{"action": "confirm"}]', "application/json"),
    ("not json", "application/json"),
]


@pytest.mark.parametrize(("body", "media"), UNREADABLE)
def test_a_body_that_may_say_confirm_is_the_commit(body, media):
    """A site that routes by a field: the same address is safe for everything else."""
    rule = CommitRule(url="{origin}/index.php", where={"action": "confirm"})
    g = CommitGate(rule, [RequestRule(url="{origin}/index.php")], ORIGIN)
    assert post(g, "/index.php", body="action=check") is Ruling.PASS
    assert post(g, "/index.php", body=body, media=media) is Ruling.BREACH
    g.open_once(EVER, now)
    assert post(g, "/index.php", body=body, media=media) is Ruling.PASS
    assert post(g, "/index.php", body=body, media=media) is Ruling.STOP
    assert g.sent == "yes"


@pytest.mark.parametrize(("body", "media"), UNREADABLE)
def test_a_body_that_may_say_anything_is_not_safe_by_its_field(body, media):
    g = CommitGate(None, [RequestRule(url="{origin}/index.php", where={"action": "check"})], ORIGIN)
    assert post(g, "/index.php", body="action=check&x=1") is Ruling.PASS
    assert post(g, "/index.php", body=body, media=media) is Ruling.BREACH


def test_a_commit_by_get_and_by_a_field_of_the_body():
    g = gate(method="GET", kind=None)
    assert g.rule("GET", ORIGIN + "/book/confirm?id=1", "document", None) is Ruling.BREACH
    g = gate(url="{origin}/index.php", where={"action": "confirm"})
    assert post(g, "/index.php", body="action=confirm&x=1") is Ruling.BREACH
    g.open_once(EVER, now)
    assert post(g, "/index.php", body="action=confirm") is Ruling.PASS
    assert post(g, "/index.php", body='{"action": "confirm"}', media="application/json") is Ruling.STOP


def test_the_wire_has_no_kind_and_is_ruled_on_all_the_same():
    g = gate()
    assert g.rule("POST", ORIGIN + "/book/confirm", None, None) is Ruling.BREACH


def test_another_origin_is_not_the_commit():
    g = gate()
    g.open_once(EVER, now)
    assert g.rule("POST", "https://evil.example/book/confirm", "document", None) is Ruling.BREACH
    assert g.sent == "no"


def test_bodies_and_words():
    assert body_fields("a=1&b=&a=2", FORM) == {"a": ("1", "2"), "b": ("",)}
    assert body_fields('{"a": 1, "b": true, "c": "d"}', "application/json") == {
        "a": ("1",),
        "b": ("true",),
        "c": ("d",),
    }
    assert body_fields(None, "") == {}
    assert address("https://ada:secret@venue.example/x?y=z") == "venue.example/x"
    assert spoken("POST", ORIGIN + "/order/AB12C/abcdefghij123456/cancel?token=x") == (
        "POST venue.example/order/AB12C/…/cancel"
    )


def test_a_click_that_is_held_past_its_deadline_stays_whatever_the_loop_does_first():
    """A worker that was stopped in between has timers and requests waiting at once: the clock decides."""
    clock = iter([NOON, NOON + timedelta(seconds=10)])
    in_time, late = gate(), gate()
    for g in (in_time, late):
        g.open_once(NOON + timedelta(seconds=10), lambda: next(clock))
    assert post(in_time, "/book/confirm") is Ruling.PASS
    assert post(late, "/book/confirm") is Ruling.STOP
    assert late.shut() == "no"


BODY = {"e": "guest_email", "when": "time", "pax": "people"}


@pytest.mark.parametrize(
    ("sent", "differing"),
    [
        ("e=ADA%40example.com&when=20:00&pax=2&more=1", ()),
        ("e=eve%40example.com&when=20:00&pax=3", ("guest_email", "people")),
        ("e=ada%40example.com&when=20:00", ("people",)),
        ("e=ada%40example.com&when=20:00&pax=2&pax=3", ("people",)),
    ],
)
def test_what_the_click_will_send_is_held_against_what_was_asked(sent, differing):
    at = NOON.replace(hour=20)
    asked = Facts(when=Slot(starts_at=at), party=Party(adults=2), guest_email="ada@example.com")
    g = gate(body=BODY)
    g.open_once(EVER, now, asked)
    assert (post(g, "/book/confirm", body=sent) is Ruling.PASS) == (not differing)
    assert (g.differing, g.sent) == (differing, "no" if differing else "yes")
    if differing:
        assert post(g, "/book/confirm", body="e=ada%40example.com&when=20:00&pax=2") is Ruling.STOP, "once only"


def test_a_body_that_cannot_be_read_is_not_what_was_asked():
    g = gate(body=BODY)
    g.open_once(EVER, now, Facts(guest_email="ada@example.com"))
    assert post(g, "/book/confirm", body="x", media="multipart/form-data; boundary=x") is Ruling.STOP
    assert g.differing == ("guest_email",)


def test_fields_that_lie_deeper_have_names_with_dots():
    fields = body_fields('{"guest": {"email": "a@example.com"}, "n": 2}', "application/json")
    assert fields == {
        "guest": ('{"email": "a@example.com"}',), "guest.email": ("a@example.com",), "n": ("2",),
    }  # fmt: skip


@pytest.mark.parametrize("text", ['{"pax": 2, "pax": 3}', "[" * 100_000, '{"a":' * 100_000])
def test_json_that_may_say_two_things_or_nothing_cannot_be_read(text):
    assert body_fields(text, "application/json") is None
