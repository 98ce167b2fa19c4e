"""JSON Schemas of tools and answers: bounded, walked, and made to fit a target that does not know all of them.

Schemas are cleaned, never names of properties: a property may be called `pattern` or `$ref`. What the targets differ in
is a function that is given each schema; what that makes of a keyword is its own business. What cannot be said is told
to a `Loss`, which drops it, or refuses it where the caller wanted the schema kept to the letter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused

MOST_LEVELS: Final = 64
"""Of schemas within schemas; the strictest of the vendors allows 10."""

MOST_SCHEMAS: Final = 20_000
"""In one, after what it refers to was put in its place; the strictest of the vendors allows 5000 properties."""

_ONE: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_SEVERAL: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED: Final = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})

ANNOTATIONS: Final = frozenset({"$anchor", "$comment", "$defs", "$id", "$schema", "definitions", "id"})
"""Keywords that promise nothing about a value."""


class Loss(msgspec.Struct, frozen=True):
    """What becomes of a keyword that the target cannot say."""

    dropped: Dropped
    strict: bool = False  # the caller wants answers that keep to the schema, and would not get them

    def __call__(self, at: str, why: str) -> None:
        """Drops and tells it; raises `Refused` where the schema is strict."""
        if self.strict:
            raise Refused(at, why)
        self.dropped(at)


Change = Callable[[Object, str], Json]


class _Walk:
    """Every schema of one, from the innermost outwards."""

    __slots__ = ("_change", "_left")

    def __init__(self, change: Change) -> None:
        self._change = change
        self._left = MOST_SCHEMAS

    def schema(self, value: Json, at: str, level: int = 0) -> Json:
        if not isinstance(value, dict):
            return value
        self._left -= 1
        if level > MOST_LEVELS or self._left < 0:
            raise Refused(at, f"schemas may have {MOST_LEVELS} levels and {MOST_SCHEMAS} parts")
        found: Object = {}
        for name, one in value.items():
            place = f"{at}.{name}"
            if name in _NAMED and isinstance(one, dict):
                found[name] = {
                    key: self.schema(part, f"{place}.{key}", level + 1) for key, part in one.items()
                }
            elif (name in _SEVERAL or name == "items") and isinstance(one, list):
                found[name] = [
                    self.schema(part, f"{place}[{number}]", level + 1) for number, part in enumerate(one)
                ]
            elif name in _ONE:
                found[name] = self.schema(one, place, level + 1)
            else:
                found[name] = one
        return self._change(found, at)


def changed(schema: Object, at: str, change: Change) -> Object:
    """The schema with a change at each schema in it, innermost first. Raises `Refused` for one without bounds."""
    found = _Walk(change).schema(schema, at)
    return found if isinstance(found, dict) else {}


# -- what several targets want


def sound(schema: Object, at: str, loss: Loss) -> Object:
    """Without entries of `required` that name no property, and without properties of what is no object."""

    def change(value: Object, at: str) -> Json:
        properties = value.get("properties")
        if isinstance(properties, dict) and not may_be(value, "object"):
            loss(f"{at}.properties", "only objects have properties")
            del value["properties"]
            properties = None
        if "required" in value:
            _require(value, properties if isinstance(properties, dict) else {}, at, loss)
        return value

    return changed(schema, at, change)


def _require(value: Object, properties: Object, at: str, loss: Loss) -> None:
    required = value.pop("required")
    if not isinstance(required, list):
        loss(f"{at}.required", "must be an array")
        return
    kept: list[Json] = []
    for number, name in enumerate(required):
        if isinstance(name, str) and name in properties:
            kept.append(name)
        else:
            loss(f"{at}.required[{number}]", "names a property that is not there")
    if kept:
        value["required"] = kept


def may_be(schema: Object, kind: str) -> bool:
    """Whether a value of this type can fit; where no type is said, every type can."""
    said = schema.get("type")
    return said is None or said == kind or (isinstance(said, list) and kind in said)


def closed(schema: Object, at: str, dropped: Dropped) -> Object:
    """With every object closed, which refuses nothing that was promised; told where it was open."""

    def change(value: Object, at: str) -> Json:
        is_object = "object" in (value.get("type"), "object" if "properties" in value else None) or (
            isinstance(value.get("type"), list) and may_be(value, "object")
        )
        if is_object and value.get("additionalProperties") is not False:
            dropped(f"{at}.additionalProperties")
            value["additionalProperties"] = False
        return value

    return changed(schema, at, change)


def fits_strict(schema: Object) -> bool:
    """Whether OpenAI's strict mode takes it: every object closed and every property required, a root that is an object.

    Also no schema without any keyword, and no object among other types that is open.
    """
    fitting = schema.get("type") == "object"

    def change(value: Object, at: str) -> Json:
        nonlocal fitting
        properties = value.get("properties")
        names = set(properties) if isinstance(properties, dict) else set()
        required = value.get("required")
        needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
        is_object = "properties" in value or ("type" in value and may_be(value, "object"))
        if not value or (is_object and (value.get("additionalProperties") is not False or names != needed)):
            fitting = False
        return value

    try:
        changed(schema, "", change)
    except Refused:
        return False
    return fitting


# -- references


def expanded(schema: Object, at: str, loss: Loss) -> Object:
    """With what it refers to within itself in place of each `$ref`, and without definitions.

    A schema that contains itself is left open where it does, and so is what stands elsewhere; both are lost.
    """
    return _Expansion(schema, loss).root(at)


class _Expansion:
    __slots__ = ("_left", "_loss", "_root")

    def __init__(self, root: Object, loss: Loss) -> None:
        self._root = root
        self._loss = loss
        self._left = MOST_SCHEMAS

    def root(self, at: str) -> Object:
        found = self._value(self._root, at, ())
        return found if isinstance(found, dict) else {}

    def _value(self, value: Json, at: str, inside: tuple[str, ...], level: int = 0) -> Json:
        """A schema, or what is none."""
        if not isinstance(value, dict):
            return value
        self._left -= 1
        if level > MOST_LEVELS or self._left < 0:
            raise Refused(at, f"schemas may have {MOST_LEVELS} levels and {MOST_SCHEMAS} parts")
        if isinstance(value.get("$ref"), str):
            return self._referred(value, at, inside, level)
        found: Object = {}
        for name, one in value.items():
            place = f"{at}.{name}"
            if name in ("$defs", "definitions"):
                continue
            if name in _NAMED and isinstance(one, dict):
                found[name] = {
                    key: self._value(part, f"{place}.{key}", inside, level + 1) for key, part in one.items()
                }
            elif (name in _SEVERAL or name == "items") and isinstance(one, list):
                found[name] = [
                    self._value(part, f"{place}[{number}]", inside, level + 1)
                    for number, part in enumerate(one)
                ]
            elif name in _ONE:
                found[name] = self._value(one, place, inside, level + 1)
            else:
                found[name] = one
        return found

    def _referred(self, value: Object, at: str, inside: tuple[str, ...], level: int) -> Json:
        """The schema that is referred to, with what stands beside the reference put over it."""
        reference = str(value["$ref"])
        beside = {name: one for name, one in value.items() if name != "$ref"}
        meant = None if reference in inside else self._found(reference)
        if not isinstance(meant, dict):
            if not isinstance(meant, bool):
                why = "contains itself" if reference in inside else "refers to what is not in it"
                self._loss(f"{at}.$ref", f"the schema {why}")
            return self._value(beside, at, inside, level + 1)
        return self._value({**meant, **beside}, at, (*inside, reference), level + 1)

    def _found(self, reference: str) -> Json:
        """What a pointer into the schema itself points to (RFC 6901)."""
        if reference == "#":
            return self._root
        if not reference.startswith("#/"):
            return None
        place: Json = self._root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict):
                place = place.get(name)
            elif isinstance(place, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(place):
                place = place[int(name[:9])]
            else:
                return None
        return place
