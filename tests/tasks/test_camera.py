"""Pictures of real pages: two guests' pages give the same picture, byte for byte, and the page notices nothing."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from tasks.camera import Camera, Frame
from tasks.masks import MASK, Masks
from tests.browsers import browser

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ADA = ("Ada Rossi", "ada@example.com", "+39 051 555 0100")
EVA = ("Eve Bossa", "eve@exomple.org", "+41 052 666 0200")
STYLE = "<style>* { font: 16px monospace; letter-spacing: 0 } b { color: red; text-shadow: 3px 9px blue }</style>"


def masks(name, email, phone):
    words = {name, *name.split(), email, *email.split("@")}
    return Masks(frozenset(words), frozenset({"".join(filter(str.isdigit, phone))}))


def recap(name, email, phone, at="20:30"):
    """A page that writes its guest in every way that a page has."""
    first, last = name.split()
    shadow = f"<i>for {name}</i><input value='{name}'>"
    return f"""{STYLE}<style>u::after {{ content: attr(title) }}</style><main>
      <h1>Riepilogo</h1><p>ore {at}</p>
      <dl><dt>Nome<dd>{name.upper()}<dt>E-mail<dd>{email}<dt>Telefono<dd>{phone.replace(" ", "")}</dl>
      <p>Caro <b>{first[:2]}<span>{first[2:]}</span>&nbsp;{last}</b>, <u title="{name}">a presto</u></p>
      <input value="{email}"> <input placeholder="{name}"> <textarea>{name}</textarea>
      <select><option>{name}</select> <div contenteditable>{name}</div>
      <svg width="200" height="30"><text y="20">{name}</text></svg>
      <iframe srcdoc="<p>{name}</p>" height="40"></iframe>
      <div id="shadow"></div><button>Conferma per {name}</button></main>
      <script>
        document.querySelector("#shadow").attachShadow({{ mode: "open" }}).innerHTML = `{shadow}`;
        window.noticed = 0;
        new MutationObserver((all) => (noticed += all.length)).observe(
          document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
        addEventListener("scroll", () => noticed++);
      </script>"""


@pytest_asyncio.fixture(loop_scope="module")
async def show(browser):
    context = await browser.new_context(viewport={"width": 900, "height": 600})
    page = await context.new_page()

    async def shown(html):
        await page.unroute_all()
        await page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
        await page.goto("http://venue.example/")
        return page

    yield shown
    await context.close()


async def test_two_guests_give_the_same_picture_and_another_time_another_one(show):
    pictures = []
    for guest, at in ((ADA, "20:30"), (EVA, "20:30"), (EVA, "21:15")):
        shot = await Camera().see(await show(recap(*guest, at)), masks(*guest), Frame())
        assert shot.picture is not None, shot
        assert shot.text is not None
        assert shot.picture[:3] == b"\xff\xd8\xff"
        assert at in shot.text
        assert MASK in shot.text
        pictures.append(shot.picture)
    assert pictures[0] == pictures[1]
    assert pictures[1] != pictures[2]


async def test_the_page_notices_nothing_and_is_as_before(show):
    page = await show(recap(*ADA))
    before = await page.screenshot()
    await page.evaluate("noticed = 0")
    shot = await Camera().see(page, masks(*ADA), Frame())
    assert shot.picture is not None
    left = await page.evaluate("[noticed, document.adoptedStyleSheets.length, CSS.highlights.size, typeof covers]")
    assert left == [0, 0, 0, "undefined"]
    assert await page.screenshot() == before


async def test_what_is_far_down_is_brought_into_view_and_the_page_put_back(show):
    page = await show(recap(*ADA).replace("<main>", "<svg viewBox='0 0 1 3'></svg><main>"))
    await page.evaluate("scrollTo(0, 40)")
    shot = await Camera().see(page, masks(*ADA), Frame())
    assert shot.picture is not None, shot
    assert await page.evaluate("scrollY") == 40


async def test_a_page_that_does_not_let_itself_be_covered_is_not_pictured(show):
    stubborn = recap(*ADA).replace("<iframe", "<iframe style='opacity: 1 !important'")
    shot = await Camera().see(await show(stubborn), masks(*ADA), Frame())
    assert (shot.picture, shot.no_picture) == (None, "the page does not let itself be covered")
    assert shot.text is not None


async def test_a_page_that_writes_the_guest_anew_meanwhile_is_not_pictured(show):
    anew = "setInterval(() => (document.querySelector('dd').innerHTML = 'ADA ROSSI ' + Math.random()), 1)"
    html = recap(*ADA).replace("window.noticed", f"{anew}; window.noticed")
    shot = await Camera().see(await show(html), masks(*ADA), Frame())
    assert (shot.picture, shot.no_picture) == (None, "the page changed meanwhile")


DAY = """<style>* { font: 16px monospace }</style><main><h1>Oggi</h1><table>
  <tr><td>19:00<td>Eve Bossa<td>eve@else.example<td>OL-1
  <tr><td>20:30<td>Ada Rossi<td>ada+rb-k000000001-1@example.com<td>OL-2
  <tr><td>21:00<td>Zoe Verdi<td>zoe@else.example<td>OL-3
  </table></main>"""
OWN = Frame(("ada+rb-k000000001-1@example.com", "rb-k000000001-1", "ol-2"), ("Eve Bossa", "Zoe Verdi", "OL-1"))


async def test_of_a_page_with_other_guests_only_the_own_row_is_seen(show):
    shot = await Camera().see(await show(DAY), masks(*ADA), OWN)
    assert shot.text is not None
    assert "20:30" in shot.text
    assert "OL-2" in shot.text
    assert [word for word in ("19:00", "Eve", "Zoe", "else") if word in shot.text] == []
    others = DAY.replace("Eve Bossa", "Xxx Yyyyy").replace("zoe@else", "abc@else")
    assert (await Camera().see(await show(others), masks(*ADA), OWN)).picture == shot.picture is not None


@pytest.mark.parametrize(
    "page",
    [
        DAY.replace("OL-2", "OL-2 <td>wie Eve Bossa"),
        DAY.replace("OL-2", "OL-2 <td>see who@else.example"),
        DAY.replace("OL-2", "OL-2 <td>RB-K000000777-1"),
        DAY.replace("<tr>", "<p>").replace("<td>", " "),
        DAY.replace("ada+rb-k000000001-1@example.com", "").replace("OL-2", "OL-222"),
    ],
)
async def test_a_row_that_is_not_ours_alone_is_not_seen(show, page):
    shot = await Camera().see(await show(page), masks(*ADA), OWN)
    assert (shot.picture, shot.text) == (None, None)
    assert shot.no_text == "no part of the page shows this booking and no other"


async def test_a_page_that_hangs_holds_nothing_up(show):
    page = await show(recap(*ADA))
    await page.evaluate("setTimeout(() => { const end = Date.now() + 4000; while (Date.now() < end); }, 0)")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await Camera().see(page, masks(*ADA), Frame())


async def test_what_came_over_the_wire_has_no_page(browser):
    context = await browser.new_context()
    shot = await Camera().see(await context.new_page(), masks(*ADA), Frame())
    assert (shot.picture, shot.text) == (None, None)
    assert "over the wire" in (shot.no_picture or "")
    await context.close()
