"""Sealing secrets with the master key: AES-256-GCM, bytes in and bytes out.

Sealed bytes are a version byte, the fingerprint of the key (8), the nonce (12), then ciphertext and tag. The
first two are the label of `stores.directory`, and are authenticated, too. Pure: nonces come in as arguments,
the master key from `master_key.py`. The cryptography is loaded with the first vault: it takes 7 MB, and most
gateways have nothing sealed.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from penstock.stores.control_store import SEAL_LABEL_BYTES

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

_VERSION = b"\x01"
_FINGERPRINT_DOMAIN = b"penstock master key fingerprint\0"
_TAG_BYTES = 16
_SHORTEST = SEAL_LABEL_BYTES + NONCE_BYTES + _TAG_BYTES


class SealBroken(Exception):
    """Sealed bytes that this key does not open. The text says why, and what to do."""


def seal_label(master: bytes) -> bytes:
    """What all that is sealed with this master key begins with. Says nothing about the key."""
    return _VERSION + sha256(_FINGERPRINT_DOMAIN + master).digest()[: SEAL_LABEL_BYTES - len(_VERSION)]


class Vault:
    """Seals and opens with one master key."""

    __slots__ = ("_cipher", "_invalid", "label")

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes, not {len(master)}")
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        self._cipher = AESGCM(master)
        self._invalid = InvalidTag
        self.label = seal_label(master)

    def __repr__(self) -> str:
        return "Vault()"

    def seal(self, plain: bytes, context: bytes, nonce: bytes) -> bytes:
        """Sealed bytes that open only with the same context. A nonce (`NONCE_BYTES`, random) serves once."""
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
        return self.label + nonce + self._cipher.encrypt(nonce, plain, self.label + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed. Raises `SealBroken`."""
        label, nonce, rest = _parts(sealed)
        if label != self.label:
            raise SealBroken(_wrong_label(label))
        try:
            return self._cipher.decrypt(nonce, rest, label + context)
        except self._invalid:
            raise SealBroken(
                "a stored secret is damaged, or belongs to another row: remove it and store it again"
            ) from None


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if len(sealed) < _SHORTEST:
        raise SealBroken(
            f"a stored secret is damaged ({len(sealed)} bytes are too few): remove it and store it again"
        )
    body = SEAL_LABEL_BYTES + NONCE_BYTES
    return sealed[:SEAL_LABEL_BYTES], sealed[SEAL_LABEL_BYTES:body], sealed[body:]


def _wrong_label(label: bytes) -> str:
    if not label.startswith(_VERSION):
        return (
            f"a stored secret is damaged or was sealed by a newer penstock (version {label[0]}): "
            "update, or remove it and store it again"
        )
    return (
        "a stored secret was sealed with another master key: bring that key back, "
        "or remove the secret and store it again"
    )
