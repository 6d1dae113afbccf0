"""The stock venues stand where their files say, or it is said why not."""

from __future__ import annotations

import socket
import sqlite3
import urllib.request

import pytest

from farm.registry import Registry
from tasks.settings import Settings
from tools.stock import STOCK, NotStanding, standing


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def moved(port: int, **others: int) -> Registry:
    """Our own registry with one restaurant, on another port, and with somebody's own ones."""
    stock = Registry.load(Settings().integration_folders)
    luna = stock.venue("osteria_luna")
    ports = {luna.slug: port, **others}
    venues = {
        slug: luna.model_copy(update={"slug": slug, "origin": f"http://127.0.0.1:{at}"}) for slug, at in ports.items()
    }
    return Registry(stock.integrations, venues)


def test_a_house_stands_and_goes(listener, tmp_path):
    port = listener.getsockname()[1]
    listener.close()
    with standing("osteria_luna", moved(port), tmp_path, lambda _: None) as stands:
        assert [(one.name, one.address) for one in stands] == [("Osteria Luna", f"http://127.0.0.1:{port}")]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/prenota", timeout=10) as answer:
            assert "Osteria Luna" in answer.read().decode()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_somebody_elses_venue_stands_already(listener, tmp_path):
    """As in the guide: a fourth house on the same site, started by hand."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    there = moved(port, locanda_mare=listener.getsockname()[1])
    with standing("osteria_luna", there, tmp_path, lambda _: None) as stands:
        assert [one.name for one in stands] == ["Osteria Luna"]


@pytest.mark.timeout(900)
def test_a_shop_keeps_what_it_has_sold(listener, tmp_path, monkeypatch):
    for name in ("TOKEN", "DESK_USER", "DESK_PASSWORD"):
        monkeypatch.setenv(f"READBACK_LAB_{name}", "")  # given back at the end
    port = listener.getsockname()[1]
    listener.close()
    stock = Registry.load(Settings().integration_folders)
    concert = stock.venue("lab_concert").model_copy(update={"origin": f"http://127.0.0.1:{port}"})
    there = Registry(stock.integrations, {concert.slug: concert})
    database = tmp_path / "pretix" / "db.sqlite3"
    with standing("pretix", there, tmp_path, print) as stands:
        assert [one.address for one in stands] == [f"http://127.0.0.1:{port}/lab/"]
        with sqlite3.connect(database) as shop:
            shop.execute("UPDATE pretixbase_item SET default_price = 31 WHERE name = 'Standing'")
        shop.close()
    with (
        standing("pretix", there, tmp_path, print) as stands,
        urllib.request.urlopen(f"{stands[0].address}concert/", timeout=30) as page,
    ):
        assert "€31.00" in page.read().decode()


def test_the_stock_is_all_that_the_folders_hold_of_an_integration():
    there = Registry.load(Settings().integration_folders)
    held = {venue.slug: venue.integration for venue in there.venues.values() if venue.integration in STOCK}
    assert held == {slug: integration for integration, slugs in STOCK.items() for slug in slugs}


def test_a_port_that_is_taken(listener, tmp_path):
    port = listener.getsockname()[1]
    with (
        pytest.raises(NotStanding, match=f"Osteria Luna cannot stand on .*port {port} is taken"),
        standing("osteria_luna", moved(port), tmp_path, lambda _: None),
    ):
        pass
