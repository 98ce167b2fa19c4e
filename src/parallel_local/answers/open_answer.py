"""Fields whose name says nothing (`answer`, `value`, `who`): the input, or the field's description, is the question.

One question, one short value with its evidence. Fields with a name of their own are filled in `fill.py`.
"""

from collections.abc import Callable

from parallel_local.answers.answering import Answered, answer, statement
from parallel_local.answers.basis import Answer
from parallel_local.answers.questions import read_question
from parallel_local.answers.schema_view import Node
from parallel_local.answers.short_value import Short, short_value
from parallel_local.answers.statements import cite
from parallel_local.retrieval.library import Library
from parallel_local.text.question_words import NAMELESS, asking_words
from parallel_local.text.tokens import fold
from parallel_local.wire.common import Confidence, SourcePolicy

_NOTHING = frozenset(map(fold, NAMELESS.split())) | asking_words()


def says_nothing(label: str) -> bool:
    """Whether a field's name is no more than "answer", "value" or a question word, in any language."""
    return all(fold(word) in _NOTHING for word in label.replace("_", " ").replace("-", " ").split())


def question_of(label: str, node: Node, given: str) -> str:
    """What such a field asks: the input if that is a question, else its description and the input."""
    if read_question(given).is_question or not (node.description or label):
        return given
    return f"{node.description or label}: {given}"


def open_answer(
    library: Library, question: str, policy: SourcePolicy | None, typed: Callable[[str], object | None]
) -> Answer | None:
    """The answer to a question as one value, read by `typed` from the words that say it; None if nothing does."""
    said = answer(library, question, policy)
    short = short_value(said)
    if short is None:
        return None
    first = short.lines[0]
    value = typed(short.text)
    if value is None and len(short.lines) == 1:
        value = typed(first.unit.text)
    if value is None or (len(short.lines) > 1 and value != short.text):
        return None
    reason = f"Read from a sentence in “{first.card.title}” that answers the question."
    return Answer(value, tuple(cite([statement(line) for line in short.lines])), _sure(said, short), reason)


def _sure(said: Answered, short: Short) -> Confidence:
    """Two values that would both do leave doubt."""
    return said.confidence if short.alone else "medium"
