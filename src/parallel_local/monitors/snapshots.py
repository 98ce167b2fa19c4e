"""Which fields of an output are no longer what they were (Parallel 2.13.3). Pure."""

from parallel_local.wire.common import FieldBasis
from parallel_local.wire.tasks import JsonOutput, Output

_GONE = "The documents say nothing of this any more."


def changed_part(before: Output, now: Output) -> Output | None:
    """The fields that differ, each with its basis, or a text that does; None where all is as it was."""
    if not isinstance(before, JsonOutput) or not isinstance(now, JsonOutput):
        return None if before.content == now.content else now
    names = [
        name
        for name in now.content
        if name not in before.content or now.content[name] != before.content[name]
    ]
    gone = [name for name in before.content if name not in now.content]
    if not names and not gone:
        return None
    content: dict[str, object] = {name: now.content[name] for name in names}
    basis = [entry for entry in now.basis if entry.field.partition(".")[0] in names]
    return JsonOutput(
        content={**content, **dict.fromkeys(gone)},
        basis=[*basis, *(FieldBasis(name, _GONE) for name in gone)],
    )
