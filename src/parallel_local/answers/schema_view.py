"""One way to look at a JSON Schema node: references followed, unions with null taken apart. Pure."""

from collections.abc import Mapping

import msgspec

JsonObject = dict[str, object]
_DEEPEST = 8


class Node(msgspec.Struct, frozen=True):
    """`type` is one of object, array, string, integer, number, boolean; `schema` the resolved node."""

    type: str
    nullable: bool
    schema: JsonObject
    description: str

    def properties(self) -> dict[str, JsonObject]:
        """Property name → raw schema."""
        found = self.schema.get("properties")
        return {str(k): v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}

    def required(self) -> frozenset[str]:
        """Names that must be present."""
        found = self.schema.get("required")
        return frozenset(str(name) for name in found) if isinstance(found, list) else frozenset()

    def options(self) -> list[object]:
        """Allowed values of an enum or const."""
        if "const" in self.schema:
            return [self.schema["const"]]
        found = self.schema.get("enum")
        return list(found) if isinstance(found, list) else []


def view(raw: object, root: Mapping[str, object]) -> Node:
    """The node behind references and unions; the first non-null branch of a union stands for it."""
    schema: JsonObject = dict(raw) if isinstance(raw, dict) else {}
    nullable = False
    description = _text(schema.get("description"))
    for _ in range(_DEEPEST):
        following, null = _unwrap(schema, root)
        nullable = nullable or null
        if following is None:
            break
        schema = following
        description = description or _text(schema.get("description"))
    kind, null = _kind(schema)
    return Node(type=kind, nullable=nullable or null, schema=schema, description=description)


def _unwrap(schema: JsonObject, root: Mapping[str, object]) -> tuple[JsonObject | None, bool]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _resolve(reference, root), False
    for key in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(key)
        if isinstance(branches, list):
            real = [
                branch for branch in branches if isinstance(branch, dict) and branch.get("type") != "null"
            ]
            return (dict(real[0]) if real else {"type": "string"}), len(real) < len(branches)
    return None, False


def _resolve(reference: str, root: Mapping[str, object]) -> JsonObject:
    """A local reference such as `#/$defs/Person`; anything else counts as an empty schema."""
    target: object = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
    return dict(target) if isinstance(target, dict) else {}


def _kind(schema: JsonObject) -> tuple[str, bool]:
    stated = schema.get("type")
    if isinstance(stated, list):
        real = [str(kind) for kind in stated if kind != "null"]
        return (real[0] if real else "string"), "null" in stated
    if isinstance(stated, str):
        return stated, stated == "null"
    if isinstance(schema.get("properties"), dict):
        return "object", False
    return ("array" if "items" in schema else "string"), False


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
