"""The restaurant's pages as a person meets them: with a screen reader, a keyboard, a small phone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from fixtures.kit.process import TwinProcess
from tests.pages.person import DAY, EMAIL, NAME, PAGES, Person, all_statuses, found, pending

UNLABELLED = """() => [...document.querySelectorAll('input, select, textarea')]
    .filter(e => e.type !== 'hidden' && !e.labels.length && !e.ariaLabel).map(e => e.outerHTML)"""
UNNAMED = "() => [...document.querySelectorAll('button, a')].filter(e => !e.innerText.trim()).map(e => e.outerHTML)"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(("come_to", "heading"), PAGES, ids=[come_to.__name__ for come_to, _ in PAGES])
def test_a_page(person, come_to, heading):
    come_to(person)
    page = person.page
    (h1,) = page.get_by_role("heading", level=1).all()
    assert h1.inner_text() == heading
    assert page.locator("html").get_attribute("lang") == "it"
    assert page.title().endswith("Osteria Luna · Bologna")
    assert page.get_by_role("main").count() == 1
    assert page.evaluate(UNLABELLED) == []
    assert page.evaluate(UNNAMED) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(TOO_WIDE) <= 0


def test_a_whole_booking_with_the_keyboard(person):
    page, keys = person.page, person.page.keyboard
    page.goto("/")
    person.tab_to(page.get_by_label("Giorno"))
    keys.type("06062030")  # the same day wherever the month comes first
    person.tab_to(page.get_by_label("Coperti"))
    keys.type("3")
    person.tab_to(person.button("Cerca un tavolo"))
    keys.press("Enter")
    person.tab_to(person.button("20:00 · Sala · Tavolo 3"))
    keys.press("Enter")
    person.tab_to(page.get_by_label("Nome"))
    keys.type(NAME)
    person.tab_to(page.get_by_label("E-mail"))
    keys.type(EMAIL)
    person.tab_to(person.button("Vai al riepilogo"))
    keys.press("Space")
    person.tab_to(person.button("Conferma prenotazione"))
    keys.press("Enter")
    code = page.get_by_label("Codice").inner_text()
    (record,) = person.house.records()
    assert (record.code, record.name, record.people) == (code, NAME, 3)
    assert record.starts_at.isoformat() == "2030-06-06T20:00:00+02:00"


def test_a_change_with_the_keyboard(person):
    page, keys = person.page, person.page.keyboard
    found(person)
    (before,) = person.house.records()
    person.tab_to(person.button("Modifica prenotazione"))
    keys.press("Enter")
    page.wait_for_url("**/modifica?**")
    person.tab_to(page.get_by_label("Giorno"))
    keys.type("06152030")
    person.tab_to(page.get_by_label("Coperti"))
    keys.type("4")
    person.tab_to(person.button("Mostra i tavoli"))
    keys.press("Enter")
    page.wait_for_url("**coperti=4**")
    person.tab_to(person.button("19:30 · Sala · Tavolo 3"))
    keys.press("Enter")
    expect(page.get_by_label("Codice")).to_have_text(before.code)
    (after,) = person.house.records()
    assert (after.code, after.people, after.resource) == (before.code, 4, "Sala · Tavolo 3")
    assert after.starts_at.isoformat() == "2030-06-15T19:30:00+02:00"


def test_every_status_has_its_word_and_what_can_be_done(person):
    all_statuses(person)
    cards = person.page.get_by_role("article").all()
    acts = {
        card.get_by_role("definition").last.inner_text(): [
            button.inner_text() for button in card.get_by_role("button").all()
        ]
        for card in cards
    }
    assert acts == {
        "In attesa di conferma": ["Modifica prenotazione", "Ritira la richiesta"],
        "Confermata": ["Modifica prenotazione", "Annulla prenotazione"],
        "Rifiutata": [],
        "Cancellata dal ristorante": [],
        "Annullata": [],
    }


def test_the_staff_answers_at_the_desk(person):
    pending(person)
    (record,) = person.house.records()
    person.log_in_at_the_desk()
    person.page.goto(f"/gestione?giorno={DAY}")
    person.press(f"Accetta {record.code}")
    assert [record.status for record in person.house.records()] == ["confirmed"]
    person.press(f"Cancella {record.code}")
    assert [record.status for record in person.house.records()] == ["dropped"]
    expect(person.page.get_by_role("button", name=record.code)).to_have_count(0)


def test_a_fault_in_a_form_is_told_at_its_field(person):
    person.give_details(email="ada@example")
    field = person.page.get_by_label("E-mail")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("Questo indirizzo e-mail non è valido.")
    expect(person.page.get_by_label("Nome")).to_have_value(NAME)


def test_the_hold_runs_out(page, tmp_path):
    """The time shown is the time kept: nothing prolongs it, and past it the table is somebody else's."""
    hold_s = 2
    with TwinProcess.start("fixtures.osteria_luna", tmp_path / "hasty", hold_s=hold_s) as hasty:
        person = Person(page, hasty)
        table = person.button("20:00 · Sala · Tavolo 1")
        page.goto(f"{hasty.origin}/prenota?giorno={DAY}&coperti=2")
        began = datetime.now().astimezone()
        table.click()
        timer = page.get_by_role("status").get_by_role("time")
        ends = datetime.fromisoformat(timer.get_attribute("datetime"))
        assert timedelta(seconds=hold_s - 1) <= ends - began <= timedelta(seconds=hold_s + 2)
        assert timer.inner_text() == ends.strftime("%H:%M:%S")
        page.reload()
        assert datetime.fromisoformat(timer.get_attribute("datetime")) == ends
        page.goto(f"{hasty.origin}/prenota?giorno={DAY}&coperti=2")
        expect(table).to_have_count(0)
        page.wait_for_function("ends => Date.now() > ends", arg=ends.timestamp() * 1000 + 1000)
        page.goto(f"{hasty.origin}/prenota/dati")
        expect(page.get_by_role("alert")).to_contain_text("è scaduto")
        page.goto(f"{hasty.origin}/prenota?giorno={DAY}&coperti=2")
        expect(table).to_have_count(1)
        assert hasty.records() == []
