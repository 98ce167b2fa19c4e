"""The library: the folder's documents, indexed, and the one way to search them.

Joins folder, index and ranking. Every method may block on disk; callers on the event loop use a thread.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from parallel_local.documents.document import Document, Entity
from parallel_local.documents.folder import FileStamp, read_document, scan
from parallel_local.documents.pdf import Unreadable
from parallel_local.retrieval.index import Card, Hit, Index
from parallel_local.retrieval.policy import host_of, permits
from parallel_local.retrieval.query import Query, expression, parse_query
from parallel_local.retrieval.ranking import Found, fuse, rank, weights
from parallel_local.text.vocabulary import Vocabulary, vocabulary
from parallel_local.wire.common import SourcePolicy

_CANDIDATES = 200


class Library:
    """Documents of one folder. `skipped` says which files could not be read and why."""

    def __init__(self, index: Index, skipped: dict[str, str]) -> None:
        self._index = index
        self.skipped = skipped
        self.cards: tuple[Card, ...] = tuple(index.cards())
        self._by_id = {card.id: card for card in self.cards}
        self._by_url: dict[str, Card] = {}
        for card in self.cards:
            self._by_url.setdefault(same_url(card.url), card)
        self.languages: tuple[str, ...] = tuple(sorted({card.language for card in self.cards} - {""}))
        self._passages = index.passage_count()
        self.vocabulary: Vocabulary = vocabulary(
            {k: v for card in self.cards for k, v in card.acronyms.items()}
        )

    @classmethod
    def open(cls, docs: Path, data: Path) -> "Library":
        """Index what is new or changed in `docs` (by time and size) and forget what is gone."""
        data.mkdir(parents=True, exist_ok=True)
        tag = hashlib.sha256(str(docs.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        index = Index.open(data / f"index-{tag}.db")
        try:
            return cls(index, _refresh(index, docs))
        except BaseException:
            index.close()
            raise

    def close(self) -> None:
        """Release the index file."""
        self._index.close()

    def query(self, text: str) -> Query:
        """Parse free text with this library's vocabulary."""
        return parse_query(text, self.vocabulary, self.languages)

    def search(self, queries: Sequence[Query], policy: SourcePolicy | None = None) -> list[Found]:
        """Passages for the queries together, best first; empty when no query has terms."""
        asked = [query for query in queries if query.terms]
        return fuse([self._search(query, policy) for query in asked]) if asked else []

    def weigh(self, query: Query) -> dict[str, float]:
        """How much each term of a query matters in this library."""
        names = [word for term in query.terms for phrase in term.alternatives for word in phrase]
        return weights(query.terms, self._index.frequencies(names), self._passages)

    def by_url(self, url: str) -> Card | None:
        """The document published at a URL, ignoring fragment, `www.` and a final slash."""
        return self._by_url.get(same_url(url))

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

    def _search(self, query: Query, policy: SourcePolicy | None) -> list[Found]:
        allowed = [card.id for card in self.cards if permits(policy, card.url, card.date)]
        if query.sites:
            sites = SourcePolicy(include_domains=list(query.sites))
            allowed = [id_ for id_ in allowed if permits(sites, self._by_id[id_].url, None)]
        hits = self._index.match(expression(query), allowed, _CANDIDATES)
        return rank(query, hits, self._by_id, self.weigh(query))


def same_url(url: str) -> str:
    """A URL reduced to what identifies the page."""
    bare = url.strip().partition("#")[0].rstrip("/")
    scheme, found, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return f"{host_of(f'{scheme}://{host}') or host}{slash}{path}" if found else bare


def _refresh(index: Index, docs: Path) -> dict[str, str]:
    known = index.stamps()
    present = {stamp.path: stamp for stamp in scan(docs)}
    changed = [stamp for path, stamp in present.items() if known.get(path) != stamp]
    skipped: dict[str, str] = {}
    read = [(stamp, document) for stamp in changed if (document := _read(docs, stamp, skipped))]
    gone = [path for path in known if path not in present or path in skipped]
    if gone or read:
        index.replace(gone, read)
    return skipped


def _read(docs: Path, stamp: FileStamp, skipped: dict[str, str]) -> Document | None:
    try:
        return read_document(docs, stamp)
    except (Unreadable, OSError) as error:
        skipped[stamp.path] = str(error)
        return None
