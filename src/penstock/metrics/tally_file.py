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
from penstock.stores.aside import set_aside

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


def damaged_tally(path: Path) -> str:
    """What is to be said of a file that cannot be read, which is set aside; empty if there is none, or a sound one.

    For who is about to write it: what was counted begins anew.
    """
    if not path.exists() or read_tally(path) is not None:
        return ""
    try:
        return set_aside(path, "it cannot be read", "what /metrics counts of calls begins anew").text
    except OSError as error:
        return f"{path} cannot be read, nor set aside: {error}"


def write_tally(path: Path, state: TallyState) -> None:
    """Readers see the old file or the new one, never a part."""
    with suppress(OSError):
        replace_file(path, _to_bytes(state))
