"""The stored bodies of a call as text: without content-encoding, and what in them was asked and answered.

Pure. What cannot be read is left out.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.stores.ledger import Bodies, CallRow
from penstock.wire.content_encoding import plain

_ASKED: Final = ("messages", "input", "contents", "prompt")  # where vendors have the prompt, in this order
_ANSWERED: Final = ("choices", "output", "candidates", "content")
_to_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def plain_bodies(row: CallRow, bodies: Bodies) -> tuple[bytes | None, bytes | None]:
    """Request and response without their content-encoding; None for one that cannot be undone."""
    return plain(bodies.request, row.request_encoding), plain(bodies.response, row.response_encoding)


def prompt_of(body: bytes) -> str:
    """The prompt in a request, as JSON; the body itself where it is not known where that stands."""
    return _part(body, _ASKED)


def completion_of(body: bytes) -> str:
    """The same of an answer. A stream is given as it came."""
    return _part(body, _ANSWERED)


def _part(body: bytes, names: tuple[str, ...]) -> str:
    try:
        fields = _to_fields(body)
    except (msgspec.MsgspecError, RecursionError):
        fields = {}
    found = next((bytes(fields[name]) for name in names if name in fields), body)
    return found.decode(errors="replace")
