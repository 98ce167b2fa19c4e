"""Encryption of pushed logs with a gateway's public key (Cloudflare 3.21).

Each log has a fresh AES-256-GCM key, wrapped with RSA-OAEP (SHA-256). Randomness comes in from outside. The
cryptography is loaded with the first key, as for the vault.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

import msgspec

_KEY_BYTES = 32
_NONCE_BYTES = 12
_FEWEST_BITS = 2048

Random = Callable[[int], bytes]


class Encrypted(msgspec.Struct, frozen=True):
    """One field. All in base64: the wrapped key, the nonce, the ciphertext with its tag behind it."""

    key: str
    iv: str
    data: str


class KeyBroken(Exception):
    """This is no public key to encrypt with; the text says what to do."""


class LogEncryption:
    """Encrypts the fields of logs for whoever has the private key."""

    def __init__(self, pem: str, random: Random) -> None:
        """Raises `KeyBroken`."""
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

        try:
            public = load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            raise KeyBroken("logpush_public_key is not a public key in PEM: give one of RSA") from None
        if not isinstance(public, rsa.RSAPublicKey) or public.key_size < _FEWEST_BITS:
            raise KeyBroken(f"logpush_public_key must be a key of RSA with at least {_FEWEST_BITS} bits")
        oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
        self._wrap: Callable[[bytes], bytes] = lambda key: public.encrypt(key, oaep)
        self._cipher = AESGCM
        self._random = random

    def fields(self, *plain: bytes) -> tuple[Encrypted, ...]:
        """The fields of one log, encrypted with one key that serves no other log."""
        key = self._random(_KEY_BYTES)
        wrapped, cipher = _text(self._wrap(key)), self._cipher(key)
        nonces = [self._random(_NONCE_BYTES) for _ in plain]
        return tuple(
            Encrypted(wrapped, _text(nonce), _text(cipher.encrypt(nonce, one, None)))
            for nonce, one in zip(nonces, plain, strict=True)
        )


def _text(data: bytes) -> str:
    return b64encode(data).decode()
