"""Somebody who books at the restaurant, and how they come to each of its pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from fixtures.kit.process import TwinProcess

DESK_PASSWORD = "sfoglia"
DAY = "2030-06-14"
NAME, EMAIL = "Ada Rossi", "ada@example.com"
MOST_STOPS = 60


@dataclass(frozen=True)
class Person:
    """Somebody at a browser.

    Attributes:
        house: The restaurant, whose own book says what really happened.
    """

    page: Page
    house: TwinProcess

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def press(self, name: str) -> None:
        """Press a button, and see the page that comes then."""
        with self.page.expect_navigation():
            self.button(name).click()

    def choose_a_table(self, table: int = 1) -> None:
        self.page.goto(f"/prenota?giorno={DAY}&coperti=2")
        self.press(f"20:00 · Sala · Tavolo {table}")

    def give_details(self, email: str = EMAIL, table: int = 1) -> None:
        self.choose_a_table(table)
        self.page.get_by_label("Nome").fill(NAME)
        self.page.get_by_label("E-mail").fill(email)
        self.press("Vai al riepilogo")

    def book(self, table: int = 1) -> None:
        self.give_details(table=table)
        self.press("Conferma prenotazione")

    def look_up(self) -> None:
        self.page.goto("/la-mia-prenotazione")
        self.page.get_by_label("E-mail").fill(EMAIL)
        self.press("Cerca")

    def log_in_at_the_desk(self) -> None:
        self.page.goto("/gestione")
        self.page.get_by_label("Password").fill(DESK_PASSWORD)
        self.press("Entra")

    def tab_to(self, target: Locator) -> None:
        """Press Tab until the target has the focus, and shows it."""
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            if target.evaluate("e => e === document.activeElement"):
                assert target.evaluate("e => getComputedStyle(e).outlineStyle") != "none", target
                return
        raise AssertionError(f"{target} cannot be reached in {MOST_STOPS} presses of Tab")


def front(person: Person) -> None:
    person.page.goto("/")


def search(person: Person) -> None:
    person.page.goto("/prenota")


def free_tables(person: Person) -> None:
    person.page.goto(f"/prenota?giorno={DAY}&coperti=2")


def nothing_free(person: Person) -> None:
    person.house.set_fault("full", day=DAY)
    free_tables(person)


def a_day_gone(person: Person) -> None:
    person.page.goto("/prenota?giorno=2020-01-01&coperti=2")


def details(person: Person) -> None:
    person.choose_a_table()


def details_refused(person: Person) -> None:
    person.give_details(email="ada@example")


def recap(person: Person) -> None:
    person.give_details()


def thanks(person: Person) -> None:
    person.book()


def refused(person: Person) -> None:
    person.house.set_fault("slot_lost")
    person.book()


def look_up(person: Person) -> None:
    person.page.goto("/la-mia-prenotazione")


def nothing_found(person: Person) -> None:
    person.look_up()


def found(person: Person) -> None:
    person.book()
    person.look_up()


def cancelled(person: Person) -> None:
    found(person)
    person.press("Annulla prenotazione")


def pending(person: Person) -> None:
    person.house.set_fault("needs_approval")
    person.book()


def no_code(person: Person) -> None:
    person.house.set_fault("no_reference_shown")
    person.book()


def error_with_thanks(person: Person) -> None:
    person.house.set_fault("error_says_thank_you")
    person.book()


def down(person: Person) -> None:
    person.house.set_fault("venue_down")
    front(person)


def all_statuses(person: Person) -> None:
    """Every status that a guest can see, each on a booking of its own."""
    cancelled(person)
    person.house.set_fault("needs_approval", times=3)
    for table in (1, 2, 3):
        person.book(table)
    *_, accepted, declined = (record.code for record in person.house.records())
    person.house.answer(accepted, "accept")
    person.house.answer(declined, "decline")
    person.book(4)
    person.house.answer(person.house.records()[-1].code, "drop")
    person.look_up()


def change(person: Person) -> None:
    found(person)
    person.press("Modifica prenotazione")


def nothing_to_change_to(person: Person) -> None:
    change(person)
    person.page.get_by_label("Giorno").fill("2020-01-01")
    person.page.get_by_label("Giorno").evaluate("e => e.removeAttribute('min')")
    person.press("Mostra i tavoli")


def changed(person: Person) -> None:
    change(person)
    person.press("21:30 · Veranda · Tavolo 6")


def unchanged(person: Person) -> None:
    person.house.set_fault("change_refused")
    changed(person)


def desk_door(person: Person) -> None:
    person.page.goto("/gestione")


def desk(person: Person) -> None:
    all_statuses(person)
    person.log_in_at_the_desk()
    person.page.goto(f"/gestione?giorno={DAY}")


PAGES: tuple[tuple[Callable[[Person], None], str], ...] = (
    (front, "Si mangia bene,\nsenza fretta."),
    (search, "Prenota un tavolo"),
    (free_tables, "Prenota un tavolo"),
    (nothing_free, "Prenota un tavolo"),
    (a_day_gone, "Prenota un tavolo"),
    (details, "I suoi dati"),
    (details_refused, "I suoi dati"),
    (recap, "Riepilogo"),
    (thanks, "Grazie, la aspettiamo!"),
    (pending, "Grazie, richiesta ricevuta"),
    (no_code, "Grazie, la aspettiamo!"),
    (error_with_thanks, "Grazie per la sua pazienza"),
    (down, "Torniamo subito"),
    (refused, "Prenotazione non riuscita"),
    (look_up, "La mia prenotazione"),
    (nothing_found, "La mia prenotazione"),
    (found, "La mia prenotazione"),
    (all_statuses, "La mia prenotazione"),
    (cancelled, "Prenotazione annullata"),
    (change, "Modifica prenotazione"),
    (nothing_to_change_to, "Modifica prenotazione"),
    (changed, "Prenotazione modificata"),
    (unchanged, "Modifica non riuscita"),
    (desk_door, "Area riservata"),
    (desk, "Prenotazioni del giorno"),
)
"""Every page of the house: how to come there, and its heading."""
