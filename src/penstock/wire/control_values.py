"""The values that control headers and a step's `config` may have (Cloudflare 2.1, 2.4, 3.4).

Pure: text in, a value within its range out. Everything else gives what stands for an absent control (`None`, or
an empty value), because a malformed one is ignored. Which header has which value is in `controls.py`.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from penstock.metadata import MetadataValue

Backoff = Literal["constant", "linear", "exponential"]

_MAX_METADATA = 5
_RESERVED = "cf."
_MAX_EVENT_ID = 256
_MAX_TIMEOUT_MS = 24 * 3600 * 1000
_MAX_DIGITS = 9
_MIN_TTL = 60
_MAX_TTL = 2_592_000
_MAX_CACHE_KEY = 1024
_MAX_ATTEMPTS = 5
_MAX_WAIT = 600
_MAX_DELAY_MS = 60_000
_MAX_MODELS = 16
_MAX_MODEL = 256
_BOOLEANS = {b"true": True, b"false": False}
_BACKOFFS: dict[bytes, Backoff] = {
    b"constant": "constant",
    b"linear": "linear",
    b"exponential": "exponential",
}
_ASKING = {b"ask": True, b"off": False}
_CONTROL_CHARACTER = re.compile(rb"[\x00-\x1f\x7f]")
_ALIAS = re.compile(rb"[A-Za-z0-9_.-]{1,64}")

_decode_metadata = msgspec.json.Decoder(dict[str, MetadataValue]).decode


def parse_metadata(value: bytes) -> dict[str, MetadataValue]:
    """The first five entries; nothing at all when any value is not a string, number or boolean.

    Not JSON, not an object, or an object with a null, array or object inside: ignored as a whole. Keys of the
    reserved name space `cf.` are left out (Cloudflare 2.4, 3.18).
    """
    try:
        entries = _decode_metadata(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    kept = [(key, entry) for key, entry in entries.items() if not key.startswith(_RESERVED)]
    return dict(kept[:_MAX_METADATA]) if all(map(_fits, entries.values())) else {}


def _fits(value: MetadataValue) -> bool:
    """Whether a number can be stored: whole numbers of more than 64 bits cannot."""
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def parse_boolean(value: bytes) -> bool | None:
    """`true` or `false`, in any case."""
    return _BOOLEANS.get(value.strip().lower())


def parse_asking(value: bytes) -> bool | None:
    """`ask` or `off`, in any case."""
    return _ASKING.get(value.strip().lower())


def parse_yielding(value: bytes) -> bool:
    """`optional`, in any case, and nothing else."""
    return value.strip().lower() == b"optional"


def parse_unless_false(value: bytes) -> bool:
    """`false` in any case is false, everything else true."""
    return value.strip().lower() != b"false"


def parse_event_id(value: bytes) -> str:
    """Up to 256 printable ASCII characters; else empty."""
    text = value.strip()
    if len(text) > _MAX_EVENT_ID or not all(0x20 <= byte < 0x7F for byte in text):
        return ""
    return text.decode("ascii")


def parse_seconds(value: bytes) -> float | None:
    """Milliseconds, from 1 to a day, as seconds."""
    milliseconds = _whole(value, 1, _MAX_TIMEOUT_MS)
    return None if milliseconds is None else milliseconds / 1000


def parse_ttl(value: bytes) -> int | None:
    """Seconds: 0, or from a minute to thirty days (Cloudflare 3.2)."""
    seconds = _whole(value, 0, _MAX_TTL)
    return None if seconds is None or 0 < seconds < _MIN_TTL else seconds


def parse_wait(value: bytes) -> int | None:
    """Seconds, up to as long as Parallel holds a question for a result (Parallel 2.9.3)."""
    return _whole(value, 0, _MAX_WAIT)


def parse_attempts(value: bytes) -> int | None:
    """From 1 to 5."""
    return _whole(value, 1, _MAX_ATTEMPTS)


def parse_delay(value: bytes) -> int | None:
    """Milliseconds, from 0 to a minute."""
    return _whole(value, 0, _MAX_DELAY_MS)


def parse_backoff(value: bytes) -> Backoff | None:
    """One of the three words, in any case."""
    return _BACKOFFS.get(value.strip().lower())


def parse_cache_key(value: bytes) -> bytes:
    """Up to 1024 bytes of UTF-8 without control characters; else empty."""
    key = value.strip()
    if len(key) > _MAX_CACHE_KEY or _CONTROL_CHARACTER.search(key):
        return b""
    try:
        key.decode()
    except UnicodeDecodeError:
        return b""
    return key


def parse_alias(value: bytes) -> str:
    """The name of a stored key: up to 64 letters, digits, `_`, `-` and `.`; else empty."""
    name = value.strip()
    return name.decode("ascii") if _ALIAS.fullmatch(name) else ""


def parse_models(value: bytes) -> tuple[str, ...]:
    """Up to sixteen names of models, with commas between them; nothing at all where one is impossible."""
    try:
        names = tuple(name.strip() for name in value.decode().split(",") if name.strip())
    except UnicodeDecodeError:
        return ()
    fit = len(names) <= _MAX_MODELS and all(len(name) <= _MAX_MODEL and name.isprintable() for name in names)
    return names if fit else ()


def _whole(value: bytes, low: int, high: int) -> int | None:
    text = value.strip()
    if not text.isdigit() or len(text) > _MAX_DIGITS:
        return None
    number = int(text)
    return number if low <= number <= high else None
