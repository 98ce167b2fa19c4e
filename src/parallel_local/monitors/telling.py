"""What an event says (Parallel 2.13.3): of a detection a text with quotations, or the fields that a caller's schema
asks for; of a snapshot the fields that are no longer what they were.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Depth
from parallel_local.answers.statements import cite, confidence
from parallel_local.documents.document import Entity
from parallel_local.monitors.detection import Detection, Happened
from parallel_local.monitors.interest import topic
from parallel_local.retrieval.effort import USUAL, Effort
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import MOST_DOCUMENTS, Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import Found
from parallel_local.wire.common import FieldBasis, SourcePolicy
from parallel_local.wire.tasks import JsonOutput, Output, TextOutput

_SAID: dict[Happened, str] = {
    "new": "A new document says:",
    "changed": "A document that was changed now says:",
    "silent": "A document that was changed no longer says what it said of this:",
    "gone": "A document that said something of this is gone:",
}
_NO_MORE = "The documents say nothing of this any more."
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
    for item in compose(_Narrowed(library, url), task):
        if isinstance(item, JsonOutput):
            basis = [msgspec.structs.replace(one, reasoning=f"{said} {one.reasoning}") for one in item.basis]
            return msgspec.structs.replace(item, basis=basis)
    return text_output(found)


def _subject(found: Detection) -> Sequence[str]:
    return (found.title,) if found.quotes else ()


def changed_part(before: Output, now: Output) -> Output | None:
    """For a snapshot: the fields that differ, each with its basis, or a text that does; None where all is as it was."""
    if not isinstance(before, JsonOutput) or not isinstance(now, JsonOutput):
        return None if before.content == now.content else now
    names = [
        name
        for name in now.content
        if name not in before.content or now.content[name] != before.content[name]
    ]
    gone = [name for name in before.content if name not in now.content]
    if not names and not gone:
        return None
    content: dict[str, object] = {name: now.content[name] for name in names}
    basis = [entry for entry in now.basis if entry.field.partition(".")[0] in names]
    return JsonOutput(
        content={**content, **dict.fromkeys(gone)},
        basis=[*basis, *(FieldBasis(name, _NO_MORE) for name in gone)],
    )


class _Narrowed(Library):
    """The library as if one document were all of it. Its files stay the whole library's: it is never closed."""

    def __init__(self, whole: Library, url: str) -> None:
        vars(self).update(vars(whole))
        self._only = url

    def search(
        self,
        queries: Sequence[Query],
        policy: SourcePolicy | None = None,
        documents: int = MOST_DOCUMENTS,
        effort: Effort = USUAL,
    ) -> list[Found]:
        """What the whole library finds in this document."""
        everywhere = super().search(queries, policy, documents, effort)
        return [found for found in everywhere if found.card.url == self._only]

    def entities(self) -> list[tuple[Card, Entity]]:
        """The entities of this document."""
        return [(card, entity) for card, entity in super().entities() if card.url == self._only]
