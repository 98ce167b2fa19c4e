"""The nouns of naming: a thing that a document declares to be of some kind. Pure."""

import msgspec

from parallel_local.findall.kinds import is_of_kind, is_same_form


class Declared(msgspec.Struct, frozen=True):
    """A thing by name, the phrases that say what it is, and the verbatim text that says so.

    `facts` are stated beside the name; `strong` tells that it is said outright, and is no mere item of a list.
    `loose` are nouns of a heading above it that may be plural ("Vereine"): they count for whoever asks in that form.
    """

    name: str
    kinds: tuple[str, ...]
    shown: str
    facts: dict[str, str] = {}
    url: str | None = None
    strong: bool = False
    loose: tuple[str, ...] = ()

    def of_kind(self, wanted: str) -> str:
        """The phrase by which it is declared to be of a kind, or nothing."""
        named = (kind for kind in self.kinds if kind and is_of_kind(kind, wanted))
        return next(named, next((kind for kind in self.loose if is_same_form(kind, wanted)), ""))


class PageNames(msgspec.Struct, frozen=True):
    """What a document declares, and the name it is about as a whole (or "")."""

    declared: tuple[Declared, ...]
    topic: str
