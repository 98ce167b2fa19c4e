"""The tally of calls as a file: written by the shipper every few seconds, read by whoever shows metrics.

A killed shipper loses what it counted since; the ledger and its roll-ups are the exact record. Nothing here raises
for a full or broken disk: metrics are the least of what a gateway is there for.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from penstock.durable import replace_file
from penstock.metrics.call_tally import TallyState, is_sound

FILE_NAME: Final = "metrics.msgpack"
"""Below the data folder."""

_to_bytes = msgspec.msgpack.Encoder().encode
_to_state = msgspec.msgpack.Decoder(TallyState).decode


def read_tally(path: Path) -> TallyState | None:
    """None where there is no sound file, or one of another version."""
    try:
        state = _to_state(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
    return state if is_sound(state) else None


def write_tally(path: Path, state: TallyState) -> None:
    """Readers see the old file or the new one, never a part."""
    with suppress(OSError):
        replace_file(path, _to_bytes(state))
