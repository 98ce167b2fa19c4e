"""How an answer under a good status ended: soundly, cut short, or with an error in it.

Each dialect has its own word for the end and its own for a failure; they stand in members of its events, so that text
which speaks of errors is text. Only the last events are looked at, and of a document only its own members. Pure; what
follows from it is decided by who keeps answers and writes records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from penstock.wire.answer_dialect import Dialect
from penstock.wire.answer_pieces import Shape, is_lines, shape_of, start_of
from penstock.wire.end_marks import Mark, document_failure, event_mark, frame_mark
from penstock.wire.sse import Event
from penstock.wire.tolerant_json import UNREADABLE
from penstock.wire.usage_bedrock import last_frames

_WINDOW: Final = 16384  # bytes at the end that are looked at, and what is left of the event they begin in
_MOST_EVENTS: Final = 1000
_MOST_TRIES: Final = 64  # places where the last element of an array may begin
_LARGEST_ERROR: Final = 1024 * 1024  # bytes of a document that tells of a failure, and of nothing else
_EVENT_TYPES = ("event-stream", "json", "octet-stream")
_LINE_TYPES = ("ndjson", "stream+json", "jsonl")
_DOCUMENTS: Final = frozenset(
    {
        "application/json",
        "application/json; charset=utf-8",
        b"application/json",
        b"application/json; charset=utf-8",
    }
)
_WITH_REASONS: Final = frozenset(
    {Dialect.COHERE_V1, Dialect.COHERE_V2}
)  # whose documents say `ERROR` somewhere
_DOCUMENTS_ONLY: Final = frozenset(
    {Dialect.EXA, Dialect.TAVILY, Dialect.BRAVE, Dialect.BRAVE_CONTEXT, Dialect.PERPLEXITY_SEARCH}
)  # who answer nothing else: a page of somebody's in between is none of theirs
_ELEMENT = re.compile(rb",\s*+(?=\{)")
_BOM = b"\xef\xbb\xbf"


class End(Enum):
    """How an answer ended, as far as its bytes tell."""

    SOUND = 0
    FAILED = 1  # the provider said so, in words of its dialect
    CUT = 2  # without the word for its end
    UNTOLD = 3  # nothing in it tells; the end of its bytes is its end


class Verdict(NamedTuple):
    """How it ended; `error` is the provider's type of error, of one that failed."""

    end: End
    error: str = ""


SOUND, CUT, UNTOLD = Verdict(End.SOUND), Verdict(End.CUT), Verdict(End.UNTOLD)


@dataclass(frozen=True, slots=True)
class _Ending:
    """What the last events of a stream have to be. Empty: its bytes may end anywhere."""

    names: frozenset[str] = frozenset()  # all of which say that it is whole: one is enough
    together: frozenset[str] = frozenset()  # that have to be there, all of them
    done: bool = False  # `[DONE]` is enough
    finish: bool = False  # a reason to have finished, of each choice, is enough

    @property
    def is_told(self) -> bool:
        return bool(self.names or self.together or self.done or self.finish)


def _named(*names: str) -> _Ending:
    return _Ending(frozenset(names))


_COHERE: Final = _named("stream-end", "message-end")
_ENDINGS: Final = {
    Dialect.OPENAI_CHAT: _Ending(done=True, finish=True),
    Dialect.OPENAI_RESPONSES: _named("response.completed", "response.incomplete", "response.done"),
    Dialect.OPENAI_IMAGES: _named("image_generation.completed", "image_edit.completed"),
    Dialect.OPENAI_SPEECH: _named("speech.audio.done"),
    Dialect.OPENAI_TRANSCRIPTION: _named("transcript.text.done", "transcription.done"),
    Dialect.OPENAI_RUNS: _Ending(frozenset({"done"}), done=True),
    Dialect.ANTHROPIC: _named("message_stop"),
    Dialect.GOOGLE: _Ending(finish=True),
    Dialect.GOOGLE_INTERACTIONS: _named("interaction.completed", "interaction.complete"),
    Dialect.BEDROCK_CONVERSE: _Ending(together=frozenset({"messageStop", "metadata"})),
    Dialect.BEDROCK_INVOKE: _named("invocationMetrics", "message_stop"),
    Dialect.COHERE_V1: _COHERE,
    Dialect.COHERE_V2: _COHERE,
    Dialect.REPLICATE: _named("done"),
    Dialect.WORKERS_AI: _Ending(done=True, finish=True),
    Dialect.MISTRAL_CONVERSATIONS: _named("conversation.response.done"),
    Dialect.CARTESIA: _named("done"),
}
_ANY: Final = _Ending()
_BY_PREFIX: Final = (
    ("response.", Dialect.OPENAI_RESPONSES),
    ("message_start", Dialect.ANTHROPIC),
    ("content_block_", Dialect.ANTHROPIC),
    ("message_delta", Dialect.ANTHROPIC),
    ("message_stop", Dialect.ANTHROPIC),
    ("image_generation.", Dialect.OPENAI_IMAGES),
    ("image_edit.", Dialect.OPENAI_IMAGES),
    ("speech.audio.", Dialect.OPENAI_SPEECH),
    ("transcript.text.", Dialect.OPENAI_TRANSCRIPTION),
    ("transcription.", Dialect.OPENAI_TRANSCRIPTION),
    ("thread.", Dialect.OPENAI_RUNS),
    ("interaction.", Dialect.GOOGLE_INTERACTIONS),
    ("conversation.response.", Dialect.MISTRAL_CONVERSATIONS),
    ("stream-", Dialect.COHERE_V1),
    ("text-generation", Dialect.COHERE_V1),
    ("content-delta", Dialect.COHERE_V2),
    ("message-end", Dialect.COHERE_V2),
    ("contentBlock", Dialect.BEDROCK_CONVERSE),
)


def end_of(
    dialect: Dialect | None,
    content_type: str,
    first: bytes,
    last: bytes = b"",
    *,
    framed: bool = True,
    reads: bool = False,
) -> Verdict:
    """How the answer ended whose plain body this is, or whose first and last bytes these are.

    `dialect`: None where nobody knows it, and its shape has to tell. `framed`: its length or its chunks say that these
    are all of its bytes. `reads`: it shows something that is stored: if that has failed this answer has not, and only
    a part of it may have been asked for.
    """
    kind = content_type.lower()
    marks = _marks(kind, first, last, reads=reads)
    if marks is None:
        return _end_of_document(dialect, shape_of(kind, first), first, last, framed=framed, reads=reads)
    verdict = _judged(marks, _ENDINGS.get(_shown(marks) if dialect is None else dialect, _ANY))
    return UNTOLD if reads and verdict is CUT else verdict


def is_silent(dialect: Dialect | None, content_type: str | bytes, body: bytes) -> bool:
    """Whether a plain body is sure to tell nothing of its end: one document, as most are, with no word of an error."""
    return (
        content_type in _DOCUMENTS
        and dialect not in _WITH_REASONS
        and body.startswith(b"{")
        and body.endswith(b"}")
        and body.find(b"\n") < 0  # `in` tries bytes as a number first, and makes an exception
        and body.find(b'"error') < 0
    )


def failure_of(body: bytes) -> str:
    """The type of error that an answer with a bad status tells; empty for none."""
    return document_failure(body[start_of(body) :], None) if len(body) <= _LARGEST_ERROR else ""


# -- of streams


def _marks(kind: str, first: bytes, last: bytes, *, reads: bool) -> list[Mark] | None:
    """What the last events of a stream tell; None: it is no stream."""
    shape = shape_of(kind, first)
    if shape is Shape.FRAMES:
        return [frame_mark(*frame) for frame in last_frames(first, last)]
    if shape is Shape.EVENTS and (not kind or any(known in kind for known in _EVENT_TYPES)):
        return [event_mark(data, name) for data, name in _events(first, last)]
    are_lines = any(known in kind for known in _LINE_TYPES) or (shape is Shape.DOCUMENT and is_lines(first))
    return [event_mark(line, "") for line in _lines(first, last)] if are_lines and not reads else None


def _shown(marks: list[Mark]) -> Dialect:
    """The dialect that events show by their shape."""
    for mark in marks:
        if mark.choices is not None:
            return Dialect.GOOGLE if mark.is_google else Dialect.OPENAI_CHAT
        for name in mark.names:
            for prefix, dialect in _BY_PREFIX:
                if name.startswith(prefix):
                    return dialect
    return Dialect.NONE


def _judged(marks: list[Mark], ending: _Ending) -> Verdict:
    error = next((mark.error for mark in marks if mark.error), "")
    if error:
        return Verdict(End.FAILED, error)
    if not ending.is_told:
        return UNTOLD
    return SOUND if _is_whole(marks, ending) else CUT


def _is_whole(marks: list[Mark], ending: _Ending) -> bool:
    names: set[str] = set().union(*(mark.names for mark in marks))
    if names & ending.names or (ending.together and names >= ending.together):
        return True
    if ending.done and any(mark.is_done for mark in marks):
        return True
    if not ending.finish:
        return False
    finished: dict[int, bool] = {}
    for mark in marks:
        for index, is_finished in (mark.choices or {}).items():
            finished[index] = is_finished or finished.get(index, False)
    return bool(finished) and all(finished.values())


def _events(first: bytes, last: bytes) -> Iterator[tuple[bytes, str]]:
    """Data and name of the last events."""
    for event in _with_ends(first.removeprefix(_BOM), last):
        if event.startswith(b"data:") and b"\n" not in event:  # as a rule
            yield event[5:], ""
        elif event:
            yield Event(event).data, _name_of(event)


def _name_of(event: bytes) -> str:
    names = [line[6:].strip() for line in event.split(b"\n") if line.startswith(b"event:")]
    return names[-1].decode("latin-1") if names else ""


def _with_ends(first: bytes, last: bytes) -> list[bytes]:
    """The last events, with LF for every end of a line; the first of them from its beginning, however long it is."""
    body = last or first
    begin = max(0, len(body) - _WINDOW)
    if begin:
        begin = max(body.rfind(end, 0, begin) for end in (b"\n\n", b"\r\n\r\n", b"\r\r"))
    text = body[max(begin, 0) :]
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if last and begin <= 0:
        text = text.partition(b"\n\n")[2]
    return text.split(b"\n\n")[-_MOST_EVENTS:]


def _lines(first: bytes, last: bytes) -> list[bytes]:
    body = last or first
    begin = body.rfind(b"\n", 0, max(0, len(body) - _WINDOW)) + 1
    if last and not begin:
        begin = body.find(b"\n") + 1
    return body[begin:].split(b"\n")[-_MOST_EVENTS:]


# -- of documents


def _end_of_document(
    dialect: Dialect | None, shape: Shape, first: bytes, last: bytes, *, framed: bool, reads: bool
) -> Verdict:
    if shape not in (Shape.DOCUMENT, Shape.ARRAY):
        return CUT if dialect in _DOCUMENTS_ONLY and not reads else UNTOLD
    body = first[start_of(first) :]
    if shape is Shape.ARRAY and not reads and dialect in (Dialect.GOOGLE, None):
        found = _end_of_array(dialect, last or body)
        if found is not UNTOLD:
            return found
    elif not last and not reads and len(body) <= _LARGEST_ERROR:
        error = document_failure(body, dialect)
        if error:
            return Verdict(End.FAILED, error)
    if framed:
        is_open = shape is Shape.DOCUMENT and not reads and not (last or body).rstrip().endswith(b"}")
        return CUT if is_open else UNTOLD
    return CUT if last or not _is_json(body) else SOUND


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True


def _end_of_array(dialect: Dialect | None, body: bytes) -> Verdict:
    """Google streams an array unless asked for events."""
    element = _last_element(body)
    mark = None if element is None else event_mark(element, "")
    if dialect is None and (mark is None or not (mark.is_google or mark.error)):
        return UNTOLD
    return _judged([] if mark is None else [mark], _ENDINGS[Dialect.GOOGLE])


def _last_element(body: bytes) -> bytes | None:
    """The last object of an array that is closed; of a long one, whose beginning need not be at hand."""
    text = body.rstrip()
    if not text.endswith(b"]"):
        return None
    places = [place.end() for place in _ELEMENT.finditer(text)][-_MOST_TRIES:]
    if text.startswith(b"["):
        places.insert(0, 1)
    for place in reversed(places):
        try:
            found = msgspec.json.decode(b"[%b" % text[place:], type=list[msgspec.Raw])
        except UNREADABLE:
            continue
        if len(found) == 1:
            return bytes(found[0])
    return None
