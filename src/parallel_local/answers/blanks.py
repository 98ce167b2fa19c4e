"""What a field holds when the documents are silent: null, else the emptiest valid value. Pure."""

from collections.abc import Mapping

from parallel_local.answers.basis import NOT_FOUND
from parallel_local.answers.schema_view import JsonObject, Node, view

_DEEPEST = 8
_NEUTRAL = frozenset(["unknown", "none", "other", "n/a", "na", "not found", "unspecified", "not specified"])
_EMPTY: Mapping[str, object] = {"integer": 0, "number": 0, "boolean": False}


def blank(node: Node, root: JsonObject, depth: int = 0) -> object:
    """A valid value that claims nothing. An enum without a neutral option gives its first one."""
    if node.nullable:
        return None
    if node.options():
        neutral = [option for option in node.options() if str(option).casefold() in _NEUTRAL]
        return (neutral or node.options())[0]
    if node.type == "array":
        return []
    if node.type == "object":
        children = node.properties() if depth < _DEEPEST else {}
        return {
            name: blank(view(raw, root), root, depth + 1)
            for name, raw in children.items()
            if name in node.required()
        }
    return _EMPTY.get(node.type, NOT_FOUND)
