"""Sheets as parts, through the optional reader `openpyxl`: values as a person sees them, in tables."""

import datetime
import io
from collections.abc import Iterable
from urllib.parse import quote

from parallel_local.documents.content import Content, Part, Unreadable, missing
from parallel_local.documents.tables import markdown_table
from parallel_local.documents.zipped import checked

_MOST_CELLS = 200_000
_WIDEST = 256


def read_xlsx(content: bytes) -> Content:
    """A part for each sheet that holds something, `sheet=Prices`. Raises `Unreadable`."""
    try:
        import openpyxl  # noqa: PLC0415 - optional driver, imported only when such a file is read
    except ImportError as error:
        raise missing("xlsx") from error
    checked(content, "xlsx").close()
    parts: list[Part] = []
    room, note = _MOST_CELLS, None
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            rows, room = _rows(sheet.iter_rows(values_only=True, max_col=_WIDEST), room)
            if table := markdown_table(rows):
                name = " ".join(sheet.title.split())
                text = f"# {name}\n\n{table}"
                parts.append(Part(text=text, anchor=f"sheet={quote(name, safe='')}", title=name))
            if room <= 0:
                note = f"only the first {_MOST_CELLS:,} cells are taken"
                break
        title = book.properties.title
    except Exception as error:  # the reader raises dozens of unrelated types on damaged files
        raise Unreadable(f"not a readable xlsx: {type(error).__name__}") from error
    if not parts:
        raise Unreadable("no values on any sheet")
    return Content(tuple(parts), title=str(title or "").strip() or None, note=note)


def _rows(rows: Iterable[tuple[object, ...]], room: int) -> tuple[list[list[str]], int]:
    """Rows up to a number of cells, and how many more there may be. Empty rows count, or a sheet may be endless."""
    taken: list[list[str]] = []
    for row in rows:
        room -= max(len(row), 1)
        if room < 0:
            break
        taken.append([_shown(value) for value in row])
    return taken, room


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(" ", "minutes")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    return str(value)
