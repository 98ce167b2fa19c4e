"""Which of several calls that tell of the same work keeps it, whoever's price it goes by and whichever comes first."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penstock.calls.derive import derive
from penstock.pricing.units import to_nano
from penstock.stores.ledger import ANY, FREE, CallRow, Move, NewCall
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from support.journal_kit import record
from support.listed_prices import Listed

PRICES = Listed('["replicate/m"]\ninput = 1\noutput = 2\n["fal/*"]\nrequest = 0.5\n')
CUSTOM = "cf-aig-custom-cost"
USED = {"input_tokens": 1000, "output_tokens": 1000, "total_tokens": 2000}
COST = to_nano("0.0125")
Json = dict[str, Any]


class Book:
    """A ledger that is told of calls one by one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.ledger = SqliteLedger(self.path)
        self.number = 0

    def tell(self, method: str, path: str, request: object, answer: object, **changes: object) -> None:
        self.number += 1
        made = record(self.number, method=method, path=path, **{"provider": "openai", **changes})
        asked = json.dumps(request).encode() if request else b""
        body = json.dumps(answer).encode()
        call = NewCall(made, derive(made, asked, body, PRICES), asked, body)
        self.ledger.append([call], Move("segment", self.number - 1, self.number))

    def rows(self) -> list[CallRow]:
        with closing(SqliteReader(self.path)) as reader:
            return reader.arrived(ANY, 0, 1000)

    def costs(self) -> list[int | None]:
        return [row.cost_nano for row in self.rows()]

    def order(self, **changes: object) -> None:
        asked = {"model": "gpt-4o", "background": True}
        self.tell("POST", "v1/responses", asked, {"id": "r", "status": "queued", "usage": None}, **changes)

    def end(self, usage: Json | None = None, **changes: object) -> None:
        told = {"id": "r", "status": "completed", "model": "gpt-4o", "usage": usage or USED}
        self.tell("GET", "v1/responses/r", None, told, **changes)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path)
    with closing(made.ledger):
        yield made


def priced(**price: float) -> dict[str, Any]:
    return {"controls": {CUSTOM: json.dumps(price)}}


def test_the_end_that_comes_first_waits_for_its_beginning(book: Book) -> None:
    book.end()
    book.end()
    book.order()
    book.end()
    assert book.costs() == [0, 0, COST, 0]
    assert [row.tokens_in for row in book.rows()] == [None, None, 1000, None]


def test_an_end_that_tells_no_use_takes_nothing_away(book: Book) -> None:
    path, asked = "v1/tasks/runs", {"processor": "core", "input": "x"}
    done: Json = {"run_id": "t", "status": "completed"}
    book.tell("GET", f"{path}/t", None, done, provider="parallel")
    book.tell("POST", path, asked, {"run_id": "t", "status": "queued"}, provider="parallel")
    book.tell("GET", f"{path}/t", None, done, provider="parallel")
    assert book.costs() == [0, to_nano("0.025"), 0]


def test_use_that_is_told_late_is_counted(book: Book) -> None:
    book.order()
    book.tell("GET", "v1/responses/r", None, {"id": "r", "status": "completed", "usage": None})
    book.end()
    assert book.costs() == [None, 0, COST]


def test_unknown_stays_unknown_whoever_has_it(book: Book) -> None:
    told = {"id": "r", "status": "completed", "model": "nobody-knows", "usage": USED}
    book.tell("GET", "v1/responses/r", None, told)
    asked = {"model": "nobody-knows", "background": True}
    book.tell("POST", "v1/responses", asked, {"id": "r", "status": "queued"})
    assert book.costs() == [0, None]
    assert book.rows()[1].tokens_in == 1000


@pytest.mark.parametrize("is_first", [True, False])
def test_a_callers_price_for_the_order_is_all_of_it(book: Book, is_first: bool) -> None:
    if is_first:
        book.order(**priced(total_cost=0.5))
    book.end()
    if not is_first:
        book.order(**priced(total_cost=0.5))
    assert sum(cost or 0 for cost in book.costs()) == to_nano("0.5")
    assert sum(row.tokens_in or 0 for row in book.rows()) == 1000


def test_a_callers_price_for_reading_is_paid_each_time(book: Book) -> None:
    """As the header says: for the request that carries it."""
    book.order()
    for _ in range(2):
        book.end(**priced(total_cost=0.25))
    rows = book.rows()
    assert [row.cost_nano for row in rows] == [None, to_nano("0.25"), to_nano("0.25")]
    assert [row.tokens_in for row in rows] == [None, 1000, None]
    assert [row.custom_cost for row in rows] == [False, True, True]


def test_and_is_not_paid_twice_where_the_end_comes_first(book: Book) -> None:
    book.end(**priced(total_cost=0.25))
    book.order()
    assert sum(cost or 0 for cost in book.costs()) == to_nano("0.25")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_callers_price_for_tokens_counts_them_once(book: Book, is_first: bool) -> None:
    price = priced(per_token_in=0.000001, per_token_out=0.000002)
    if is_first:
        book.order()
    for _ in range(2):
        book.end(**price)
    if not is_first:
        book.order()
    assert sum(cost or 0 for cost in book.costs()) == to_nano("0.003")
    assert sum(row.tokens_out or 0 for row in book.rows()) == 1000


def test_what_an_order_tells_at_once_is_told_no_more(book: Book) -> None:
    metrics = {"input_token_count": 1000, "output_token_count": 100}
    done = {"id": "p", "status": "succeeded", "model": "m", "metrics": metrics}
    for _ in range(2):
        book.tell("POST", "v1/predictions", {"version": "m"}, done, provider="replicate")
        book.tell("GET", "v1/predictions/p", None, done, provider="replicate")
    assert book.costs() == [1_200_000, 0, 0, 0]


BATCH: Json = {"id": "b", "status": "completed", "output_file_id": "f"}
LINE = {"custom_id": "1", "response": {"body": {"model": "gpt-4o", "usage": USED}}}
TOLD: dict[str, tuple[str, str, object, object]] = {
    "ordered": ("POST", "v1/batches", {"input_file_id": "x"}, {"id": "b", "status": "validating"}),
    "ended": ("GET", "v1/batches/b", None, BATCH),
    "results": ("GET", "v1/files/f/content", None, LINE),
}


@pytest.mark.parametrize("names", list(itertools.permutations(TOLD)), ids=" ".join)
def test_a_batch_and_its_file_in_any_order(book: Book, names: tuple[str, ...]) -> None:
    for name in (*names, "ended", "results"):
        book.tell(*TOLD[name])
    assert sum(cost or 0 for cost in book.costs()) == COST // 2
    assert sum(row.tokens_in or 0 for row in book.rows()) == 1000


def test_a_file_of_a_batch_that_was_not_made_here_is_nobody_s(book: Book) -> None:
    for name in ("ended", "results", "ended", "results"):
        book.tell(*TOLD[name])
    assert book.costs() == [0, 0, 0, 0]
    assert {row.price_source for row in book.rows()} == {FREE}


@pytest.mark.parametrize("results", ["b", "f"])
def test_objects_that_refer_to_each_other_end(book: Book, results: str) -> None:
    """Whatever a provider answers."""
    book.tell("GET", "v1/batches/b", None, {**BATCH, "output_file_id": results})
    book.tell("GET", "v1/batches/f", None, {**BATCH, "id": "f", "output_file_id": "b"})
    for name in ("b", "f"):
        book.tell("POST", "v1/batches", {"input_file_id": "x"}, {"id": name, "status": "validating"})
        book.tell("GET", f"v1/batches/{name}", None, {**BATCH, "id": name, "output_file_id": results})
    assert len(book.rows()) == 6


def test_an_answer_out_of_the_store_tells_nothing_new(book: Book) -> None:
    book.end(cached=True)
    book.order()
    book.order(cached=True)
    book.end()
    assert book.costs() == [0, None, 0, COST]


def test_an_older_ledger_s_orders_are_read(book: Book) -> None:
    """What was told before it said which object tells the use."""
    book.order(account="somebody")
    db = book.ledger._connection()
    told = b"\x94\xcd\x03\xe8\xcd\x03\xe8\xce\x00\xbe\xbc\x20\xa1x"
    db.execute(
        "INSERT INTO orders (account, provider, object, settled, told) VALUES ('acc', 'openai', 'r', 0, ?)",
        (told,),
    )
    book.order()
    assert book.costs() == [None, COST]
