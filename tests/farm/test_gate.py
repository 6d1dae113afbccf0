"""The gate rules on single requests; tests/farm/test_visit.py tries it on a real page."""

import pytest

from farm.errors import ContractBroken
from farm.gate import CommitGate, Ruling, body_fields, spoken
from farm.manifest import CommitRule, RequestRule

ORIGIN = "https://venue.example"
FORM = "application/x-www-form-urlencoded"


def gate(**commit):
    rule = CommitRule(**{"url": "{origin}/book/confirm*", "kind": "document", **commit})
    return CommitGate(rule, [RequestRule(url="{origin}/book/check", kind="fetch")], ORIGIN)


def post(g, path, kind="document", body=None, media=FORM):
    return g.rule("POST", ORIGIN + path, kind, body, media)


def test_closed_until_opened_then_once():
    g = gate()
    assert post(g, "/book/confirm") is Ruling.BREACH
    g.open_once()
    assert g.sent == "no"
    assert post(g, "/book/confirm") is Ruling.PASS
    assert g.sent == "yes"
    assert post(g, "/book/confirm") is Ruling.STOP
    assert g.stopped == ["POST venue.example/book/confirm"] * 2
    with pytest.raises(ContractBroken):
        g.open_once()


def test_once_it_is_shut_nothing_commits_any_more_and_its_answer_stays():
    g = gate()
    g.open_once()
    assert g.shut() == "no"
    assert post(g, "/book/confirm") is Ruling.STOP
    assert g.sent == "no"
    sent = gate()
    sent.open_once()
    post(sent, "/book/confirm")
    assert sent.shut() == "yes"
    assert post(sent, "/book/confirm") is Ruling.STOP


def test_a_visit_that_only_reads_has_nothing_to_open():
    with pytest.raises(ContractBroken):
        CommitGate(None, [], ORIGIN).open_once()


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
    g.open_once()
    assert g.sent == "no"
    assert post(g, "/book/check", kind="fetch") is Ruling.PASS
    assert g.sent == "unknown"


def test_what_a_redirect_sends_on_may_have_been_anything():
    g = gate()
    g.went_past("POST")
    g.open_once()
    g.went_past("GET")
    assert g.sent == "no"
    g.went_past("POST")
    assert g.sent == "unknown"


def test_a_commit_by_get_and_by_a_field_of_the_body():
    g = gate(method="GET", kind=None)
    assert g.rule("GET", ORIGIN + "/book/confirm?id=1", "document", None) is Ruling.BREACH
    g = gate(url="{origin}/index.php", where={"action": "confirm"})
    assert post(g, "/index.php", body="action=confirm&x=1") is Ruling.BREACH
    g.open_once()
    assert post(g, "/index.php", body="action=confirm") is Ruling.PASS
    assert post(g, "/index.php", body='{"action": "confirm"}', media="application/json") is Ruling.STOP


def test_the_wire_has_no_kind_and_is_ruled_on_all_the_same():
    g = gate()
    assert g.rule("POST", ORIGIN + "/book/confirm", None, None) is Ruling.BREACH


def test_another_origin_is_not_the_commit():
    g = gate()
    g.open_once()
    assert g.rule("POST", "https://evil.example/book/confirm", "document", None) is Ruling.BREACH
    assert g.sent == "no"


def test_bodies_and_words():
    assert body_fields("a=1&b=", FORM) == {"a": "1", "b": ""}
    assert body_fields('{"a": 1}', "application/json") == {"a": "1"}
    assert body_fields("not json", "application/json") == {}
    assert spoken("POST", ORIGIN + "/order/AB12C/abcdefghij123456/cancel?token=x") == (
        "POST venue.example/order/AB12C/…/cancel"
    )
