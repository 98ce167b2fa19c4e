"""PDF files as pages of text, through the optional reader `pypdf`."""

import io
import logging

from parallel_local.documents.content import Content, Part, Unreadable, missing

_MOST_PAGES = 5000
_MOST_CHARS = 20_000_000


def read_pdf(content: bytes) -> Content:
    """A part for each page that holds text, `page=3`; the title is the one the file states. Raises `Unreadable`."""
    try:
        import pypdf  # noqa: PLC0415 - optional driver, imported only when a PDF is read
    except ImportError as error:
        raise missing("PDF") from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of a file without saying which
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("a PDF that is protected by a password")
        if len(reader.pages) > _MOST_PAGES:
            raise Unreadable(f"a PDF of more than {_MOST_PAGES:,} pages")
        parts, room = [], _MOST_CHARS
        for number, page in enumerate(reader.pages, 1):
            text = page.extract_text().strip()
            room -= len(text)
            if room < 0:
                raise Unreadable(f"a PDF of more than {_MOST_CHARS:,} characters")
            if text:
                parts.append(Part(text=text, anchor=f"page={number}", title=f"page {number}"))
        title = reader.metadata.title if reader.metadata else None
    except Unreadable:
        raise
    except Exception as error:  # the reader raises dozens of unrelated types on damaged files
        raise Unreadable(f"not a readable PDF: {type(error).__name__}") from error
    if not parts:
        raise Unreadable("a PDF without text: its pages are images")
    return Content(tuple(parts), title=str(title).strip() or None if title else None)
