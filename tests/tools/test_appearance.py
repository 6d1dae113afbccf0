"""What a browser says under a profile: nothing contradicts itself, and what would is found, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from profiles import fingerprint
from profiles.fingerprint import identity_of, this_machine
from profiles.partner import Partners
from profiles.terms.fingerprint import Viewport
from profiles.visiting import Appearance, appearance_of
from tasks import browser as worker
from tasks.browser import WarmBrowser
from tools.appearance.reading import Reading, Said, Window, read_back
from tools.appearance.rules import RULES, contradictions

ROOT = Path(__file__).parents[2]
PARTNERS = Partners.load(sorted(ROOT.glob("*/partners")) + sorted(ROOT.glob("docs/*/partners"))).by_slug
ROMAN = Appearance("it-IT", "Europe/Rome", Viewport(), "light")
MACHINE = this_machine("Linux", "x86_64")
WHO = identity_of("chrome", "it-IT", "156.0.8078.108", "a session", MACHINE)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser():
    warm = WarmBrowser()
    yield warm
    await warm.stop()


def place(where: str) -> Said:
    window = Window(
        inner=(1280, 900) if where == "page" else (300, 150),
        outer=(1280, 900),
        screen=(1280, 900),
        scale=1.0,
        matches_width=True,
        matches_scale=True,
        scheme="light",
        webgl="WebKit",
    )
    machine = this_machine()
    return Said(
        where=where,
        user_agent=WHO.user_agent.replace(MACHINE.in_user_agent, machine.in_user_agent),
        platform="MacIntel" if machine.name == "macOS" else "Linux x86_64",
        languages=("it-IT",),
        language="it-IT",
        processors=4,
        memory_gb=8,
        touch_points=None if where == "worker" else 0,
        brands=WHO.brands,
        full_brands=WHO.full_brands,
        hint_platform=machine.name,
        hint_release=machine.release,
        hint_architecture=machine.architecture,
        hint_mobile=False,
        timezone="Europe/Rome",
        intl_locale="it-IT",
        offsets_min=(60, 120),
        shared_worker=False,
        window=None if where == "worker" else window,
    )


def coherent() -> Reading:
    said = tuple(place(where) for where in ("page", "frame", "worker", "popup"))
    headers = {name.lower(): value for name, value in WHO.headers.items()} | {
        "user-agent": said[0].user_agent,
        "sec-ch-ua-platform": f'"{this_machine().name}"',
    }
    asked = {name: dict(headers) for name in ("document", "fetch", "frame", "worker", "wire")}
    return Reading(ROMAN, "156.0.8078.108", asked, said, service_worker=False)


def worker_says(**values: object) -> Reading:
    reading = coherent()
    page, frame, other, popup = reading.said
    return replace(reading, said=(page, frame, other.model_copy(update=values), popup))


def frame_shows(**values: object) -> Reading:
    reading = coherent()
    page, frame, *others = reading.said
    assert frame.window is not None
    changed = frame.model_copy(update={"window": frame.window.model_copy(update=values)})
    return replace(reading, said=(page, changed, *others))


def asks(**values: str) -> Reading:
    reading = coherent()
    changed = {name.replace("_", "-"): value for name, value in values.items()}
    return replace(reading, asked=reading.asked | {"fetch": reading.asked["fetch"] | changed})


def test_what_agrees_is_left_alone():
    assert contradictions(coherent()) == ()


HEADLESS = (("Chromium", "156"), ("HeadlessChrome", "156"))
WRONG = {
    "user_agent": [asks(user_agent="curl/8"), worker_says(user_agent=WHO.user_agent + " Avast/1")],
    "engine": [replace(coherent(), engine="157.0.1.2"), worker_says(full_brands=(("Chromium", "156.0.1.1"),))],
    "headless": [asks(sec_ch_ua='"HeadlessChrome";v="156"'), worker_says(brands=HEADLESS)],
    "hints": [asks(sec_ch_ua='"Chromium";v="156"'), worker_says(brands=(("Chromium", "156"),))],
    "platform": [asks(sec_ch_ua_platform='"Windows"'), worker_says(platform="Win32"), worker_says(hint_platform="")],
    "mobile": [asks(sec_ch_ua_mobile="?1"), worker_says(hint_mobile=True), worker_says(touch_points=5)],
    "language": [
        asks(accept_language="en-US,en;q=0.9"),
        worker_says(language="en-US"),
        worker_says(intl_locale="en"),
    ],
    "timezone": [worker_says(timezone="UTC"), worker_says(offsets_min=(60, 60))],
    "window": [frame_shows(scale=2.0), frame_shows(outer=(9999, 900)), frame_shows(matches_width=False)],
    "scheme": [frame_shows(scheme="dark"), frame_shows(scheme="light,dark")],
    "hardware": [worker_says(processors=64), frame_shows(webgl="Another")],
    "hidden": [replace(coherent(), service_worker=True), worker_says(shared_worker=True)],
}


def test_every_rule_is_tried():
    assert set(WRONG) == set(RULES)


@pytest.mark.parametrize(
    ("rule", "reading"), [(rule, reading) for rule, readings in WRONG.items() for reading in readings]
)
def test_a_contradiction_is_found_by_its_rule(rule, reading):
    assert rule in {found.rule for found in contradictions(reading)}


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("slug", sorted(PARTNERS))
async def test_no_shipped_profile_contradicts_itself(browser, slug):
    reading = await read_back(browser, appearance_of(PARTNERS[slug], None))
    assert {one.where for one in reading.said} == {"page", "frame", "worker", "popup"}
    assert {"document", "script", "fetch", "xhr", "frame", "worker", "popup", "wire"} <= set(reading.asked)
    assert contradictions(reading) == ()


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "looks",
    [
        Appearance("de-AT", "America/St_Johns", Viewport(width=390, height=844), "dark", 3.0, "edge", "a"),
        Appearance("ja-JP", "Asia/Kolkata", Viewport(width=2560, height=1440), "light", 1.25, "chrome", "b"),
    ],
)
async def test_whatever_a_profile_says_agrees(browser, looks):
    assert contradictions(await read_back(browser, looks)) == ()


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
async def test_a_browser_that_is_left_as_it_is_contradicts_itself(browser, monkeypatch):
    """Without its identity it says how it was started; the hand that dresses it is what makes it agree."""

    async def undressed(context, identity):
        return await context.new_page()

    monkeypatch.setattr(worker, "dress", undressed)
    found = contradictions(await read_back(browser, ROMAN))
    assert {"headless", "hints"} <= {one.rule for one in found}


class TestIdentity:
    def test_the_same_session_says_the_same(self):
        assert identity_of("chrome", "it-IT", "156.0.8078.108", "a session", MACHINE) == WHO

    def test_its_version_is_the_engines(self):
        newer = identity_of("chrome", "it-IT", "161.0.1.2", "a session", MACHINE)
        assert "Chrome/161.0.0.0 Safari" in newer.user_agent
        assert ("Chromium", "161.0.1.2") in newer.full_brands

    @pytest.mark.parametrize("system", ["Linux", "Darwin"])
    @pytest.mark.parametrize("family", ["chrome", "edge"])
    def test_it_is_of_its_family_and_of_the_workers_system(self, system, family):
        machine = this_machine(system, "arm64")
        who = identity_of(family, "it-IT", "156.0.8078.108", "s", machine)
        assert f"({machine.in_user_agent})" in who.user_agent
        assert ("Edg/156.0.0.0" in who.user_agent) == (family == "edge") == ("Microsoft Edge" in dict(who.brands))

    def test_what_others_add_to_their_browsers_is_not_drawn(self, monkeypatch):
        """The list of user agents has those of virus scanners, and of systems that nobody has any more."""
        for skeleton in fingerprint._skeletons("chrome", this_machine("Darwin").in_user_agent):
            assert skeleton.endswith("Chrome/{major}.0.0.0 Safari/537.36")

    def test_a_worker_on_an_unknown_system_is_told_so(self):
        with pytest.raises(ValueError, match="Plan9"):
            this_machine("Plan9")

    def test_the_made_up_brand_is_the_engines_own(self):
        assert WHO.brands == (("Not:A-Brand", "8"), ("Chromium", "156"))
        assert WHO.full_brands == (("Not:A-Brand", "8.0.0.0"), ("Chromium", "156.0.8078.108"))
