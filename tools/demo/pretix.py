"""A real ticket shop, pretix, on this machine: two concerts and a bistro, each read back on another channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from farm.facts import Guest, Party
from farm.identity import Reference
from farm.request import Request, WantedSlot
from farm.status import BookingStatus, Cause
from fixtures.pretix_shop.environment import Say
from fixtures.pretix_shop.records import ShopOrder
from fixtures.pretix_shop.shop import PretixShop
from tasks.settings import Settings
from tools.demo.books import Entry
from tools.demo.scene import Scenario
from tools.environment import changed
from tools.overlay import Overlay, Standing

GROUP = "demo_lab"
BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2030, 6, 14)
EVENING = WantedSlot(date=DAY, earliest=time(19), latest=time(23), preferred=time(20))
DINNER = WantedSlot(date=DAY, earliest=time(19), latest=time(20), preferred=time(19, 30))
DINNER_SLOTS = (time(19), time(19, 30), time(20))
STANDS = frozenset({"pending", "paid"})


class Shop:
    """The stage of the ticket shop (a ``Stage``)."""

    title = "Six guests want tickets or a table at a pretix shop"
    about = (
        "pretix is a ticket shop that many organisers use and nobody here wrote. It runs on this machine and sells"
        " two concerts and the tables of a bistro. The farm buys on its pages with a browser, then reads every order"
        " back on another path, the best that each organiser gives: an API, a log-in to the back office, or only the"
        " guest's own order page. At the end each row is held against pretix's own database."
    )
    books = "pretix's own database"
    counted = "{count} x {resource}"
    zone = BERLIN
    names: Mapping[str, str] = {"concert": "Night Concert", "late": "Late Concert", "bistro": "Lab Bistro"}

    def __init__(self, folder: Path, shop: PretixShop) -> None:
        self._shop = shop
        self._overlay = Overlay(folder / "venues")
        for slug, like, accounts in (
            ("concert", "pretix/lab_concert", ("owner",)),
            ("late", "pretix/lab_late", ("desk",)),
            ("bistro", "pretix/lab_table", ()),
        ):
            self._overlay.add(Standing(like, slug, shop.origin, GROUP, accounts))
        self._box_office = {shop.sell("concert", "Balcony", 2)}
        for at in DINNER_SLOTS:
            shop.quota_fill("table", "Table for 4", datetime.combine(DAY, at, BERLIN))
        self.scenarios = SCENARIOS

    def settings(self, settings: Settings) -> Settings:
        return self._overlay.settings(settings)

    def entries(self) -> list[Entry]:
        return [_entry(order) for order in self._shop.orders() if order.code not in self._box_office]

    def missed(self) -> list[str]:
        return []  # sold out is sold out: each scenario says why its request must have left the venue


def _entry(order: ShopOrder) -> Entry:
    paid_by = {"manual": "at the door", "free": "nothing to pay"}.get(order.provider or "", order.provider)
    return Entry(
        venue={"table": "bistro"}.get(order.event, order.event),
        reference=order.code,
        planted=Reference.found_in(order.email),
        starts_at=min(position.starts_at for position in order.positions),
        resource=", ".join(sorted({position.product for position in order.positions})),
        count=len(order.positions),
        stands=order.status in STANDS,
        detail=f"{order.status}, {order.total_cents / 100:.2f} EUR, {paid_by}",
    )


def _wish(short: str, guest: str, venues: tuple[str, ...], **more: object) -> Request:
    return Request.model_validate(
        {
            "reseller": "demo",
            "reseller_reference": short,
            "guest": Guest(name=guest, email=f"{guest.lower().replace(' ', '.')}@example.com"),
            "venues": venues,
            "when": EVENING,
            "party": Party(adults=2),
            **more,
        }
    )


SCENARIOS: Sequence[Scenario] = (
    Scenario(
        words="Two tickets, to be paid at the door",
        request=_wish("1 two tickets", "Ada Lovelace", ("concert",), service="Standing"),
        ends=BookingStatus.CONFIRMED,
        at="concert",
    ),
    Scenario(
        words="A free ticket: the shop leaves a step out",
        request=_wish("2 a free ticket", "Grace Hopper", ("late",), service="Guest list", party=Party(adults=1)),
        ends=BookingStatus.CONFIRMED,
        at="late",
    ),
    Scenario(
        words="A table at half past seven, by the window",
        request=_wish("3 a table for two", "Mary Jackson", ("bistro",), when=DINNER, note="By the window, please"),
        ends=BookingStatus.CONFIRMED,
        at="bistro",
    ),
    Scenario(
        words="The balcony was sold out at the box office",
        request=_wish("4 balcony sold out", "Emmy Noether", ("concert", "late"), service="Balcony"),
        ends=BookingStatus.CONFIRMED,
        at="late",
        left=(Cause.SLOT_UNAVAILABLE,),
    ),
    Scenario(
        words="Every table for four is taken",
        request=_wish("5 no table for four", "Lise Meitner", ("bistro",), when=DINNER, party=Party(adults=4)),
        ends=BookingStatus.UNAVAILABLE,
        at=None,
        left=(Cause.SLOT_UNAVAILABLE,),
    ),
    Scenario(
        words="Called off by the guest once it is confirmed",
        request=_wish("6 called off afterwards", "Rosa Luxemburg", ("concert",), service="Standing"),
        ends=BookingStatus.CANCELLED,
        at="concert",
        cancel=True,
    ),
)


@contextmanager
def pretix(folder: Path, say: Say) -> Iterator[Shop]:
    """Install pretix where it is missing, start a shop, give the farm its accounts, and end it.

    Raises:
        PretixInstallError: It cannot be installed here.
        ShopStartError: It did not come up.
    """
    with PretixShop.start(folder / "shop", say=say) as shop, changed(shop.secrets()):  # for the worker
        yield Shop(folder, shop)
