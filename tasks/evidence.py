"""The store of evidence: a folder, or whatever ``READBACK_EVIDENCE_URL`` names. What it keeps was masked before."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from farm.evidence import Evidence
from ledger.evidence import Kept
from tasks.settings import Settings

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

A = TypeVar("A")
T = TypeVar("T")


class StoreAway(Exception):
    """The store does not answer, or lets nobody in."""


class EvidenceStore:
    """Bytes by key, below one address. Every method runs on a thread: a store may be far away."""

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    def of(cls, settings: Settings) -> EvidenceStore:
        """The deployment's."""
        return cls(settings.evidence_at)

    async def keep(self, kept: Kept, items: Sequence[tuple[Evidence, bytes]]) -> None:
        """Write the bytes, then what they are: an item that is listed is there."""
        await asyncio.to_thread(self._put, [(item.key, seen) for item, seen in items if item.sha256 is not None])
        await kept.add([item for item, _ in items])

    async def read(self, item: Evidence) -> bytes | None:
        """The bytes of an item; None where they are gone, or are no longer those that were kept.

        Raises:
            StoreAway: Nobody can tell now.
        """
        seen = await _reached(self._get, item.key)
        return seen if seen is not None and hashlib.sha256(seen).hexdigest() == item.sha256 else None

    async def forget(self, keys: Iterable[str]) -> None:
        """Delete these; what is not there is no fault.

        Raises:
            StoreAway: Some of them may still be there.
        """
        await _reached(self._delete, list(keys))

    async def forget_days(self, before: date) -> int:
        """Delete everything that was seen before this day; how many days went."""
        return await asyncio.to_thread(self._delete_days, before)

    @cached_property
    def _place(self) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - nobody else needs it, and it takes its time

        filesystem, root = url_to_fs(self._url)
        return filesystem, root.rstrip("/")

    def _put(self, items: Sequence[tuple[str, bytes]]) -> None:
        filesystem, root = self._place
        for key, seen in items:
            path = f"{root}/{key}"
            filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
            filesystem.pipe_file(path, seen)

    def _get(self, key: str) -> bytes | None:
        filesystem, root = self._place
        try:
            seen: bytes = filesystem.cat_file(f"{root}/{key}")
        except FileNotFoundError:
            return None
        return seen

    def _delete(self, keys: Sequence[str]) -> None:
        filesystem, root = self._place
        for key in keys:
            try:
                filesystem.rm_file(f"{root}/{key}")
            except FileNotFoundError:
                continue

    def _delete_days(self, before: date) -> int:
        filesystem, root = self._place
        filesystem.invalidate_cache()
        if not filesystem.exists(root):
            return 0
        old = [path for path in filesystem.ls(root, detail=False) if _is_before(path.rpartition("/")[2], before)]
        for path in old:
            filesystem.rm(path, recursive=True)
        return len(old)


async def _reached(work: Callable[[A], T], about: A) -> T:
    try:
        return await asyncio.to_thread(work, about)
    except Exception as error:
        raise StoreAway(type(error).__name__) from error


def _is_before(name: str, day: date) -> bool:
    try:
        return date.fromisoformat(name) < day
    except ValueError:  # nothing of ours
        return False
