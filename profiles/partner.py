"""``partners/<partner>.toml``: how one partner agreed to be visited. Closed schema, nothing assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import model_validator

from farm.errors import AccessNotAgreed
from farm.facts import Fact
from farm.phases import Step
from farm.schema import Fault, SchemaFaults, nearest, read_toml
from profiles.terms.access import AccessTerms
from profiles.terms.fingerprint import FingerprintTerms
from profiles.terms.pacing import PacingTerms
from profiles.terms.session import SessionTerms
from profiles.terms.tolerance import ToleranceTerms


class Partner(Fact):
    """One partner's profile."""

    slug: str = ""
    name: str
    access: AccessTerms
    session: SessionTerms = SessionTerms()
    pacing: PacingTerms
    tolerance: ToleranceTerms | None = None
    fingerprint: FingerprintTerms

    @model_validator(mode="after")
    def _limits_were_agreed(self) -> Partner:
        if not (self.access.is_ours or self.pacing.is_bounded):
            raise ValueError("an agreement says how much: pacing needs `requests_per_min` and `visits_at_once`")
        if self.tolerance is not None:
            ceiling = self.pacing.requests_per_min
            if ceiling is None or self.tolerance.floor_per_min > ceiling:
                raise ValueError("tolerance is learned up to `pacing.requests_per_min`, which lies over its floor")
        return self

    def must_allow(self, steps: Sequence[Step], now: datetime, zone: ZoneInfo, origin: str) -> None:
        """Refuse a visit that the agreement does not cover, before a single packet.

        Raises:
            AccessNotAgreed: Past its end, outside its hours, a step or the venue's host that it does not name.
        """
        local = now.astimezone(zone)
        if local.date() > self.access.ends:
            raise AccessNotAgreed(f"the agreement with {self.slug} ended on {self.access.ends}")
        if self.access.hours is not None and not self.access.hours.hold(local.time()):
            raise AccessNotAgreed(f"the agreement with {self.slug} does not cover {local:%H:%M}")
        missing = [step for step in steps if step not in self.access.steps]
        if missing:
            raise AccessNotAgreed(f"the agreement with {self.slug} does not allow {', '.join(missing)}")
        if urlsplit(origin).netloc not in self.access.hosts:
            raise AccessNotAgreed(f"the agreement with {self.slug} does not name {urlsplit(origin).netloc}")


@dataclass(frozen=True)
class Partners:
    """All partners' profiles, by slug."""

    by_slug: dict[str, Partner]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Partners:
        """Read every ``*.toml`` of the folders.

        Raises:
            SchemaFaults: Everything that is wrong in any file, at once.
        """
        faults: list[Fault] = []
        found: dict[str, Partner] = {}
        for path in [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.toml"))]:
            if path.stem in found:
                faults.append(Fault(str(path), f"partner `{path.stem}` exists already"))
                continue
            try:
                found[path.stem] = read_toml(path, Partner, {"slug": "file"})
            except SchemaFaults as error:
                faults += error.faults
        if faults:
            raise SchemaFaults(faults)
        return cls(found)

    def must_have(self, slug: str) -> Partner:
        """The partner's profile.

        Raises:
            AccessNotAgreed: There is none, so nobody agreed to anything.
        """
        if slug not in self.by_slug:
            raise AccessNotAgreed(f"no profile of partner `{slug}`; {nearest(slug, sorted(self.by_slug))}")
        return self.by_slug[slug]
