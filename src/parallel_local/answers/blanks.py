"""What a field holds when the documents are silent: null, else the emptiest valid value. Pure."""

from collections.abc import Mapping

from parallel_local.answers.basis import NOT_FOUND
from parallel_local.answers.schema_view import JsonObject, Node, view

_DEEPEST = 8
_NEUTRAL = frozenset(
    ["unknown", "none", "other", "n/a", "na", "not found", "unspecified", "not specified", "not_found"]
)
_EMPTY: Mapping[str, object] = {"integer": 0, "number": 0, "boolean": False, "null": None}


def blank(node: Node, root: JsonObject, depth: int = 0) -> object:
    """A valid value that claims nothing. An enum without a neutral option gives its first one."""
    options = node.options()
    if node.nullable and (not options or None in options or node.apart):
        return None
    if options:
        neutral = [option for option in options if option is None or str(option).casefold() in _NEUTRAL]
        return (neutral or options)[0]
    if node.type == "array":
        return []
    if node.type == "object":
        children = node.properties() if depth < _DEEPEST else {}
        made = {
            name: blank(view(raw, root), root, depth + 1)
            for name, raw in children.items()
            if name in node.required()
        }
        return made | {name: NOT_FOUND for name in sorted(node.required()) if name not in children}
    return _EMPTY.get(node.type, NOT_FOUND)
