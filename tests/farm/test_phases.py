"""The phase decides what an error means, and no error carries guest data."""

import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import ValidationError

from farm.errors import BrowserLost, ContractBroken, NotBooked, OutcomeUnknown, SlotLost, VenueChanged, VenueDown
from farm.facts import Guest
from farm.phases import Phase, Step, in_words, meaning, without_guest
from farm.status import Cause

GUEST = Guest(name="Ada Maria Rossi", email="ada+rb-7k2m9q4t3w-1@example.com", phone="+39 051 123456")
LEAKY = "Locator.fill: Timeout 15000ms exceeded.\nCall log:\n"
LEAKY += '  - waiting for get_by_label("Ada Maria Rossi")\n  - fill("x")'


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SlotLost("gone"), SlotLost),
        (ContractBroken("bug"), ContractBroken),
        (PlaywrightTimeout(LEAKY), VenueChanged),
        (PlaywrightError("Target page, context or browser has been closed"), BrowserLost),
        (TimeoutError(), VenueDown),
        (KeyError("Coperti"), VenueChanged),
        (ValueError("invalid literal for int()"), VenueChanged),
    ],
)
def test_before_the_commit_nothing_was_booked(error, kind):
    got = meaning(error, Phase.BEFORE, Step.ENTER_GUEST, GUEST)
    assert type(got) is kind
    assert str(got).startswith("enter_guest: ")


@pytest.mark.parametrize("phase", [Phase.COMMIT, Phase.AFTER])
@pytest.mark.parametrize("error", [SlotLost("gone"), PlaywrightTimeout("x"), KeyError("y"), TimeoutError()])
def test_from_the_commit_on_every_error_is_a_doubt(phase, error):
    got = meaning(error, phase, Step.SUBMIT, GUEST)
    assert type(got) is OutcomeUnknown
    assert not isinstance(got, NotBooked)
    assert got.cause is Cause.OUTCOME_UNKNOWN


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize(
    "text",
    [
        LEAKY,
        f"no row for {GUEST.email}",
        f"{GUEST.phone} no",
        "ada@example.com",
        "Sig. rossi",
        "KeyError: 'Maria'",
        "dial +39051123456",
        "051/123 456",
        'waiting for "https://x.example/orders/?query=ada%2Brb-7k2m9q4t3w-1%40example.com" navigation',
        "at https://x.example/order/AB12C/s3cr3ts3cr3ts3cr3t/ now",
    ],
)
def test_no_guest_data_in_any_message(phase, text):
    said = str(meaning(PlaywrightTimeout(text), phase, Step.ENTER_GUEST, GUEST)).casefold()
    words = ("rossi", "maria", "ada+", "ada@", "ada%", "051", "123456", "123 456", "7k2m", "s3cr3t")
    assert [word for word in words if word in said] == []


@pytest.mark.parametrize("guest", [None, GUEST])
@pytest.mark.parametrize("length", [13, 16, 19])
@pytest.mark.parametrize("between", ["", " ", "-"])
@pytest.mark.parametrize("shape", ["{0}", "card {0} was declined", "{0}.", "Nr.{0}, sorry", "card={0};"])
def test_the_number_of_a_card_is_in_no_message(guest, length, between, shape):
    number = "4" + "0" * (length - 2) + "2"
    written = between.join(number[place : place + 4] for place in range(0, length, 4))
    assert without_guest(shape.format(written), guest) == shape.format("[number]")


@pytest.mark.parametrize("other", ["4" * 12, "4" * 20, "0.4000000000000002", "1764338400000.25"])
def test_another_number_stays_as_it_is(other):
    assert without_guest(other, None) == other


def test_a_long_message_is_cut_after_the_guest_was_taken_out():
    said = in_words(ValueError("x" * 280 + f" {GUEST.email} and more of the page"), GUEST)
    assert len(said) == 300
    assert said.endswith(" [guest]"[: 300 - len("ValueError: ") - 280])


@pytest.mark.parametrize("url", ["https://[object Object]/", "https://[venue]/x"])
def test_an_address_that_is_none_breaks_no_error(url):
    said = str(meaning(ValueError(f"went to {url} and back"), Phase.COMMIT, Step.SUBMIT, GUEST))
    assert said.startswith("submit: ValueError: went to [address]")


def test_a_page_full_of_digits_is_read_in_time():
    """On the loop: nothing else runs meanwhile, not even the heartbeat. In the square it would take an hour."""
    assert "[guest]" not in str(meaning(ValueError("7" * 1_000_000), Phase.BEFORE, Step.SEARCH, GUEST))


def test_a_fact_that_is_not_whole_names_its_field_and_not_its_value():
    with pytest.raises(ValidationError) as caught:
        Guest.model_validate({"name": "Ada", "email": "geheim"})
    said = str(meaning(caught.value, Phase.BEFORE, Step.ENTER_GUEST, GUEST))
    assert said == "enter_guest: Guest is not whole: email: is no e-mail address"


SCRIPT_MODULE = """
def read(page):
    return page["Vessel"]

def refuse():
    raise SlotLost("somebody else was faster")
"""


def said_of(module: str, call: str) -> str:
    """What is said of an error that comes out of a module of this name."""
    there = {"__name__": module, "SlotLost": SlotLost}
    exec(compile(SCRIPT_MODULE, "/venues/quayside/script.py", "exec"), there)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        eval(call, there)
    return str(meaning(caught.value, Phase.BEFORE, Step.SEARCH, GUEST))


def test_an_error_names_the_line_of_the_script_that_it_comes_from():
    assert said_of("readback_integration_quayside", "read({})") == "search: KeyError: 'Vessel' (script.py:3)"
    assert said_of("integrations.quayside.pages", "read({})").endswith("(script.py:3)")
    assert said_of("farm.visit", "read({})") == "search: KeyError: 'Vessel'"


def test_what_the_script_says_itself_needs_no_line():
    assert said_of("readback_integration_quayside", "refuse()") == "search: somebody else was faster"


def test_what_was_waited_for_is_said():
    said = str(meaning(PlaywrightTimeout(LEAKY), Phase.BEFORE, Step.HOLD, GUEST))
    assert 'waiting for get_by_label("[guest]")' in said


@pytest.mark.parametrize(
    "said",
    [
        "Locator.wait_for: Target crashed",
        "Page.goto: Page crashed",
        "Locator.click: Target page, context or browser has been closed",
        "Connection closed while reading from the driver",
    ],
)
def test_a_browser_of_ours_that_died_is_not_held_against_the_venue(said):
    lost = meaning(PlaywrightError(said), Phase.BEFORE, Step.HOLD, None)
    assert isinstance(lost, BrowserLost)
    assert lost.cause is Cause.WORKER_LOST
    assert isinstance(meaning(PlaywrightError(said), Phase.COMMIT, Step.SUBMIT, None), OutcomeUnknown)


def test_a_venue_that_does_not_answer_is_down():
    down = meaning(PlaywrightError("net::ERR_CONNECTION_REFUSED"), Phase.BEFORE, Step.SEARCH, None)
    assert type(down) is VenueDown
