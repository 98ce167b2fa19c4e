"""Content of Chat messages for a vendor: text, pictures, sound and files, as far as it takes them.

What a vendor cannot take is refused with its place; what only loses a detail is told. Messages are put together in
`message_writer.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from penstock.wire.dialects.chat.vendors import Vendor
from penstock.wire.dialects.conversation import (
    Audio,
    CacheMark,
    Data,
    Document,
    FileId,
    Found,
    Image,
    Part,
    Text,
)
from penstock.wire.dialects.data_urls import data_url, text_of
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused

MOST_MARKS: Final = 4
"""Of the cache, in one request (dialects, C 137)."""

_SOUNDS: Final = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
_ENDINGS: Final = {"application/pdf": "pdf", "text/plain": "txt", "text/markdown": "md", "text/csv": "csv"}


class ContentWriter:
    """Writes what stands in messages of one request. `skipped`: how many cache marks are left out, the first ones."""

    __slots__ = ("_dropped", "_marks", "_skipped", "_vendor")

    def __init__(self, vendor: Vendor, marks: bool, skipped: int, dropped: Dropped) -> None:
        self._vendor = vendor
        self._marks = marks
        self._skipped = skipped
        self._dropped = dropped

    def content(self, parts: Sequence[Part]) -> str | list[Json]:
        """A string where it is one text, or the vendor wants one; else parts."""
        written = [one for part in parts if (one := self.part(part))]
        if self._vendor.text_only:
            return "\n".join(str(one["text"]) for one in written)
        if not written:
            return ""
        if len(written) == 1 and written[0].keys() == {"type", "text"}:
            return str(written[0]["text"])
        return [*written]

    def part(self, part: Part) -> Object | None:
        """One part; None for what is nothing without what it has lost."""
        match part:
            case Text():
                return self._text(part)
            case Image():
                written = self._image(part)
            case Audio():
                written = self._audio(part)
            case Document():
                written = self._document(part)
            case Found():
                self._dropped(part.at)
                return text_part(found_text(part))
            case _:
                raise Refused(part.at, "has no counterpart at this provider")
        if self._vendor.text_only:
            raise Refused(part.at, "this provider takes text only")
        return self.marked(written, part.cache)

    def _text(self, part: Text) -> Object | None:
        if part.citations:
            self._dropped(f"{part.at}.citations")
        if part.signature is not None:
            self._dropped(part.at)
        return self.marked(text_part(part.text), part.cache) if part.text else None

    def _image(self, part: Image) -> Object:
        if isinstance(part.place, FileId):
            raise Refused(part.at, "names a picture by a file's id: only a URL or data can be carried")
        url: Object = {"url": data_url(part.place) if isinstance(part.place, Data) else part.place.url}
        if part.detail:
            url["detail"] = part.detail
        return {"type": "image_url", "image_url": url}

    def _audio(self, part: Audio) -> Object:
        if not isinstance(part.place, Data):
            raise Refused(part.at, "sound can be carried by its data only")
        form = part.format or _SOUNDS.get(part.place.media_type, "")
        if not form:
            raise Refused(part.at, f"must be WAV or MP3, not {part.place.media_type!r}")
        return {"type": "input_audio", "input_audio": {"data": part.place.base64, "format": form}}

    def _document(self, part: Document) -> Object:
        """A file where the vendor takes files, else its text with its title."""
        for name, value in (("context", part.context), ("citations", part.cited)):
            if value:
                self._dropped(f"{part.at}.{name}")
        place = part.place
        if isinstance(place, FileId):
            if place.family is not self._vendor.family:
                raise Refused(part.at, f"the file {place.id!r} is known to another provider only")
            return {"type": "file", "file": {"file_id": place.id}}
        if isinstance(place, Data) and self._vendor.files:
            return {
                "type": "file",
                "file": {"file_data": data_url(place), "filename": file_name(part, place)},
            }
        if not isinstance(place, Data) and self._vendor.file_urls:
            url: Object = {"file_data": place.url}
            return {"type": "file", "file": {**url, "filename": part.name} if part.name else url}
        text = text_of(place) if isinstance(place, Data) else None
        if text is None:
            raise Refused(part.at, "files like this cannot be carried to this provider")
        self._dropped(part.at)
        return text_part(titled(part.title or part.name, text))

    def marked(self, written: Object, mark: CacheMark | None) -> Object:
        """The part with its cache mark, where the vendor has one; else that is told."""
        if mark is None:
            return written
        if not self._marks or self._skipped > 0:
            self._skipped -= self._marks
            self._dropped(mark.at)
            return written
        if self._vendor.marks == "cache_control":
            return {**written, "cache_control": cache_control(mark)}
        if mark.ttl:
            self._dropped(f"{mark.at}.ttl")
        return {**written, "prompt_cache_breakpoint": {"mode": "explicit"}}


def cache_control(mark: CacheMark) -> Object:
    """Anthropic's mark, as some vendors pass it on."""
    return {"type": "ephemeral", "ttl": mark.ttl} if mark.ttl else {"type": "ephemeral"}


def text_part(text: str) -> Object:
    """A part that is a text."""
    return {"type": "text", "text": text}


def titled(title: str, text: str) -> str:
    """A text under its title."""
    return f"{title}\n{text}" if title else text


def found_text(part: Found) -> str:
    """A search result as a text, with its title and where it is from."""
    return "\n".join((*filter(None, (part.title, part.source)), *part.texts))


def file_name(part: Document, place: Data) -> str:
    """The name that goes with a file's data, which OpenAI wants: the caller's, or its title, with what it is."""
    if part.name:
        return part.name
    return f"{part.title or 'document'}.{_ENDINGS.get(place.media_type, 'bin')}"
