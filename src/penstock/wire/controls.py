"""The `cf-aig-*` request headers: what the caller asks of the gateway (Cloudflare 2.1, 2.4, 3.18).

Pure. A malformed control header is ignored, as the contract says of metadata and leaves open for the rest.
Headers whose feature this version does not have are kept as text, so that the log shows what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from penstock.telemetry.record import MetadataValue

_MAX_METADATA = 5
_RESERVED = "cf."
_MAX_EVENT_ID = 256
_MAX_TIMEOUT_MS = 24 * 3600 * 1000
_SECRET = frozenset({b"cf-aig-authorization"})
_BOOLEANS = {b"true": True, b"false": False}

_decode_metadata = msgspec.json.Decoder(dict[str, MetadataValue]).decode


@dataclass(slots=True)
class Controls:
    """What one request asks of the gateway. `None` means: not said, the gateway's setting holds."""

    authorization: bytes = b""
    event_id: str = ""
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    collect_log: bool | None = None
    collect_payload: bool = True
    timeout: float | None = None  # seconds to the first byte
    seen: dict[str, str] = field(default_factory=dict)  # every control header but credentials, as sent


NO_CONTROLS = Controls()
"""Of a request without any control header. Shared: nobody changes it."""


def parse_controls(headers: Iterable[tuple[bytes, bytes]]) -> Controls:
    """Reads control headers (lower-case names). Of a repeated header the last one counts."""
    controls = Controls()
    for name, value in headers:
        if name not in _SECRET:
            controls.seen[name.decode("latin-1")] = value.decode("latin-1")
        _apply(controls, name, value)
    return controls


def _apply(controls: Controls, name: bytes, value: bytes) -> None:
    match name:
        case b"cf-aig-authorization":
            controls.authorization = value
        case b"cf-aig-event-id":
            controls.event_id = _event_id(value)
        case b"cf-aig-metadata":
            controls.metadata = parse_metadata(value)
        case b"cf-aig-collect-log":
            controls.collect_log = _BOOLEANS.get(value.strip().lower())
        case b"cf-aig-collect-log-payload":
            controls.collect_payload = _BOOLEANS.get(value.strip().lower(), True)
        case b"cf-aig-request-timeout":
            controls.timeout = _seconds(value)
        case _:
            pass


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


def _event_id(value: bytes) -> str:
    text = value.strip()
    printable = all(0x20 <= byte < 0x7F for byte in text)
    return text.decode("ascii") if printable and len(text) <= _MAX_EVENT_ID else ""


def _seconds(value: bytes) -> float | None:
    text = value.strip()
    if not text.isdigit() or len(text) > 9:
        return None
    milliseconds = int(text)
    return milliseconds / 1000 if 0 < milliseconds <= _MAX_TIMEOUT_MS else None
