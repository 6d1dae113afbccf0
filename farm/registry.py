"""Finds integrations and venues by lying in a folder, and loads a script on its first use. No hand-kept list."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farm.contract import VenueScript
from farm.errors import ContractBroken
from farm.manifest import Manifest
from farm.phases import SCRIPT
from farm.request import Request
from farm.schema import Fault, SchemaFaults, check_keys, nearest, read_toml
from farm.venue import Setting, Venue

_KINDS: dict[str, type] = {"text": str, "flag": bool, "number": int}


class UnknownName(LookupError):
    """A venue or group that is in no folder; the message names the nearest one."""


@dataclass(frozen=True)
class Integration:
    """One folder with a manifest and a script."""

    slug: str
    folder: Path
    manifest: Manifest


@dataclass(frozen=True)
class Registry:
    """Everything that can be booked.

    Attributes:
        integrations: By slug (the folder's name).
        venues: By slug (the file's name).
    """

    integrations: dict[str, Integration]
    venues: dict[str, Venue]
    _scripts: dict[str, VenueScript] = field(default_factory=dict)

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Registry:
        """Read every ``<slug>/manifest.toml`` and ``<slug>/venues/*.toml`` below the folders.

        A later folder may add venues to an integration of an earlier one, by holding ``<slug>/venues/`` only.

        Raises:
            SchemaFaults: Everything that is wrong in any file, at once.
        """
        faults: list[Fault] = []
        broken: set[str] = set()
        integrations: dict[str, Integration] = {}
        venues: dict[str, Venue] = {}
        found = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_dir()]
        for path in found:
            try:
                _read_integration(path, integrations)
            except SchemaFaults as error:
                faults += error.faults
                broken.add(path.name)
        for path in [path for path in found if path.name not in broken]:
            for file in sorted(path.glob("venues/*.toml")):
                try:
                    _read_venue(file, path.name, integrations, venues)
                except SchemaFaults as error:
                    faults += error.faults
        if faults:
            raise SchemaFaults(faults)
        return cls(integrations, venues)

    def venue(self, slug: str) -> Venue:
        """The venue of this name.

        Raises:
            UnknownName: There is none.
        """
        if slug not in self.venues:
            raise UnknownName(f"no venue `{slug}`; {nearest(slug, sorted(self.venues))}")
        return self.venues[slug]

    def group(self, name: str) -> list[Venue]:
        """The venues of a group.

        Raises:
            UnknownName: No venue is in such a group.
        """
        members = [venue for venue in self.venues.values() if name in venue.groups]
        if not members:
            known = sorted({group for venue in self.venues.values() for group in venue.groups})
            raise UnknownName(f"no group `{name}`; {nearest(name, known)}")
        return members

    def candidates(self, request: Request) -> list[Venue]:
        """The venues that a request may end at: as named, or all of its group.

        Raises:
            UnknownName: A venue or the group is unknown.
        """
        return self.group(request.group) if request.group else [self.venue(slug) for slug in request.venues]

    def manifest(self, venue: Venue) -> Manifest:
        """What the venue's integration declares."""
        manifest = self.integrations[venue.integration].manifest
        return manifest.at(venue.settings) if venue.settings else manifest

    def script(self, venue: Venue) -> VenueScript:
        """The venue's script, loaded on first use.

        Raises:
            ContractBroken: There is no script, or it does not keep what its manifest promises.
        """
        slug = venue.integration
        if slug not in self._scripts:
            self._scripts[slug] = _load_script(self.integrations[slug])
        return self._scripts[slug]


def _read_integration(path: Path, into: dict[str, Integration]) -> None:
    file = path / "manifest.toml"
    if not file.is_file():
        return
    if path.name in into:
        raise SchemaFaults(
            [Fault(str(file), f"integration `{path.name}` exists already in {into[path.name].folder}")]
        )
    into[path.name] = Integration(path.name, path, read_toml(file, Manifest))


def _read_venue(file: Path, slug: str, integrations: dict[str, Integration], into: dict[str, Venue]) -> None:
    if slug not in integrations:
        raise SchemaFaults([Fault(str(file), f"no integration `{slug}`; {nearest(slug, sorted(integrations))}")])
    if file.stem in into:
        raise SchemaFaults([Fault(str(file), f"venue `{file.stem}` exists already")])
    venue = read_toml(file, Venue, {"slug": "file", "integration": "folder"})
    faults = list(_setting_faults(file, venue.settings, integrations[slug].manifest))
    if faults:
        raise SchemaFaults(faults)
    into[file.stem] = venue


def _setting_faults(file: Path, settings: dict[str, Setting], manifest: Manifest) -> list[Fault]:
    faults = check_keys(settings, sorted(manifest.settings), f"{file}: settings")
    for name, kind in manifest.settings.items():
        if name not in settings:
            faults.append(Fault(f"{file}: settings.{name}", f"is missing ({kind}; the manifest asks for it)"))
        elif type(settings[name]) is not _KINDS[kind]:
            faults.append(Fault(f"{file}: settings.{name}", f"must be a {kind}"))
    return faults


def _load_script(integration: Integration) -> VenueScript:
    path = integration.folder / "script.py"
    name = f"{SCRIPT}{integration.slug}"
    spec = importlib.util.spec_from_file_location(name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise ContractBroken(f"integration {integration.slug} has no script.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ContractBroken(
            f"{integration.slug}/script.py does not load: {type(error).__name__}: {error}"
        ) from error
    wanted = "".join(part.capitalize() for part in integration.slug.split("_"))
    kind: object = getattr(module, wanted, None)
    if not (isinstance(kind, type) and issubclass(kind, VenueScript)) or inspect.isabstract(kind):
        raise ContractBroken(f"{integration.slug}/script.py has no complete VenueScript called {wanted}")
    _keeps_its_promises(kind, integration)
    return kind()


def _keeps_its_promises(kind: type[VenueScript], integration: Integration) -> None:
    manifest = integration.manifest
    needed = {channel.method for channel in manifest.read_back}
    needed |= {"cancel"} if manifest.cancel else set()
    needed |= {"change"} if manifest.change else set()
    needed |= {"occupants"} if manifest.occupants else set()
    needed |= {"pay"} if manifest.payment in {"deposit", "full"} else set()
    needed |= {"log_in"} if any(role.kind != "token" for role in manifest.accounts.values()) else set()
    missing = [name for name in sorted(needed) if getattr(kind, name, None) is getattr(VenueScript, name, None)]
    if missing:
        raise ContractBroken(f"{integration.slug}: the manifest promises {', '.join(missing)}; the script has none")
