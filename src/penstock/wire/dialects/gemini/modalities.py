"""Answers in sound and pictures: asked of Gemini in OpenAI's words, and sound as the caller wants it (dialects, B2).

Gemini gives sound as bare samples, and text beside pictures only. OpenAI's text beside sound is what was said, which
nobody has written down here.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Final

from penstock.wire.dialects.conversation import Conversation, Data
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.members import Members

MODALITIES: Final = ("modalities", "audio")
"""The members of `extra` that are carried here."""

_WORDS: Final = ("text", "audio", "image")
_SAMPLES, _WAV = "pcm16", "wav"
_BARE: Final = re.compile(r"audio/(?:l16|pcm)\b", re.IGNORECASE)
_RATE: Final = 24_000
_WAV_HEAD: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


def modalities(asked: Conversation) -> Object:
    """Members of `generationConfig`. Raises `Refused`. Callers of other dialects than Chat have no such words."""
    if asked.family is not None:
        return {}
    members = Members({name: asked.extra[name] for name in MODALITIES if name in asked.extra})
    wanted = [word for word in members.texts("modalities") if _known(word)]
    audio = members.object("audio")
    if "audio" not in wanted:
        return {"responseModalities": [word.upper() for word in wanted]} if wanted else {}
    if "image" in wanted:
        raise Refused("modalities", "Gemini gives sound or pictures, not both at once")
    found: Object = {"responseModalities": ["AUDIO"]}
    if audio is not None:
        _check_format(audio, stream=asked.stream)
        if voice := audio.text("voice"):
            found["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}}
    return found


def _known(word: str) -> bool:
    if word not in _WORDS:
        raise Refused("modalities", f"must hold some of {', '.join(_WORDS)}")
    return True


def _check_format(audio: Members, *, stream: bool) -> None:
    form = audio.text("format")
    if form in (None, _SAMPLES) or (form == _WAV and not stream):
        return
    raise Refused(audio.at("format"), f"must be {_SAMPLES}{'' if stream else f' or {_WAV}'} here")


def heard(media: Data, asked: Conversation) -> Data:
    """Sound as the caller wants it: samples as they are, or with the head of a WAV file."""
    bare = _BARE.match(media.media_type)
    audio = asked.extra.get("audio")
    form: Json = audio.get("format") if isinstance(audio, dict) else None
    if bare is None or form != _WAV:
        return media
    rate = re.search(r"rate=(\d{1,6})", media.media_type)
    try:
        samples = binascii.a2b_base64(media.base64)
    except (binascii.Error, ValueError):
        return media
    head = _wav_head(len(samples), int(rate[1]) if rate else _RATE)
    return Data("audio/wav", base64.b64encode(head + samples).decode())


def _wav_head(size: int, rate: int) -> bytes:
    """One channel of 16 bits."""
    return _WAV_HEAD.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size
    )
