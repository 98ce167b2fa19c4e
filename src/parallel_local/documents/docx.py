"""Word documents as Markdown, through the optional reader `python-docx`."""

import io
import re

from parallel_local.documents.content import Content, Unreadable, missing, whole
from parallel_local.documents.tables import markdown_table
from parallel_local.documents.zipped import checked

_LEVEL = re.compile(r"heading (\d)", re.IGNORECASE)


def read_docx(content: bytes) -> Content:
    """Paragraphs, lists and tables in their order, headings by their styles. Raises `Unreadable`."""
    try:
        import docx  # noqa: PLC0415 - optional driver, imported only when such a file is read
        from docx.table import Table  # noqa: PLC0415
    except ImportError as error:
        raise missing("docx") from error
    checked(content, "docx").close()
    try:
        document = docx.Document(io.BytesIO(content))
        blocks = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                blocks.append(markdown_table([[cell.text for cell in row.cells] for row in block.rows]))
            else:
                style = block.style.name if block.style and block.style.name else ""
                blocks.append(_paragraph(block.text, style))
        title = document.core_properties.title
    except Exception as error:  # the reader raises dozens of unrelated types on damaged files
        raise Unreadable(f"not a readable docx: {type(error).__name__}") from error
    return whole(_joined(blocks), title=title.strip() or None)


def _paragraph(text: str, style: str) -> str:
    stripped = text.strip()
    if not stripped:
        return ""
    level = _LEVEL.match(style)
    if style.casefold() == "title":
        return f"# {' '.join(stripped.split())}"
    if level:
        return f"{'#' * min(int(level.group(1)), 6)} {' '.join(stripped.split())}"
    return f"- {' '.join(stripped.split())}" if style.casefold().startswith("list") else stripped


def _joined(blocks: list[str]) -> str:
    """Items of a list on lines beside each other, everything else as paragraphs."""
    text = ""
    for block in filter(None, blocks):
        is_next_item = block.startswith("- ") and text.rpartition("\n")[2].startswith("- ")
        text += block if not text else f"\n{block}" if is_next_item else f"\n\n{block}"
    return text
