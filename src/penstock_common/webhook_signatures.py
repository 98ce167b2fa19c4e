"""Signatures of webhooks: signing, and verifying what was signed (Parallel 2.14, Standard Webhooks).

What is signed is id, time and the raw bytes of the body. A secret stands for two keys: what follows `whsec_` decoded,
and, as older accounts have it, its whole text; either will do. Pure: the time is told, and secrets are in no message.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from enum import Enum
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
"""What secrets begin with."""

TOLERANCE: Final = 300
"""Seconds that the sender's clock and ours may be apart, either way."""

_VERSION: Final = "v1,"
_MOST_SIGNATURES: Final = 32  # of one event; a rotation yields two
_MOST_HEADER: Final = 8192  # characters of all signatures
_MOST_ID: Final = 256
_MOST_DIGITS: Final = 15


class Verdict(Enum):
    """What is to be thought of an event."""

    GOOD = "good"
    UNSIGNED = "it is not signed with a secret that is known here"
    TOO_OLD = "it was signed too long ago: it is to be sent again"
    TOO_NEW = "it was signed in the future: the clocks are apart"


def verified(
    secrets: Iterable[str], event_id: str, timestamp: str, signature: str, body: bytes, now: float
) -> Verdict:
    """Whether one of the secrets has signed an event, in time. The texts are those of its three headers, empty where
    there is none; `now` is in seconds since 1970. That it was not in time is only told of what was signed.
    """
    if not _is_id(event_id) or not _is_time(timestamp) or len(signature) > _MOST_HEADER:
        return Verdict.UNSIGNED
    shown = [one.removeprefix(_VERSION) for one in signature.split(" ") if one.startswith(_VERSION)]
    if not shown or len(shown) > _MOST_SIGNATURES:
        return Verdict.UNSIGNED
    keys = [key for secret in secrets for key in _keys(secret)]
    right = [_signature(key, event_id, timestamp, body).encode() for key in keys]
    candidates = [one.encode("utf-8", "replace") for one in shown]
    # All are compared, so that time tells nothing of which was nearest.
    if not sum(hmac.compare_digest(one, other) for one in candidates for other in right):
        return Verdict.UNSIGNED
    then = int(timestamp)
    if then < now - TOLERANCE:
        return Verdict.TOO_OLD
    return Verdict.TOO_NEW if then > now + TOLERANCE else Verdict.GOOD


def signed(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of an event, in the current variant. Raises `ValueError` for no such secret."""
    key = decoded(secret)
    if key is None:
        raise ValueError(f"a secret to sign with is {PREFIX} and at least one byte in Base64")
    return _VERSION + _signature(key, event_id, str(timestamp), body)


def signed_either_way(secrets: Iterable[str], event_id: str, timestamp: int, body: bytes) -> str:
    """The header for receivers of any age: each secret's signature in both variants, the current one first."""
    keys = [key for secret in secrets for key in _keys(secret)]
    return " ".join(_VERSION + _signature(key, event_id, str(timestamp), body) for key in keys)


def decoded(secret: str) -> bytes | None:
    """The key that a secret stands for in the current variant; None where it stands for none."""
    if not secret.startswith(PREFIX):
        return None
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _keys(secret: str) -> list[bytes]:
    if not secret.startswith(PREFIX):  # what is shown in place of one, for one
        return []
    current = decoded(secret)
    older = secret.encode()
    return [older] if current is None else [current, older]


def _signature(key: bytes, event_id: str, timestamp: str, body: bytes) -> str:
    text = b"%b.%b.%b" % (event_id.encode(), timestamp.encode(), body)
    return base64.b64encode(hmac.new(key, text, sha256).digest()).decode()


def _is_id(event_id: str) -> bool:
    """Printable ASCII without spaces and dots: a dot would make two events of one signature."""
    return 0 < len(event_id) <= _MOST_ID and all("!" <= one <= "~" and one != "." for one in event_id)


def _is_time(timestamp: str) -> bool:
    return timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MOST_DIGITS
