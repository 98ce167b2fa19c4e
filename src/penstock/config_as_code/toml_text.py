"""Writing TOML: the standard library only reads it. Pure; comments and the order of tables are the caller's.

Nested values are inline tables and arrays, so that a table of the file is one thing of the directory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from penstock_common.printable import one_line

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class NoToml(ValueError):
    """TOML cannot write this value: it has no null."""


def table(path: Sequence[str], values: Mapping[str, object]) -> str:
    """A table with its header. Raises `NoToml`."""
    header = f"[{'.'.join(map(key, path))}]\n"
    return header + "".join(f"{key(name)} = {_outer(value)}\n" for name, value in values.items())


def key(text: str) -> str:
    """A key, quoted where it has to be."""
    return text if _BARE.fullmatch(text) else string(text)


def string(text: str) -> str:
    """A text in quotation marks."""
    return f'"{"".join(map(_escaped, text))}"'


def _outer(value: object) -> str:
    """A value of a table: of a list that holds more than plain values, each item has a line of its own."""
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "".join(["[\n", *(f"    {_inline(item)},\n" for item in value), "]"])
    return _inline(value)


def _inline(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return string(value)
        case int() | float():
            return repr(value)
        case list():
            return f"[{', '.join(map(_inline, value))}]"
        case dict():
            inner = ", ".join(f"{key(str(name))} = {_inline(item)}" for name, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
    raise NoToml(f"TOML has no word for {type(value).__name__}")


def _escaped(character: str) -> str:
    """Also what is no control character but cannot be printed: a file is read by people, too."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if one_line(character) == character:
        return character
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"
