"""The library: the folder's documents, indexed, and the one way to search them.

Joins folder, index and ranking. Every method may block on disk; callers on the event loop use a thread.
"""

import hashlib
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

import msgspec

from parallel_local.documents.catalogue import Catalogue, Difference
from parallel_local.documents.document import Document, Entity
from parallel_local.documents.folder import FileStamp, scan
from parallel_local.documents.folders import Folder, arranged
from parallel_local.private import private_folder
from parallel_local.retrieval.index import Card, Hit, Index
from parallel_local.retrieval.policy import host_of, permits
from parallel_local.retrieval.query import Query, expression, parse_query
from parallel_local.retrieval.ranking import Found, fuse, rank, weights
from parallel_local.text.vocabulary import Vocabulary, vocabulary
from parallel_local.wire.common import SourcePolicy

_CANDIDATES = 200
_BATCH_BYTES = 2_000_000  # what is indexed before it can be searched


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


Progress = Callable[[Indexed], None]


class _Snapshot:
    """All that is known of the documents at one time; the next one takes its place as a whole."""

    def __init__(self, index: Index) -> None:
        self.cards: tuple[Card, ...] = tuple(index.cards())
        self.by_id = {card.id: card for card in self.cards}
        self.by_url: dict[str, list[Card]] = {}
        for card in self.cards:
            self.by_url.setdefault(same_url(card.url), []).append(card)
        self.passages = index.passage_count()
        self.vocabulary: Vocabulary = vocabulary(
            {k: v for card in self.cards for k, v in card.acronyms.items()}
        )


class Library:
    """The documents of some folders: those that `refresh` found when it was called last."""

    def __init__(self, index: Index, catalogue: Catalogue, data: Path) -> None:
        self._index = index
        self._data = data
        self._refreshing = threading.Lock()
        self.catalogue = catalogue
        self._now = _Snapshot(index)

    @classmethod
    def ready(cls, docs: Path | Sequence[Folder], data: Path) -> "Library":
        """With what was indexed of the folder, or the folders, the last time. Raises `FolderError`."""
        folders = arranged([Folder(docs)] if isinstance(docs, Path) else docs)
        private_folder(data)
        tag = _tag(folders)
        index = Index.open(data / f"index-{tag}.db")
        try:
            return cls(index, Catalogue(folders, data / f"read-{tag}.json"), data)
        except BaseException:
            index.close()
            raise

    @classmethod
    def open(cls, docs: Path | Sequence[Folder], data: Path) -> "Library":
        """With all that is in the folder, or the folders, now. Raises `FolderError`."""
        library = cls.ready(docs, data)
        try:
            library.refresh()
        except BaseException:
            library.close()
            raise
        return library

    def refresh(self, progress: Progress | None = None) -> Changes:
        """Index what is new or changed and forget what is gone.

        It blocks for as long as that takes, and is called in a thread of its own: searches go on meanwhile, over what
        is there already. `progress` is told before each file, and at the end; what it raises ends the refresh.
        """
        with self._refreshing:
            try:
                known = self._index.stamps()
                difference = self.catalogue.compare(scan(self.catalogue.folders, self._data), known)
                if difference.gone:
                    self._replace(difference.gone, [])
                for batch in self._batches(difference.to_read, progress):
                    self._replace([stamp.path for stamp, _ in batch], batch)
            finally:
                self.catalogue.settle()
            return _changes(known, difference, self.catalogue.left_out)

    @property
    def cards(self) -> tuple[Card, ...]:
        """All documents, in order of path."""
        return self._now.cards

    def behind(self, path: str) -> Iterator[Card]:
        """The documents behind a path, in order of it."""
        return (card for card in self._now.cards if card.path > path)

    def count(self) -> int:
        """How many files the documents are."""
        return len({card.path for card in self._now.cards})

    @property
    def vocabulary(self) -> Vocabulary:
        """What the documents call by several names."""
        return self._now.vocabulary

    @property
    def skipped(self) -> dict[str, str]:
        """Path → reason of the files that are no documents."""
        return self.catalogue.left_out

    def close(self) -> None:
        """Release the index file."""
        self._index.close()

    def query(self, text: str) -> Query:
        """Parse free text with this library's vocabulary."""
        return parse_query(text, self.vocabulary)

    def search(self, queries: Sequence[Query], policy: SourcePolicy | None = None) -> list[Found]:
        """Passages for the queries together, best first; empty when no query has terms."""
        asked = [query for query in queries if query.terms]
        return fuse([self._search(query, policy) for query in asked]) if asked else []

    def weigh(self, query: Query) -> dict[str, float]:
        """How much each term of a query matters in this library."""
        names = [word for term in query.terms for phrase in term.alternatives for word in phrase]
        return weights(query.terms, self._index.frequencies(names), self._now.passages)

    def by_url(self, url: str) -> Card | None:
        """The document published at a URL, the first part of one that has several."""
        return next(iter(self.parts(url)), None)

    def parts(self, url: str) -> tuple[Card, ...]:
        """The part that a URL's fragment names, else all parts of its file; `www.` and a final slash mean nothing."""
        found = self._now.by_url.get(same_url(url), [])
        fragment = url.strip().partition("#")[2]
        named = [card for card in found if fragment and card.url.partition("#")[2] == fragment]
        if named:
            return tuple(named[:1])
        return tuple(card for card in found if card.path == found[0].path)

    def text(self, card: Card) -> str:
        """The whole text of a document."""
        return self._index.text(card.id)

    def passages(self, card: Card) -> list[Hit]:
        """All passages of a document in reading order."""
        return self._index.passages_of(card.id)

    def entities(self) -> list[tuple[Card, Entity]]:
        """Every entity of every document, in order of path."""
        return [(card, entity) for card in self.cards for entity in card.entities]

    def newest_date(self) -> str | None:
        """The latest date any document carries."""
        return max((card.date for card in self.cards if card.date), default=None)

    def _replace(self, paths: Sequence[str], read: Sequence[tuple[FileStamp, tuple[Document, ...]]]) -> None:
        self._index.replace(paths, [(stamp, document) for stamp, documents in read for document in documents])
        self._now = _Snapshot(self._index)

    def _batches(
        self, stamps: Sequence[FileStamp], progress: Progress | None
    ) -> Iterator[list[tuple[FileStamp, tuple[Document, ...]]]]:
        """Files as read, a number of bytes at a time."""
        batch: list[tuple[FileStamp, tuple[Document, ...]]] = []
        done = size = 0
        total = sum(stamp.size for stamp in stamps)
        for number, stamp in enumerate(stamps):
            if progress:
                progress(Indexed(number, len(stamps), done, total))
            batch.append((stamp, self.catalogue.read(stamp)))
            done, size = done + stamp.size, size + stamp.size
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
        if progress:
            progress(Indexed(len(stamps), len(stamps), total, total))

    def _search(self, query: Query, policy: SourcePolicy | None) -> list[Found]:
        now = self._now
        allowed = [card.id for card in now.cards if permits(policy, card.url, card.date)]
        if query.sites:
            sites = SourcePolicy(include_domains=list(query.sites))
            allowed = [id_ for id_ in allowed if permits(sites, now.by_id[id_].url, None)]
        hits = self._index.match(expression(query), allowed, _CANDIDATES)
        return rank(query, hits, now.by_id, self.weigh(query))


def same_url(url: str) -> str:
    """A URL reduced to what identifies the page."""
    bare = url.strip().partition("#")[0].rstrip("/")
    scheme, found, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return f"{host_of(f'{scheme}://{host}') or host}{slash}{path}" if found else bare


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
