"""The secret of an account that an attempt makes: minted again by whoever has the key, and by nobody else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.identity import Reference, made_secret, mint_code

OURS = Reference("7K2M9Q4T3W", 1)
KEY = b"the farm's own key"


def test_any_worker_mints_it_again():
    assert made_secret(KEY, OURS) == made_secret(bytes(KEY), Reference("7K2M9Q4T3W", 1))


@pytest.mark.parametrize(
    ("key", "reference"),
    [(KEY, Reference("7K2M9Q4T3W", 2)), (KEY, Reference("7K2M9Q4T3X", 1)), (b"another key", OURS)],
)
def test_another_attempt_booking_or_farm_has_another(key, reference):
    assert made_secret(key, reference) != made_secret(KEY, OURS)


@given(key=st.binary(min_size=1, max_size=64), number=st.integers(1, 999))
def test_what_sites_ask_of_a_password_is_always_there(key, number):
    secret = made_secret(key, Reference(mint_code(), number))
    assert 20 <= len(secret) <= 32
    for kind in ("[a-z]", "[A-Z]", "[0-9]", "[-_]"):
        assert re.search(kind, secret), kind
    assert re.fullmatch(r"[A-Za-z0-9_-]+", secret), "it survives any form"


def test_it_tells_nothing_of_the_booking():
    assert OURS.code not in made_secret(KEY, OURS)
