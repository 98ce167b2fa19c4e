"""The library: the documents of some folders, indexed, and the one way to search them.

Joins folders, index and searching. Every method may block on disk; callers on the event loop use a thread.
"""

import hashlib
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

import msgspec

from parallel_local.documents.document import Document, Entity
from parallel_local.documents.folder import FileStamp, scan
from parallel_local.documents.folders import Folder, arranged
from parallel_local.documents.holdings import Difference, Holdings
from parallel_local.private import private_folder
from parallel_local.retrieval.catalog import Cards
from parallel_local.retrieval.effort import USUAL, Effort
from parallel_local.retrieval.index import Card, Changing, Hit, Index
from parallel_local.retrieval.meaning import Embedded, Meaning, WordsOnly
from parallel_local.retrieval.policy import same_url
from parallel_local.retrieval.query import Query, parse_query
from parallel_local.retrieval.ranking import Found
from parallel_local.retrieval.searcher import Searcher, Wanted
from parallel_local.text.vocabulary import Vocabulary, vocabulary
from parallel_local.wire.common import SourcePolicy

MOST_DOCUMENTS = 100
_FIRST_BATCH_BYTES = 1_000_000  # of files that are indexed before they can be searched; later ones are larger
_LARGEST_BATCH_BYTES = 32_000_000


class Indexed(msgspec.Struct, frozen=True):
    """How far a refresh is: files that were read, of those that are to be, and the bytes of both."""

    done: int
    total: int
    done_bytes: int
    total_bytes: int


class Changes(msgspec.Struct, frozen=True):
    """What a look at the folders found: paths that came, changed and went, and those left out, with the reason."""

    came: tuple[str, ...]
    changed: tuple[str, ...]
    went: tuple[str, ...]
    left_out: dict[str, str]

    def __bool__(self) -> bool:
        """Whether the documents are others than before."""
        return bool(self.came or self.changed or self.went)


Progress = Callable[[Indexed], None]
_Read = tuple[FileStamp, tuple[Document, ...]]


class Snapshot(msgspec.Struct, frozen=True):
    """What is kept of the documents as a whole; replaced when they change, never altered."""

    languages: tuple[str, ...]
    vocabulary: Vocabulary
    newest: str | None
    entities: tuple[tuple[Card, Entity], ...]


class Library:
    """The documents of some folders: those that `refresh` found when it was called last."""

    def __init__(self, index: Index, holdings: Holdings, data: Path, meaning: Meaning) -> None:
        self._index = index
        self._data = data
        self._meaning = meaning
        self._searcher = Searcher(index, meaning)
        self._refreshing = threading.Lock()
        self._is_learnt = False  # the passages, as they are now
        self._snapshot = _snapshot(index)
        self.holdings = holdings
        self.cards = Cards(index.catalog)

    @classmethod
    def ready(cls, docs: Path | Sequence[Folder], data: Path, meaning: Meaning | None = None) -> "Library":
        """With what was indexed of the folder, or the folders, the last time. Raises `FolderError`.

        The library closes `meaning`, which is what knows passages by what they mean.
        """
        folders = arranged([Folder(docs)] if isinstance(docs, Path) else docs)
        private_folder(data)
        tag = _tag(folders)
        for suffix in ("", "-wal", "-shm"):  # an index of words as it was kept before
            (data / f"index-{tag}.db{suffix}").unlink(missing_ok=True)
        index = Index.open(data / f"index-{tag}")
        try:
            return cls(index, Holdings(folders, data / f"read-{tag}.json"), data, meaning or WordsOnly())
        except BaseException:
            index.close()
            raise

    @classmethod
    def open(cls, docs: Path | Sequence[Folder], data: Path, meaning: Meaning | None = None) -> "Library":
        """With all that is in the folder, or the folders, now. Raises `FolderError`."""
        library = cls.ready(docs, data, meaning)
        try:
            library.refresh()
        except BaseException:
            library.close()
            raise
        return library

    def close(self) -> None:
        """Release the index files."""
        self._meaning.close()
        self._index.close()

    def refresh(
        self,
        progress: Progress | None = None,
        tell: Callable[[Embedded], None] | None = None,
        *,
        learn: bool = True,
    ) -> Changes:
        """Index what is new or changed and forget what is gone.

        It blocks for as long as that takes, and is called in a thread of its own: searches go on meanwhile, over what
        is there already. `progress` is told before each file, and at the end; what it raises ends the refresh, and
        what was read by then is kept. `tell` is told how far what knows passages by their meaning has come; words find
        them meanwhile. Without `learn` that is left to the next refresh.
        """
        with self._refreshing:
            try:
                known = self._index.catalog.stamps()
                difference = self.holdings.compare(scan(self.holdings.folders, self._data), known)
                if difference.gone or difference.to_read:
                    self._is_learnt = False
                    self._change(difference, known, progress)
            finally:
                self.holdings.settle()
            if learn and not self._is_learnt:
                self._is_learnt = self._meaning.refresh(self._index.catalog, tell or _say_nothing)
            return _changes(known, difference, self.holdings.left_out)

    def count(self) -> int:
        """How many files the documents are."""
        return self._index.catalog.file_count()

    @property
    def version(self) -> int:
        """Another number after each change."""
        return self._index.version

    @property
    def is_learnt(self) -> bool:
        """Whether all passages are known by their meaning, as far as that is wanted; else another refresh may help."""
        return self._is_learnt

    @property
    def skipped(self) -> dict[str, str]:
        """Path → reason of the files that are no documents."""
        return self.holdings.left_out

    def query(self, text: str) -> Query:
        """Parse free text with this library's vocabulary."""
        return parse_query(text, self.vocabulary, self.languages)

    def search(
        self,
        queries: Sequence[Query],
        policy: SourcePolicy | None = None,
        documents: int = MOST_DOCUMENTS,
        effort: Effort = USUAL,
    ) -> list[Found]:
        """Passages of the best `documents` for the queries together, best first; none when no query has terms."""
        asked = [query for query in queries if query.terms]
        wanted = Wanted(policy, documents, effort, self.newest_date())
        return self._searcher.search(asked, wanted) if asked else []

    def weigh(self, query: Query) -> dict[str, float]:
        """How much each term of a query matters in this library."""
        return self._searcher.weigh(query)

    def by_url(self, url: str) -> Card | None:
        """The document published at a URL, the first part of one that has several."""
        return next(iter(self.parts(url)), None)

    def parts(self, url: str) -> tuple[Card, ...]:
        """The part that a URL's fragment names, else all parts of its file; `www.` and a final slash mean nothing."""
        found = self._index.catalog.published(same_url(url))
        fragment = url.strip().partition("#")[2]
        named = [card for card in found if fragment and card.url.partition("#")[2] == fragment]
        if named:
            return tuple(named[:1])
        return tuple(card for card in found if card.path == found[0].path)

    def serves(self, host: str) -> bool:
        """Whether documents are published at a host, given as `host_of` has it."""
        return self._index.catalog.has_page_below(f"{host}/") or bool(self._index.catalog.published(host))

    def behind(self, path: str) -> Iterator[Card]:
        """The documents of the files behind a path, in their order."""
        return self.cards.behind(path)

    def newest(self, most: int) -> list[Card]:
        """The documents with the latest dates first."""
        return self._index.catalog.newest(most)

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

    def _change(self, difference: Difference, known: Container[str], progress: Progress | None) -> None:
        """Bring the index up to date. A file that changed is never missing, nor there twice."""
        with self._index.changing() as changing:
            for path in difference.gone:
                changing.forget(path)
            for batch in self._batches(difference.to_read, progress):
                for stamp, documents in batch:
                    if stamp.path in known:
                        changing.forget(stamp.path)
                    for document in documents:
                        changing.add(stamp, document)
                self._commit(changing)
            if not difference.to_read:
                self._commit(changing)

    def _commit(self, changing: Changing) -> None:
        changing.commit()
        self._snapshot = _snapshot(self._index)

    def _batches(self, stamps: Sequence[FileStamp], progress: Progress | None) -> Iterator[list[_Read]]:
        """Files as read, in batches that grow: the first ones are found soon, and few commits cost little."""
        batch: list[_Read] = []
        most, done, size = _FIRST_BATCH_BYTES, 0, 0
        total = sum(stamp.size for stamp in stamps)
        for number, stamp in enumerate(stamps):
            if progress:
                progress(Indexed(number, len(stamps), done, total))
            batch.append((stamp, self.holdings.read(stamp)))
            done, size = done + stamp.size, size + stamp.size
            if size >= most:
                yield batch
                batch, size, most = [], 0, min(2 * most, _LARGEST_BATCH_BYTES)
        if batch:
            yield batch
        if progress:
            progress(Indexed(len(stamps), len(stamps), total, total))


def _snapshot(index: Index) -> Snapshot:
    catalog = index.catalog
    return Snapshot(
        languages=catalog.languages(),
        vocabulary=vocabulary(catalog.acronyms()),
        newest=catalog.newest_date(),
        entities=tuple((card, entity) for card in catalog.cards_with_entities() for entity in card.entities),
    )


def _changes(known: Container[str], difference: Difference, left_out: dict[str, str]) -> Changes:
    read = [stamp.path for stamp in difference.to_read if stamp.path not in left_out]
    broken = [stamp.path for stamp in difference.to_read if stamp.path in left_out and stamp.path in known]
    return Changes(
        came=tuple(path for path in read if path not in known),
        changed=tuple(path for path in read if path in known),
        went=tuple(sorted([*difference.gone, *broken])),
        left_out=left_out,
    )


def _tag(folders: Sequence[Folder]) -> str:
    """Another index for other folders, and for other addresses of the same ones."""
    first = folders[0]
    means = str(first.path.resolve())
    if len(folders) > 1 or first.url is not None:
        means = "\0".join(f"{folder.path.resolve()}\0{folder.name}\0{folder.url}" for folder in folders)
    return hashlib.sha256(means.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _say_nothing(_: Embedded) -> None:
    """Nobody watches."""
