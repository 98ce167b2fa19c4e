"""How long a recording was, and how many pictures there are, in answers that count no tokens.

OpenAI's detailed transcriptions and those who have the same members, Deepgram's, ElevenLabs'; Google's pictures. Only
where an answer has the form of one: others have a `duration` of something else.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.wire.tolerant_json import read
from penstock.wire.usage_counts import Count, Usage

_PICTURE = b'"bytesBase64Encoded"'
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]


class _Metadata(msgspec.Struct, gc=False):
    duration: _Seconds | None = None
    channels: Count = 1


class _Heard(msgspec.Struct, gc=False):
    text: str | None = None
    duration: _Seconds | None = None
    audio_duration_secs: _Seconds | None = None  # ElevenLabs
    metadata: _Metadata | None = None  # Deepgram, as is the next
    results: msgspec.Raw = msgspec.Raw()


_MARKS = (b'"duration"', b'"audio_duration_secs"', _PICTURE)  # one of them stands in each of these answers


def counts(data: bytes) -> Usage | None:
    """The length of what was heard, in whole seconds, or the number of pictures; None for other answers. May raise
    `UNREADABLE`.
    """
    if not any(mark in data for mark in _MARKS):
        return None
    pictures = data.count(_PICTURE)
    if pictures:
        return Usage(output_images=pictures)
    said, _ = read(_Heard, data)
    seconds = said.audio_duration_secs
    if seconds is None and said.text is not None:
        seconds = said.duration
    if seconds is None and said.metadata is not None and said.metadata.duration is not None and said.results:
        seconds = said.metadata.duration * said.metadata.channels
    return None if seconds is None else Usage(input_audio_seconds=int(seconds + 0.5))
