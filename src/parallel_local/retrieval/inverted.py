"""The inverted index: tantivy over stems that are cut here, not there. The only file that writes to it.

A unit holds the stems of its text without the words that say nothing, its headings once more, the hosts its
document answers for, and its date. It holds no text: passages are read from the catalogue. What was committed
is seen by the next `view`; a view that is held stays as it was.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import tantivy

from parallel_local.retrieval.card import Card
from parallel_local.retrieval.policy import host_of, host_suffixes
from parallel_local.retrieval.units import Unit
from parallel_local.text.compounds import COMPOUNDING, is_part, reversed_compounds
from parallel_local.text.tokens import indexed

BODY, HEAD, TAIL, HOST, DATE, DOCUMENT, SPAN = "body", "head", "tail", "host", "date", "document", "span"
_HEAP_BYTES = 40_000_000
_LONGEST_IN_HEAD = 2000
_META = "meta.json"
_SPAN_BITS = 32
_LAST_MASK = (1 << _SPAN_BITS) - 1


class _Meta(msgspec.Struct):
    """What is read of the file in which the library says which parts make up the index."""

    opstamp: int


class FoundUnit(msgspec.Struct, frozen=True):
    """A unit that was found: passages `first` to `last` of a document."""

    document: int
    first: int
    last: int
    score: float


class View:
    """The index as it was at one moment. Searching does not hold the interpreter."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema) -> None:
        self._searcher = searcher
        self.schema = schema

    def count(self) -> int:
        """How many units there are."""
        return int(self._searcher.num_docs)

    def frequency(self, stem: str) -> int:
        """In how many units a stem occurs."""
        return int(self._searcher.doc_freq(BODY, stem))

    def compounds(self, part: str, most: int) -> list[str]:
        """Words of which a stem is the first or the last part."""
        first = self._searcher.terms_with_prefix(BODY, part, None, most)
        last = self._searcher.terms_with_prefix(TAIL, part[::-1], None, most)
        return [
            *(word for word, _ in first if is_part(part, word)),
            *(word[::-1] for word, _ in last if is_part(part, word[::-1])),
        ]

    def search(self, query: tantivy.Query, limit: int) -> list[FoundUnit]:
        """The best units, best first."""
        hits = self._searcher.search(query, limit, count=False).hits
        addresses = [address for _, address in hits]
        documents = self._searcher.fast_field_values(DOCUMENT, addresses)
        spans = self._searcher.fast_field_values(SPAN, addresses)
        return [
            _found(*row, score)
            for row, (score, _) in zip(zip(documents, spans, strict=True), hits, strict=True)
        ]


def _found(document: float | None, span: float | None, score: float) -> FoundUnit:
    packed = int(span or 0)
    return FoundUnit(int(document or 0), packed >> _SPAN_BITS, packed & _LAST_MASK, score)


class InvertedIndex:
    """Open with the folder it lies in; raises `ValueError` or `OSError` when it cannot be used."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._index.config_reader("manual")
        self._writing = threading.Lock()
        self._make_private()

    def state(self) -> int:
        """The number of the last commit on disk; raises `ValueError` where none can be told."""
        try:
            return msgspec.json.decode((self._folder / _META).read_bytes(), type=_Meta).opstamp
        except msgspec.MsgspecError as error:
            raise ValueError(f"{_META} cannot be read") from error

    def view(self) -> View:
        """The index as it is now."""
        self._index.reload()
        return View(self._index.searcher(), self._schema)

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        """Changes are made in here, one block at a time."""
        with self._writing:
            writer = self._index.writer(_HEAP_BYTES, 1)
            try:
                yield Writing(writer, self._schema)
            except BaseException:
                writer.rollback()
                raise
            finally:
                writer.wait_merging_threads()
                self._make_private()

    def _make_private(self) -> None:
        """The library makes its files with the rights of any file."""
        self._folder.chmod(0o700)
        for path in self._folder.iterdir():
            path.chmod(0o600)


class Writing:
    """Changes of an index; they count from `commit` on."""

    def __init__(self, writer: tantivy.IndexWriter, schema: tantivy.Schema) -> None:
        self._writer = writer
        self._schema = schema

    def remove(self, document: int) -> None:
        """Forget a document."""
        self._writer.delete_documents_by_query(tantivy.Query.term_query(self._schema, DOCUMENT, document))

    def add(self, card: Card, units: Iterable[Unit]) -> None:
        """Add the units of a document."""
        suffixes = " ".join(host_suffixes(host_of(card.url)))
        title = indexed(card.title, card.language)
        for unit in units:
            body = indexed(unit.text, card.language)
            row = tantivy.Document()
            row.add_text(BODY, body if body.startswith(title) else f"{title} {body}")
            row.add_text(HEAD, title if unit.headings == card.title else _head(title, unit, card.language))
            if card.language in COMPOUNDING:
                row.add_text(TAIL, reversed_compounds(body))
            row.add_text(HOST, suffixes)
            if card.date:
                row.add_unsigned(DATE, day_number(card.date))
            row.add_unsigned(DOCUMENT, card.id)
            row.add_unsigned(SPAN, unit.first << _SPAN_BITS | unit.last)
            self._writer.add_document(row)

    def commit(self) -> int:
        """What was changed since the last one counts from now on, for views that are made from now on: its number."""
        return int(self._writer.commit())


def _head(title: str, unit: Unit, language: str) -> str:
    headings = indexed(unit.headings[:_LONGEST_IN_HEAD], language)
    return headings if headings.startswith(title) else f"{title} {headings}"


def day_number(date: str) -> int:
    """A date as a number that grows with it."""
    return int(date.replace("-", ""))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(BODY, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(HEAD, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(TAIL, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field(HOST, tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field(DATE, indexed=True, fast=True)
    builder.add_unsigned_field(DOCUMENT, indexed=True, fast=True)
    builder.add_unsigned_field(SPAN, fast=True)
    return builder.build()
