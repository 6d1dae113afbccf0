"""The stock venues stand where their files say, or it is said why not."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from farm.registry import Registry
from tasks.settings import Settings
from tools.stock import NotStanding, standing


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def moved(port: int) -> Registry:
    """Our own registry with one restaurant, on another port."""
    stock = Registry.load(Settings().integration_folders)
    luna = stock.venue("osteria_luna").model_copy(update={"origin": f"http://127.0.0.1:{port}"})
    return Registry(stock.integrations, {luna.slug: luna})


def test_a_house_stands_and_goes(listener, tmp_path):
    port = listener.getsockname()[1]
    listener.close()
    with standing("osteria_luna", moved(port), tmp_path, lambda _: None) as stands:
        assert [(one.name, one.address) for one in stands] == [("Osteria Luna", f"http://127.0.0.1:{port}")]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/prenota", timeout=10) as answer:
            assert "Osteria Luna" in answer.read().decode()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_a_port_that_is_taken(listener, tmp_path):
    port = listener.getsockname()[1]
    with (
        pytest.raises(NotStanding, match=f"Osteria Luna cannot stand on .*port {port} is taken"),
        standing("osteria_luna", moved(port), tmp_path, lambda _: None),
    ):
        pass
