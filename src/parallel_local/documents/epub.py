"""Books as chapters: an EPUB is an archive of web pages, and a list of which come in which order."""

import posixpath
import zipfile
from urllib.parse import unquote
from xml.etree import ElementTree

from parallel_local.documents.content import Content, Part, Unreadable
from parallel_local.documents.decoding import decode
from parallel_local.documents.front_matter import iso_date
from parallel_local.documents.html import read_html
from parallel_local.documents.markdown import first_heading
from parallel_local.documents.zipped import checked

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html")
_LARGEST_LIST = 5_000_000
_LARGEST_CHAPTER = 5_000_000
_MOST_BYTES = 500_000_000  # pictures


def read_epub(content: bytes) -> Content:
    """A part for each chapter that holds text, `chapter=3`. Raises `Unreadable`."""
    with checked(content, "book", _MOST_BYTES) as archive:
        try:
            return _book(archive)
        except (KeyError, ElementTree.ParseError, RecursionError, zipfile.BadZipFile) as error:
            raise Unreadable(f"not a readable book: {type(error).__name__}") from error


def _book(archive: zipfile.ZipFile) -> Content:
    root = _xml(archive, _CONTAINER).find(".//{*}rootfile")
    place = "" if root is None else root.get("full-path", "")
    package = _xml(archive, place)
    hrefs = {
        item.get("id"): item.get("href", "")
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _PAGES
    }
    spine = [hrefs.get(item.get("idref")) for item in package.iterfind(".//{*}spine/{*}itemref")]
    parts = []
    for number, href in enumerate(filter(None, spine), 1):
        name = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(href)))
        page = read_html(decode(_bytes(archive, name, _LARGEST_CHAPTER)))
        if page.text:
            heading = first_heading(page.text) or page.title or f"chapter {number}"
            parts.append(Part(text=page.text, anchor=f"chapter={number}", title=heading))
    if not parts:
        raise Unreadable("a book without text")
    return Content(
        tuple(parts),
        title=_stated(package, "title"),
        date=iso_date(_stated(package, "date")),
    )


def _stated(package: ElementTree.Element, name: str) -> str | None:
    found = package.find(f".//{{*}}metadata/{{*}}{name}")
    return (" ".join((found.text or "").split()) or None) if found is not None else None


def _xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A list of the book's. Such lists define nothing: what does is made to blow up."""
    source = _bytes(archive, name, _LARGEST_LIST)
    if b"<!ENTITY" in source or b"<!\x00E\x00N" in source:
        raise Unreadable("a book that defines XML entities")
    return ElementTree.fromstring(source)


def _bytes(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise Unreadable(f"a book with a page of more than {most // 1_000_000} MB")
    return content
