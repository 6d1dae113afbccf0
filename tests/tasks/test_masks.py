"""Words of a guest in every writing that a page may choose: masked, or nothing is kept."""

from __future__ import annotations

import re

import pytest

from tasks.masks import MASK, Masks, fold, pattern_of

ADA = Masks(
    words=frozenset({"Ada", "Zyxmönd", "Quillfeather", "Ada Zyxmönd Quillfeather", "zyx.quill@kanarien.example.com"}),
    digits=frozenset({"442090817264"}),
    never=frozenset({"4111111111111111"}),
)


@pytest.mark.parametrize(
    "written",
    [
        "Quillfeather",
        "QUILLFEATHER",
        "Dear quillfeather,",
        "Zyxmond",
        "ZYXMÖND",
        "Zyxmo\u0308nd",
        "Quill\u00adfeather",
        "Quill\u200bfeather",
        "Ada\u00a0Zyxmönd  Quillfeather",
        "ADA",
        "ZYX.QUILL@Kanarien.Example.COM",
        "+44 20 9081 7264",
        "020 9081 7264",
        "(020) 9081-7264",
        "0044.20.90.81.72.64",
        "442090817264",
    ],
)
def test_a_word_is_found_in_every_writing(written):
    masked = ADA.text(f"- text: before {written} after")
    assert masked is not None
    kept = re.sub(f"{MASK}|before|after|dear|text|[^a-z0-9]", "", masked.lower())
    assert kept in {"", "0044", "44", "4420"}, masked


def test_a_short_name_is_no_part_of_other_words():
    assert ADA.text("- heading: Nevada, adagio, Canada") == "- heading: Nevada, adagio, Canada"


def test_what_was_typed_and_where_links_lead_is_left_out():
    snapshot = "\n".join(
        (
            '- textbox "E-mail": somebody@else.example',
            '- textbox "Note":',
            "  - /placeholder: tell us",
            "  - text: secret words",
            "- 'searchbox \"Code: yours\"': OL-55",
            '- link "Your booking":',
            "  - /url: /bookings/7?token=5523",
            "- textbox: plain",
            '- textbox "Empty"',
            "- text: Table 7",
        )
    )
    assert ADA.text(snapshot) == "\n".join(
        (
            f'- textbox "E-mail": {MASK}',
            f'- textbox "Note": {MASK}',
            f'- searchbox "Code: yours": {MASK}',
            '- link "Your booking":',
            f"- textbox: {MASK}",
            '- textbox "Empty"',
            "- text: Table 7",
        )
    )


@pytest.mark.parametrize(
    "spelled",
    ["Q u i l l f e a t h e r", "- text: Quill\n- text: feather", "4111 1111 1111 1111", "4111-1111-1111-1111"],
)
def test_what_cannot_be_masked_is_not_kept(spelled):
    assert ADA.text(spelled) is None


def test_folding_keeps_every_letter_in_its_place():
    for text in ("İstanbul ÄÖÜß ﬁn ñ", "Жанна", "日本"):
        assert len(fold(text)) == len(text)


def test_a_name_that_stands_alone_is_no_part_of_another_one():
    names = re.compile(pattern_of(["OL-55", "RB-1.2"], r"\w"))
    assert [names.search(text) is not None for text in ("ol-55.", "ol-555", "rb-1x2", "(rb-1.2)")] == [
        True,
        False,
        False,
        True,
    ]
