"""The sum of costs is the price of the work done once: over any order of reads, repeats, leaving clients, restarts.

Records go through the journal, the real shipper and the real ledger. What several workers write reaches the ledger in
any order; segments come twice; the ledger is closed and opened again.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from order_kit import LINES, MESSAGE_LINES, ORDERS, PRICES, Exchange, Order, listed

from penstock.calls.order_documents import Body
from penstock.calls.orders import added_up, news_in
from penstock.journal.record import CallRecord, Outcome, frame
from penstock.providers.registry import operation_named
from penstock.shipper.shipper import Shipper
from penstock.stores.ledger import ANY, CallRow
from penstock.stores.rollups import Question
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from penstock.wire.usage import read_answer
from support.journal_kit import BASE, Writer, record

WORKERS = 3
DAY_US = 86_400_000_000

tokens = st.tuples(st.integers(1, 5000), st.integers(0, 5000))
parts = st.lists(tokens, min_size=1, max_size=3)
workers = st.integers(0, WORKERS - 1)
kept = st.sampled_from(["all", "nothing", "a part"])
left = st.sampled_from(["stayed", "stayed", "left after it", "left before its end"])


@dataclass
class Standing:
    """What has become of one order, as far as the provider and its readers go."""

    order: Order
    is_told: bool = False  # by a read whose record there is
    is_led: bool = False


@dataclass
class Worker:
    """Frames that are not written yet, and the segment they go to."""

    frames: list[bytes] = field(default_factory=list)
    segment: Writer | None = None
    written: bytes = b""  # at last


class Books(RuleBasedStateMachine):
    """What there is to pay, and what the ledger says."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.data = Path(self.folder.name)
        self.workers = [Worker() for _ in range(WORKERS)]
        self.orders: list[Standing] = []
        self.owed = 0  # for plain calls
        self.number = 0
        self.segments = 0
        self.said: list[str] = []
        self.open()

    def open(self) -> None:
        self.ledger = SqliteLedger(self.data / FILE_NAME)
        self.shipper = Shipper(self.data / "journal", self.ledger, self.said.append, PRICES)

    # -- calls

    def call(
        self, worker: int, provider: str, asked: Exchange, how: str, leaving: str, **more: object
    ) -> None:
        """A worker has seen a call, and writes down what it is to keep of it."""
        self.number += 1
        answer = asked.answer
        if leaving == "left before its end":
            answer = answer[: len(answer) * 2 // 3]
        made = record(
            self.number, provider=provider, method=asked.method, path=asked.path, response_type=asked.kind,
            request_size=len(asked.request), response_size=len(answer),
            outcome=int(Outcome.COMPLETE if leaving == "stayed" else Outcome.ABANDONED), **more,
        )  # fmt: skip
        request = asked.request
        if how != "all":
            made = told_apart(made, answer, request, is_cut=how == "a part")
            request, answer = (request, answer[:20]) if how == "a part" else (b"", b"")
        self.workers[worker].frames.append(frame(made, request, answer))

    @rule(name=st.sampled_from(sorted(ORDERS)), parts=parts, worker=workers, how=kept, leaving=left)
    def order(self, name: str, parts: list[tuple[int, int]], worker: int, how: str, leaving: str) -> None:
        made = ORDERS[name](f"x{len(self.orders)}", parts)
        leaving = "left after it" if leaving == "left before its end" else leaving  # else nobody knows of it
        if made.at_once is not None or made.make.tells:
            leaving = "stayed"
        if how != "all" and made.provider == "parallel":
            how = "a part"  # without its request, the worker would have to have told the price
        standing = Standing(made, is_told=made.make.tells)
        self.orders.append(standing)
        self.call(worker, made.provider, made.make, how, leaving)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), worker=workers, how=kept, leaving=left)
    def read(self, data: st.DataObject, worker: int, how: str, leaving: str) -> None:
        standing = data.draw(st.sampled_from(self.orders))
        order = standing.order
        asked = data.draw(st.sampled_from([*order.pending, *order.ends, *order.leads]))
        self.call(worker, order.provider, asked, how, leaving)
        is_file = asked.kind in (LINES, MESSAGE_LINES)  # whose end is known by its length alone
        if leaving == "stayed" or (leaving == "left after it" and not is_file):
            standing.is_told = standing.is_told or asked.tells
            standing.is_led = standing.is_led or asked in order.leads

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), worker=workers, how=kept)
    def strangers_read(self, data: st.DataObject, worker: int, how: str) -> None:
        order = data.draw(st.sampled_from(self.orders)).order
        asked = data.draw(st.sampled_from([*order.ends, *order.leads]))
        self.call(worker, order.provider, asked, how, "stayed", account="others")

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), worker=workers, how=kept)
    def answered_again(self, data: st.DataObject, worker: int, how: str) -> None:
        """The same request, out of the store of answers."""
        order = data.draw(st.sampled_from(self.orders)).order
        asked = data.draw(st.sampled_from([order.make, *order.ends]))
        self.call(worker, order.provider, asked, how, "stayed", cached=True)

    @rule(tokens=tokens, worker=workers, leaving=left, attempts=st.integers(1, 3), is_cached=st.booleans())
    def plain(
        self, tokens: tuple[int, int], worker: int, leaving: str, attempts: int, is_cached: bool
    ) -> None:
        told = b'{"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d}}' % tokens
        asked = Exchange("POST", "v1/chat/completions", b'{"model":"gpt-4o","messages":[]}', told)
        is_whole = leaving == "left after it"
        self.call(
            worker, "openai", asked, "all", leaving, attempts=attempts, cached=is_cached, whole=is_whole
        )
        if not is_cached and leaving != "left before its end":
            self.owed += listed("openai", "gpt-4o", tokens)

    # -- their way into the ledger

    @rule(worker=workers)
    def write(self, worker: int) -> None:
        one = self.workers[worker]
        if one.frames:
            if one.segment is None:
                one.segment = self.new_segment()
            one.written = b"".join(one.frames)
            one.segment.write(one.written)
            one.frames = []

    @rule(worker=workers)
    def write_backwards(self, worker: int) -> None:
        self.workers[worker].frames.reverse()
        self.write(worker)

    @rule(worker=workers)
    def deliver_again(self, worker: int) -> None:
        """What was written at last, as another segment."""
        copy = self.new_segment()
        copy.write(self.workers[worker].written)
        copy.die()

    @rule(worker=workers)
    def die(self, worker: int) -> None:
        one = self.workers[worker]
        if one.segment is not None:
            one.segment.die()
            one.segment = None

    @rule()
    def ship(self) -> None:
        self.shipper.ship_once()

    @rule()
    def restart(self) -> None:
        self.ledger.close()
        self.open()

    def new_segment(self) -> Writer:
        self.segments += 1
        return Writer(self.data / "journal", self.segments)

    # -- the law

    @rule()
    def books_are_right(self) -> None:
        for worker in range(WORKERS):
            self.write(worker)
        while self.shipper.ship_once().more:
            pass
        assert not [line for line in self.said if "in the ledger already" not in line]
        rows = self.rows()
        mine = [row for row in rows if row.account == BASE.account]
        assert sum(row.cost_nano or 0 for row in mine) == self.owed + sum(map(worth, self.orders))
        assert not any(row.cost_nano for row in rows if row.account != BASE.account)
        told = [one.order.tokens for one in self.orders if is_counted(one) and one.order.tokens]
        paid = [row for row in mine if row.operation != "openai.chat.completions.create" and not row.cached]
        assert sum(row.tokens_in or 0 for row in paid) == sum(one for one, _ in told)
        assert sum(row.tokens_out or 0 for row in paid) == sum(other for _, other in told)
        with closing(SqliteRollups(self.data / FILE_NAME)) as rollups:
            groups = rollups.ask(Question(BASE.account, 0, BASE.created_us + DAY_US))
        assert sum(group.sums.cost_nano for group in groups) == sum(row.cost_nano or 0 for row in mine)

    def rows(self) -> list[CallRow]:
        with closing(SqliteReader(self.data / FILE_NAME)) as reader:
            return reader.arrived(ANY, 0, 100_000)

    @invariant()
    def nothing_is_known_below_zero(self) -> None:
        assert self.owed >= 0

    def teardown(self) -> None:
        try:
            self.books_are_right()
        finally:
            for worker in range(WORKERS):
                self.die(worker)
            self.ledger.close()
            self.folder.cleanup()


def is_counted(one: Standing) -> bool:
    return one.is_told and (one.is_led or not one.order.leads)


def worth(one: Standing) -> int:
    if one.order.at_once is not None:
        return one.order.at_once
    return one.order.worth if is_counted(one) else 0


def told_apart(made: CallRecord, answer: bytes, request: bytes, *, is_cut: bool) -> CallRecord:
    """As the worker writes it down when the bodies are not kept."""
    operation = operation_named(made.provider, made.operation, made.method.encode(), made.path)
    flags = [
        flag
        for flag in operation.flags
        if flag.when[0].partition("=")[0].removeprefix("body:").encode() in request
    ]
    operation = operation.flagged(flags[0]) if flags else operation
    is_whole = made.outcome == Outcome.COMPLETE or made.whole
    told = read_answer(made.response_type, "", answer)
    news = None if made.cached else news_in(
        operation, made.status, made.path, Body(made.response_type, answer, is_whole=is_whole),
        added_up(operation, answer, ""),
    )  # fmt: skip
    return msgspec.structs.replace(
        made, bodies=is_cut, response_cut=is_cut, usage=told.usage if is_whole else None,
        answered_model=told.model or "", operation=operation.name, order_news=news,
        model="" if is_cut else told.model or "",
    )  # fmt: skip


Books.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestBooks = Books.TestCase
