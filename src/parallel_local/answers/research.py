"""Research replies: a report where one was ordered, else what chat says to a message (Parallel 2.10).

What lives here: choosing between the two, and citing the text that comes of it. What must not: HTTP, and how
statements are found. Blocks on the index: call it from a thread.
"""

import json

import msgspec

from parallel_local.answers.annotations import annotations, field_spans
from parallel_local.answers.brief import read_brief
from parallel_local.answers.chat import Question, Reply, reply
from parallel_local.answers.compose import Assignment, compose
from parallel_local.retrieval.library import Library
from parallel_local.wire.responses import UrlCitation
from parallel_local.wire.tasks import TextOutput


class Research(msgspec.Struct, frozen=True):
    """A text, and the documents its parts rest on."""

    text: str
    citations: list[UrlCitation]


def research(library: Library, question: Question) -> Reply:
    """What the documents say to a message: prose, or JSON where a schema is given."""
    if question.schema is None and read_brief(question.text).is_report:
        task = Assignment(question.text, "text", question.depth, context=question.context)
        for item in compose(library, task):
            if isinstance(item, TextOutput):
                return Reply(item.content, item.basis)
    return reply(library, question)


def cited(said: Reply, *, is_json: bool) -> Research:
    """A reply with the places of its text that its basis vouches for."""
    if not is_json:
        return Research(said.text, annotations(said.text, said.basis, {}))
    text, fields = field_spans(json.loads(said.text))
    return Research(text, annotations(text, said.basis, fields))
