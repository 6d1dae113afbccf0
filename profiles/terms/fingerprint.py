"""``[fingerprint]``: what the browser says about itself: one coherent identity, and the truth about its engine."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from farm.facts import Fact
from profiles.terms.secret import SecretReference


class Viewport(Fact):
    """The size of the window in CSS pixels."""

    width: Annotated[int, Field(ge=320, le=4096)] = 1280
    height: Annotated[int, Field(ge=320, le=4096)] = 900


class FingerprintTerms(Fact):
    """What the browser says about itself, how it identifies the farm, and what it does not load.

    Attributes:
        family: The browsers that the user agent is drawn from; engine, version and platform are those that run.
        locale: Of pages, numbers and ``Accept-Language``.
        timezone: ``venue``, or an IANA name.
        scale: Device pixels to a CSS pixel.
        identify: ``web-bot-auth``: every request to this partner is signed, so that it can recognise the farm.
        key: The Ed25519 key that signs, by reference.
        directory: The https address under which the partner finds our public keys.
        skip: Kinds of resources that need not be loaded.
    """

    family: Literal["chrome", "edge"] = "chrome"
    locale: Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]
    timezone: str = "venue"
    viewport: Viewport = Viewport()
    scale: Annotated[float, Field(ge=0.5, le=4)] = 1.0
    color_scheme: Literal["light", "dark"] = "light"
    identify: Literal["nothing", "web-bot-auth"] = "nothing"
    key: SecretReference | None = None
    directory: str | None = None
    skip: tuple[Literal["image", "font", "media", "stylesheet"], ...] = ()
    source: str | None = None

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        if name != "venue" and name not in available_timezones():
            raise ValueError(f"`{name}` is neither `venue` nor an IANA time zone")
        return name

    @model_validator(mode="after")
    def _can_sign(self) -> FingerprintTerms:
        if self.identify == "web-bot-auth" and (self.key is None or self.directory is None):
            raise ValueError('`identify = "web-bot-auth"` needs `key` and `directory`')
        if self.directory is not None and not re.fullmatch(r"https://[^/?#@]+", self.directory):
            raise ValueError("`directory` is an https origin, without a path: `https://bot.example.org`")
        return self
