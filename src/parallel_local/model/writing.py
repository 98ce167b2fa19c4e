"""What the model makes of one task: it reads (`reading.py`), answers, and is held to its quotations.

The engine's own answer is given, and stands wherever the model's is not supported. What becomes of a failing model is
decided in `compose.py`.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import Executor

import msgspec

from parallel_local.answers.auto import auto_schema
from parallel_local.answers.basis import NOT_FOUND, Answer, absent, basis
from parallel_local.answers.blanks import blank
from parallel_local.answers.brief import Brief, read_brief, title
from parallel_local.answers.compose import Assignment
from parallel_local.answers.report import Step
from parallel_local.answers.schema_view import view
from parallel_local.answers.subject import named_entities, subject_text
from parallel_local.model.about import Subject, everybody, subject_of
from parallel_local.model.account import Account
from parallel_local.model.budget import Budget
from parallel_local.model.claims import Answered, FieldClaim, Unreadable, claims, field_claims
from parallel_local.model.excerpts import Shown
from parallel_local.model.prompts import CLAIMS_SCHEMA, FIELDS_SCHEMA, claims_prompt, fields_prompt
from parallel_local.model.proofs import Prover
from parallel_local.model.prose import Supported, as_answer, auto_fields, report_text, short_text, supported
from parallel_local.model.quoted import answer_of, contradicted, is_surer, weighed
from parallel_local.model.reading import Reader, Wish
from parallel_local.model.values import Checked, field_label, fitted
from parallel_local.model_server.chat_completions import Said
from parallel_local.model_server.transport import ModelError
from parallel_local.retrieval.library import Library
from parallel_local.threads import in_thread
from parallel_local.wire.tasks import JsonOutput, Output, TextOutput

_READINGS = 2  # answers that are asked for until one can be read
_LONGEST_SEARCH = 2_000


class Written(msgspec.Struct, frozen=True):
    """An output; `settled` are its fields that are not the engine's own, `blank` those that now stand for nothing."""

    output: Output
    settled: frozenset[str] = frozenset()
    blank: tuple[str, ...] = ()


class Writer:
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

    async def written(self, own: Output) -> AsyncGenerator[Step | Written, None]:
        """Steps, and the output that stands as the last item. Raises `ModelError`."""
        wish = Wish(self._question(), self._words[:_LONGEST_SEARCH], self._task.context, self._task.policy)
        reader = Reader(self._library, self._threads, self._account, self._budget)
        shown: list[Shown] = []
        async for item in reader.read(wish):
            if isinstance(item, Step):
                yield item
            else:
                shown = item
        if not shown:
            yield Written(own)  # there is nothing that a model could be asked about
            return
        yield Step("exec_status", f"The model answers from {len(shown)} passages.")
        if self._task.form == "json" and isinstance(own, JsonOutput):
            yield await self._structured(shown, own)
        else:
            yield Written(await self._prose(shown, own))

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
        if is_surer(own, [claim.confidence for claim in kept]):
            return own
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

    async def _structured(self, shown: list[Shown], own: JsonOutput) -> Written:
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

    def _filled(self, given: Mapping[str, FieldClaim], shown: list[Shown], own: JsonOutput) -> Written:
        """Each field as the model has it, as far as it is supported; else as the engine has it."""
        schema = self._task.schema
        subject, prover = self._subject(), Prover(shown, self._library)
        answers: dict[str, Answer] = {}
        settled: dict[str, Answer] = {}
        useful = False
        for name, raw in view(schema, schema).properties().items():
            node, claim = view(raw, schema), given.get(name)
            quoted, said, silent = answer_of(own, name), None, None
            if claim is not None and claim.value is None:
                silent = absent(blank(node, schema))
            elif claim is not None:
                checked = Checked(prover.prove(claim.quoted()), subject, schema)
                said = fitted(claim.value, node, field_label(name, node), checked)
            useful = useful or said is not None or silent is not None
            answers[name] = weighed(said, quoted, silent)
            if answers[name] is not quoted:
                settled[name] = answers[name]
        if not useful:
            raise ModelError("nothing that it said is supported by what it quotes")
        content = {name: answer.value for name, answer in answers.items()}
        output = JsonOutput(content=content, basis=basis(answers, per_element=self._task.per_element))
        blanks = tuple(name for name, one in settled.items() if not one.found and one.value is not None)
        return Written(output, frozenset(settled), blanks)


def _text(answer: Answer) -> TextOutput:
    return TextOutput(content=str(answer.value), basis=basis({"output": answer}, per_element=False))
