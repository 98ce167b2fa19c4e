"""What a request tells of the work that it asks for, where that is not counted in tokens.

The characters of a text to be spoken, pictures by their number, quality and size, the seconds of a video.

The answers to these are sound, pictures and videos, and tell nothing themselves. Pure. What such a unit costs is in the
price lists; what nobody can tell is None, and so unknown.
"""

from __future__ import annotations

from typing import Final

from penstock.providers.operation import Effect, Kind, Operation
from penstock.providers.request_reading import Request, said_at
from penstock.wire.answer_dialect import Dialect
from penstock.wire.usage_counts import Usage

_MOST = 1_000_000  # of anything that one request may ask for
_SPOKEN: Final = ("body:input", "body:text", "body:transcript")
_PICTURES: Final = ("n", "size", "quality")
_SAMPLES: Final = "body:parameters.sampleCount"
_USUAL_SAMPLES = 4  # of Google's, where a request does not say
_DOCUMENTS: Final = "body:documents[]"
_IN_A_SEARCH = 100  # documents that one search of reranking may have
_VIDEO: Final = ("seconds", "size")
_BYTES_A_SECOND = 8000  # of sound, about: 64 kbit/s
_TOKENS_A_SECOND = 10  # that it is counted as, where it is counted in tokens
_WRITTEN_A_SECOND = 4


_HEARS: Final = frozenset({Kind.TRANSCRIPTION, Kind.TRANSLATION})

TOLD_BY_REQUESTS: Final = frozenset({Kind.SPEECH, Kind.IMAGE, Kind.IMAGE_EDIT})
"""Kinds of work that a request may tell of."""

TOLD_BEFORE: Final = TOLD_BY_REQUESTS | {Kind.VIDEO}
"""Kinds of work of which a request may tell all that decides the price."""


NOT_IN_TOKENS: Final = TOLD_BEFORE | _HEARS | {Kind.RERANK}
"""Kinds of work of which something else than tokens may be likely."""


def asked_units(operation: Operation, request: Request, model: str | None) -> Usage | None:
    """What the request asks for, by its operation; None where it does not tell, or is not at hand."""
    if operation.kind is Kind.SPEECH and operation.effect is Effect.GENERATE:
        return _characters(request)
    if operation.kind in (Kind.IMAGE, Kind.IMAGE_EDIT) and operation.effect is Effect.GENERATE:
        if operation.dialect is Dialect.OPENAI_IMAGES:
            return _pictures(request)
        if "imagen" in (model or ""):
            number = _number(_first(request, _SAMPLES), _USUAL_SAMPLES)
            return None if number is None else Usage(output_images=number)
    return None


def likely_units(operation: Operation, request: Request, model: str | None, size: int) -> Usage | None:
    """The same before there is an answer, with what can only be guessed. `size` is the request's, in bytes."""
    if operation.kind in _HEARS:
        seconds = size // _BYTES_A_SECOND + 1
        return Usage(_TOKENS_A_SECOND * seconds, _WRITTEN_A_SECOND * seconds, input_audio_seconds=seconds)
    if operation.kind is Kind.RERANK:
        documents = len(said_at(request, (_DOCUMENTS,))[_DOCUMENTS])
        return Usage(search_units=max(1, -(-documents // _IN_A_SEARCH)))
    if operation.kind is Kind.VIDEO and operation.effect is Effect.ORDER:
        seconds_said, size_said = (_of_either(request, name) for name in _VIDEO)
        seconds_asked = _number(seconds_said, 4)
        if seconds_asked is not None and operation.pattern.endswith("videos"):
            return Usage(output_video_seconds=seconds_asked, variant=size_said or "720x1280")
    return asked_units(operation, request, model)


def _characters(request: Request) -> Usage | None:
    if not request.body or request.is_cut:
        return None
    told = [text for texts in said_at(request, _SPOKEN, texts=True).values() for text in texts]
    return Usage(input_characters=len(told[0])) if told else None


def _pictures(request: Request) -> Usage | None:
    """By what OpenAI takes where nothing is said."""
    if not request.body or request.is_cut:
        return None
    number_said, size, quality = (_of_either(request, name) for name in _PICTURES)
    number = _number(number_said, 1)
    if number is None:
        return None
    return Usage(output_images=number, variant=f"{quality or 'standard'} {size or '1024x1024'}"[:64])


def _of_either(request: Request, name: str) -> str:
    """What a member of the body says, or a field of a form."""
    return _first(request, f"body:{name}") or _first(request, f"form:{name}")


def _first(request: Request, place: str) -> str:
    return next(iter(said_at(request, (place,))[place]), "")


def _number(text: str, unsaid: int) -> int | None:
    if not text:
        return unsaid
    return int(text) if text.isdecimal() and len(text) < 8 and int(text) <= _MOST else None
