"""The nouns of the library: documents, their passages, and the entities they name. No behaviour."""

import msgspec


class Entity(msgspec.Struct, frozen=True):
    """Something with a name that a document is about, with the flat facts stated beside the name."""

    name: str
    type: str
    url: str | None = None
    facts: dict[str, str] = {}


class Document(msgspec.Struct, frozen=True):
    """A file, or a part of one, as read. `text` is Markdown; every quotation is a slice of it.

    `path` is that of the file, with `/`, and the same for all its parts; the `url` of a part ends with its fragment,
    as `#page=3`. `date` is `YYYY-MM-DD` or None.
    """

    path: str
    url: str
    title: str
    text: str
    date: str | None = None
    entities: tuple[Entity, ...] = ()


class Passage(msgspec.Struct, frozen=True):
    """A slice of a document's text under one heading path (`Market > Size`)."""

    heading: str
    text: str
