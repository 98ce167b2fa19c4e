"""The engine's own answer beside the model's: reading it back out of an output, and what it says against the model.

Pure. Made without the model, it is what stands where the model's is not supported, and a second opinion where it is.
"""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.basis import Answer
from parallel_local.wire.common import Confidence
from parallel_local.wire.tasks import JsonOutput, Output

_SURE: Sequence[Confidence] = ("low", "medium", "high")


def answer_of(own: JsonOutput, name: str) -> Answer:
    """A field of the output with its evidence, and with that of its elements where it has any."""
    value = own.content.get(name)
    elements = value if isinstance(value, list) else []
    parts = [_entry(own, f"{name}.{place}", element) for place, element in enumerate(elements)]
    whole = _entry(own, name, value) or Answer(value)
    return msgspec.structs.replace(whole, elements=tuple(part for part in parts if part is not None))


def weighed(model: Answer | None, quoted: Answer, silent: Answer | None) -> Answer:
    """The answer to one field, out of the model's and of the one that is quoted without it.

    `silent` is there when the model says that the documents do not tell.
    """
    if model is None:
        if silent is None or quoted.confidence == "high":
            return quoted
        return silent
    if _same(model.value, quoted.value):
        sure = max(model.confidence, quoted.confidence, key=_SURE.index)
        return msgspec.structs.replace(model, confidence=sure)
    if model.confidence == "low" and quoted.found and quoted.confidence != "low":
        return quoted
    if model.confidence == "high" and quoted.confidence == "high":
        reason = f"{model.reasoning} Another reading of the documents gives {str(quoted.value)[:80]!r}."
        return msgspec.structs.replace(model, confidence="medium", reasoning=reason)
    return model


def is_surer(own: Output, claimed: Sequence[Confidence]) -> bool:
    """Whether the engine is surer of its own text than the model's claims allow: all of those are `low`."""
    return set(claimed) <= {"low"} and any(entry.confidence != "low" for entry in own.basis)


def contradicted(answer: Answer, own: Output) -> Answer:
    """A text at most `medium` where the engine is sure of an answer that rests on other documents."""
    sure = [entry for entry in own.basis if entry.confidence == "high" and entry.citations]
    urls = {citation.url for entry in sure for citation in entry.citations}
    if answer.confidence != "high" or not urls or urls & {citation.url for citation in answer.citations}:
        return answer
    reason = f"{answer.reasoning} The passages that match the question best are in other documents."
    return msgspec.structs.replace(answer, confidence="medium", reasoning=reason)


def _entry(own: JsonOutput, field: str, value: object) -> Answer | None:
    for entry in own.basis:
        if entry.field == field:
            return Answer(value, tuple(entry.citations), entry.confidence or "low", entry.reasoning)
    return None


def _same(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold().strip(" .") == other.casefold().strip(" .")
    return one == other and isinstance(one, bool) == isinstance(other, bool)
