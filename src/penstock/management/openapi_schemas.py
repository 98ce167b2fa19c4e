"""Schemas of types for the OpenAPI document: components by name, each property with what it is for.

Types, ranges and defaults are read off the types, words off the lines under their fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import inspect

from penstock.management.field_docs import field_docs

Schema = dict[str, object]

REF: Final = "#/components/schemas/{name}"


class Schemas:
    """The schemas of some types, made together: what several of them are made of is a component once."""

    def __init__(self, kinds: Iterable[object]) -> None:
        by_key = {_key(kind): kind for kind in kinds}  # some of them cannot be hashed
        made, components = msgspec.json.schema_components(
            by_key.values(), schema_hook=_anything, ref_template=REF
        )
        self._made = dict(zip(by_key, made, strict=True))
        classes = {one.__name__: one for one in _structs(by_key.values())}
        self.components = {
            name: _with_docs(schema, classes[name]) if name in classes else schema
            for name, schema in components.items()
        }

    def of(self, kind: object) -> Schema:
        """The schema of one of the types."""
        return self._made[_key(kind)]


def described(schema: Mapping[str, object], text: str) -> Schema:
    """With what it is for, before what it must be like."""
    rule = schema.get("description")
    words = f"{text} {rule[0].upper()}{rule[1:]}." if isinstance(rule, str) else text
    return {**schema, "description": words}


def _with_docs(schema: Schema, kind: type[msgspec.Struct]) -> Schema:
    docs, properties = field_docs(kind), schema["properties"]
    assert isinstance(properties, Mapping)
    told = dict(properties)
    for field in msgspec.structs.fields(kind):
        if field.name in docs:
            told[field.encode_name] = described(properties[field.encode_name], docs[field.name])
    return {**schema, "properties": told}


def _structs(kinds: Iterable[object]) -> Iterator[type[msgspec.Struct]]:
    """All structs that the types are made of, each once."""
    seen: set[type[msgspec.Struct]] = set()
    waiting = list(inspect.multi_type_info(kinds))
    while waiting:
        match waiting.pop():
            case inspect.StructType(cls=cls, fields=fields) if cls not in seen:
                seen.add(cls)
                waiting += [field.type for field in fields]
                yield cls
            case inspect.Metadata(type=inner):
                waiting.append(inner)
            case inspect.UnionType(types=types):
                waiting += types
            case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
                waiting.append(inner)
            case inspect.DictType(value_type=inner):
                waiting.append(inner)


def _anything(kind: type) -> Schema:
    """The schema of a field that holds whatever JSON can."""
    if kind is object:
        return {"description": "any JSON"}
    raise NotImplementedError


def _key(kind: object) -> str:
    """Types are told apart by this."""
    return repr(kind)
