"""What is kept of a log-in is sealed: AES-256-GCM, bound to what it belongs to, with keys that can be changed."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHORTEST_KEY = 32
_NONCE_BYTES, _MARK_BYTES = 12, 8
_VERSION = b"\x01"


class CannotOpen(Exception):
    """It was sealed with a key that is not here any more, for something else, or was changed since."""


@dataclass(frozen=True)
class KeyRing:
    """The deployment's keys for what is kept: the first one seals, each of them opens.

    Attributes:
        keys: Texts of ``SHORTEST_KEY`` characters or more.
    """

    keys: tuple[str, ...] = field(repr=False)

    def seal(self, clear: bytes, belongs_to: Sequence[object]) -> bytes:
        """Encrypt; only for the same ``belongs_to`` can it be opened again."""
        key, nonce = _derived(self.keys[0]), secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + _mark(key) + nonce + AESGCM(key).encrypt(nonce, clear, _bound(belongs_to))

    def open(self, sealed: bytes, belongs_to: Sequence[object]) -> bytes:
        """What was sealed.

        Raises:
            CannotOpen: No key of this ring can.
        """
        version, mark, rest = sealed[:1], sealed[1 : 1 + _MARK_BYTES], sealed[1 + _MARK_BYTES :]
        key = next((key for text in self.keys if _mark(key := _derived(text)) == mark), None)
        if version != _VERSION or key is None:
            raise CannotOpen("it was sealed with a key that is not here any more")
        try:
            return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(belongs_to))
        except (InvalidTag, ValueError):
            raise CannotOpen("it was sealed for something else, or was changed since") from None

    def mark(self, text: str) -> str:
        """Tells two secrets apart, and says nothing about either to whoever has no key."""
        return hashlib.blake2b(
            text.encode(), key=_derived(self.keys[0]), digest_size=16, person=b"account"
        ).hexdigest()


def _derived(text: str) -> bytes:
    """The key itself: a key's text is long and random, so that one hash is enough."""
    return hashlib.blake2b(text.encode(), digest_size=32, person=b"readback state").digest()


def _mark(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=_MARK_BYTES, person=b"which key").digest()


def _bound(belongs_to: Sequence[object]) -> bytes:
    return json.dumps([str(part) for part in belongs_to]).encode()
