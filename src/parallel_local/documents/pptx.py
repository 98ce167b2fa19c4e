"""Slides as parts, through the optional reader `python-pptx`: titles, texts, tables and the speaker's notes."""

import io
from collections.abc import Iterable, Iterator

from parallel_local.documents.content import Content, Part, Unreadable, missing
from parallel_local.documents.tables import markdown_table
from parallel_local.documents.zipped import checked

_DEEPEST_GROUP = 20


def read_pptx(content: bytes) -> Content:
    """A part for each slide that says something, `slide=2`. Raises `Unreadable`."""
    try:
        import pptx  # noqa: PLC0415 - optional driver, imported only when such a file is read
    except ImportError as error:
        raise missing("pptx") from error
    checked(content, "pptx").close()
    try:
        show = pptx.Presentation(io.BytesIO(content))
        parts = [_slide(number, slide) for number, slide in enumerate(show.slides, 1)]
        title = show.core_properties.title
    except Exception as error:  # the reader raises dozens of unrelated types on damaged files
        raise Unreadable(f"not a readable pptx: {type(error).__name__}") from error
    said = tuple(part for part in parts if part.text)
    if not said:
        raise Unreadable("no text on any slide")
    return Content(said, title=str(title or "").strip() or None)


def _slide(number: int, slide: object) -> Part:
    shapes = getattr(slide, "shapes", None)
    heading = getattr(shapes, "title", None)
    title = " ".join(str(getattr(heading, "text", "") or "").split())
    number_of_title = getattr(heading, "shape_id", None)
    others = (shape for shape in shapes or () if getattr(shape, "shape_id", None) != number_of_title)
    blocks = [f"# {title}"] if title else []
    blocks += _texts(others)
    if getattr(slide, "has_notes_slide", False):
        frame = getattr(getattr(slide, "notes_slide", None), "notes_text_frame", None)
        blocks.append(str(getattr(frame, "text", "") or "").strip())
    text = "\n\n".join(filter(None, blocks))
    return Part(text=text, anchor=f"slide={number}", title=title or f"slide {number}")


def _texts(shapes: Iterable[object], depth: int = 0) -> Iterator[str]:
    """Of text frames each paragraph a line, tables as tables, and what groups hold."""
    for shape in shapes:
        if getattr(shape, "has_table", False):
            rows = getattr(getattr(shape, "table", None), "rows", ())
            yield markdown_table([[str(cell.text) for cell in row.cells] for row in rows])
        elif getattr(shape, "has_text_frame", False):
            paragraphs = getattr(getattr(shape, "text_frame", None), "paragraphs", ())
            lines = [" ".join(str(line.text).split()) for line in paragraphs]
            said = [line for line in lines if line]
            yield said[0] if len(said) == 1 else "\n".join(f"- {line}" for line in said)
        elif (grouped := getattr(shape, "shapes", None)) is not None and depth < _DEEPEST_GROUP:
            yield from _texts(grouped, depth + 1)
