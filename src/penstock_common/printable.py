"""Text of others on lines of ours: what goes to a terminal, a pipe or a log without driving it or forging a line.

Pure, and lean: the shipper imports it. What logs is in `log_lines.py`, where the commands print in
`penstock/cli/output.py`.
"""

from __future__ import annotations

import re
import unicodedata

# Looked at one by one: everything else is ASCII that any terminal takes as it is.
_UNUSUAL = re.compile("[^ -~]")
_UNUSUAL_IN_BODY = re.compile("[^\t\n -~]")


def one_line(text: str) -> str:
    """Text as a part of one line: without control and format characters, direction marks, and any end of a line.

    What cannot be printed is written as Python would, e.g. `\\x1b` and `\\u202e`.
    """
    return _UNUSUAL.sub(_visible, text)


def lines(text: str) -> str:
    """Text that may have lines and tabs of its own, and is otherwise as `one_line` has it."""
    return _UNUSUAL_IN_BODY.sub(_visible, text)


def ascii_json(text: str) -> str:
    """The same JSON, with what cannot be printed escaped as JSON does; it stands in strings only."""
    return _UNUSUAL_IN_BODY.sub(_escaped, text)


def _visible(match: re.Match[str]) -> str:
    found = match[0]
    if _is_printable(found):
        return found
    code = ord(found)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if _is_printable(found):
        return found
    units = found.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _is_printable(character: str) -> bool:
    """Also spaces that are not ASCII; not what is no character at all, or unknown."""
    return character.isprintable() or unicodedata.category(character) == "Zs"
