"""Where an agreed host really is: one look-up, every address checked, and that one is reached."""

from __future__ import annotations

import pytest

from profiles.egress.resolving import Forbidden, look_up, reachable

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
FORBIDDEN = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "0.0.0.0",
    "::",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "fd00::1",
    "169.254.1.1",
    "fe80::1",
    "169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "64:ff9b::a01:203",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fe80::1%lo",
]


class Names:
    """A name server whose answers change, as one does that leads a second look-up elsewhere."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0)


async def test_the_addresses_that_were_checked_are_the_ones_to_reach_and_nobody_asks_again():
    names = Names(PUBLIC, ["127.0.0.1"])
    assert await reachable(("venue.example", 443), loopback=False, lookup=names) == PUBLIC
    assert names.asked == 1


@pytest.mark.parametrize("ours", [False, True])
@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_leads_where_no_visit_goes(address, ours):
    for answer in ([address], [*PUBLIC, address]):
        with pytest.raises(Forbidden):
            await reachable(("venue.example", 443), loopback=ours, lookup=Names(answer))


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_an_address_that_no_visit_goes_to(address):
    with pytest.raises(Forbidden):
        await reachable((address, 443), loopback=False, lookup=Names())


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0"])
async def test_an_installation_of_our_own_opens_loopback_alone(address):
    with pytest.raises(Forbidden):
        await reachable((address, 443), loopback=True, lookup=Names())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_an_installation_of_our_own_on_loopback(address):
    assert await reachable((address, 80), loopback=True, lookup=Names()) == [address]


@pytest.mark.parametrize("address", [*PUBLIC, "64:ff9b::808:808", "::ffff:808:808"])
async def test_an_address_of_the_internet(address):
    assert await reachable((address, 443), loopback=False, lookup=Names()) == [address]


async def test_what_is_no_address_is_reached_by_nobody():
    with pytest.raises(Forbidden):
        await reachable(("venue.example", 443), loopback=False, lookup=Names(["nowhere"]))


async def test_the_system_is_asked_by_default():
    assert await look_up("localhost", 80)
    with pytest.raises(Forbidden):
        await reachable(("localhost", 80), loopback=True)
