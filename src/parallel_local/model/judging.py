"""Judging FindAll candidates with a language model, several in one call (Parallel 2.12).

A condition is met where a quotation that names the candidate says so. Where the model cannot show what it says, and
where it fails or its budget is used up, the engine's own verdict stands (`findall/verdicts.py`).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import msgspec

from parallel_local.answers.compose import Assignment
from parallel_local.answers.report import Depth
from parallel_local.answers.schema_view import view
from parallel_local.findall.candidates import Nominee
from parallel_local.findall.entity_index import Thing
from parallel_local.findall.names import Key
from parallel_local.model.about import Subject, everybody, mentions_any, spoken
from parallel_local.model.account import Account, Allowance
from parallel_local.model.budget import ENRICHING, JudgingBudget, judging_budget
from parallel_local.model.claims import Unreadable, Verdict, verdicts
from parallel_local.model.compose import ModelComposer
from parallel_local.model.excerpts import Shown, cut
from parallel_local.model.nominating import Nominator
from parallel_local.model.prompts import VERDICTS_SCHEMA, verdicts_prompt
from parallel_local.model.proofs import Proof, Prover, cited
from parallel_local.model.support import Support, astray, condition_support
from parallel_local.model.trouble import Troubles
from parallel_local.model_server.transport import ModelError
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.ranking import Found
from parallel_local.threads import in_thread
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.findall import Candidate, EnrichInput, FindAllInput, MatchCondition
from parallel_local.wire.tasks import JsonOutput

ENRICHING_DEPTH = Depth(sections=1, statements=1)
_PASSAGES = 8  # of a candidate
_LONGEST_PASSAGE = 1_500


class _Opinion(msgspec.Struct, frozen=True):
    """What the model says of a candidate and a condition, and what of it could be shown."""

    met: bool
    proofs: tuple[Proof, ...]


class Judges:
    """Has candidates judged with a model, for all runs of a program."""

    def __init__(self, library: Library, threads: Executor, composer: ModelComposer) -> None:
        self._library = library
        self._threads = threads
        self._composer = composer

    def begin(
        self, wanted: FindAllInput, listed: Sequence[Nominee], things: Mapping[Key, Thing]
    ) -> "ModelJudge":
        """The judge of one run, with a budget of its own. `things` are all that documents name."""
        budget = judging_budget(wanted.generator)
        account = self._composer.account(Allowance(budget.calls, budget.tokens, budget.seconds))
        troubles = self._composer.troubles
        nominator = Nominator(self._library, self._threads, account, wanted, things)
        return ModelJudge(
            self._library, self._threads, account, self._composer, troubles, wanted, listed, nominator
        )


class ModelJudge:
    """The judge of one run. Used from the event loop; candidates are to be judged in the order they are listed in."""

    def __init__(
        self,
        library: Library,
        threads: Executor,
        account: Account,
        composer: ModelComposer,
        troubles: Troubles,
        wanted: FindAllInput,
        listed: Sequence[Nominee],
        nominator: Nominator,
    ) -> None:
        self._library = library
        self._threads = threads
        self._account = account
        self._composer = composer
        self._troubles = troubles
        self._wanted = wanted
        self._listed = listed
        self._nominator = nominator
        self._names = everybody(one.entity.name for one in listed)
        self._budget: JudgingBudget = judging_budget(wanted.generator)
        self._opinions: dict[str, dict[str, _Opinion]] = {}
        self._given_up = False

    async def listed(self) -> Sequence[Nominee]:
        """What there is to be judged: all that the engine has found, and then what the model names beside it."""
        try:
            named = await self._nominator.named(self._listed)
        except ModelError as error:
            self._given_up = True
            self._troubles.notice(error.cause)
            return self._listed
        self._listed = [*self._listed, *named]
        self._names = everybody(one.entity.name for one in self._listed)
        return self._listed

    async def judged(self, nominee: Nominee, candidate: Candidate) -> Candidate:
        """A candidate that the engine has judged, with the verdicts for which the model can show more."""
        name = nominee.entity.name
        if name not in self._opinions and not self._given_up:
            try:
                await self._ask(nominee)
            except ModelError as error:
                self._given_up = True
                self._troubles.notice(error.cause)
        opinions = self._opinions.get(name, {})
        return self._decided(nominee, candidate, opinions)

    async def enriched(self, candidate: Candidate, pending: Sequence[EnrichInput]) -> Candidate:
        """A candidate that the engine has enriched, with the values for which the model can show more."""
        for enrichment in pending:
            schema = enrichment.output_schema.json_schema
            own = _fields_of(candidate, frozenset(view(schema, schema).properties()))
            task = Assignment(candidate.name, "json", ENRICHING_DEPTH, schema=schema)
            filled = await self._composer.filled(task, own, self._account, ENRICHING)
            candidate = _with_fields(candidate, filled)
        return candidate

    def close(self, run: str) -> None:
        """Tell the log what the run has used."""
        self._account.close(run)

    async def _ask(self, first: Nominee) -> None:
        """Have the model judge a candidate, and those that come next."""
        place = next(
            (place for place, one in enumerate(self._listed) if one.entity.name == first.entity.name), 0
        )
        batch = self._listed[place : place + self._budget.batch]
        names = {number: one.entity.name for number, one in enumerate(batch, 1)}
        shown = await in_thread(self._threads, lambda: self._passages(names))
        self._opinions.update({name: {} for name in names.values()})
        if not shown:
            return
        conditions = {one.name: one.description for one in self._wanted.match_conditions}
        prompt = verdicts_prompt(self._wanted.objective, names, conditions, shown)
        try:
            said = verdicts(await self._account.ask(prompt, VERDICTS_SCHEMA))
        except Unreadable:
            raise ModelError("what it wrote is not the JSON that it was asked for") from None
        proven = await in_thread(self._threads, lambda: self._shown_of(said, shown))
        for verdict, opinion in zip(said, proven, strict=True):
            if verdict.candidate in names and verdict.condition in conditions:
                self._opinions[names[verdict.candidate]].setdefault(verdict.condition, opinion)

    def _shown_of(self, said: Sequence[Verdict], shown: Sequence[Shown]) -> list[_Opinion]:
        prover = Prover(shown, self._library)
        return [_Opinion(one.met, prover.prove(one.quoted())) for one in said]

    def _passages(self, names: Mapping[int, str]) -> list[Shown]:
        """Passages that mention the candidates, each once."""
        shown: dict[tuple[str, str], Shown] = {}
        for name in names.values():
            room = self._budget.candidate_chars
            for item in self._about(name)[:_PASSAGES]:
                text = cut(item.text, min(room, _LONGEST_PASSAGE))
                if not text:
                    break
                room -= len(text)
                key = (item.card.url, text)
                shown.setdefault(key, Shown(len(shown) + 1, item.card, item.heading, text))
        return list(shown.values())

    def _about(self, name: str) -> list[Found]:
        asked = [self._library.query(f"{name} {one.description}") for one in self._wanted.match_conditions]
        found = self._library.search([self._library.query(name), *asked])
        own = {spoken(name)}
        return [item for item in found if mentions_any(f"{item.card.title} {item.heading} {item.text}", own)]

    def _decided(self, nominee: Nominee, own: Candidate, opinions: Mapping[str, _Opinion]) -> Candidate:
        """The engine's own verdict, changed where the model can show something else."""
        subject = Subject(nominee.entity.name, self._names - {spoken(nominee.entity.name)})
        output, entries = dict(own.output or {}), {entry.field: entry for entry in own.basis or []}
        for condition in self._wanted.match_conditions:
            opinion, entry = opinions.get(condition.name), entries.get(condition.name)
            if opinion is None or entry is None:
                continue
            changed = _changed(condition, opinion, entry, _is_met(output.get(condition.name)), subject)
            if changed is not None:
                met, entries[condition.name] = changed
                output[condition.name] = {
                    "value": "yes" if met else "no",
                    "type": "match_condition",
                    "is_matched": met,
                }
        matched = all(_is_met(output.get(condition.name)) for condition in self._wanted.match_conditions)
        return msgspec.structs.replace(
            own,
            match_status="matched" if matched else "unmatched",
            output=output,
            basis=list(entries.values()),
        )


def _fields_of(candidate: Candidate, names: frozenset[str]) -> JsonOutput:
    """Some fields of a candidate as an output of their own."""
    stated = {name: one for name, one in (candidate.output or {}).items() if name in names}
    content = {name: one["value"] for name, one in stated.items() if isinstance(one, dict) and "value" in one}
    return JsonOutput(content, [entry for entry in candidate.basis or [] if entry.field in names])


def _with_fields(candidate: Candidate, filled: JsonOutput) -> Candidate:
    """A candidate with other values for some of its fields."""
    output = dict(candidate.output or {})
    output |= {name: {"value": value, "type": "enrichment"} for name, value in filled.content.items()}
    kept = [entry for entry in candidate.basis or [] if entry.field not in filled.content]
    return msgspec.structs.replace(candidate, output=output, basis=[*kept, *filled.basis])


def _is_met(stated: object) -> bool:
    return isinstance(stated, dict) and stated.get("is_matched") is True


def _changed(
    condition: MatchCondition, opinion: _Opinion, own: FieldBasis, own_met: bool, subject: Subject
) -> tuple[bool, FieldBasis] | None:
    """Verdict and basis in place of the engine's own; None where that one stands."""
    if opinion.met:
        support = condition_support(condition.description, opinion.proofs, subject)
        if support.confidence is None or (not own_met and own.citations and own.confidence == "high"):
            return None
        return True, _basis(condition, support)
    shows = opinion.proofs and astray(opinion.proofs, subject) is None
    if not own_met or (own.confidence == "high" and not shows):
        return None  # that nothing is said cannot be shown: what the engine is sure of stands
    reason = f"The model finds nothing that says so of {subject.name}."
    return False, _basis(condition, Support("medium" if shows else "low", reason, opinion.proofs))


def _basis(condition: MatchCondition, support: Support) -> FieldBasis:
    return FieldBasis(condition.name, support.reason, list(cited(support.proofs)), support.confidence)
