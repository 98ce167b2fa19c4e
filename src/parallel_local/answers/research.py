"""Research replies: a report where one was ordered, else what chat says to a message (Parallel 2.10).

What lives here: choosing between the two, and citing the text that comes of it. What must not: HTTP, and how
statements are found. Blocks on the index: call it from a thread.
"""

import json

import msgspec

from parallel_local.answers.annotations import Span, annotations, field_spans
from parallel_local.answers.brief import read_brief
from parallel_local.answers.chat import Question, Reply, reply
from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Step
from parallel_local.retrieval.library import Library
from parallel_local.wire.responses import UrlCitation
from parallel_local.wire.tasks import TextOutput


class Research(msgspec.Struct, frozen=True):
    """A text, and the documents its parts rest on."""

    text: str
    citations: list[UrlCitation]


def research(library: Library, question: Question) -> Research:
    """What the documents say to a message: prose, or JSON where a schema is given."""
    if question.schema is None:
        said = _report(library, question) if read_brief(question.text).is_report else None
        return _cited(said or reply(library, question), {})
    said = reply(library, question)
    text, fields = field_spans(json.loads(said.text))
    return _cited(msgspec.structs.replace(said, text=text), fields)


def _report(library: Library, question: Question) -> Reply | None:
    """The report that was ordered."""
    task = Assignment(question.text, "text", question.depth, context=question.context)
    for item in compose(library, task):
        if isinstance(item, TextOutput):
            return Reply(item.content, item.basis)
        if not isinstance(item, Step):
            break
    return None


def _cited(said: Reply, fields: dict[str, Span]) -> Research:
    return Research(said.text, annotations(said.text, said.basis, fields))
