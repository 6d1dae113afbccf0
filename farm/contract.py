"""The contract: scripts report facts, the core judges.

A script is one booking site (or platform) in a few named steps. It drives plain Playwright on a ``Visit``, returns
facts and never catches an exception: the phase that the core is in decides what an error means.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Protocol

from playwright.async_api import Locator, Page
from pydantic import Field, SecretStr

from farm.errors import ContractBroken, OutcomeUnknown
from farm.facts import Claim, Fact, Guest, Hold, Money, Offer, Recap, Refusal, Sighting, When
from farm.request import Request
from farm.visit import Visit


class Account(Fact):
    """An account of a role: the partner's, read from its reference when the visit opens, or one that the guest gets.

    The latter (a role of kind ``made``) is minted before the attempt: the script types it in where the site asks for
    one, and logs in with it later.
    """

    role: str
    user: str | None = Field(default=None, repr=False)
    secret: SecretStr


class Card(Fact):
    """A card as the vault has it: opened right before ``pay``, typed into the payment page, and forgotten.

    Attributes:
        token: How the request names it; the only part that is ever written down.
    """

    token: str
    holder: str = Field(repr=False)
    number: SecretStr
    expires_month: Annotated[int, Field(ge=1, le=12)]
    expires_year: Annotated[int, Field(ge=2000, le=2100)]
    code: SecretStr


class Vault(Protocol):
    """Where cards are; profiles/ implements it."""

    def open(self, token: str) -> Card:
        """The card that a request names.

        Raises:
            PaymentRefused: There is none; the message names the token, never what is behind it.
        """
        ...


class Lookup(Fact):
    """What a read-back may search by.

    Attributes:
        our_reference: Ours, as planted.
        guest: As the venue knows the guest: with the tagged e-mail where the manifest plants one.
        when: What was booked, for calendars; None when it is not known any more.
        reference: The venue's, from the claim; None after a doubt.
        link: The guest's own link, from the claim.
    """

    our_reference: str
    guest: Guest
    when: When | None = None
    reference: str | None = None
    link: str | None = Field(default=None, repr=False)

    def must_reference(self) -> str:
        """The venue reference, in a channel that declares ``needs = "reference"``.

        Raises:
            OutcomeUnknown: There is none, so this channel cannot answer.
        """
        if self.reference is None:
            raise OutcomeUnknown("this channel needs the venue reference, and nobody knows it")
        return self.reference

    def must_link(self) -> str:
        """The guest's link, in a channel that declares ``needs = "link"``.

        Raises:
            OutcomeUnknown: There is none, so this channel cannot answer.
        """
        if self.link is None:
            raise OutcomeUnknown("this channel needs the guest's link, and nobody knows it")
        return self.link


class VenueScript(ABC):
    """One booking site. The core calls the steps, in one order, and decides what follows from what they return.

    Forbidden everywhere: catching exceptions, sleeping, ``page.goto`` (use ``visit.open``), an empty list that
    did not come from ``visit.rows``, and reporting anything that the page does not show.
    """

    @abstractmethod
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        """All that the venue lists for the day and the party; the core filters and chooses.

        Called first, on a blank page, and once more after a lost slot. Date, time and resource of an offer are what
        the page has selected, not what was asked for: deep links lie.
        """

    @abstractmethod
    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        """Take the offer. Able to start from the offer alone, on a blank page in a new visit.

        Raises:
            SlotLost: The venue says that it is gone, or gives less than was asked.
        """

    @abstractmethod
    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        """Everything before the last click, and what the venue repeats there. Safe to run twice."""

    async def pay(self, visit: Visit, hold: Hold, card: Card) -> Money:
        """Card payment that comes before the commit, where the manifest's ``payment`` is ``deposit`` or ``full``.

        Called after ``enter_guest``, on its page. Money may be reserved here, no more: it moves with the commit.

        Returns:
            The amount that the page shows; the core stops where it differs from the price agreed to so far.

        Raises:
            PaymentRefused: The bank declines, or asks the card's holder for something.
        """
        raise ContractBroken("the manifest asks for a card payment and the script has no `pay`")

    @abstractmethod
    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        """The point of no return: one click. Called once, after the guard, under the manifest's deadline.

        A venue's own "no" is a value, not an error. Anything that raises here is a doubt.
        """

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        """Candidates from the venue's own record, with everything that they show. Decides nothing.

        Called in a fresh context, possibly days later. A channel may name another method of the same shape.
        """
        raise ContractBroken("the manifest names the channel `read_back` and the script has none")

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        """Cancel the record of a sighting, from a blank page. The proof is a read-back by the core."""
        raise ContractBroken("the manifest has a [cancel] and the script has none")

    async def release(self, visit: Visit, hold: Hold) -> None:  # noqa: B027 - most venues have nothing to give back
        """Give a hold back that will not be used."""

    async def log_in(self, visit: Visit, account: Account) -> None:
        """Log in with the account of a role, on a blank page, before a step that needs it."""
        raise ContractBroken("the manifest has a password account and the script has no `log_in`")

    def signed_out(self, page: Page) -> Locator | None:
        """The log-in wall, watched for in every wait. None where there is none."""
        return None

    async def occupants(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        """Every record on our slot, where the venue shows them and the manifest says ``occupants = true``.

        Called in the visit of a look that found ours as asked and confirmed. Ours may be among them: it is told by
        its reference, so that each must carry what the page shows of reference, time, resource and guest.
        """
        raise ContractBroken("this script cannot see who else holds a slot")

    async def change(self, visit: Visit, sighting: Sighting, request: Request) -> Claim | Refusal:
        """Change a record in place to the time and party of the request, where the manifest has a [change].

        Called on a blank page, after a look that showed the record otherwise; one request goes out, as in a cancel.
        A claim proves nothing: the core looks again. A venue's own "no" is a value.
        """
        raise ContractBroken("this script cannot change a booking in place")
