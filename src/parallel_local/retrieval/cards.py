"""All cards of a library as a sequence that is read when it is looked at, in order of path."""

from collections.abc import Iterator, Sequence
from typing import overload

from parallel_local.retrieval.card import Card
from parallel_local.retrieval.catalog import Catalog

_AT_A_TIME = 1000
_BEHIND_ALL = 1 << 62  # no document has so high a number


class Cards(Sequence[Card]):
    """The cards of a catalogue as it is now: a hundred thousand of them are not kept in memory."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __len__(self) -> int:
        return self._catalog.count()

    def __iter__(self) -> Iterator[Card]:
        return self._from("", 0)

    def behind(self, path: str) -> Iterator[Card]:
        """Those of the files behind a path."""
        return self._from(path, _BEHIND_ALL)

    def _from(self, path: str, number: int) -> Iterator[Card]:
        while found := self._catalog.cards(path, number, _AT_A_TIME):
            yield from found
            path, number = found[-1].path, found[-1].id

    @overload
    def __getitem__(self, index: int) -> Card: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Card]: ...

    def __getitem__(self, index: int | slice) -> Card | Sequence[Card]:
        return list(self)[index]
