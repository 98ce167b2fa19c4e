"""Chat replies with a language model (Parallel 2.11); where it is of no use, what `answers/chat.py` says."""

from collections.abc import Callable
from concurrent.futures import Executor

import msgspec

from parallel_local.answers.chat import Question, Reply, reply
from parallel_local.answers.compose import Assignment
from parallel_local.model.compose import ModelComposer
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import is_empty
from parallel_local.threads import in_thread
from parallel_local.wire.tasks import Output, TextOutput


class Replies:
    """Says what the documents say to a message, with the model where there is one."""

    def __init__(self, library: Library, threads: Executor, composer: ModelComposer | None) -> None:
        self._library = library
        self._threads = threads
        self._composer = composer

    async def to(
        self,
        question: Question,
        processor: str,
        otherwise: Callable[[Library, Question], Reply] = reply,
    ) -> Reply:
        """The reply to a message; `processor` says how much the model may do for it, `otherwise` is without it."""
        if self._composer is not None and (question.schema is not None or not is_empty(question.text)):
            said = await self._written(self._composer, question, processor)
            if said is not None:
                return said
        return await in_thread(self._threads, lambda: otherwise(self._library, question))

    async def _written(self, composer: ModelComposer, question: Question, processor: str) -> Reply | None:
        task = Assignment(
            question.text,
            "text" if question.schema is None else "json",
            question.depth,
            schema=question.schema or {},
            context=question.context,
        )
        output = await composer.answer(task, processor, "chat")
        return None if output is None else Reply(_content(output), output.basis)


def _content(output: Output) -> str:
    if isinstance(output, TextOutput):
        return output.content
    return msgspec.json.encode(output.content).decode()
