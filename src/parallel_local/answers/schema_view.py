"""One way to look at a JSON Schema node: references followed, unions with null taken apart. Pure."""

from collections.abc import Mapping

import msgspec

JsonObject = dict[str, object]
LEAVES = frozenset(["string", "integer", "number", "boolean"])
_DEEPEST = 8


class Node(msgspec.Struct, frozen=True):
    """`type` is one of object, array, string, integer, number, boolean; `schema` the resolved node.

    `apart` says that null is a branch of its own, so that it is allowed whatever options the other branch has.
    """

    type: str
    nullable: bool
    schema: JsonObject
    description: str
    title: str = ""
    apart: bool = False

    def properties(self) -> dict[str, JsonObject]:
        """Property name → raw schema."""
        found = self.schema.get("properties")
        if not isinstance(found, dict):
            return {}
        # `true` allows anything, as an empty schema does.
        return {
            str(k): v if isinstance(v, dict) else {}
            for k, v in found.items()
            if isinstance(v, dict) or v is True
        }

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
    description, title = _text(schema.get("description")), _text(schema.get("title"))
    for _ in range(_DEEPEST):
        following, null = _unwrap(schema, root)
        nullable = nullable or null
        if following is None:
            break
        schema = following
        description = description or _text(schema.get("description"))
        title = title or _text(schema.get("title"))
    kind, null = _kind(schema)
    return Node(
        type=kind,
        nullable=nullable or null,
        schema=schema,
        description=description,
        title=title,
        apart=nullable,
    )


def _unwrap(schema: JsonObject, root: Mapping[str, object]) -> tuple[JsonObject | None, bool]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _resolve(reference, root), False
    if isinstance(schema.get("allOf"), list):
        return _merged(schema, root), False
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key)
        if isinstance(branches, list):
            real = [
                branch for branch in branches if isinstance(branch, dict) and branch.get("type") != "null"
            ]
            return (dict(real[0]) if real else {"type": "string"}), len(real) < len(branches)
    return None, False


def _merged(schema: JsonObject, root: Mapping[str, object]) -> JsonObject:
    """All branches of an `allOf` in one: what they say adds up."""
    own = {key: value for key, value in schema.items() if key != "allOf"}
    branches = schema["allOf"] if isinstance(schema["allOf"], list) else []
    merged: JsonObject = {}
    for branch in (*branches, own):
        part = dict(branch) if isinstance(branch, dict) else {}
        if isinstance(part.get("$ref"), str):
            part = _resolve(str(part["$ref"]), root)
        summed = {key: _added(merged.get(key), part.get(key)) for key in ("properties", "required")}
        merged |= part | {key: value for key, value in summed.items() if value is not None}
    return merged


def _added(one: object, other: object) -> object:
    if isinstance(one, dict) and isinstance(other, dict):
        return one | other
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    return one if other is None else other


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
