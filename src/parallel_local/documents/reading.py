"""From the bytes of a file to its documents: one for each part, with title, address, date and entities. Pure."""

from pathlib import PurePath

from parallel_local.documents.content import Content, Part
from parallel_local.documents.document import Document
from parallel_local.documents.entities import recognise
from parallel_local.documents.folders import Folder
from parallel_local.documents.markdown import first_heading

_SEPARATOR = " – "  # between the title of a file and that of its part


def documents_of(folder: Folder, relative: str, content: Content) -> tuple[Document, ...]:
    """The documents of a file, in its order."""
    title = _clean(content.title or _heading(content) or _readable(relative))
    address = content.url or folder.address(relative)
    return tuple(
        Document(
            path=folder.key(relative),
            url=f"{address}#{part.anchor}" if part.anchor else address,
            title=_titled(title, part),
            text=_sound(part.text),
            date=part.date or content.date,
            entities=recognise(content.entities, part.text),
        )
        for part in content.parts
    )


def file_title(title: str, url: str) -> str:
    """The title of the file that a document of this title and URL is of, or is part of."""
    return title.rpartition(_SEPARATOR)[0] or title if "#" in url else title


def _titled(title: str, part: Part) -> str:
    if not part.anchor:
        return title
    label = _clean(part.title or part.anchor.replace("=", " ")).replace(_SEPARATOR, " - ")
    return f"{title}{_SEPARATOR}{label}"


def _heading(content: Content) -> str | None:
    """The first one of a file that is one piece; that of a part is the part's."""
    only = content.parts[0] if len(content.parts) == 1 else None
    return first_heading(only.text) if only and not only.anchor else None


def _readable(relative: str) -> str:
    return PurePath(relative).stem.replace("-", " ").replace("_", " ")


def _clean(title: str) -> str:
    return " ".join(_sound(title).split())[:500]


def _sound(text: str) -> str:
    """Without what no index can hold: NUL, and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
