"""What a mutation makes of a page: the facts are found as pages write them, and nothing else is touched."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from farm.facts import Facts, Party, Slot, Stay
from tools.mutation.mirror import Body
from tools.mutation.mutations import MUTATIONS, Booked
from tools.mutation.numbers import number_in
from tools.mutation.renderings import of_date, of_moment, of_time, pairs, standing_alone, swap

ROME = ZoneInfo("Europe/Rome")
MOMENT = datetime(2026, 12, 4, 20, 30, tzinfo=ROME)
OURS = "RB-RXRJF8QRHA-1"
EMAIL = "ada+rb-rxrjf8qrha-1@example.com"
PAGE = f"""<!doctype html>
<html lang="it"><head><title>La mia prenotazione</title><style>h2 {{ margin: 2px }}</style></head><body>
<h1>La mia prenotazione</h1>
<article aria-label="Prenotazione OL-D6EDT"><h2>OL-D6EDT</h2><dl>
<dt>Quando</dt><dd><time datetime="2026-12-04T20:30:00+01:00">venerdì 4 dicembre 2026, ore 20:30</time></dd>
<dt>Coperti</dt><dd>2</dd><dt>Tavolo</dt><dd>Sala · Tavolo 2</dd>
<dt>Nome</dt><dd>Ada Rossi</dd><dt>E-mail</dt><dd>{EMAIL}</dd><dt>Note</dt><dd>alla finestra ({OURS})</dd>
<dt>Stato</dt><dd>Confermata</dd></dl><form><input type="hidden" name="n" value="2"></form></article></body></html>"""
DATA = json.dumps({
    "code": "OL-D6EDT",
    "id": 812,
    "starts_at": "2026-12-04T19:30:00Z",
    "label": "4 dic, 20:30",
    "people": 2,
    "guest": {"name": "Ada Rossi", "email": EMAIL},
})  # fmt: skip


@pytest.fixture
def booked():
    wanted = Facts(
        when=Slot(starts_at=MOMENT),
        party=Party(adults=2),
        resource="Sala · Tavolo 2",
        guest_name="Ada Rossi",
        guest_email=EMAIL,
    )
    return Booked(wanted, OURS, "OL-D6EDT", "it", ROME)


@pytest.fixture
def on(booked):
    """What a mutation makes of a body."""

    def on(name: str, text: str, media: str = "text/html", booked: Booked = booked) -> str:
        (mutation,) = [one for one in MUTATIONS if one.name == name]
        return mutation.change(Body("http://127.0.0.1/", media, text), booked)

    return on


class TestPages:
    def test_the_number_is_gone_wherever_it_stood(self, on):
        page = on("number_dropped", PAGE)
        assert "D6EDT" not in page
        assert page == PAGE.replace("OL-D6EDT", "")

    def test_the_date_is_the_next_days_for_people_and_machines(self, on):
        page = on("date_shifted", PAGE)
        assert page == PAGE.replace("2026-12-04", "2026-12-05").replace("venerdì 4 dicembre", "sabato 5 dicembre")

    def test_the_time_is_another_on_the_same_day(self, on):
        assert on("time_shifted", PAGE) == PAGE.replace("20:30", "22:00")

    def test_one_more_person_and_the_same_table(self, on):
        assert on("party_changed", PAGE) == PAGE.replace("<dd>2</dd>", "<dd>3</dd>")

    def test_another_guest_has_nothing_of_ours(self, on):
        page = on("another_guest", PAGE)
        assert not any(said in page for said in ("Ada", "Rossi", "ada", "RB-", "rb-"))
        assert "<dd>Zeno Altrui</dd>" in page
        assert "OL-D6EDT" in page

    def test_an_error_that_thanks(self, on):
        page = on("error_with_thanks", PAGE)
        assert "Si è verificato un errore." in page
        assert "Grazie" in page
        assert "<h1>La mia prenotazione</h1>" in page
        assert not any(said in page for said in ("OL-D6EDT", "Ada", "dicembre"))

    def test_another_language_keeps_what_has_a_name(self, on):
        page = on("another_language", PAGE)
        kept = ("OL-D6EDT", "Ada Rossi", EMAIL, "Sala · Tavolo 2", OURS, "2026-12-04T20:30:00+01:00", "margin: 2px")
        assert [said for said in kept if said not in page] == []
        assert not any(said in page for said in ("prenotazione", "Prenotazione", "Coperti", "Confermata", "dicembre"))
        assert 'lang="fi"' in page
        assert "perjantai 4. joulukuuta 2026" in page


class TestData:
    def changed(self, on, name: str) -> dict[str, object]:
        before, after = json.loads(DATA), json.loads(on(name, DATA, "application/json"))
        return {key: value for key, value in after.items() if value != before.get(key)}

    def test_each_is_found_in_data_too(self, on):
        assert self.changed(on, "number_dropped") == {"code": None}
        assert self.changed(on, "date_shifted") == {"starts_at": "2026-12-05T19:30:00Z", "label": "5 dic, 20:30"}
        assert self.changed(on, "time_shifted") == {"starts_at": "2026-12-04T21:00:00Z", "label": "4 dic, 22:00"}
        assert self.changed(on, "party_changed") == {"people": 3}
        other = {"name": "Zeno Altrui", "email": "zeno.altrui@example.org"}
        assert self.changed(on, "another_guest") == {"guest": other}
        assert set(self.changed(on, "error_with_thanks")) == {"status", "message"}

    def test_data_has_no_language(self, on):
        assert on("another_language", DATA, "application/json") == DATA

    def test_what_is_no_json_stays(self, on):
        assert on("party_changed", "while(1);[2]", "application/json") == "while(1);[2]"


@pytest.mark.parametrize("mutation", ["error_with_thanks", "another_language"])
def test_a_page_that_is_not_about_the_booking_is_left_alone(on, mutation):
    log_in = '<html lang="it"><body><h1>Area riservata</h1><label>Password</label></body></html>'
    assert on(mutation, log_in) == log_in


def test_nights_move_together_and_have_no_time(on, booked):
    stay = Stay(check_in=date(2026, 12, 30), check_out=date(2027, 1, 1))
    nights = Booked(Facts(when=stay), OURS, "SB-1", "de", ZoneInfo("Europe/Berlin"))
    page = "<p>SB-1</p><p>Mi., 30. Dezember 2026 bis 01.01.2027, 2 Nächte</p>"
    assert on("date_shifted", page, booked=nights) == page.replace("Mi., 30. D", "Do., 31. D").replace(
        "01.01", "02.01"
    )
    assert [mutation.name for mutation in MUTATIONS if not mutation.of_nights] == ["time_shifted"]
    assert on("time_shifted", page, booked=nights) == page


class TestRenderings:
    @pytest.mark.parametrize("language", ["de", "en", "en-GB", "es", "fr", "it"])
    def test_two_days_and_two_times_are_written_in_the_same_ways(self, language):
        for shift in (timedelta(days=1), timedelta(minutes=90), timedelta(hours=5, minutes=30)):
            other = MOMENT + shift
            assert len(of_date(MOMENT.date(), language)) == len(of_date(other.date(), language))
            assert len(of_time(MOMENT, language)) == len(of_time(other, language))
            assert len(of_moment(MOMENT)) == len(of_moment(other))

    @pytest.mark.parametrize(
        ("language", "said", "becomes"),
        [
            ("en", "Friday, December 4, 2026 at 8:30 PM", "Saturday, December 5, 2026 at 8:30 PM"),
            ("en-GB", "Fri 4 Dec, 20.30", "Sat 5 Dec, 20.30"),
            ("de", "Fr., 4. Dez. 2026 um 20:30 Uhr", "Sa., 5. Dez. 2026 um 20:30 Uhr"),
            ("fr", "vendredi 4 décembre à 20h30", "samedi 5 décembre à 20h30"),
            ("es", "viernes, 4 de diciembre de 2026", "sábado, 5 de diciembre de 2026"),
            ("it", "ven 04/12/2026, Tavolo 4, 4.12", "sab 05/12/2026, Tavolo 4, 4.12"),
        ],
    )
    def test_a_day_in_its_language(self, language, said, becomes):
        day = MOMENT.date()
        assert swap(said, pairs(of_date(day, language), of_date(day + timedelta(days=1), language))) == becomes

    @pytest.mark.parametrize(
        ("said", "becomes"),
        [
            ("20:30, 20.30, 20h30 and 8:30 PM", "22:00, 22.00, 22h00 and 10:00\u202fPM"),
            ("8:30 pm", "10:00\u202fPM"),
            ("2026-12-04T20:30:00+01:00", "2026-12-04T22:00:00+01:00"),
            ("120:30 20:301 1:20:30", "120:30 20:301 1:20:30"),
        ],
    )
    def test_a_time_however_it_is_written(self, said, becomes):
        later = MOMENT + timedelta(minutes=90)
        assert swap(said, pairs(of_time(MOMENT, "en"), of_time(later, "en"))) == becomes

    @pytest.mark.parametrize(
        ("said", "becomes"),
        [
            ("2 persone (2) 2x 2.", "3 persone (3) 3x 3."),
            ("Tavolo 2: 2 posti", "Tavolo 2: 3 posti"),
            ("20:02 2.50 € 1,2 +2 #2 2026 2/3 A2", "20:02 2.50 € 1,2 +2 #2 2026 2/3 A2"),
        ],
    )
    def test_a_number_that_stands_alone(self, said, becomes):
        assert standing_alone(said, 2, 3, ["Tavolo 2"]) == becomes


class TestNumbers:
    def test_the_next_bookings_number_stands_where_the_good_ones_stood(self):
        good = ['<p>Il suo codice:</p><output aria-label="Codice">OL-D6EDT</output>']
        assert number_in(good[0].replace("D6EDT", "QQ7RW"), good, "OL-D6EDT") == "OL-QQ7RW"
        assert number_in('{"code": "M-77", "x": 1}', ['{"code": "M-12", "x": 1}'], "M-12") == "M-77"

    def test_a_page_of_another_shape_has_none(self):
        assert number_in("<p>Grazie</p>", ["<output>OL-D6EDT</output>"], "OL-D6EDT") is None
        assert number_in("<output>OL-QQ7RW</output>", ["<output>OL-D6EDT</output>"], None) is None
