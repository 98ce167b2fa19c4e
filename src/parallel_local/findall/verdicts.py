"""What is found out about a candidate: whether it meets the conditions, and the fields that are asked for.

Pure, but reads the library: to be called in a thread. What is stored of it, and when, is the run's.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.basis import basis
from parallel_local.answers.fill import Filler
from parallel_local.answers.schema_view import view
from parallel_local.answers.subject import Known, Subject
from parallel_local.findall.candidates import Nominee
from parallel_local.findall.conditions import evidence, judge
from parallel_local.retrieval.library import Library
from parallel_local.wire.common import FieldBasis
from parallel_local.wire.findall import Candidate, EnrichInput, MatchCondition


def judged(
    library: Library, nominee: Nominee, candidate: Candidate, conditions: Sequence[MatchCondition]
) -> Candidate:
    """The candidate as `matched` or `unmatched`, with the answer to each condition and its basis."""
    said = evidence(library, nominee)
    answers = {item.name: judge(library, nominee, item, said) for item in conditions}
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
    answers = {name: filler.field(name, raw) for name, raw in fields.items()}
    output = dict(candidate.output or {})
    output |= {name: {"value": answer.value, "type": "enrichment"} for name, answer in answers.items()}
    entries: list[FieldBasis] = [*(candidate.basis or []), *basis(answers, per_element=False)]
    return msgspec.structs.replace(candidate, output=output, basis=entries)
