"""Composing the output of a task with a language model; the same protocol as `answers/compose.py`, in async.

The engine's own answer is made first. The model's takes its place as far as it is supported by the documents
(`writing.py`); where the model fails, takes too long, or says nothing that is supported, the engine's own stands, with
a warning.
"""

from collections.abc import AsyncGenerator, Iterable
from concurrent.futures import Executor
from contextlib import aclosing

import msgspec

from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Step
from parallel_local.clock import Clock
from parallel_local.model.account import Account, Allowance
from parallel_local.model.budget import Budget, budget_for
from parallel_local.model.trouble import Troubles
from parallel_local.model.writing import Writer, Written
from parallel_local.model_server.chat_completions import ChatCompletions
from parallel_local.model_server.transport import ModelError
from parallel_local.retrieval.library import Library
from parallel_local.threads import in_thread
from parallel_local.wire.common import Notice
from parallel_local.wire.tasks import JsonOutput, Output


class _Useless(msgspec.Struct, frozen=True):
    """The model was of no use, and why; the engine's own output stands."""

    notice: Notice
    own: Output


class ModelComposer:
    """Composes with a model. Used from the event loop; the library is read in threads."""

    def __init__(
        self, library: Library, threads: Executor, completions: ChatCompletions, clock: Clock
    ) -> None:
        self._library = library
        self._threads = threads
        self._completions = completions
        self._clock = clock
        self.troubles = Troubles(clock)

    async def compose(
        self, task: Assignment, processor: str, run: str
    ) -> AsyncGenerator[Step | Output, None]:
        """Steps, one with a warning where the model was of no use, and the output as the last item."""
        remarks: list[Notice] = []  # on the engine's own output; they count as far as that stands
        async with aclosing(self._composed(task, processor, run)) as items:
            async for item in items:
                if isinstance(item, Step):
                    remarks.extend(item.notices)
                    yield msgspec.structs.replace(item, notices=())
                elif isinstance(item, _Useless):
                    yield Step("result", item.notice.message, notices=(item.notice, *remarks))
                    yield item.own
                else:
                    if notices := _remaining(remarks, item):
                        yield Step("result", "Not everything was found.", notices=notices)
                    yield item.output

    async def answer(self, task: Assignment, processor: str, run: str) -> Output | None:
        """The output alone; none where the model was of no use."""
        async with aclosing(self._composed(task, processor, run)) as items:
            async for item in items:
                if isinstance(item, Written):
                    return item.output
        return None

    async def filled(self, task: Assignment, own: JsonOutput, account: Account, budget: Budget) -> JsonOutput:
        """The fields of `own` as the model has them, as far as it can show; on an account that others use too."""
        writer = Writer(self._library, self._threads, account, budget, task)
        try:
            async with aclosing(writer.written(own)) as items:
                async for item in items:
                    if isinstance(item, Written) and isinstance(item.output, JsonOutput):
                        return item.output
        except ModelError as error:
            self.troubles.notice(error.cause)
        return own

    def account(self, allowance: Allowance) -> Account:
        """An account with the model, for a run that begins now."""
        return Account(self._completions, allowance, self._clock)

    async def _composed(
        self, task: Assignment, processor: str, run: str
    ) -> AsyncGenerator[Step | Written | _Useless, None]:
        own: Output | None = None
        steps = compose(self._library, task)
        while own is None:
            item = await in_thread(self._threads, lambda: next(steps))
            if isinstance(item, Step):
                yield item
            else:
                own = item
        budget = budget_for(processor)
        account = self.account(Allowance(budget.calls, budget.tokens, budget.seconds))
        writer = Writer(self._library, self._threads, account, budget, task)
        try:
            async with aclosing(writer.written(own)) as items:
                async for found in items:
                    yield found
        except ModelError as error:
            yield _Useless(self.troubles.notice(error.cause), own)
        finally:
            account.close(run)


def _remaining(remarks: Iterable[Notice], written: Written) -> tuple[Notice, ...]:
    """The remarks on fields that the model has not settled, and those on what it says is not told."""
    kept = [
        one
        for one in remarks
        if str((one.detail or {}).get("field")).partition(".")[0] not in written.settled
    ]
    return (*kept, *(_placeholder(name) for name in written.blank))


def _placeholder(name: str) -> Notice:
    return Notice("warning", f"field {name!r} was not found; its value is a placeholder", {"field": name})
