"""The yardsticks, as a program of their own: index a collection, answer its queries, say what it cost.

Run as `python yardstick.py bm25s|tantivy LANGUAGE < collection > result`, both JSON, by an interpreter that has the
library. Imports nothing of this project: it runs in an environment of its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module

_SNOWBALL = {
    **{"ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish"},
    **{"fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian", "it": "italian", "nb": "norwegian"},
    **{
        "nl": "dutch",
        "pt": "portuguese",
        "ro": "romanian",
        "ru": "russian",
        "sv": "swedish",
        "tr": "turkish",
    },
}
_WORD = r"(?u)[\w\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0e30-\u0e4e]{2,}"  # with the vowels that are marks
_STOPPED = frozenset({"en", "de", "nl", "fr", "es", "pt", "it", "ru", "sv", "nb"})
_TOP = 10

Search = Callable[[str], Sequence[int]]


def with_bm25s(texts: Sequence[str], language: str) -> Search:
    bm25s, snowball = import_module("bm25s"), import_module("Stemmer")
    stemmer = snowball.Stemmer(_SNOWBALL[language]) if language in _SNOWBALL else None
    stops = ("no" if language == "nb" else language) if language in _STOPPED else None

    def tokens(some: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = bm25s.tokenize(
            list(some),
            token_pattern=_WORD,
            stopwords=stops,
            stemmer=stemmer,
            return_ids=False,
            show_progress=False,
        )
        return found

    index = bm25s.BM25()
    index.index(tokens(texts), show_progress=False)

    def search(query: str) -> Sequence[int]:
        found, _ = index.retrieve(tokens([query]), k=min(_TOP, len(texts)), show_progress=False)
        return [int(one) for one in found[0]]

    return search


def with_tantivy(texts: Sequence[str], language: str) -> Search:
    tantivy = import_module("tantivy")
    name = "" if language == "hi" else _SNOWBALL.get(language, "")  # it has no stemmer of Hindi
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    analyzer = (builder.filter(tantivy.Filter.stemmer(name)) if name else builder).build()
    schema_builder = tantivy.SchemaBuilder()
    schema_builder.add_unsigned_field("place", fast=True)
    schema_builder.add_text_field("text", tokenizer_name="words")
    index = tantivy.Index(schema_builder.build())
    index.register_tokenizer("words", analyzer)
    writer = index.writer(50_000_000, 1)
    for place, text in enumerate(texts):
        document = tantivy.Document()
        document.add_unsigned("place", place)
        document.add_text("text", text)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(query: str) -> Sequence[int]:
        words = " ".join(analyzer.analyze(query))
        hits = searcher.search(index.parse_query_lenient(words, ["text"])[0], _TOP, count=False).hits
        return [int(one) for one in searcher.fast_field_values("place", [address for _, address in hits])]

    return search


def main(library: str, language: str) -> None:
    asked = json.load(sys.stdin)
    began = time.process_time()
    search = {"bm25s": with_bm25s, "tantivy": with_tantivy}[library](asked["texts"], language)
    indexed = time.process_time()
    found = [list(search(query)) for query in asked["queries"]]
    ended = time.process_time()
    calls = max(1, len(found))
    json.dump({"found": found, "index": indexed - began, "call": (ended - indexed) / calls}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
