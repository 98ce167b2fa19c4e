"""Fitting what the model gives for a field to its schema: only what quotations support, part by part.

Pure. Parts of arrays that nothing supports are left out, those of objects are blank; a value of the wrong type is none.
"""

import math

import msgspec

from parallel_local.answers.basis import Answer, joined
from parallel_local.answers.blanks import blank
from parallel_local.answers.schema_view import JsonObject, Node, view
from parallel_local.model.about import Subject, spoken
from parallel_local.model.proofs import Proof, cited
from parallel_local.model.support import Support, statement_support, value_support

_DEEPEST = 6
_MOST_ELEMENTS = 100
_LONGEST_TEXT = 5_000
_PROSE_WORDS = 5  # a text with more may be put in other words than the quotations have
_YES = frozenset({"yes", "true"})
_NO = frozenset({"no", "false"})
_Scalar = str | int | float | bool


class Checked(msgspec.Struct, frozen=True):
    """What the values of one field are held against."""

    proofs: tuple[Proof, ...]
    subject: Subject
    root: JsonObject


def fitted(value: object, node: Node, label: str, checked: Checked, depth: int = 0) -> Answer | None:
    """The value as far as its type and the quotations allow; None when nothing is left."""
    if depth > _DEEPEST or value is None:
        return None
    if node.type == "array":
        return _array(value, node, label, checked, depth)
    if node.type == "object":
        return _object(value, node, label, checked, depth)
    typed = _typed(value, node)
    return None if typed is None else _scalar(typed, node, label, checked)


def _scalar(value: _Scalar, node: Node, label: str, checked: Checked) -> Answer | None:
    support = value_support(value, checked.proofs, checked.subject, label)
    if support.confidence is None and isinstance(value, str):
        if node.options():
            spelt = value_support(value.replace("_", " "), checked.proofs, checked.subject, label)
            support = spelt if spelt.confidence else _concluded(checked)
        elif len(value.split()) > _PROSE_WORDS:
            support = statement_support(value, checked.proofs, checked.subject)
    if support.confidence is None:
        return None
    return Answer(value, cited(support.proofs), support.confidence, support.reason)


def _concluded(checked: Checked) -> Support:
    """A choice among options may be right without standing in a document; nobody can check it."""
    if not checked.proofs:
        return Support(None, "")
    return Support("low", "Chosen by the model; its quotations do not have the word.", checked.proofs)


def _array(value: object, node: Node, label: str, checked: Checked, depth: int) -> Answer | None:
    if not isinstance(value, list):
        return None
    item = view(node.schema.get("items"), checked.root)
    # An element may well be about somebody else than the whole is: what belongs together is seen to in objects.
    loose = msgspec.structs.replace(
        checked, subject=msgspec.structs.replace(checked.subject, others=frozenset())
    )
    parts: list[Answer] = []
    for element in value[:_MOST_ELEMENTS]:
        part = fitted(element, item, label, loose, depth + 1)
        if part is not None and all(part.value != other.value for other in parts):
            parts.append(part)
    if not parts:
        return None
    whole = joined([part.value for part in parts], parts)
    return msgspec.structs.replace(whole, elements=tuple(parts))


def _object(value: object, node: Node, label: str, checked: Checked, depth: int) -> Answer | None:
    if not isinstance(value, dict):
        return None
    named = _named(value, node, checked) if depth else checked
    parts: dict[str, Answer] = {}
    for name, raw in node.properties().items():
        within = f"{label} {name.replace('_', ' ')}"
        part = fitted(value.get(name), view(raw, checked.root), within, named, depth + 1)
        if part is not None:
            parts[name] = part
    if not parts:
        return None
    content = {
        name: parts[name].value if name in parts else blank(view(raw, checked.root), checked.root)
        for name, raw in node.properties().items()
        if name in parts or name in node.required()
    }
    return joined(content, list(parts.values()))


def _named(value: dict[str, object], node: Node, checked: Checked) -> Checked:
    """An object in an array is about what its first text names: the other parts have to be about the same."""
    for name, raw in node.properties().items():
        first = value.get(name)
        if view(raw, checked.root).type == "string" and isinstance(first, str) and first.strip():
            known = {spoken(checked.subject.name), *checked.subject.others}
            others = frozenset(known - {spoken(first), ""})
            return msgspec.structs.replace(checked, subject=Subject(first, others))
    return checked


def _typed(value: object, node: Node) -> _Scalar | None:
    """A value of the wanted type, where what the model gave can mean nothing else."""
    typed = _by_type(value, node.type)
    options = node.options()
    if typed is None or not options:
        return typed
    for option in options:
        if str(option).casefold() == str(typed).casefold() and isinstance(option, str | int | float):
            return option
    return None


def _by_type(value: object, type_: str) -> _Scalar | None:
    if type_ == "boolean":
        said = str(value).strip().casefold() if isinstance(value, bool | str) else ""
        return True if said in _YES else False if said in _NO else None
    if type_ in ("integer", "number"):
        return _number(value, whole=type_ == "integer")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= _LONGEST_TEXT else None


def _number(value: object, *, whole: bool) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or abs(number) >= 1e15:
        return None
    if whole:
        return int(number) if number.is_integer() else None
    return int(number) if number.is_integer() else number


def field_label(name: str, node: Node) -> str:
    """What a field is about, in words: its name and its description."""
    return f"{name.replace('_', ' ')} {node.description}".strip()
