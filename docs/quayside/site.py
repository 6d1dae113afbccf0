"""A boat hire that takes bookings on its site: the example of docs/writing-an-integration.md.

    python docs/quayside/site.py 8410

It keeps no hold: whoever presses "Book it" first has the boat. Its book is this process's memory.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

BOATS = ("Heron", "Osprey")
TIMES = ("10:00", "12:00", "14:00")
CLOSED_ON = "2030-12-25"


@dataclass
class Hire:
    """A line in the book."""

    number: str
    day: str
    time: str
    boat: str
    people: str
    name: str
    email: str
    status: str = "Booked"


@dataclass
class Book:
    """What has really been booked."""

    hires: list[Hire] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1001))

    def is_free(self, day: str, time: str, boat: str) -> bool:
        """True when nobody has that boat then."""
        taken = [(hire.day, hire.time, hire.boat) for hire in self.hires if hire.status == "Booked"]
        return day != CLOSED_ON and (day, time, boat) not in taken

    def free(self, day: str) -> list[tuple[str, str]]:
        """Times and boats."""
        return [(time, boat) for time in TIMES for boat in BOATS if self.is_free(day, time, boat)]


def shown(hire: dict[str, str]) -> str:
    """A hire as the site shows it everywhere."""
    when = f'<time datetime="{hire["day"]}T{hire["time"]}">{hire["day"]}, {hire["time"]}</time>'
    rows = {
        "When": when,
        "Boat": hire["boat"],
        "People": hire["people"],
        "Name": hire["name"],
        "E-mail": hire["email"],
    }
    if "status" in hire:
        rows["Status"] = hire["status"]
    return "<dl>" + "".join(f"<div><dt>{term}</dt><dd>{what}</dd></div>" for term, what in rows.items()) + "</dl>"


def hidden(values: dict[str, str]) -> str:
    """The values as hidden fields of a form."""
    return "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in values.items())


class Site(BaseHTTPRequestHandler):
    """The pages; each server has its own book."""

    ours: Book

    def do_GET(self) -> None:
        asked = self._fields(urlsplit(self.path).query)
        pages = {"/boats": self.boats, "/details": self.details, "/mine": self.mine}
        pages.get(urlsplit(self.path).path, self.boats)(asked)

    def do_POST(self) -> None:
        sent = self._fields(self.rfile.read(int(self.headers["content-length"])).decode())
        {"/check": self.check, "/book": self.book_it, "/call-off": self.call_off}[self.path](sent)

    def boats(self, asked: dict[str, str]) -> None:
        day = asked.get("day", "2030-06-14")
        items = "".join(
            f'<li><a href="/details?{urlencode({"day": day, "time": time, "boat": boat})}">{time} {boat}</a></li>'
            for time, boat in self.ours.free(day)
        )
        listed = f'<ul aria-label="Free boats">{items}</ul>' if items else "<p>Nothing is free on this day.</p>"
        self._page(f"Boats on {day}", listed)

    def details(self, asked: dict[str, str]) -> None:
        self._page(
            "Who is coming?",
            f'<form method="post" action="/check">{hidden(asked)}'
            '<label>Name <input name="name"></label><label>E-mail <input name="email"></label>'
            '<label>People <input name="people"></label><button>Continue</button></form>',
        )

    def check(self, sent: dict[str, str]) -> None:
        button = f'<form method="post" action="/book">{hidden(sent)}<button>Book it</button></form>'
        self._page("Is this right?", shown(sent) + button)

    def book_it(self, sent: dict[str, str]) -> None:
        if not self.ours.is_free(sent["day"], sent["time"], sent["boat"]):
            self._page("Sorry", '<p role="alert">Somebody else has taken this boat.</p>')
            return
        hire = Hire(number=f"Q-{next(self.ours.numbers)}", **sent)
        self.ours.hires.append(hire)
        self._page("Thank you", f'<p>Your number is <output aria-label="Number">{hire.number}</output>.</p>')

    def mine(self, asked: dict[str, str]) -> None:
        found = [hire for hire in self.ours.hires if hire.email == asked.get("email")]
        body = "".join(
            f'<article aria-label="{hire.number}">{shown(vars(hire))}<form method="post" action="/call-off">'
            f"{hidden({'number': hire.number})}<button>Call it off</button></form></article>"
            for hire in found
        )
        self._page("Your boats", body or "<p>No booking under this address.</p>")

    def call_off(self, sent: dict[str, str]) -> None:
        for hire in self.ours.hires:
            if hire.number == sent["number"]:
                hire.status = "Called off"
        self._page("Called off", "<p>We are sorry that you do not come.</p>")

    def _fields(self, query: str) -> dict[str, str]:
        return {name: escape(values[0]) for name, values in parse_qs(query).items()}

    def _page(self, heading: str, body: str) -> None:
        page = f'<!doctype html><html lang="en"><title>{heading}</title><h1>{heading}</h1>{body}</html>'.encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Keep quiet: addresses hold e-mail addresses."""


def serve(book: Book, port: int) -> ThreadingHTTPServer:
    """A server on loopback; 0 takes a free port."""
    return ThreadingHTTPServer(("127.0.0.1", port), type("Site", (Site,), {"ours": book}))


if __name__ == "__main__":
    serve(Book(), int(sys.argv[1])).serve_forever()
