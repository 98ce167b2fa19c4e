"""HTML pages as Markdown with title and date. Pure: a string in, a page out."""

import msgspec
from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from parallel_local.documents.content import Content, whole
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.front_matter import iso_date
from parallel_local.documents.html_tags import with_end_tags

_NOISE_NAMES = "head title script style noscript template nav footer aside form svg iframe"
_NOISE = tuple(_NOISE_NAMES.split())
_DATE_KEYS = ("article:published_time", "datePublished", "date", "dc.date", "dcterms.date", "pubdate")


class Page(msgspec.Struct, frozen=True):
    """A web page reduced to what can be quoted."""

    text: str
    title: str | None = None
    date: str | None = None


def read_html_file(content: bytes) -> Content:
    """A page of a folder. Raises `Unreadable` for what is no text."""
    page = read_html(decode_text(content))
    return whole(page.text, page.title, page.date)


def read_html(source: str) -> Page:
    """Title, publication date and the main content as Markdown."""
    soup = BeautifulSoup(with_end_tags(_closed(source)), "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else None
    date = _date(soup)
    for tag in soup.find_all(_NOISE):
        tag.decompose()
    main = soup.find("main") or soup.find("article") or soup.body or soup
    converter = MarkdownConverter(heading_style="ATX", bullets="-", strip=["img"], escape_misc=False)
    text: str = converter.convert_soup(main)
    return Page(text=_tidy(text), title=title or None, date=date)


def _closed(source: str) -> str:
    """Without tags at the end that nothing closes: the parser would look for the end of each, through all the rest."""
    end = source.rfind(">") + 1
    opened = source.find("<", end)
    return source if opened < 0 else source[:opened]


def _date(soup: BeautifulSoup) -> str | None:
    for key in _DATE_KEYS:
        for attribute in ("property", "name", "itemprop"):
            tag = soup.find("meta", attrs={attribute: key})
            date = iso_date(tag.get("content")) if isinstance(tag, Tag) else None
            if date:
                return date
    stamped = soup.find("time", attrs={"datetime": True})
    return iso_date(stamped.get("datetime")) if isinstance(stamped, Tag) else None


def _tidy(text: str) -> str:
    """At most one blank line in a row, no trailing blanks."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()
