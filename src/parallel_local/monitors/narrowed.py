"""The library as if one document were all of it: for answers that are to rest on that one."""

from collections.abc import Sequence

from parallel_local.documents.document import Entity
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import Found
from parallel_local.wire.common import SourcePolicy


class Narrowed(Library):
    """Shares everything with the whole library, which stays the owner of its files: never closed."""

    def __init__(self, whole: Library, url: str) -> None:
        vars(self).update(vars(whole))
        self._only = url

    def search(self, queries: Sequence[Query], policy: SourcePolicy | None = None) -> list[Found]:
        """What the whole library finds in this document."""
        return [found for found in super().search(queries, policy) if found.card.url == self._only]

    def entities(self) -> list[tuple[Card, Entity]]:
        """The entities of this document."""
        return [(card, entity) for card, entity in super().entities() if card.url == self._only]
