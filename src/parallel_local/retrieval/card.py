"""What the library says of a document, and of a passage that was found. Values only, no behaviour."""

import msgspec

from parallel_local.documents.document import Entity


class Card(msgspec.Struct, frozen=True):
    """A document without its text. `language` is an ISO 639-1 code, empty where the text does not show it."""

    id: int
    path: str
    url: str
    title: str
    date: str | None
    entities: tuple[Entity, ...]
    acronyms: dict[str, str]
    language: str = ""


class Hit(msgspec.Struct, frozen=True):
    """A passage of a document; a higher `score` is better."""

    passage: int
    document: int
    heading: str
    text: str
    score: float
