"""Signs what goes to a partner, so that it can recognise the farm: HTTP Message Signatures, as Web Bot Auth has them.

Source: RFC 9421, draft-ietf-webbotauth-httpsig-protocol-01, seen 2026-11-28.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_urlsafe

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ED25519

from farm.request import Clock
from profiles.signing_key import read_key, thumbprint
from profiles.terms.fingerprint import FingerprintTerms

LIVES_S = 60
"""So long a signature is good: a request that takes longer to arrive is asked again."""
TAG = "web-bot-auth"
LABEL = "readback"
COVERED = ("@method", "@authority", "@path", f'"signature-agent";key="{LABEL}"')
"""What a signature is good for: one method at one path of one host, from whom it says it is."""
_NONCE_BYTES = 32


@dataclass
class _Message:
    """A request as the library takes it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:  # noqa: ARG002 - there is one
        return self._key


class Signer:
    """The farm's hand at one partner.

    Args:
        key: The partner's own: what one partner sees says nothing at another.
        directory: The origin under which the public key is published.
        clock: Tells when a signature was made.
    """

    def __init__(self, key: Ed25519PrivateKey, directory: str, clock: Clock) -> None:
        self._id = thumbprint(key.public_key())
        self._agent = f'{LABEL}="{directory}"'
        self._clock = clock
        self._signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_OneKey(key))

    def headers(self, method: str, url: str) -> dict[str, str]:
        """The three headers of one request; they are good once, and for nothing else."""
        now = self._clock()
        message = _Message(method.upper(), url, {"Signature-Agent": self._agent})
        self._signer.sign(
            message,
            key_id=self._id,
            created=now,
            expires=now + timedelta(seconds=LIVES_S),
            nonce=token_urlsafe(_NONCE_BYTES),
            label=LABEL,
            tag=TAG,
            include_alg=False,
            covered_component_ids=COVERED,
        )
        return message.headers


def signer_of(terms: FingerprintTerms, clock: Clock) -> Signer | None:
    """Who signs for a partner; None where its profile asks for no signatures.

    Raises:
        AccessNotAgreed: The key's reference leads to no key: nothing goes there unsigned.
    """
    if terms.identify != "web-bot-auth" or terms.key is None or terms.directory is None:
        return None
    return Signer(read_key(terms.key), terms.directory, clock)
