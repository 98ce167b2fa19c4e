"""JSON and JSON Lines: the records of a list or of lines are parts, anything else is one outline."""

import json

from parallel_local.documents.content import Content, Part, Unreadable, whole
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.tables import markdown_table

_NAMES = ("title", "name", "subject", "label", "headline", "id")
_MOST_PARTS = 1000
_MOST_VALUES = 500_000
_DEEPEST = 60
_Record = tuple[int, object]


def read_json(content: bytes) -> Content:
    """A list of objects becomes its records, `record=3`; other values an outline of their keys."""
    source = decode_text(content)
    _bounded(source)
    try:
        value: object = json.loads(source)
    except ValueError as error:
        raise Unreadable(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise Unreadable("JSON that is nested too deeply") from error
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _records(list(enumerate(value, 1)), None)
    return whole(_outline(value))


def read_json_lines(content: bytes) -> Content:
    """A record for each line. Lines that are no JSON are noted, with the first one's number."""
    source = decode_text(content)
    _bounded(source)
    records: list[_Record] = []
    broken: list[int] = []
    for number, line in enumerate(source.split("\n"), 1):
        if line.strip():
            try:
                records.append((number, json.loads(line)))
            except (ValueError, RecursionError):
                broken.append(number)
    if not records and broken:
        raise Unreadable(f"not JSON Lines: line {broken[0]} is no JSON")
    lines = "1 line is" if len(broken) == 1 else f"{len(broken)} lines are"
    return _records(records, f"{lines} no JSON, first line {broken[0]}" if broken else None)


def _bounded(source: str) -> None:
    """Raises `Unreadable` for more values than memory has room for: each takes many times its text."""
    if source.count(",") + source.count("[") + source.count("{") > _MOST_VALUES:
        raise Unreadable(f"more than {_MOST_VALUES:,} values")


def _records(records: list[_Record], note: str | None) -> Content:
    size = -(-len(records) // _MOST_PARTS) or 1
    pieces = [records[start : start + size] for start in range(0, len(records), size)]
    return Content(tuple(map(_part, pieces)), note=note)


def _part(piece: list[_Record]) -> Part:
    first, last = piece[0][0], piece[-1][0]
    text = "\n\n".join(_record(value) for _, value in piece)
    if first == last:
        return Part(text=text, anchor=f"record={first}", title=_name(piece[0][1]) or f"record {first}")
    return Part(text=text, anchor=f"record={first}-{last}", title=f"records {first} to {last}")


def _record(value: object) -> str:
    name = _name(value)
    return f"## {name}\n\n{_outline(value)}" if name else _outline(value)


def _name(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    folded = {str(key).casefold(): item for key, item in value.items()}
    found = next((folded[key] for key in _NAMES if isinstance(folded.get(key), str | int)), None)
    return " ".join(str(found).split())[:200] or None if found is not None else None


def _outline(value: object, depth: int = 0) -> str:
    """`- key: value` lines; what is within an object or a list is indented below its key."""
    if depth > _DEEPEST:
        raise Unreadable("JSON that is nested too deeply")
    if isinstance(value, dict):
        return "\n".join(_item(str(key), item, depth) for key, item in value.items())
    if isinstance(value, list):
        if table := _table(value):
            return table
        return "\n".join(_item("", item, depth) for item in value)
    return _scalar(value)


def _item(key: str, value: object, depth: int) -> str:
    indent = "  " * depth
    label = " ".join(key.split())
    if isinstance(value, list) and all(not isinstance(item, dict | list) for item in value):
        value = ", ".join(map(_scalar, value))
    if isinstance(value, dict | list):
        return f"{indent}- {label}\n{_outline(value, depth + 1)}" if label else _outline(value, depth + 1)
    text = _scalar(value)
    return f"{indent}- {label}: {text}" if label else f"{indent}- {text}"


def _table(items: list[object]) -> str:
    """Objects with the same few plain keys read best as a table."""
    rows = [item for item in items if isinstance(item, dict)]
    if len(rows) < 2 or len(rows) != len(items) or any(row.keys() != rows[0].keys() for row in rows):
        return ""
    if any(isinstance(cell, dict | list) for row in rows for cell in row.values()):
        return ""
    table = [[str(key) for key in rows[0]], *([_scalar(cell) for cell in row.values()] for row in rows)]
    return f"\n{markdown_table(table)}\n"


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()
