"""The index of a folder: the catalogue of documents and passages, and the inverted index over their stems.

It is a cache: what is unreadable, outdated or does not fit together is made anew. A change counts for both at
once: a search holds a view of one, and looks again with the next when documents of it have gone meanwhile.
Calls block on disk and are made from worker threads.
"""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from parallel_local.documents.document import Document
from parallel_local.documents.folder import FileStamp
from parallel_local.retrieval.card import Card, Hit
from parallel_local.retrieval.catalog import PASSAGES, Catalog, CatalogWriter, Entry
from parallel_local.retrieval.inverted import InvertedIndex, View, Writing
from parallel_local.retrieval.policy import same_url
from parallel_local.retrieval.units import cut, units
from parallel_local.text.languages import language_of
from parallel_local.text.vocabulary import acronyms

__all__ = ["Card", "Hit", "Index"]

_FREE_LOOKS = 2
_T = TypeVar("_T")


class Index:
    """Open with `Index.open`, close with `close`."""

    def __init__(self, catalog: Catalog, inverted: InvertedIndex) -> None:
        self._catalog = catalog
        self._inverted = inverted
        self._view = inverted.view()
        self._publishing = threading.Lock()
        self.version = 0

    @classmethod
    def open(cls, folder: Path) -> "Index":
        """The index in `folder`, made anew when it is absent or of no use."""
        with suppress(ValueError, OSError, sqlite3.DatabaseError):
            return cls._opened(folder)
        shutil.rmtree(folder, ignore_errors=True)
        return cls._opened(folder)

    @classmethod
    def _opened(cls, folder: Path) -> "Index":
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        catalog = Catalog.open(folder / "documents.db")
        try:
            inverted = InvertedIndex(folder / "words")
            if inverted.state() != catalog.words_state():  # it ended between the two commits
                raise ValueError("the catalogue and the inverted index do not fit together")
            index = cls(catalog, inverted)
        except BaseException:
            catalog.close()
            raise
        return index

    def close(self) -> None:
        """Release all files."""
        self._catalog.close()

    @property
    def catalog(self) -> Catalog:
        """What is known of the documents, now."""
        return self._catalog

    @property
    def view(self) -> View:
        """The inverted index as of the last change."""
        return self._view

    @contextmanager
    def changing(self) -> Iterator["Changing"]:
        """Changes are made in here, one block at a time; what was not committed at its end is undone."""
        with self._inverted.writing() as writing, self._catalog.writing() as rows:
            yield Changing(rows, writing, self._publish)

    def consistent(self, look: Callable[[View], _T | None]) -> _T | None:
        """What `look` finds; it says None when documents of the view have gone, and then looks again.

        The last time nothing changes meanwhile.
        """
        for _ in range(_FREE_LOOKS):
            found = look(self._view)
            if found is not None:
                return found
        with self._publishing:
            return look(self._view)

    def read(self, spans: Sequence[tuple[int, int, int]]) -> list[tuple[Card, tuple[Hit, ...]] | None]:
        """Card and passages for each (document, first, last); None where the document has gone, were it between the one
        look and the other.
        """
        cards = self._catalog.numbered({number for number, _, _ in spans})
        found = list[tuple[Card, tuple[Hit, ...]] | None]()
        for number, first, last in spans:
            card = cards.get(number)
            hits = (
                []
                if card is None
                else self._catalog.passages([(number * PASSAGES + first, number * PASSAGES + last)])
            )
            found.append((card, tuple(hits)) if card is not None and hits else None)
        return found

    def passages_of(self, number: int) -> list[Hit]:
        """Every passage of a document in reading order, unscored."""
        return self._catalog.passages([(number * PASSAGES, (number + 1) * PASSAGES - 1)])

    def _publish(self, commit: Callable[[], None]) -> None:
        with self._publishing:
            commit()
            self._view = self._inverted.view()
            self.version += 1


class Changing:
    """Changes of the index. They count from `commit` on, all that were made since the last one at once."""

    def __init__(
        self, rows: CatalogWriter, writing: Writing, publish: Callable[[Callable[[], None]], None]
    ) -> None:
        self._rows = rows
        self._writing = writing
        self._publish = publish

    def forget(self, path: str) -> None:
        """A file has gone, says nothing any more, or is to be added anew."""
        for number in self._rows.numbers(path):
            self._rows.forget(number)
            self._writing.remove(number)

    def add(self, stamp: FileStamp, document: Document) -> None:
        """A further document of a file."""
        cuts, tail = cut(document)
        card = Card(
            id=self._rows.take_number(),
            path=document.path,
            url=document.url,
            title=document.title,
            date=document.date,
            entities=document.entities,
            acronyms=acronyms(document.text),
            language=language_of(document.text),
        )
        self._writing.add(card, units(cuts))
        self._rows.add(Entry(card, stamp, same_url(document.url), cuts, tail))

    def commit(self) -> None:
        """Make it count, for searches that begin from now on."""
        self._publish(self._commit)

    def _commit(self) -> None:
        self._rows.commit(self._writing.commit())
