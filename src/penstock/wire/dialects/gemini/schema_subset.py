"""JSON Schema in the OpenAPI-like subset that older Gemini models know: `parameters` and `responseSchema`.

Newer models take JSON Schema itself. What the subset has no word for is said with another one where that means the
same, else it is lost: told, or refused where the caller's schema is strict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.schemas import ANNOTATIONS, Loss, changed, expanded, sound

_KNOWN: Final = frozenset(
    {
        "type",
        "format",
        "title",
        "description",
        "nullable",
        "enum",
        "items",
        "maxItems",
        "minItems",
        "properties",
        "required",
        "maxProperties",
        "minProperties",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "example",
        "anyOf",
        "default",
        "propertyOrdering",
    }
)
_FORMATS: Final = frozenset({"enum", "date-time", "float", "double", "int32", "int64"})
_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_SILENT: Final = ANNOTATIONS | {"deprecated", "examples", "readOnly", "writeOnly"}


def in_subset(schema: Object, at: str, loss: Loss) -> Object:
    """The schema in the subset's words. Raises `Refused` for one without bounds, and where `loss` does."""

    def merge(value: Object, at: str) -> Json:
        _Merging(value, at, loss).all_of()
        return value

    def clean(value: Object, at: str) -> Json:
        _Cleaning(value, at, loss).all()
        return value

    merged = changed(expanded(schema, at, loss), at, merge)
    return changed(sound(merged, at, loss), at, clean)


class _Merging:
    """One schema, which gets what stands in `allOf`; where two say it differently, the parts lose."""

    __slots__ = ("_at", "_loss", "_value")

    def __init__(self, value: Object, at: str, loss: Loss) -> None:
        self._value = value
        self._at = at
        self._loss = loss

    def all_of(self) -> None:
        parts = self._value.get("allOf")
        if not isinstance(parts, list):
            return
        del self._value["allOf"]
        for number, part in enumerate(parts):
            if isinstance(part, dict):
                self._merge(part, f"{self._at}.allOf[{number}]")

    def _merge(self, part: Object, place: str) -> None:
        for name, one in part.items():
            here = self._value.get(name)
            if name not in self._value:
                self._value[name] = one
            elif name == "properties" and isinstance(here, dict) and isinstance(one, dict):
                self._value[name] = self._properties(here, one, f"{place}.properties")
            elif name == "required" and isinstance(here, list) and isinstance(one, list):
                self._value[name] = [*here, *(key for key in one if key not in here)]
            elif here != one and name not in ("title", "description"):
                self._loss(f"{place}.{name}", "two schemas say it differently")

    def _properties(self, here: Object, others: Object, place: str) -> Object:
        for key, schema in others.items():
            if key in here and here[key] != schema:
                self._loss(f"{place}.{key}", "two schemas say it differently")
        return {**others, **here}


class _Cleaning:
    """One schema, whose inner ones are clean already."""

    __slots__ = ("_at", "_loss", "_value")

    def __init__(self, value: Object, at: str, loss: Loss) -> None:
        self._value = value
        self._at = at
        self._loss = loss

    def all(self) -> None:
        self._name_one_of()
        self._spell_type()
        self._spell_const()
        self._spell_enum()
        self._move_bounds()
        self._name_items()
        self._close()
        self._leave_out()

    def _lose(self, keyword: str, why: str = "Gemini's schemas have no such keyword") -> None:
        self._loss(f"{self._at}.{keyword}", why)
        del self._value[keyword]

    def _name_one_of(self) -> None:
        """That only one of several fits is lost; that one of them does is not."""
        if "oneOf" not in self._value:
            return
        one_of = self._value["oneOf"]
        if "anyOf" in self._value or not isinstance(one_of, list):
            self._lose("oneOf")
            return
        self._value["anyOf"] = one_of
        self._lose("oneOf", "Gemini's schemas only have anyOf")

    def _spell_type(self) -> None:
        """In capitals; several of them as `anyOf`, `null` among them as `nullable`."""
        any_of = self._value.get("anyOf")
        if isinstance(any_of, list):
            self._value["anyOf"] = kept = [one for one in any_of if not _is_null(one)]
            if len(kept) < len(any_of):
                self._value["nullable"] = True
            self._unfold(kept)
        said = self._value.get("type")
        kinds = [kind for kind in (said if isinstance(said, list) else [said]) if isinstance(kind, str)]
        if len(kinds) > 1 and "null" in kinds:
            self._value["nullable"] = True
            kinds.remove("null")
        kinds = [kind.upper() for kind in kinds if kind.lower() in _TYPES]
        self._value.pop("type", None)
        if len(kinds) == 1:
            self._value["type"] = kinds[0]
        elif kinds:
            self._alternatives(kinds)
        else:
            self._imply_type()

    def _unfold(self, kept: list[Json]) -> None:
        """A choice of one is that one, where nothing beside it says otherwise."""
        if not kept:
            del self._value["anyOf"]
            return
        only = kept[0]
        if len(kept) > 1 or not isinstance(only, dict):
            return
        if all(name not in self._value or name in ("nullable", "description", "title") for name in only):
            del self._value["anyOf"]
            self._value.update({name: one for name, one in only.items() if name not in self._value})

    def _alternatives(self, kinds: list[str]) -> None:
        if "anyOf" in self._value:
            self._loss(f"{self._at}.type", "Gemini's schemas have one type each")
            return
        own = {"ARRAY": ("items", "minItems", "maxItems"), "OBJECT": ("properties", "required")}
        found: list[Json] = []
        for kind in kinds:
            one: Object = {"type": kind}
            for name in own.get(kind, ()):
                if name in self._value:
                    one[name] = self._value.pop(name)
            found.append(one)
        self._value["anyOf"] = found

    def _imply_type(self) -> None:
        """The subset wants a type where keywords of one stand."""
        if "properties" in self._value:
            self._value["type"] = "OBJECT"
        elif "items" in self._value or "prefixItems" in self._value:
            self._value["type"] = "ARRAY"

    def _spell_const(self) -> None:
        if "const" in self._value:
            self._value["enum"] = [self._value.pop("const")]

    def _spell_enum(self) -> None:
        """Texts only; whole numbers without a gap are bounds on both sides."""
        values = self._value.get("enum")
        if "enum" not in self._value:
            return
        if not isinstance(values, list) or not values:
            self._lose("enum", "must be an array of values")
            return
        kept = [one for one in values if one is not None]
        if len(kept) < len(values):
            self._value["nullable"] = True
        if not kept:
            del self._value["enum"], self._value["nullable"]
            self._value["type"] = "NULL"
        elif all(isinstance(one, str) and one for one in kept):
            self._value["enum"] = [*kept]
            self._value.setdefault("type", "STRING")
        elif numbers := _without_gap(kept):
            self._value.update(type="INTEGER", minimum=numbers[0], maximum=numbers[-1])
            del self._value["enum"]
        else:
            self._lose("enum", "Gemini's enums are texts that are not empty")

    def _move_bounds(self) -> None:
        """Exclusive bounds of whole numbers move by one."""
        for exclusive, inclusive, step in (
            ("exclusiveMinimum", "minimum", 1),
            ("exclusiveMaximum", "maximum", -1),
        ):
            bound = self._value.get(exclusive)
            here = self._value.get(inclusive)
            if bound is True and isinstance(here, int):  # as drafts up to 4 have it
                bound = here
            elif bound is False:
                del self._value[exclusive]
                continue
            if isinstance(bound, bool) or not isinstance(bound, int | float) or not math.isfinite(bound):
                continue
            if bound == int(bound) and self._value.get("type") == "INTEGER":
                moved = int(bound) + step
                if isinstance(here, int | float) and bound != here:
                    moved = int(max(here, moved) if step > 0 else min(here, moved))
                self._value[inclusive] = moved
                del self._value[exclusive]

    def _name_items(self) -> None:
        """Places of an array that have schemas of their own become a choice of these."""
        items = self._value.get("items")
        several = self._value.pop("prefixItems", None)
        if isinstance(items, list):
            several, items = items, None
        if isinstance(several, list) and several:
            self._loss(f"{self._at}.prefixItems", "Gemini's schemas have one schema for all items")
            self._value["items"] = {"anyOf": several + ([items] if isinstance(items, dict) else [])}
        elif isinstance(items, bool):
            self._value["items"] = {}
        if self._value.get("type") == "ARRAY":
            self._value.setdefault("items", {})

    def _close(self) -> None:
        """Gemini writes no properties but those it was told; that others are allowed, or what they are, is lost."""
        if "additionalProperties" not in self._value:
            return
        if isinstance(self._value["additionalProperties"], bool):
            del self._value["additionalProperties"]
        else:
            self._lose("additionalProperties")

    def _leave_out(self) -> None:
        for name in tuple(self._value):
            if name in _SILENT:
                del self._value[name]
            elif name not in _KNOWN:
                self._lose(name)
        if self._value.get("format", "enum") not in _FORMATS:
            self._lose("format", "Gemini knows no such format")


def _without_gap(values: Sequence[Json]) -> list[int]:
    """The values in order, if they are all the whole numbers from one to another; else nothing."""
    numbers = sorted({one for one in values if isinstance(one, int) and not isinstance(one, bool)})
    whole = len(numbers) == len(values) and numbers[-1] - numbers[0] == len(numbers) - 1
    return numbers if whole else []


def _is_null(value: Json) -> bool:
    return isinstance(value, dict) and value.get("type") in ("NULL", "null") and len(value) == 1
