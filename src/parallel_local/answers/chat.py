"""Chat replies: quotations for a question, an introduction for a message that asks nothing.

Everything here blocks on the index and runs in a worker thread.
"""

import json

import msgspec

from parallel_local.answers.answering import answer
from parallel_local.answers.basis import Answer, basis
from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.render import not_found, short_markdown
from parallel_local.answers.report import Depth, Step
from parallel_local.answers.statements import cite
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import is_empty
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.tasks import JsonOutput, TextOutput

_TITLES_SHOWN = 5


class Question(msgspec.Struct, frozen=True):
    """The last message of the user, what came before it, and a schema for the answer if there is one."""

    text: str
    context: str
    schema: dict[str, object] | None
    depth: Depth


class Reply(msgspec.Struct, frozen=True):
    """The text to say and its evidence."""

    text: str
    basis: list[FieldBasis]


def reply(library: Library, question: Question) -> Reply:
    """What the documents say to a message."""
    if question.schema is not None:
        return _composed(library, question, question.schema)
    if is_empty(question.text):
        return Reply(introduction(library), _no_basis())
    said = answer(library, question.text, context=question.context)
    quoted = said.statements()
    if not quoted:
        return Reply(f"{not_found(said)}\n\n{introduction(library)}", _no_basis())
    reasoning = f"Quoted from {len(cite(quoted))} documents."
    text = short_markdown(quoted)
    answered = Answer(text, tuple(cite(quoted)), said.confidence, reasoning)
    return Reply(text, basis({"output": answered}, per_element=False))


def introduction(library: Library) -> str:
    """What this engine is and what it can quote from, as the index has it."""
    cards, total = library.newest(_TITLES_SHOWN), len(library.cards)
    if not cards:
        return (
            "This is a document engine without documents: add some to its folder. "
            "GET /v1/local/documents tells which files are left out, and why."
        )
    titles = "\n".join(f"- {card.title} ({card.url})" for card in cards)
    more = "Among them" if total > _TITLES_SHOWN else "They are"
    count = "one document" if total == 1 else f"{total} documents"
    return (
        f"This is a document engine: it answers by quoting {count}, with sources, and adds nothing. "
        f"{more}:\n{titles}\n\nAsk about anything they cover."
    )


def _composed(library: Library, question: Question, schema: dict[str, object]) -> Reply:
    task = Assignment(question.text, "json", question.depth, schema=schema, context=question.context)
    for item in compose(library, task):
        if not isinstance(item, Step):
            return Reply(_content(item), item.basis)
    return Reply("{}", [])


def _content(output: JsonOutput | TextOutput) -> str:
    return (
        json.dumps(output.content, ensure_ascii=False) if isinstance(output, JsonOutput) else output.content
    )


def _no_basis() -> list[FieldBasis]:
    return basis({"output": Answer("", reasoning="Nothing was quoted.")}, per_element=False)
