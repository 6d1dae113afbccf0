"""The theatre's pages as a person meets them: the seating plan by keyboard, the card in another company's frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from fixtures.kit.process import TwinProcess
from tests.fixtures.theatregoer import EVENING, a_number
from tests.pages.test_osteria_luna import TOO_WIDE, UNLABELLED

PASSWORD = "quill"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    folder = tmp_path_factory.mktemp("marlowe")
    with TwinProcess.start("fixtures.marlowe_theatre", folder, box_office_password=PASSWORD) as twin:
        yield twin


@pytest.fixture
def theatre(running: TwinProcess) -> TwinProcess:
    running.clear()
    return running


@pytest.fixture
def asked(page: Page, theatre: TwinProcess) -> Iterator[list[Request]]:
    """What the pages ask for. No page complains, and nothing is asked of another machine."""
    requests: list[Request] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 - a built-in cannot listen
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield requests
    known = {"", *(urlsplit(origin).netloc for origin in (theatre.origin, *theatre.also.values()))}
    assert {urlsplit(request.url).netloc for request in requests} <= known
    assert complaints == []


def hold_two(page: Page, theatre: TwinProcess) -> None:
    page.goto(f"{theatre.origin}/performances/{EVENING}")
    for number in (15, 16):
        page.get_by_role("button", name=f"Balcony, row B, seat {number}, £18.00").click()
    page.get_by_role("button", name="Hold these seats").click()


def give_details(page: Page) -> None:
    page.get_by_label("Full name").fill("Ada Rossi")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_role("button", name="Continue to payment").click()


def pay(page: Page) -> None:
    frame = page.frame_locator("[title='Secure card details']")
    frame.get_by_label("Card number").fill(a_number())
    frame.get_by_label("Name on card").fill("Ada Rossi")
    frame.get_by_label("Expiry date").fill("12/99")
    frame.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Continue to your bank").click()


def is_whole(page: Page, heading: str) -> None:
    """A page that a screen reader and a small phone can use."""
    (h1,) = page.get_by_role("heading", level=1).all()
    assert h1.inner_text() == heading
    assert page.locator("html").get_attribute("lang") == "en-GB"
    assert page.title().endswith("Marlowe Theatre · London")
    assert page.evaluate(UNLABELLED) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(TOO_WIDE) <= 0
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_card_number_is_seen_by_the_card_company_only(
    page: Page, theatre: TwinProcess, asked: list[Request]
) -> None:
    hold_two(page, theatre)
    give_details(page)
    pay(page)
    expect(page.get_by_role("heading", name="Your bank is checking")).to_be_visible()
    book = page.get_by_role("button", name="Pay £36.00 and book")
    expect(book).to_be_visible()
    book.click()
    expect(page.get_by_label("Booking reference")).to_have_text(re.compile("^MT-"))
    saw = {urlsplit(request.url).netloc for request in asked if a_number() in (request.post_data or "")}
    assert saw == {urlsplit(theatre.also["card"]).netloc}
    assert [record.status for record in theatre.records()] == ["confirmed"]


def test_seats_are_chosen_with_the_keyboard(page: Page, theatre: TwinProcess, asked: list[Request]) -> None:
    page.goto(f"{theatre.origin}/performances/{EVENING}")
    for number, key in ((15, "Enter"), (16, "Space"), (17, "Enter")):
        seat = page.get_by_role("button", name=f"Balcony, row B, seat {number}, £18.00")
        seat.focus()
        page.keyboard.press(key)
        expect(seat).to_have_attribute("aria-pressed", "true")
    # two tickets: the first choice goes
    chosen = page.get_by_role("list", name="Chosen seats").get_by_role("listitem")
    expect(chosen).to_have_text(["Balcony, row B, seat 16, £18.00", "Balcony, row B, seat 17, £18.00"])
    expect(page.get_by_label("Total")).to_have_text("£36.00")
    hold = page.get_by_role("button", name="Hold these seats")
    hold.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("timer")).to_contain_text(re.compile(r"7:\d\d left"))
    assert [held.resource for held in theatre.holds()] == ["Balcony · Row B · Seats 16–17"]


def test_a_late_answer_moves_the_choice(page: Page, theatre: TwinProcess, asked: list[Request]) -> None:
    theatre.set_fault("late_reselect")
    hold_two(page, theatre)
    expect(page.get_by_role("timer")).to_be_visible()
    assert [held.resource for held in theatre.holds()] != ["Balcony · Row B · Seats 15–16"]
    assert theatre.fault_hits("late_reselect") == 1


def test_a_seat_under_a_mark_takes_no_click(page: Page, theatre: TwinProcess, asked: list[Request]) -> None:
    theatre.set_fault("covered_cell")
    page.goto(f"{theatre.origin}/performances/{EVENING}")
    seat = page.get_by_role("button", name="Balcony, row B, seat 15, £18.00")
    expect(seat).to_be_visible()
    box = seat.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(seat).to_have_attribute("aria-pressed", "false")
    assert theatre.fault_hits("covered_cell") == 1


def test_every_page_is_whole(page: Page, theatre: TwinProcess, asked: list[Request]) -> None:
    page.goto(theatre.origin)
    page.goto(f"{theatre.origin}/whats-on?date=2031-12-04")
    is_whole(page, "What’s on")
    page.goto(f"{theatre.origin}/performances/{EVENING}")
    expect(page.get_by_role("button", name="Balcony, row B, seat 15")).to_be_visible()
    is_whole(page, "Small Hours")
    hold_two(page, theatre)
    expect(page.get_by_role("timer")).to_be_visible()
    is_whole(page, "Your details")
    give_details(page)
    expect(page.get_by_role("heading", name="Card details")).to_be_visible()
    is_whole(page, "Card details")
    pay(page)
    expect(page.get_by_role("heading", name="Review and pay")).to_be_visible()
    is_whole(page, "Review and pay")
    page.get_by_role("button", name="and book").click()
    expect(page.get_by_role("heading", name="Thank you, enjoy the play")).to_be_visible()
    is_whole(page, "Thank you, enjoy the play")
    page.goto(f"{theatre.origin}/my-booking")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Surname").fill("Rossi")
    page.get_by_role("button", name="Find booking").click()
    expect(page.get_by_role("article")).to_be_visible()
    is_whole(page, "Find my booking")
    page.goto(f"{theatre.origin}/box-office")
    is_whole(page, "Box office log-in")
    page.get_by_label("User name").fill("boxoffice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Bookings", exact=True)).to_be_visible()
    is_whole(page, "Bookings")
    page.goto(f"{theatre.origin}/box-office/performances/{EVENING}")
    is_whole(page, "House plan")
