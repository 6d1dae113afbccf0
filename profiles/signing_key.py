"""The farm's Ed25519 keys, one for each partner that asks for signatures, and the document that publishes them."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from farm.errors import AccessNotAgreed
from profiles.secrets import read_secret

WELL_KNOWN = "/.well-known/http-message-signatures-directory"
MEDIA_TYPE = "application/http-message-signatures-directory+json"


def new_key(path: Path) -> str:
    """Make a key in a new file that only its owner can read, and say its id.

    Raises:
        FileExistsError: A key is never written over: what it has signed could not be recognised any more.
    """
    key = Ed25519PrivateKey.generate()
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - with its mode
        file.write(written)
    return thumbprint(key.public_key())


def read_key(reference: str) -> Ed25519PrivateKey:
    """The key behind a reference.

    Raises:
        AccessNotAgreed: Nothing is there, or no Ed25519 key; the message never shows what is.
    """
    try:
        key = load_pem_private_key(read_secret(reference).encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise AccessNotAgreed(f"what is behind `{reference}` is no Ed25519 key; `readback identity new` makes one")
    return key


def jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The public key with nothing but itself (RFC 8037)."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _text(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}


def thumbprint(key: Ed25519PublicKey) -> str:
    """The key's id: the SHA-256 of its JWK without a space, names in order (RFC 7638)."""
    return _text(sha256(json.dumps(jwk(key), separators=(",", ":"), sort_keys=True).encode()).digest())


def directory(keys: Iterable[Ed25519PublicKey]) -> dict[str, list[dict[str, str]]]:
    """The document to publish: each key once, under its id."""
    by_id = {thumbprint(key): key for key in keys}
    return {"keys": [{"kid": name, **jwk(key), "use": "sig"} for name, key in by_id.items()]}


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
