"""Whether an input fits the schema that came with it. Pure.

Both are the caller's, and it is a remark only: what could take long to look at is not looked at, and no reference is
followed. A pattern may search for ever, references may double with each step or lead to other machines.
"""

import itertools
from collections.abc import Iterator

import jsonschema

_MOST_NODES = 100  # of a schema: each is checked against the rules for schemas
_MOST_STEPS = 3000  # parts of the schema × parts of the input: some tens of milliseconds
_NOT_FOLLOWED = frozenset(
    ["$dynamicRef", "$recursiveRef", "$ref", "$schema", "pattern", "patternProperties", "unevaluatedItems",
     "unevaluatedProperties", "uniqueItems"]
)  # fmt: skip


def misfit(value: object, schema: dict[str, object]) -> str:
    """What is wrong with the input, or why nobody has looked; empty where it fits."""
    nodes = list(itertools.islice(_parts(schema), _MOST_NODES + 1))
    if len(nodes) > _MOST_NODES:
        return f"input is not checked against input_schema: it has more than {_MOST_NODES} parts"
    used = sorted({name for node in nodes if isinstance(node, dict) for name in _NOT_FOLLOWED & node.keys()})
    if used:
        return f"input is not checked against input_schema: it has {', '.join(used)}"
    most = _MOST_STEPS // len(nodes)
    if len(list(itertools.islice(_parts(value), most + 1))) > most:
        return "input is not checked against input_schema: together they are too large"
    try:
        jsonschema.validate(value, schema)
    except (jsonschema.ValidationError, jsonschema.SchemaError) as error:
        return f"input does not match input_schema: {error.message[:300]}"
    return ""


def _parts(value: object) -> Iterator[object]:
    """A JSON value and all in it; iterative, so that no nesting can exhaust the stack."""
    pending = [value]
    while pending:
        one = pending.pop()
        yield one
        if isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
