"""The folder of documents on disk: which files count, and reading one of them.

The only file that opens the user's documents. A file that cannot be read is skipped with a reason,
never fatal, and nothing outside the folder is ever read, whatever links it contains.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from parallel_local.documents.document import Document
from parallel_local.documents.entities import recognise
from parallel_local.documents.front_matter import FrontMatter, split_front_matter
from parallel_local.documents.html import Page, read_html
from parallel_local.documents.markdown import first_heading
from parallel_local.documents.pdf import Unreadable, read_pdf

_SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text", ".html", ".htm", ".pdf"})
_LARGEST_BYTES = 20_000_000
_NO_DOCUMENTS = frozenset({"license", "licence", "copying", "notice", "sources"})
LOCAL_BASE = "https://docs.local/"


class FileStamp(msgspec.Struct, frozen=True):
    """A file and what tells whether it changed."""

    path: str
    mtime_ns: int
    size: int


def scan(folder: Path) -> list[FileStamp]:
    """Every document in the folder, by path; not hidden files, links to outside, licence and source notes."""
    root = folder.resolve()
    return sorted(_walk(root, root), key=lambda stamp: stamp.path)


def _walk(directory: Path, root: Path) -> Iterator[FileStamp]:
    with os.scandir(directory) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or path.stem.casefold() in _NO_DOCUMENTS:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(path, root)
            elif path.suffix.lower() in _SUFFIXES and path.resolve().is_relative_to(root) and entry.is_file():
                stat = entry.stat()
                yield FileStamp(path.relative_to(root).as_posix(), stat.st_mtime_ns, stat.st_size)


def read_document(folder: Path, stamp: FileStamp) -> Document:
    """One document. Raises `Unreadable` when it is too large or damaged, `OSError` when it vanished."""
    if stamp.size > _LARGEST_BYTES:
        raise Unreadable(f"larger than {_LARGEST_BYTES // 1_000_000} MB")
    path = folder / stamp.path
    content = path.read_bytes()
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        return _document(stamp.path, FrontMatter(), read_pdf(content))
    source = decode(content)
    if suffix in (".html", ".htm"):
        return _document(stamp.path, FrontMatter(), read_html(source))
    matter, text = split_front_matter(source)
    return _document(stamp.path, matter, Page(text=text))


def decode(content: bytes) -> str:
    """UTF-8 where it is UTF-8, else Windows-1252; NUL bytes, which no index can hold, are dropped."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\x00", "")


def _document(path: str, matter: FrontMatter, page: Page) -> Document:
    title = (
        matter.title
        or page.title
        or first_heading(page.text)
        or Path(path).stem.replace("-", " ").replace("_", " ")
    )
    return Document(
        path=path,
        url=matter.url or LOCAL_BASE + quote(path, errors="replace"),
        title=title,
        text=page.text,
        date=matter.date or page.date,
        entities=recognise(matter.entities, page.text),
    )
