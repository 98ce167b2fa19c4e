"""Jupyter notebooks: a part for each heading and the cells below it, with what code has printed."""

import json
from collections.abc import Iterator

from parallel_local.documents.content import Content, Part, Unreadable
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.markdown import first_heading
from parallel_local.documents.plain import fenced

_MOST_CELLS = 10_000
_LONGEST_OUTPUT = 5000
_Json = dict[str, object]


def read_notebook(content: bytes) -> Content:
    """Groups of cells, each by the number of its first, `cell=4`. Raises `Unreadable`."""
    try:
        book: object = json.loads(decode_text(content))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not a readable notebook: {type(error).__name__}") from error
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(book, dict) or not isinstance(cells, list):
        raise Unreadable("not a notebook: it has no cells")
    if len(cells) > _MOST_CELLS:
        raise Unreadable(f"a notebook of more than {_MOST_CELLS:,} cells")
    language = _language(book)
    groups: list[tuple[int, list[str]]] = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or not (text := "\n\n".join(_blocks(cell, language))):
            continue
        if not groups or (cell.get("cell_type") == "markdown" and first_heading(text)):
            groups.append((number, []))
        groups[-1][1].append(text)
    if not groups:
        raise Unreadable("a notebook without text")
    return Content(tuple(_part(number, texts) for number, texts in groups), title=_title(groups))


def _part(number: int, texts: list[str]) -> Part:
    text = "\n\n".join(texts)
    return Part(text=text, anchor=f"cell={number}", title=first_heading(text) or f"cell {number}")


def _title(groups: list[tuple[int, list[str]]]) -> str | None:
    return first_heading(groups[0][1][0])


def _blocks(cell: _Json, language: str) -> Iterator[str]:
    source = _text(cell.get("source")).strip()
    if not source:
        return
    yield fenced(source, language) if cell.get("cell_type") == "code" else source
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        said = _text(output.get("text")) if isinstance(output, dict) else ""
        shown = said or (_text(data.get("text/plain")) if isinstance(data, dict) else "")
        if shown.strip():
            yield fenced(shown.strip()[:_LONGEST_OUTPUT])


def _language(book: _Json) -> str:
    metadata = book.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    return str(spec.get("language", "")) if isinstance(spec, dict) else ""


def _text(value: object) -> str:
    """Text, or lines of it."""
    if isinstance(value, list):
        return "".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""
