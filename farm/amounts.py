"""Amounts of money as pages write them, in any manner, in minor units. What is unclear is an error, never a guess."""

from __future__ import annotations

import re

_DECIMALS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
    0,
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""Every other currency has two (ISO 4217)."""

_A_GROUP = 3
_AMOUNT = re.compile(r"-?[.,]?\d(?:[\d.,']|(?<=\d) (?=\d{3}(?!\d)))*", re.ASCII)
_PLAIN = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<mark>[.,' ])\d{3}(?:(?P=mark)\d{3})*|\d+)"  # marks of thousands, all the same
    r"(?:(?P<point>[.,])(?P<part>\d+))?"
)


def decimals(currency: str) -> int:
    """How many decimals the currency has."""
    return _DECIMALS.get(currency, 2)


def minor_units(text: str, currency: str) -> int:
    """The one amount in a text like ``€ 1.234,50``, ``CHF 1’234.50``, ``25.00`` or ``¥ 3,000``.

    Raises:
        ValueError: There is none, or more than one, or it can be read in two ways.
    """
    spaced = re.sub(r"[\u00a0\u2007\u2009\u202f]", " ", text).replace("\u2019", "'").replace("\u2212", "-")
    found: list[str] = _AMOUNT.findall(spaced)
    if len(found) != 1:
        raise ValueError(f"{len(found)} amounts in the text, and not one")
    read = _PLAIN.fullmatch(found[0].rstrip(".,'"))
    if read is None or read["point"] == read["mark"] is not None:
        raise ValueError("the amount is not written in a known manner")
    whole, part, places = re.sub(r"\D", "", read["whole"]), read["part"] or "", decimals(currency)
    if places == _A_GROUP and read["whole"].count(read["mark"] or "-") == 1 and read["point"] is None:
        if read["mark"] != ".":
            raise ValueError(f"the amount can be read in two ways: {currency} has {places} decimals")
        whole, part = whole[:-places], whole[-places:]  # 1.234 KWD, as pages and interfaces write it
    if part[places:].strip("0"):
        raise ValueError(f"the amount is finer than {currency}")
    return int(whole + part[:places].ljust(places, "0"))
