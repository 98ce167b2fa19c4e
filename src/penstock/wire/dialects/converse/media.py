"""Pictures, sound and files as Converse takes them: bytes of formats it knows, or a place in S3 (dialects, A5, B3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.conversation import Audio, Data, Document, FileId, Image, Place
from penstock.wire.dialects.converse.document_names import DocumentNames
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Refused

_IMAGES: Final[Mapping[str, str]] = {
    "image/gif": "gif",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/png": "png",
    "image/webp": "webp",
}
_SOUNDS: Final[Mapping[str, str]] = {
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/m4a": "m4a",
    "audio/mp3": "mp3",
    "audio/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/webm": "webm",
    "audio/x-wav": "wav",
}
_DOCUMENTS: Final[Mapping[str, str]] = {
    "application/csv": "csv",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/x-markdown": "md",
}
_FORMATS: Final = frozenset(_DOCUMENTS.values())
_UNSAID: Final = ("", "application/octet-stream", "text/plain")
"""Types that an extension of the file's name says more than."""

PDF: Final = "pdf"
_S3: Final = "s3://"


def image(part: Image) -> Object:
    """Raises `Refused`."""
    return {
        "image": {
            "format": _format(part, part.place, _IMAGES, ""),
            "source": source(part.place, part.at),
        }
    }


def audio(part: Audio) -> Object:
    """Raises `Refused`."""
    form = part.format or _format(part, part.place, _SOUNDS, "")
    return {"audio": {"format": form, "source": source(part.place, part.at)}}


def document(part: Document, names: DocumentNames) -> Object:
    """Raises `Refused`."""
    ending = part.name.rpartition(".")[2].lower() if "." in part.name else ""
    form = "" if isinstance(part.place, Data) and part.place.media_type not in _UNSAID else ending
    if form not in _FORMATS:
        form = _format(part, part.place, _DOCUMENTS, ending)
    found: Object = {"name": names.name(part), "format": form, "source": source(part.place, part.at)}
    if part.context:
        found["context"] = part.context
    if part.cited:
        found["citations"] = {"enabled": True}
    return {"document": found}


def source(place: Place, at: str) -> Object:
    """Raises `Refused` for addresses elsewhere than in S3, and for ids of files."""
    if isinstance(place, Data):
        return {"bytes": place.base64}
    if isinstance(place, FileId):
        raise Refused(at, "the id of another provider's file means nothing to Bedrock: send the data itself")
    if place.url.startswith(_S3):
        return {"s3Location": {"uri": place.url}}
    raise Refused(at, "Bedrock fetches nothing from addresses: send the data itself")


def _format(part: Image | Audio | Document, place: Place, known: Mapping[str, str], ending: str) -> str:
    """By its type, else by the extension of its place. A label does not change the bytes (dialects, C49)."""
    if isinstance(place, Data):
        media_type = place.media_type.partition(";")[0].strip().lower()
        if found := known.get(media_type):
            return found
    else:
        where = "" if isinstance(place, FileId) else place.url
        source(place, part.at)
        media_type = where.rpartition(".")[2].lower()
        if (found := "jpeg" if media_type == "jpg" else media_type) in known.values():
            return found
    formats = ", ".join(sorted(set(known.values())))
    said = media_type or ending or "of no type"
    raise Refused(part.at, f"is {said}, and must be one of {formats}")
