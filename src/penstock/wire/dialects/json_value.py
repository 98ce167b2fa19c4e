"""JSON as Python has it, once decoded: what members hold that a dialect passes on without looking into them."""

from __future__ import annotations

from typing import Final

import msgspec

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Object = dict[str, Json]

_encoder: Final = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[Json]] = msgspec.json.Decoder()


def to_json(value: Json) -> bytes:
    """As compact JSON."""
    return _encoder.encode(value)


def from_json(data: bytes | str) -> Json:
    """Raises `msgspec.DecodeError`, `RecursionError`, `UnicodeError`."""
    return _decoder.decode(data)
