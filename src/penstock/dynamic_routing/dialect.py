"""Elements as older documents write them, in the words of today (Cloudflare 3.7, 6.2 C6).

Pure renaming: nothing is checked, and what is not known stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TYPES: Final = {"rate_limit": "rate"}
_PROPERTIES: Final = {
    "conditional": {"condition": "conditions"},
    "rate": {"interval": "window"},
}
_OUTPUTS: Final = {"conditional": {"else": "false"}, "rate": {"else": "fallback"}}


def modern(elements: object) -> object:
    """The same elements. A word of today that is there already stays, and so does the older one beside it."""
    return [_element(one) for one in elements] if isinstance(elements, list) else elements


def _element(element: object) -> object:
    if not isinstance(element, Mapping):
        return element
    found = {str(name): value for name, value in element.items()}
    given = found.get("type")
    kind = _TYPES.get(given, given) if isinstance(given, str) else ""
    if kind:
        found["type"] = kind
    if kind == "end" and found.get("outputs") is None:
        found["outputs"] = {}
    for part, names in (("properties", _PROPERTIES), ("outputs", _OUTPUTS)):
        if part in found:
            found[part] = _renamed(found[part], names.get(kind, {}))
    return found


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if not isinstance(value, Mapping):
        return value
    return {
        names[name] if name in names and names[name] not in value else name: item
        for name, item in value.items()
    }
