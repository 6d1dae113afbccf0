"""The mutations: what a good page becomes that a script, with the core's judgement, must not take for good."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from farm.facts import Facts, Slot, Stay
from tools.mutation.markup import heading_of, in_data, in_texts, in_words, with_body
from tools.mutation.mirror import Body
from tools.mutation.renderings import of_date, of_moment, of_text, of_time, pairs, shows, standing_alone, swap

ELSEWHERE = "fi"
"""The language that a page comes in suddenly."""
NEXT_DAY = timedelta(days=1)
LATER = timedelta(minutes=90)
OTHER_NAME, OTHER_EMAIL, OTHER_PHONE = "Zeno Altrui", "zeno.altrui@example.org", "+39 0541 998877"
_SORRY = {
    "de": ("Es ist ein Fehler aufgetreten.", "Vielen Dank für Ihre Geduld."),
    "en": ("An error has occurred.", "Thank you for your patience."),
    "es": ("Se ha producido un error.", "Gracias por su paciencia."),
    "fr": ("Une erreur est survenue.", "Merci de votre patience."),
    "it": ("Si è verificato un errore.", "Grazie per la pazienza."),
}


@dataclass(frozen=True)
class Booked:
    """The booking that the pages show.

    Attributes:
        wanted: Its facts.
        ours: Our reference, as planted.
        reference: The venue's.
    """

    wanted: Facts
    ours: str
    reference: str | None
    language: str
    zone: ZoneInfo

    @property
    def days(self) -> list[datetime]:
        """The days (and times) that it names, in the venue's zone."""
        when = self.wanted.when
        if isinstance(when, Slot):
            return [when.starts_at.astimezone(self.zone)]
        nights = (when.check_in, when.check_out) if isinstance(when, Stay) else ()
        return [datetime(day.year, day.month, day.day, 12, tzinfo=self.zone) for day in nights]

    @property
    def names(self) -> list[str]:
        """What is called by a name, and no word of any language."""
        wanted = self.wanted
        named = (wanted.guest_email, wanted.guest_name, wanted.guest_phone, wanted.resource, wanted.service)
        return [text for text in (*named, self.ours, self.reference) if text]

    def is_on(self, body: Body) -> bool:
        """True when an answer is about this booking, and not a log-in page or a menu on the way."""
        telling = (self.reference, self.wanted.guest_email, self.wanted.guest_name, self.ours)
        return shows(body.text, [one for text in telling if text for one in of_text(text)])


Change = Callable[[Body, Booked], str]


@dataclass(frozen=True)
class Mutation:
    """One way in which a page goes wrong.

    Attributes:
        name: How ``[[leave_out]]`` names it.
        sentence: What the page shows then.
        change: The body as it becomes; as it was where there is nothing to change.
        of_nights: False of what no booking of nights shows.
    """

    name: str
    sentence: str
    change: Change
    of_nights: bool = True


def _everywhere(becomes: Callable[[Booked], dict[str, str]]) -> Change:
    """The same swap in the whole source of a page, and in every text of data."""

    def change(body: Body, booked: Booked) -> str:
        found = becomes(booked)
        if body.is_json:
            numbers = {int(old): int(new) if new else None for old, new in found.items() if _are_digits(old, new)}
            return in_data(body.text, lambda text: swap(text, found), lambda number: numbers.get(number, number))
        return swap(body.text, found)

    return change


def _are_digits(old: str, new: str) -> bool:
    return old.isdigit() and (new.isdigit() or not new)


def _without_number(booked: Booked) -> dict[str, str]:
    return dict.fromkeys(of_text(booked.reference), "") if booked.reference else {}


def _on_another_day(booked: Booked) -> dict[str, str]:
    return _merged(
        pairs(
            [*of_moment(day), *of_date(day.date(), booked.language)],
            [*of_moment(day + NEXT_DAY), *of_date((day + NEXT_DAY).date(), booked.language)],
        )
        for day in booked.days
    )


def _at_another_time(booked: Booked) -> dict[str, str]:
    if not isinstance(booked.wanted.when, Slot):
        return {}
    moment = booked.days[0]
    other = moment + LATER if (moment + LATER).date() == moment.date() else moment - LATER
    language = booked.language
    return pairs([*of_moment(moment), *of_time(moment, language)], [*of_moment(other), *of_time(other, language)])


def _for_somebody_else(booked: Booked) -> dict[str, str]:
    wanted, becomes = booked.wanted, dict.fromkeys(of_text(booked.ours), "")
    given, _, family = (wanted.guest_name or "").rpartition(" ")
    for old, new in (
        (wanted.guest_email, OTHER_EMAIL),
        (wanted.guest_phone, OTHER_PHONE),
        (wanted.guest_name, OTHER_NAME),
        (f"{family}, {given}", "Altrui, Zeno"),
        (given, "Zeno"),
        (family, "Altrui"),
    ):
        if old and re.search(r"\w", old):
            becomes |= dict.fromkeys(of_text(old), new)
    return becomes


def _for_more(body: Body, booked: Booked) -> str:
    party = booked.wanted.party
    counts = {party.people, party.adults, party.units} - {None, 0} if party is not None else set()
    kept = [*booked.names, *(one for day in booked.days for one in of_date(day.date(), booked.language))]

    def change(text: str) -> str:
        for count in sorted(count for count in counts if count is not None):
            text = standing_alone(text, count, count + 1, kept)
        return text

    if body.is_json:
        return in_data(body.text, lambda text: text if len(text) > _A_SENTENCE else change(text), _one_more(counts))
    return in_texts(body.text, change)


_A_SENTENCE = 60


def _one_more(counts: set[int | None]) -> Callable[[int], int]:
    return lambda number: number + 1 if number in counts else number


def _sorry(body: Body, booked: Booked) -> str:
    if not booked.is_on(body):
        return body.text
    error, thanks = _SORRY.get(booked.language.partition("-")[0], _SORRY["en"])
    if body.is_json:
        return f'{{"status": "error", "message": "{error} {thanks}"}}'
    return with_body(body.text, f"<main>{heading_of(body.text)}<p>{error}</p><p>{thanks}</p></main>")


def _in_another_language(body: Body, booked: Booked) -> str:
    """Words become others, names and numbers stay; data has no language."""
    if body.is_json or not booked.is_on(body) or "html" not in body.media:
        return body.text
    dates = _merged(
        pairs(of_date(day.date(), booked.language), of_date(day.date(), ELSEWHERE)) for day in booked.days
    )
    kept = sorted([*booked.names, *dates.values()], key=len, reverse=True)
    word = re.compile("|".join([*(re.escape(one) for one in kept), r"&\w+;", r"([^\W\d_]{2,})"]), re.IGNORECASE)

    def change(text: str) -> str:
        return word.sub(lambda found: _abroad(found[1]) if found[1] else found.group(), swap(text, dates))

    return re.sub(r'(<html\b[^>]*\blang=")[^"]*', rf"\g<1>{ELSEWHERE}", in_words(body.text, change))


def _abroad(word: str) -> str:
    turned = word[::-1].lower()
    return turned.capitalize() if word[0].isupper() else turned


def _merged(many: Iterator[dict[str, str]]) -> dict[str, str]:
    """Of two that become different things the first one counts."""
    merged: dict[str, str] = {}
    for one in many:
        merged = one | merged
    return merged


MUTATIONS = (
    Mutation("number_dropped", "the venue's number is not on the page any more", _everywhere(_without_number)),
    Mutation("date_shifted", "the page shows the next day", _everywhere(_on_another_day)),
    Mutation("time_shifted", "the page shows another time", _everywhere(_at_another_time), of_nights=False),
    Mutation("party_changed", "the page shows one more person", _for_more),
    Mutation("another_guest", "the page shows another guest's name and e-mail", _everywhere(_for_somebody_else)),
    Mutation("error_with_thanks", 'an error page that says "thank you"', _sorry),
    Mutation("another_language", "the page comes in another language", _in_another_language),
)
