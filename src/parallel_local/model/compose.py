"""Composing the output of a task with a language model; the same protocol as `answers/compose.py`, in async.

The engine's own answer is made first. The model's takes its place as far as it is supported by the documents; where
the model fails, takes too long, or says nothing that is supported, the engine's own stands, with a warning.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import Executor
from contextlib import aclosing

import msgspec

from parallel_local.answers.auto import auto_schema
from parallel_local.answers.basis import NOT_FOUND, Answer, absent, basis
from parallel_local.answers.blanks import blank
from parallel_local.answers.brief import Brief, read_brief, title
from parallel_local.answers.compose import Assignment, compose
from parallel_local.answers.report import Step
from parallel_local.answers.schema_view import view
from parallel_local.answers.subject import named_entities, subject_text
from parallel_local.clock import Clock
from parallel_local.model.about import Subject, everybody, subject_of
from parallel_local.model.account import Account, Allowance
from parallel_local.model.budget import Budget, budget_for
from parallel_local.model.claims import Answered, FieldClaim, Unreadable, claims, field_claims
from parallel_local.model.excerpts import Shown
from parallel_local.model.prompts import CLAIMS_SCHEMA, FIELDS_SCHEMA, claims_prompt, fields_prompt
from parallel_local.model.proofs import Prover
from parallel_local.model.prose import Supported, as_answer, auto_fields, report_text, short_text, supported
from parallel_local.model.quoted import answer_of, contradicted, weighed
from parallel_local.model.reading import Reader, Wish
from parallel_local.model.trouble import Troubles
from parallel_local.model.values import Checked, field_label, fitted
from parallel_local.model_server.chat_completions import ChatCompletions, Said
from parallel_local.model_server.transport import ModelError
from parallel_local.retrieval.library import Library
from parallel_local.threads import in_thread
from parallel_local.wire.common import Notice
from parallel_local.wire.tasks import JsonOutput, Output, TextOutput

Item = Step | Notice | Output
_READINGS = 2  # answers that are asked for until one can be read
_LONGEST_SEARCH = 2_000


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

    async def compose(self, task: Assignment, processor: str, run: str) -> AsyncGenerator[Item, None]:
        """Steps, a warning where the model was of no use, and the output as the last item."""
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
        job = _Job(self._library, self._threads, account, budget, task)
        try:
            async with aclosing(job.written(own)) as items:
                async for found in items:
                    yield found
        except ModelError as error:
            yield self.troubles.notice(error.cause)
            yield own
        finally:
            account.close(run)

    async def filled(self, task: Assignment, own: JsonOutput, account: Account, budget: Budget) -> JsonOutput:
        """The fields of `own` as the model has them, as far as it can show; on an account that others use too."""
        job = _Job(self._library, self._threads, account, budget, task)
        try:
            async with aclosing(job.written(own)) as items:
                async for item in items:
                    if isinstance(item, JsonOutput):
                        return item
        except ModelError as error:
            self.troubles.notice(error.cause)
        return own

    def account(self, allowance: Allowance) -> Account:
        """An account with the model, for a run that begins now."""
        return Account(self._completions, allowance, self._clock)


class _Job:
    """One task's work with the model. Everything that raises `ModelError` leaves the engine's own answer standing."""

    def __init__(
        self, library: Library, threads: Executor, account: Account, budget: Budget, task: Assignment
    ) -> None:
        self._library = library
        self._threads = threads
        self._account = account
        self._budget = budget
        self._task = task
        self._words = subject_text(task.given)

    async def written(self, own: Output) -> AsyncGenerator[Step | Output, None]:
        """Steps, and the output that stands."""
        wish = Wish(self._question(), self._words[:_LONGEST_SEARCH], self._task.context, self._task.policy)
        reader = Reader(self._library, self._threads, self._account, self._budget)
        shown: list[Shown] = []
        async for item in reader.read(wish):
            if isinstance(item, Step):
                yield item
            else:
                shown = item
        if not shown:
            yield own  # there is nothing that a model could be asked about
            return
        yield Step("exec_status", f"The model answers from {len(shown)} passages.")
        if self._task.form == "json" and isinstance(own, JsonOutput):
            yield await self._structured(shown, own)
        else:
            yield await self._prose(shown, own)

    def _question(self) -> str:
        given = self._task.given
        return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)

    def _subject(self) -> Subject:
        """Whom the input asks about."""
        known = self._library.entities()
        named = dict.fromkeys(one.entity.name for one in named_entities(self._words, known))
        return subject_of(self._words, tuple(named), everybody(entity.name for _, entity in known))

    # -- prose

    async def _prose(self, shown: list[Shown], own: Output) -> Output:
        brief = self._brief()
        deep = self._task.form == "auto" and self._task.deep
        report = deep or (self._task.form == "text" and brief.is_report)
        prompt = claims_prompt(
            self._question(), self._task.instruction, self._task.context, shown, brief.aspects, report
        )
        answer = await self._claims(prompt)
        if not answer.found:
            return self._silent(own)
        kept = await in_thread(self._threads, lambda: self._checked(answer, shown))
        if not kept:
            raise ModelError("nothing that it said is supported by what it quotes")
        if self._task.form == "auto":
            return self._auto(auto_fields(kept, deep=deep))
        text = report_text(title(brief), kept) if report else short_text(kept)
        return _text(contradicted(as_answer(kept, text), own))

    def _brief(self) -> Brief:
        brief, form = read_brief(self._words), read_brief(self._task.instruction)
        aspects = tuple(dict.fromkeys((*brief.aspects, *form.aspects)))[: self._task.depth.sections]
        return msgspec.structs.replace(brief, aspects=aspects, is_report=brief.is_report or form.is_report)

    async def _claims(self, prompt: list[Said]) -> Answered:
        for _ in range(_READINGS):
            try:
                return claims(await self._account.ask(prompt, CLAIMS_SCHEMA))
            except Unreadable:
                continue
        raise ModelError("what it wrote is not the JSON that it was asked for")

    def _checked(self, answer: Answered, shown: list[Shown]) -> list[Supported]:
        prover = Prover(shown, self._library)
        proven = [(claim, prover.prove(claim.quoted())) for claim in answer.claims]
        return supported(proven, self._subject())

    def _silent(self, own: Output) -> Output:
        """The model says that the documents do not tell: so it is, unless the engine is sure of an answer."""
        if any(entry.confidence == "high" for entry in own.basis):
            return own
        answer = as_answer((), f"Not found in the documents: nothing that answers {self._words[:200]!r}.")
        if self._task.form == "auto":
            return self._auto({"answer": msgspec.structs.replace(answer, value=NOT_FOUND)})
        return _text(answer)

    def _auto(self, answers: dict[str, Answer]) -> Output:
        content = {name: answer.value for name, answer in answers.items()}
        entries = basis(answers, per_element=self._task.per_element)
        return JsonOutput(content=content, basis=entries, output_schema=auto_schema(answers))

    # -- fields

    async def _structured(self, shown: list[Shown], own: JsonOutput) -> Output:
        names = frozenset(view(self._task.schema, self._task.schema).properties())
        prompt = fields_prompt(self._question(), self._task.context, self._task.schema, shown)
        given = await self._fields(prompt, names)
        return await in_thread(self._threads, lambda: self._filled(given, shown, own))

    async def _fields(self, prompt: list[Said], names: frozenset[str]) -> Mapping[str, FieldClaim]:
        for _ in range(_READINGS):
            try:
                return {
                    claim.field: claim
                    for claim in field_claims(await self._account.ask(prompt, FIELDS_SCHEMA), names)
                }
            except Unreadable:
                continue
        raise ModelError("what it wrote is not the JSON that it was asked for")

    def _filled(self, given: Mapping[str, FieldClaim], shown: list[Shown], own: JsonOutput) -> Output:
        schema = self._task.schema
        subject, prover = self._subject(), Prover(shown, self._library)
        answers: dict[str, Answer] = {}
        useful = False
        for name, raw in view(schema, schema).properties().items():
            node, claim = view(raw, schema), given.get(name)
            said: Answer | None = None
            if claim is not None and claim.value is not None:
                proofs = prover.prove(claim.quoted())
                said = fitted(claim.value, node, field_label(name, node), Checked(proofs, subject, schema))
            silent = absent(blank(node, schema)) if claim is not None and claim.value is None else None
            useful = useful or said is not None or silent is not None
            answers[name] = weighed(said, answer_of(own, name), silent)
        if not useful:
            raise ModelError("nothing that it said is supported by what it quotes")
        content = {name: answer.value for name, answer in answers.items()}
        return JsonOutput(content=content, basis=basis(answers, per_element=self._task.per_element))


def _text(answer: Answer) -> TextOutput:
    return TextOutput(content=str(answer.value), basis=basis({"output": answer}, per_element=False))
