"""Fields whose name says nothing (`answer`, `value`, `who`): the question is in their description, title or the input.

How such a question is answered is one function, so that it can be answered better in one place.
"""

from parallel_local.answers.basis import Answer
from parallel_local.answers.choice import answered
from parallel_local.answers.field_ask import FieldAsk
from parallel_local.answers.naming import Naming
from parallel_local.answers.schema_view import Node
from parallel_local.answers.seeker import Seeker
from parallel_local.text.tokens import words


def question_of(ask: FieldAsk, naming: Naming) -> str:
    """What is asked: the field's description or title, else the input's question; empty where there is none."""
    return ask.node.description or ask.node.title or naming.question


def read_open(seeker: Seeker, ask: FieldAsk, node: Node) -> Answer | None:
    """The answer to a field that only its question describes; None where the documents have none."""
    question = question_of(ask, seeker.naming)
    named = {word for name in seeker.naming.names for word in words(name.text)}
    asked = " ".join(word for word in words(question) if word not in named)
    if not asked:
        return None
    label = f"{ask.label} {asked}"
    return answered(seeker.readings(seeker.ask(label, node)), limit="medium")
