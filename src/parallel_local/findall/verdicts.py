"""What is found out about a candidate: whether it meets the conditions, and the fields that are asked for.

Pure, but reads the library: to be called in a thread. What is stored of it, and when, is the run's.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from parallel_local.answers.basis import Answer, basis
from parallel_local.answers.blanks import blank
from parallel_local.answers.fill import Filler
from parallel_local.answers.schema_view import view
from parallel_local.answers.subject import Known, Subject
from parallel_local.findall.candidates import Nominee
from parallel_local.findall.conditions import Judge
from parallel_local.retrieval.library import Library
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.findall import Candidate, EnrichInput, MatchCondition

_LOG = logging.getLogger(__name__)


def judged(
    judge: Judge, nominee: Nominee, candidate: Candidate, conditions: Sequence[MatchCondition]
) -> Candidate:
    """The candidate as `matched` or `unmatched`, with the answer to each condition and its basis."""
    answers: dict[str, Answer] = {}
    for item in conditions:
        answer = _guarded(item.name, partial(judge.answer, nominee, item), "no")
        # Of two conditions with one name the one that is not met is told.
        if item.name not in answers or answers[item.name].value == "yes":
            answers[item.name] = answer
    matched = all(answer.value == "yes" for answer in answers.values())
    output: dict[str, object] = {
        name: {"value": answer.value, "type": "match_condition", "is_matched": answer.value == "yes"}
        for name, answer in answers.items()
    }
    return msgspec.structs.replace(
        candidate,
        match_status="matched" if matched else "unmatched",
        output=output,
        basis=basis(answers, per_element=False),
    )


def _guarded(name: str, work: Callable[[], Answer], otherwise: object) -> Answer:
    """What one condition or field comes to. A fault in it is logged and told in its basis; the others go on."""
    try:
        return work()
    except Exception as error:  # whatever it is, it must not take the run's other findings with it
        _LOG.exception("FindAll: %r could not be worked out", name)
        return Answer(otherwise, reasoning=f"Could not be worked out: {type(error).__name__}.")


def enriched(
    library: Library, nominee: Nominee, candidate: Candidate, pending: Sequence[EnrichInput]
) -> Candidate:
    """The candidate with the fields of each enrichment added, and their basis."""
    for enrichment in pending:
        candidate = _with_fields(library, nominee, candidate, enrichment)
    return candidate


def _with_fields(
    library: Library, nominee: Nominee, candidate: Candidate, enrichment: EnrichInput
) -> Candidate:
    schema = enrichment.output_schema.json_schema
    known = tuple(Known(card, nominee.entity) for card in nominee.cards[:1])
    filler = Filler(library, Subject(nominee.entity.name, known), schema, None)
    fields = view(schema, schema).properties()
    answers = {
        name: _guarded(name, partial(filler.field, name, raw), blank(view(raw, schema), schema))
        for name, raw in fields.items()
    }
    output = dict(candidate.output or {})
    output |= {name: {"value": answer.value, "type": "enrichment"} for name, answer in answers.items()}
    kept = [
        entry for entry in candidate.basis or [] if entry.field not in answers
    ]  # a field may be asked for twice
    entries: list[FieldBasis] = [*kept, *basis(answers, per_element=False)]
    return msgspec.structs.replace(candidate, output=output, basis=entries)
