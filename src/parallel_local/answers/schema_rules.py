"""The contract's rules for output schemas: what is refused, what earns a warning (Parallel 2.9.1). Pure."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from parallel_local.errors import Problem
from parallel_local.wire.common import Notice

_DEEPEST = 5
_MOST_PROPERTIES = 100
_MOST_NAME_CHARS = 25_000
_MOST_ENUM_VALUES = 500
_LONG_ENUM = 250
_MOST_NODES = 1000
_MOST_ENUM_CHARS = 7_500
_UNSUPPORTED = frozenset(
    ["contains", "format", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains",
     "minItems", "minLength", "minimum", "minProperties", "multipleOf", "pattern", "patternProperties",
     "propertyNames", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"]
)  # fmt: skip
_RESERVED = frozenset(
    ["citations", "confidence", "evidence", "reasoning", "source", "sources", "source_urls"]
)
Schema = Mapping[str, object]


def schema_problems(schema: Schema, loc: tuple[str | int, ...]) -> list[Problem]:
    """Everything that makes an output schema unusable."""
    nodes = list(islice(walk(schema), _MOST_NODES + 1))
    if len(nodes) > _MOST_NODES:
        return [Problem(loc, f"more than {_MOST_NODES} schemas in it")]
    messages = list(_root_problems(schema))
    messages.extend(_limit_problems([node for node, _ in nodes], max(depth for _, depth in nodes)))
    used = {key for node, _ in nodes for key in _UNSUPPORTED & node.keys()}
    messages.extend(f"keyword {key!r} is not supported" for key in sorted(used))
    return [Problem(loc, message) for message in messages]


def schema_warnings(schema: Schema) -> list[Notice]:
    """Remarks on a usable schema."""
    messages: list[str] = []
    for node, _ in walk(schema):
        names = _properties(node)
        required = node.get("required")
        listed = set(map(str, required)) if isinstance(required, list) else set()
        if names and set(names) - listed:
            messages.append(f"fields not in 'required': {', '.join(sorted(set(names) - listed))}")
        if names and node.get("additionalProperties") is not False:
            messages.append("'additionalProperties' should be false")
        reserved = sorted(set(names) & _RESERVED)
        messages.extend(f"field {name!r} repeats what 'basis' already tells" for name in reserved)
    return [Notice("spec_validation_warning", message) for message in dict.fromkeys(messages)]


def walk(schema: Schema) -> Iterator[tuple[Schema, int]]:
    """Every schema node with its depth; iterative, so that no nesting can exhaust the stack."""
    pending: list[tuple[Schema, int]] = [(schema, 1)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        children: list[object] = list(_properties(node).values())
        branches = [node.get(key) for key in ("anyOf", "oneOf", "allOf", "prefixItems")]
        same_depth = [branch for listed in branches if isinstance(listed, list) for branch in listed]
        definitions = [node.get(key) for key in ("$defs", "definitions")]
        same_depth.extend(item for group in definitions if isinstance(group, dict) for item in group.values())
        pending.extend(
            (child, depth + 1) for child in (*children, node.get("items")) if isinstance(child, dict)
        )
        pending.extend((child, depth) for child in same_depth if isinstance(child, dict))


def _root_problems(schema: Schema) -> Iterator[str]:
    if "anyOf" in schema:
        yield "the root must not be a union"
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        yield "the root must be an object with properties"
    fields = (field for node, _ in walk(schema) for field in _properties(node).values())
    if any(isinstance(field, dict) and field.get("type") == "null" for field in fields):
        yield "a field cannot be of type null alone"


def _limit_problems(nodes: list[Schema], depth: int) -> Iterator[str]:
    names = [name for node in nodes for name in _properties(node)]
    values = [str(value) for node in nodes for value in _enum(node)]
    if depth - 1 > _DEEPEST:
        yield f"nested deeper than {_DEEPEST} levels"
    if len(names) > _MOST_PROPERTIES:
        yield f"more than {_MOST_PROPERTIES} properties"
    if sum(map(len, (*names, *values))) > _MOST_NAME_CHARS:
        yield f"names and values are longer than {_MOST_NAME_CHARS} characters"
    if len(values) > _MOST_ENUM_VALUES:
        yield f"more than {_MOST_ENUM_VALUES} enum values"
    if any(
        len(_enum(node)) > _LONG_ENUM and len(json.dumps(_enum(node))) > _MOST_ENUM_CHARS for node in nodes
    ):
        yield f"an enum of more than {_LONG_ENUM} values is longer than {_MOST_ENUM_CHARS} characters"


def _properties(node: Schema) -> dict[str, object]:
    found = node.get("properties")
    return found if isinstance(found, dict) else {}


def _enum(node: Schema) -> list[object]:
    found = node.get("enum")
    return found if isinstance(found, list) else []
