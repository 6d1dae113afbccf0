"""The venue side of a run: three restaurants that misbehave as told, a ticket shop, and what their own books have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.truth.demand import HOUSES, SHOPS, Planned
from farm.identity import Reference, untagged
from fixtures.kit.process import TwinProcess
from fixtures.pretix_shop.shop import PretixShop
from tasks.settings import Settings
from tools.overlay import Overlay, Standing

HOLD_S = 45.0
"""How long a house keeps a chosen table: the farm takes none that ends within 20 s, and the judge waits for it."""
SHOP_HOLD_MIN = 2
STOCK_SHOPS = {"concert": ("pretix/lab_concert", ("owner",)), "late": ("pretix/lab_late", ("desk",))}
STOCK_HOUSES = {
    "luna": ("osteria_luna/osteria_luna", "Osteria Luna"),
    "sole": ("osteria_luna/trattoria_sole", "Trattoria Sole"),
    "nord": ("osteria_luna/cantina_nord", "Cantina Nord"),
}
STANDS = frozenset({"confirmed", "pending", "paid"})


@dataclass(frozen=True)
class Record:
    """One line in a venue's own database, whatever any page of it said.

    Attributes:
        planted: Our reference in it; None when there is none.
        what: The table, or the products.
        email: Without our tag.
    """

    venue: str
    reference: str
    planted: Reference | None
    starts_at: datetime
    count: int
    what: str
    name: str | None
    email: str
    stands: bool

    def __str__(self) -> str:
        return f"{self.reference} at {self.venue}, {self.starts_at:%d %b %H:%M}, {self.count} x {self.what}"


class Venues:
    """All venues of a run. Reading them reads their databases and nothing else."""

    def __init__(self, folder: Path, twins: Mapping[str, TwinProcess], shop: PretixShop | None) -> None:
        self.twins = twins
        self.shop = shop
        self._overlay = Overlay(folder / "overlay")
        self._planned: list[Planned] = []
        for slug, twin in twins.items():
            self._overlay.add(Standing(STOCK_HOUSES[slug][0], slug, twin.origin, "houses"))
        if shop is not None:
            for slug in SHOPS:
                like, accounts = STOCK_SHOPS[slug]
                self._overlay.add(Standing(like, slug, shop.origin, "shops", accounts))
            shop.quota_fill("concert", "Balcony")
            for event in SHOPS:
                shop.keep_for(event, SHOP_HOLD_MIN)

    @property
    def known_faults(self) -> frozenset[str]:
        """What the houses can do wrong."""
        return frozenset.intersection(*(twin.known_faults for twin in self.twins.values()))

    @property
    def hold_s(self) -> float:
        """After so long every hold has had its own time."""
        return HOLD_S if self.shop is None else SHOP_HOLD_MIN * 60.0

    def settings(self, settings: Settings) -> Settings:
        """The settings of a farm that knows these venues."""
        return self._overlay.settings(settings)

    def secrets(self) -> Mapping[str, str]:
        """What the shop gives its partner, as environment variables."""
        return {} if self.shop is None else self.shop.secrets()

    def plan(self, faults: Sequence[Planned]) -> None:
        """Tell the houses what to do wrong, and when."""
        self._planned += faults
        for planned in faults:
            trouble = planned.trouble
            self.twins[planned.venue].set_fault(
                trouble.fault, trouble.times, planned.match, planned.day, None, None, **trouble.params
            )

    def hits(self) -> dict[str, int]:
        """How often each fault that was set has really struck."""
        hits: Counter[str] = Counter()
        for fault in {planned.trouble.fault for planned in self._planned}:
            hits[fault] = sum(twin.fault_hits(fault) for twin in self.twins.values())
        return dict(sorted(hits.items()))

    def never_hit(self) -> list[Planned]:
        """What was set and never struck, traps aside."""
        struck = set()
        for slug, twin in self.twins.items():
            struck |= {(slug, *each) for each in twin.faults_struck()}
        return [
            planned
            for planned in self._planned
            if not planned.trouble.trap
            and (planned.venue, planned.trouble.fault, planned.match, planned.day) not in struck
        ]

    def holds(self) -> int:
        """Places that are kept now for somebody who has not booked them."""
        kept = sum(len(twin.holds()) for twin in self.twins.values())
        return kept + (0 if self.shop is None else self.shop.holds())

    def records(self) -> list[Record]:
        """All that is in the books, cancelled or not."""
        return [*self._tables(), *self._tickets()]

    def _tables(self) -> Iterator[Record]:
        for slug, twin in self.twins.items():
            for record in twin.records():
                yield Record(
                    venue=slug,
                    reference=record.code,
                    planted=Reference.found_in(record.email) or Reference.found_in(record.note),
                    starts_at=record.starts_at,
                    count=record.people,
                    what=record.resource,
                    name=record.name,
                    email=untagged(record.email),
                    stands=record.status in STANDS,
                )

    def _tickets(self) -> Iterator[Record]:
        for order in [] if self.shop is None else self.shop.orders():
            yield Record(
                venue=order.event,
                reference=order.code,
                planted=Reference.found_in(order.email),
                starts_at=min(position.starts_at for position in order.positions),
                count=len(order.positions),
                what=", ".join(sorted({position.product for position in order.positions})),
                name=next((position.attendee for position in order.positions), None),
                email=untagged(order.email or ""),
                stands=order.status in STANDS,
            )


@contextmanager
def standing(folder: Path, say: Callable[[str], None], *, pretix: bool) -> Iterator[Venues]:
    """Start the houses (and the shop), and end them.

    Raises:
        TwinFailed: A house did not start.
        PretixInstallError: The shop cannot be installed here.
        ShopStartError: It did not come up.
    """
    with ExitStack() as running:
        twins = {}
        for slug in HOUSES:
            name = STOCK_HOUSES[slug][1]
            twin = TwinProcess.start("fixtures.osteria_luna", folder / slug, name=name, hold_s=HOLD_S)
            twins[slug] = running.enter_context(twin)
        shop = running.enter_context(PretixShop.start(folder / "shop", say=say)) if pretix else None
        yield Venues(folder, twins, shop)
