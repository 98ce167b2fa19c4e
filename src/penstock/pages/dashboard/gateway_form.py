"""The fields of a gateway as a form: what each is for, what may stand in it, what stands there; and what was sent.

Pure. Types, ranges and defaults are those of `settings/gateways.py`; secrets come and go as masks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec
from msgspec import inspect

from penstock.management.field_docs import field_docs
from penstock.management.problem import invalid
from penstock.management.reading import Pairs
from penstock.pages.dashboard.forms import number
from penstock.pages.dashboard.page import first
from penstock.settings.gateway_fields import Fields, to_fields
from penstock.settings.gateway_secrets import WITH_SECRETS
from penstock.settings.gateways import GatewaySettings

Widget = Literal["flag", "choice", "number", "json"]

_LARGEST: Final = 2**53 - 1  # that JSON carries everywhere: no bound that anybody would meet
_MOST_JSON: Final = 100_000  # characters


class Field(msgspec.Struct, frozen=True):
    """`options` of a choice; `range` is what may stand there, in words; `remark` why it does nothing, if so."""

    name: str
    meaning: str
    widget: Widget
    value: str
    default: str
    range: str
    options: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    remark: str = ""


def fields_of(
    shown: Mapping[str, object], remarks: Mapping[str, str], typed: Mapping[str, str]
) -> tuple[Field, ...]:
    """All fields of a gateway, by what the management API shows of it; with what was typed, but for what may hold a
    secret: no page says those back.
    """
    said = {name: text for name, text in typed.items() if name not in WITH_SECRETS}
    found = _fields(shown, remarks)
    return tuple(msgspec.structs.replace(one, value=said.get(one.name, one.value)) for one in found)


def sent_fields(form: Pairs) -> Fields:
    """What a form asks for. Raises `ManagementError` 400 for JSON that is none."""
    return {one.name: _sent(one, first(form, one.name)) for one in _fields({}, {})}


def value_text(value: object) -> str:
    """A field's value for people: empty where it is not set."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    text = msgspec.json.encode(value)
    is_large = isinstance(value, dict | list) and value
    return (msgspec.json.format(text, indent=2) if is_large else text).decode()


def _fields(shown: Mapping[str, object], remarks: Mapping[str, str]) -> Iterator[Field]:
    docs, defaults = field_docs(GatewaySettings), to_fields(GatewaySettings())
    types = {one.name: one.type for one in msgspec.structs.fields(GatewaySettings)}
    for name, kind in types.items():
        given = inspect.type_info(kind)
        value = shown.get(name, defaults[name])
        yield _field(
            name,
            docs.get(name, ""),
            given,
            value_text(value),
            value_text(defaults[name]),
            remarks.get(name, ""),
        )


def _field(name: str, meaning: str, kind: inspect.Type, value: str, default: str, remark: str) -> Field:
    found = list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]
    types = [one for one in found if not isinstance(one, inspect.NoneType)]
    empty = "" if len(types) == len(found) else "; empty: not set"
    only = types[0] if len(types) == 1 else None
    if isinstance(only, inspect.BoolType):
        return Field(name, meaning, "flag", value, default, "true or false", ("true", "false"), remark=remark)
    if isinstance(only, inspect.LiteralType):
        options = tuple(map(str, only.values))
        said = f"one of {', '.join(options)}{empty}"
        return Field(
            name, meaning, "choice", value, default, said, ("", *options) if empty else options, remark=remark
        )
    if isinstance(only, inspect.IntType):
        least, most = only.ge, only.le
        up_to = "" if most is None or most == _LARGEST else f" to {most:,}"
        said = f"a whole number from {least or 0:,}{up_to}{empty}"
        return Field(name, meaning, "number", value, default, said, (), least, most, remark)
    what = "text" if isinstance(only, inspect.StrType) else "JSON"
    said = f"{what}{empty or '; empty: the default'}"
    return Field(name, meaning, "json", value, default, said, remark=remark)


def _sent(field: Field, text: str) -> object:
    plain = text.strip()
    match field.widget:
        case "flag":
            return plain == "true"
        case "number":
            return number(plain)
        case "choice":
            return plain or None
    if not plain:
        return msgspec.json.decode(field.default) if field.default else None
    if field.default == "" and not plain.startswith(("{", "[", '"')):
        return plain  # a text
    if len(plain) > _MOST_JSON:
        raise invalid(f"{field.name} is too long", "form", field.name)
    try:
        return msgspec.json.decode(plain)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"{field.name} is not JSON: {error}", "form", field.name) from None
