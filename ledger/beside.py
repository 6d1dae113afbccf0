"""What the ledger remembers beside the bookings that are worked on: each with queries of its own."""

from __future__ import annotations

from farm.request import Clock
from ledger.attendance import Attendances
from ledger.availability import Availability
from ledger.deliveries import Deliveries
from ledger.demotions import Demotions
from ledger.engine import Database
from ledger.evidence import Kept
from ledger.feed import Feed
from ledger.keys import Keys
from ledger.notices import Notices
from ledger.overview import Overview
from ledger.sessions import Sessions
from ledger.tallies import Tallies
from ledger.tolerances import Tolerances
from ledger.warm_ups import WarmUps
from ledger.webhooks import Webhooks


class Beside:
    """The attributes of a ledger.

    Attributes:
        overview: What people ask about all bookings together.
        tallies: How many of a time's bookings stand where.
        feed: Each reseller's events, in one order.
        keys: With which resellers come to the door.
        webhooks: Where resellers want to be told what happened.
        deliveries: What is on its way there.
        demotions: Integrations that broke in their last check.
        tolerances: What is known of each partner's tolerance.
        notices: What partners' contacts are told.
        sessions: Log-ins that are kept.
        warm_ups: Log-ins that are to be done ahead.
        attendances: Whether guests came.
        availability: What venues listed when they were last searched.
        evidence: What is kept of attempts.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.overview, self.tallies = Overview(database), Tallies(database)
        self.feed, self.keys = Feed(database), Keys(database, clock)
        self.webhooks, self.deliveries = Webhooks(database, clock), Deliveries(database, clock)
        self.demotions, self.tolerances = Demotions(database, clock), Tolerances(database, clock)
        self.notices, self.availability = Notices(database, clock), Availability(database)
        self.attendances = Attendances(database, clock)
        self.evidence = Kept(database)
        self.sessions, self.warm_ups = Sessions(database, clock), WarmUps(database, clock)
