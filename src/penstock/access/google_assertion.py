"""What Google is shown for an access token: a statement signed with the key of a service account (RFC 7523).

Bytes in and bytes out; the moment comes in as an argument. The cryptography is loaded with the first one: it takes
7 MB, and most gateways never need it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final

import msgspec

from penstock.providers.google_accounts import ServiceAccount
from penstock.providers.signing import GOOGLE_TOKENS

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
"""What tokens are good for: all of the cloud, within what the account may do there."""

_LIFETIME: Final = 3600  # seconds, which is the most
_KEY_BITS: Final = range(1024, 4097)
_MOST_EXPONENT_BITS: Final = 32


class UnfitKey(ValueError):
    """A private key that cannot sign. The text says why, and never quotes it."""


def assertion(account: ServiceAccount, now_s: int) -> bytes:
    """A signed statement of the account, good for an hour. Raises `UnfitKey`.

    The library's own look at a key takes seconds for one of 4096 bits, which a caller may have made up. What signs is
    tried instead: a signature that does not hold is none.
    """
    from cryptography.exceptions import (  # noqa: PLC0415 - see above
        InternalError,
        InvalidSignature,
        UnsupportedAlgorithm,
    )
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    signed = b".".join((_part(_header(account)), _part(_claims(account, now_s))))
    try:
        key = load_pem_private_key(account.private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise UnfitKey("private_key is not an RSA key")
        _check(key.key_size, key.public_key().public_numbers().e)
        signature = key.sign(signed, padding.PKCS1v15(), SHA256())
        key.public_key().verify(signature, signed, padding.PKCS1v15(), SHA256())
    except UnfitKey:
        raise
    except (InternalError, InvalidSignature, TypeError, UnsupportedAlgorithm, ValueError):
        raise UnfitKey("private_key is not a key that can sign") from None
    return b".".join((signed, _base64(signature)))


def _check(bits: int, exponent: int) -> None:
    """What a larger one takes is more than a caller should be able to ask for."""
    if bits not in _KEY_BITS:
        raise UnfitKey(f"private_key must have {_KEY_BITS.start} to {_KEY_BITS.stop - 1} bits")
    if exponent.bit_length() > _MOST_EXPONENT_BITS:
        raise UnfitKey("private_key has an exponent that nobody uses")


def _header(account: ServiceAccount) -> dict[str, str]:
    named = {"kid": account.key_id} if account.key_id else {}
    return {"alg": "RS256", "typ": "JWT", **named}


def _claims(account: ServiceAccount, now_s: int) -> dict[str, str | int]:
    ends = now_s + _LIFETIME
    return {"iss": account.email, "scope": SCOPE, "aud": GOOGLE_TOKENS, "iat": now_s, "exp": ends}


def _part(members: dict[str, str] | dict[str, str | int]) -> bytes:
    return _base64(msgspec.json.encode(members))


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
