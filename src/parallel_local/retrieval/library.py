"""The library: the folder's documents, indexed, and the one way to search them.

Joins folder, index and ranking. Every method may block on disk; callers on the event loop use a thread.
"""

import hashlib
import threading
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from parallel_local.documents.document import Document, Entity
from parallel_local.documents.folder import FileStamp, read_document, scan
from parallel_local.documents.pdf import Unreadable
from parallel_local.retrieval.catalog import Cards
from parallel_local.retrieval.effort import USUAL, Effort
from parallel_local.retrieval.index import Card, Changing, Hit, Index
from parallel_local.retrieval.inverted import FoundUnit, View
from parallel_local.retrieval.matching import expression, frequencies
from parallel_local.retrieval.policy import same_url
from parallel_local.retrieval.query import Query, merged, parse_query
from parallel_local.retrieval.ranking import Found, favoured, fuse, passages_of, weights
from parallel_local.text.vocabulary import Vocabulary, vocabulary
from parallel_local.wire.common import SourcePolicy

_MOST_DOCUMENTS = 100
_SPARE_UNITS = 50  # a document may be found by several units, and by some queries better than by others
_FIRST_BATCH = 500
_LARGEST_BATCH = 20_000


class Indexed(msgspec.Struct, frozen=True):
    """How far a look at the folder is: `done` of `total` files that have to be read."""

    done: int
    total: int


class Changes(msgspec.Struct, frozen=True):
    """What a look at the folder found: paths that came, changed and went, and those left out, with the reason."""

    came: tuple[str, ...]
    changed: tuple[str, ...]
    went: tuple[str, ...]
    left_out: dict[str, str]


class Snapshot(msgspec.Struct, frozen=True):
    """What is kept of the documents as a whole; replaced when they change, never altered."""

    languages: tuple[str, ...]
    vocabulary: Vocabulary
    newest: str | None
    entities: tuple[tuple[Card, Entity], ...]


class Wanted(msgspec.Struct, frozen=True):
    """What a search is to give."""

    policy: SourcePolicy | None
    documents: int
    effort: Effort


class Library:
    """Documents of one folder. `skipped` says which files could not be read and why."""

    def __init__(self, index: Index, docs: Path) -> None:
        self._index = index
        self._docs = docs
        self._refreshing = threading.Lock()
        self._left_out: dict[str, tuple[FileStamp, str]] = {}
        self._snapshot = _snapshot(index)
        self.skipped: dict[str, str] = {}
        self.cards: Sequence[Card] = Cards(index.catalog)

    @classmethod
    def open(cls, docs: Path, data: Path) -> "Library":
        """A library that has read its folder."""
        library = cls.ready(docs, data)
        try:
            library.refresh()
        except BaseException:
            library.close()
            raise
        return library

    @classmethod
    def ready(cls, docs: Path, data: Path) -> "Library":
        """A library that serves what was indexed before; `refresh` looks at the folder."""
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(PermissionError):  # another's folder that we may write to
            data.chmod(0o700)
        tag = hashlib.sha256(str(docs.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        for suffix in ("", "-wal", "-shm"):  # the index of former versions
            (data / f"index-{tag}.db{suffix}").unlink(missing_ok=True)
        index = Index.open(data / f"index-{tag}")
        try:
            return cls(index, docs)
        except BaseException:
            index.close()
            raise

    def close(self) -> None:
        """Release the index files."""
        self._index.close()

    def refresh(self, progress: Callable[[Indexed], None] | None = None) -> Changes:
        """Look at the folder: read what is new or changed, by time and size, and forget what is gone.

        It is searched meanwhile: what was read counts in batches, and a file that changed is never missing.
        """
        with self._refreshing:
            known = self._index.catalog.stamps()
            present = {stamp.path: stamp for stamp in scan(self._docs)}
            changes, read = self._compare(known, present)
            if read or changes.went:
                with self._index.changing() as changing:
                    for path in changes.went:
                        changing.forget(path)
                    self._read(read, known, changing, progress or _say_nothing)
                    changing.commit()
                self._snapshot = _snapshot(self._index)
            self._left_out = {path: self._left_out[path] for path in self._left_out if path in present}
            self.skipped = {path: reason for path, (_, reason) in self._left_out.items()}
            went = tuple(path for path in known if path in self._left_out or path not in present)
            return msgspec.structs.replace(changes, went=went, left_out=self.skipped)

    def query(self, text: str) -> Query:
        """Parse free text with this library's vocabulary."""
        return parse_query(text, self.vocabulary, self.languages)

    def search(
        self,
        queries: Sequence[Query],
        policy: SourcePolicy | None = None,
        documents: int = _MOST_DOCUMENTS,
        effort: Effort = USUAL,
    ) -> list[Found]:
        """Passages of the best `documents` for the queries together, best first; none when no query has terms."""
        asked = [query for query in queries if query.terms]
        if not asked:
            return []
        wanted = Wanted(policy, documents, effort)
        return self._index.consistent(lambda view: self._search(asked, wanted, view)) or []

    def weigh(self, query: Query) -> dict[str, float]:
        """How much each term of a query matters in this library."""
        return self._weights(query, self._index.view)

    def by_url(self, url: str) -> Card | None:
        """The document published at a URL, ignoring fragment, `www.` and a final slash."""
        return self._index.catalog.at(same_url(url))

    def text(self, card: Card) -> str:
        """The whole text of a document."""
        return self._index.catalog.text(card.id)

    def passages(self, card: Card) -> list[Hit]:
        """All passages of a document in reading order."""
        return self._index.passages_of(card.id)

    @property
    def vocabulary(self) -> Vocabulary:
        """Words that stand for each other, in general and in these documents."""
        return self._snapshot.vocabulary

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that documents are in."""
        return self._snapshot.languages

    def entities(self) -> Sequence[tuple[Card, Entity]]:
        """Every entity of every document, in order of path."""
        return self._snapshot.entities

    def newest_date(self) -> str | None:
        """The latest date any document carries."""
        return self._snapshot.newest

    def _search(
        self,
        asked: Sequence[Query],
        wanted: Wanted,
        view: View,
    ) -> list[Found] | None:
        """None when documents of the view have gone meanwhile."""
        weighed = [(query, self._weights(query, view)) for query in asked]
        rankings = [self._rank(query, wanted, view) for query in merged(asked)]
        units = [unit for found in list(fuse(rankings).values())[: wanted.documents] for unit in found]
        read = self._index.read([(unit.document, unit.first, unit.last) for unit in units])
        there = [one for one in read if one is not None]
        if len(there) < len(read):
            return None
        found = [
            item
            for unit, one in zip(units, there, strict=True)
            for item in passages_of(*one, unit.score, weighed)
        ]
        return sorted(found, key=lambda item: (-item.score, item.passage))

    def _weights(self, query: Query, view: View) -> dict[str, float]:
        return weights(query.terms, frequencies(query.terms, view.frequency), view.count())

    def _rank(self, query: Query, wanted: Wanted, view: View) -> list[FoundUnit]:
        asked = expression(query, wanted.policy, view, wanted.effort)
        limit = 2 * wanted.documents + _SPARE_UNITS
        return self._favour(query, view.search(asked, limit)) if asked else []

    def _favour(self, query: Query, found: list[FoundUnit]) -> list[FoundUnit]:
        if not query.preferred and not query.fresh:
            return found
        cards = self._index.catalog.numbered({unit.document for unit in found})
        factors = favoured(query, cards, self.newest_date())
        return [
            msgspec.structs.replace(unit, score=unit.score * factors.get(unit.document, 1.0))
            for unit in found
        ]

    def _compare(
        self, known: dict[str, FileStamp], present: dict[str, FileStamp]
    ) -> tuple[Changes, list[FileStamp]]:
        """What is to be done, and which files have to be read for it."""
        differing = [stamp for path, stamp in present.items() if known.get(path) != stamp]
        read = [stamp for stamp in differing if self._left_out.get(stamp.path, (None,))[0] != stamp]
        came = tuple(stamp.path for stamp in read if stamp.path not in known)
        changed = tuple(stamp.path for stamp in read if stamp.path in known)
        went = tuple(path for path in known if path not in present)
        return Changes(came, changed, went, {}), read

    def _read(
        self,
        stamps: Sequence[FileStamp],
        known: Container[str],
        changing: Changing,
        progress: Callable[[Indexed], None],
    ) -> None:
        """Read files in batches that grow: the first ones are found soon, and few commits cost little."""
        batch, pending = _FIRST_BATCH, 0
        for done, stamp in enumerate(stamps, start=1):
            document = self._read_file(stamp)
            if stamp.path in known:
                changing.forget(stamp.path)
            if document is not None:
                changing.add(stamp, document)
            pending += 1
            if pending >= batch:
                changing.commit()
                self._snapshot = _snapshot(self._index)
                batch, pending = min(2 * batch, _LARGEST_BATCH), 0
            progress(Indexed(done, len(stamps)))

    def _read_file(self, stamp: FileStamp) -> Document | None:
        try:
            stamp.path.encode()
            document = read_document(self._docs, stamp)
        except UnicodeEncodeError:
            self._left_out[stamp.path] = (stamp, "its name is no text")
            return None
        except (Unreadable, OSError) as error:
            self._left_out[stamp.path] = (stamp, str(error))
            return None
        self._left_out.pop(stamp.path, None)
        return document


def _snapshot(index: Index) -> Snapshot:
    catalog = index.catalog
    return Snapshot(
        languages=catalog.languages(),
        vocabulary=vocabulary(catalog.acronyms()),
        newest=catalog.newest_date(),
        entities=tuple((card, entity) for card in catalog.cards_with_entities() for entity in card.entities),
    )


def _say_nothing(_: Indexed) -> None:
    """Nobody watches."""
