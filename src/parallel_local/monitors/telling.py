"""What an event says of a detection: a text with quotations, or the fields that a caller's schema asks for."""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Depth
from parallel_local.answers.statements import cite, confidence
from parallel_local.monitors.detection import Detection, Happened
from parallel_local.monitors.interest import topic
from parallel_local.monitors.narrowed import Narrowed
from parallel_local.retrieval.library import Library
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.tasks import JsonOutput, Output, TextOutput

_SAID: dict[Happened, str] = {
    "new": "A new document says:",
    "changed": "A document that was changed now says:",
    "silent": "A document that was changed no longer says what it said of this:",
    "gone": "A document that said something of this is gone:",
}
_DEPTH = Depth(sections=1, statements=3)


def text_output(found: Detection) -> Output:
    """The document and its sentences, word for word; nothing is quoted from one that is gone."""
    said = _SAID[found.happened]
    lines = [f"{said} {found.title} ({found.url})", *(f"- {quote.text}" for quote in found.quotes)]
    entry = FieldBasis(
        "output",
        said.rstrip(":"),
        cite(found.quotes),
        confidence(found.quotes) if found.quotes else "high",
    )
    return TextOutput(content="\n".join(lines), basis=[entry])


def json_output(library: Library, found: Detection, query: str, schema: dict[str, object]) -> Output:
    """The schema's fields as this document alone fills them; empty ones where it says nothing any more."""
    url = found.url if found.quotes else ""
    given = " ".join((topic(query), *_subject(found)))
    task = Assignment(given, "json", _DEPTH, schema=schema)
    said = _SAID[found.happened]
    for item in compose(Narrowed(library, url), task):
        if isinstance(item, JsonOutput):
            basis = [msgspec.structs.replace(one, reasoning=f"{said} {one.reasoning}") for one in item.basis]
            return msgspec.structs.replace(item, basis=basis)
    return text_output(found)


def _subject(found: Detection) -> Sequence[str]:
    return (found.title,) if found.quotes else ()
