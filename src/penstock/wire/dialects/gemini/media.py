"""Pictures, sound and files as parts: their bytes, or an address that Google fetches (dialects, B3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from penstock.wire.dialects.conversation import (
    Audio,
    Conversation,
    Data,
    Document,
    Family,
    FileId,
    Image,
    Url,
)
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.gemini.hosts import is_vertex
from penstock.wire.dialects.gemini_models import rules_of
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused

Media = Image | Audio | Document

_BY_ENDING: Final[Mapping[str, str]] = {
    "aac": "audio/aac",
    "csv": "text/csv",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "md": "text/markdown",
    "mov": "video/quicktime",
    "mp3": "audio/mp3",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
}
_OTHER_NAMES: Final[Mapping[str, str]] = {"image/jpg": "image/jpeg"}
_YOUTUBE: Final = re.compile(r"https://(?:(?:www\.|m\.)?youtube\.com|youtu\.be)/")
_UPLOADED: Final = re.compile(r"https://generativelanguage\.googleapis\.com/(?:[^/]+/)?files/")


def media_part(part: Media, asked: Conversation, target: Target, dropped: Dropped) -> Object:
    """Raises `Refused` for what cannot go."""
    _tell(part, asked, target, dropped)
    place = part.place
    if isinstance(place, Data):
        data: Object = {"mimeType": _media_type(part, place), "data": place.base64}
        if isinstance(part, Document) and part.name and is_vertex(target):
            data["displayName"] = part.name
        return {"inlineData": data}
    if isinstance(place, FileId):
        if place.family is not Family.GOOGLE:
            raise Refused(part.at, "the id of another provider's file means nothing to Gemini")
        return {"fileData": {"fileUri": place.id}}
    return {"fileData": _file_data(part, place, target)}


def _media_type(part: Media, place: Data) -> str:
    found = place.media_type
    if not found and isinstance(part, Audio) and part.format:
        found = f"audio/{part.format}"
    if not found and isinstance(part, Document):
        found = _by_ending(part.name)
    if not found:
        raise Refused(part.at, "its media type is missing")
    return _OTHER_NAMES.get(found, found)


def _file_data(part: Media, place: Url, target: Target) -> Object:
    _check(part, place.url, target)
    found: Object = {"fileUri": place.url}
    media_type = _by_ending(urlsplit(place.url).path)
    if not media_type and isinstance(part, Audio) and part.format:
        media_type = f"audio/{part.format}"
    if media_type:
        found["mimeType"] = media_type
    return found


def _check(part: Media, url: str, target: Target) -> None:
    """Whether Google fetches from there."""
    if url.startswith("gs://"):
        if is_vertex(target):
            return
        raise Refused(part.at, "only Vertex reads from gs://")
    if not url.startswith(("https://", "http://")):
        raise Refused(part.at, "Gemini reads from no such address")
    if is_vertex(target) or rules_of(target.model).public_urls:
        return
    if not _YOUTUBE.match(url) and not _UPLOADED.match(url):
        raise Refused(part.at, "this model does not fetch from addresses: send the data itself")


def _by_ending(name: str) -> str:
    return _BY_ENDING.get(name.rpartition(".")[2].lower(), "") if "." in name else ""


def _tell(part: Media, asked: Conversation, target: Target, dropped: Dropped) -> None:
    """What stands beside, and has no place here."""
    if part.cache is not None:
        dropped(part.cache.at)
    if isinstance(part, Image) and part.detail not in ("", "auto"):
        dropped(f"{part.at}.image_url.detail" if asked.family is None else f"{part.at}.detail")
    if isinstance(part, Document):
        told = {"title": part.title, "context": part.context, "citations": part.cited}
        if not is_vertex(target):
            told["file.filename" if asked.family is None else "filename"] = part.name
        for member, said in told.items():
            if said:
                dropped(f"{part.at}.{member}")
