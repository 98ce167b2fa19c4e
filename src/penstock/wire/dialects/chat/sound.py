"""Sound in answers for callers of the Chat dialect: `audio` of a message, whole or in pieces (dialects, A1).

It is not kept here, and so its id is good for nothing and ends at once; nobody has written down what is said.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from penstock.wire.dialects.conversation import Conversation, Data
from penstock.wire.dialects.json_value import Object

_STEP: Final = 3  # bytes that are four characters of base64


def is_sound(media: Data) -> bool:
    """Whether it is heard, not seen."""
    return media.media_type.lower().startswith("audio/")


class Sound:
    """What is heard in one choice. Its pieces are texts that clients join, so that none but the last is padded."""

    __slots__ = ("_asked", "_begun", "_rest")

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._begun = False
        self._rest = b""

    def piece(self, data: str) -> Object:
        """`audio` of a delta: with the first one, what is said of it."""
        try:
            heard = self._rest + binascii.a2b_base64(data)
        except (binascii.Error, ValueError):
            heard = self._rest
        whole = len(heard) - len(heard) % _STEP
        self._rest = heard[whole:]
        return self._audio(heard[:whole])

    def rest(self) -> Object:
        """`audio` of the last one; empty where there is nothing left."""
        left, self._rest = self._rest, b""
        return self._audio(left) if left else {}

    def _audio(self, heard: bytes) -> Object:
        data: Object = {"data": base64.b64encode(heard).decode()}
        if self._begun:
            return data
        self._begun = True
        number = f"audio_{self._asked.call_id.replace('-', '')}"
        return {"id": number, **data, "expires_at": self._asked.asked_at, "transcript": ""}


def whole_sound(pieces: Iterable[str], asked: Conversation) -> Object:
    """`audio` of a message."""
    sound = Sound(asked)
    found = [*map(sound.piece, pieces), sound.rest()]
    return {**found[0], "data": "".join(str(one.get("data", "")) for one in found)}
