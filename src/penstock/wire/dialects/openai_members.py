"""Members that OpenAI's dialects have alike, Chat and Responses: marks of the cache, sound, who asks."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.conversation import Audio, CacheMark, Conversation, Data
from penstock.wire.dialects.data_urls import is_data_url, legal_base64, read_data_url
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members

_MEDIA_TYPES: Final = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def read_cache_mark(members: Members) -> CacheMark | None:
    """`cache_control`, as several clients write it, or OpenAI's own `prompt_cache_breakpoint`."""
    control = members.object("cache_control")
    if control is not None:
        control.take("type")
        return CacheMark(control.path, control.text("ttl") or "")
    own = members.object("prompt_cache_breakpoint")
    return None if own is None else CacheMark(own.path)


def tell_rest(members: Members, dropped: Dropped) -> None:
    """Members of this dialect, or of nobody's, that no other can have."""
    for path in members.left_over():
        dropped(path)


def read_sound(members: Members) -> Audio:
    """An `input_audio` part."""
    audio = members.object("input_audio")
    if audio is None:
        raise Refused(members.at("input_audio"), "is missing: it must be an object")
    written, kind = audio.needed_text("data"), audio.text("format") or ""
    at = audio.at("data")
    if is_data_url(written):
        place = read_data_url(written, at)
    else:
        media_type = _MEDIA_TYPES.get(kind, f"audio/{kind}" if kind else "")
        place = Data(media_type, legal_base64(written, at))
    return Audio(place=place, at=members.path, format=kind, cache=read_cache_mark(members))


def read_metadata(body: Members) -> dict[str, str]:
    """`metadata` of a request: pairs of strings."""
    pairs = body.object("metadata")
    if pairs is None:
        return {}
    names = [path.removeprefix(f"{pairs.path}.") for path in pairs.left_over()]
    return {name: pairs.needed_text(name) for name in names}


def read_user(body: Members, asked: Conversation) -> None:
    """`safety_identifier` takes the place of `user`; where both are there, it goes with what only OpenAI has."""
    user, newer = body.text("user"), body.text("safety_identifier")
    if user:
        asked.user = user
        if newer:
            asked.extra["safety_identifier"] = newer
    elif newer:
        asked.user = newer
        asked.paths["user"] = body.at("safety_identifier")
