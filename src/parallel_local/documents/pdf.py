"""PDF files as text, through the optional reader `pypdf`."""

import io

from parallel_local.documents.html import Page

MISSING = "PDF needs the extra `documents`: install penstock[documents] to read PDF documents"


class Unreadable(Exception):
    """A file whose content cannot be turned into text; the message says why."""


def read_pdf(content: bytes) -> Page:
    """The text of all pages, with the title of the file's own metadata. Raises `Unreadable`."""
    try:
        import pypdf  # noqa: PLC0415 - optional driver, imported only when a PDF is read
    except ImportError as error:
        raise Unreadable(MISSING) from error
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        text = "\n\n".join(page.extract_text().strip() for page in reader.pages)
        title = reader.metadata.title if reader.metadata else None
    except Exception as error:  # the reader raises dozens of unrelated types on damaged files
        raise Unreadable(f"not a readable PDF: {type(error).__name__}") from error
    return Page(text=text, title=title or None)
