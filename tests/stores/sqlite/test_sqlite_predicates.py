"""Predicates of every shape come out of SQLite as they do out of a look at each call, deletions and all."""

from __future__ import annotations

import tempfile
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from penstock.stores.ledger import ANY, CallRow, Move, NewCall, Note
from penstock.stores.predicates import (
    Always,
    Among,
    AnyOf,
    Began,
    Beyond,
    EventId,
    Flag,
    Id,
    IdPart,
    Metadata,
    Moments,
    Not,
    Part,
    Predicate,
    Range,
    Search,
    Text,
    Within,
)
from penstock.stores.sqlite.ledger.blocks import BlockSizes
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.filter import Printer
from penstock.stores.sqlite.ledger.query import narrowed, plan
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.walk import count, rows
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from support.ledger_questions import NAMES, SEEDS, made
from support.predicate_model import fits
from support.stored_calls import BASE

SMALL = BlockSizes(calls=4, shelf=3, tail=2)

some = st.lists(st.sampled_from([*NAMES, "u1", "gpt-4o", "openai/gpt-4o", "text"]), max_size=3).map(tuple)
parts = st.lists(st.sampled_from(["open", "a%", "gpt", "u", "12", "-7000-8", "event"]), max_size=2).map(tuple)
known_ids = st.lists(SEEDS.map(lambda seed: made(seed).record.id), max_size=2).map(tuple)
bound = st.none() | st.sampled_from([-1, 0, 1, 2, 3, 499, 500, 501, 2500, 2501, 1 << 40, 1 << 41])
decimals = st.sampled_from([Decimal(text) for text in ("-1", "0", "0.5", "1", "200", "404", "1E+2")])
moment = st.none() | st.integers(-10, 11_000_000).map(lambda us: BASE.created_us + us)
leaves: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(Always, st.booleans()),
    st.builds(
        Text, st.sampled_from(["provider", "model", "user_agent", "user", "token"]), some, st.booleans(), some
    ),
    st.builds(
        Metadata,
        st.sampled_from(["metadata.key", "metadata.value"]),
        st.lists(st.sampled_from(['"k"', '"12"', "12", "12.0", "true", "0.5", '"a%"']), max_size=6).map(
            tuple
        ),
        st.booleans(),
    ),
    st.builds(
        Part, st.sampled_from(["provider", "model", "user_agent", "metadata.key", "metadata.value"]), parts
    ),
    st.builds(
        Flag,
        st.sampled_from(["success", "cached", "authenticated", "compat"]),
        st.lists(st.booleans()).map(tuple),
    ),
    st.builds(
        Among,
        st.sampled_from(["status_code", "feedback"]),
        st.lists(decimals, max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(Beyond, st.sampled_from(["status_code", "feedback"]), st.sampled_from(["lt", "gt"]), decimals),
    st.builds(
        Within,
        st.sampled_from(["cost", "duration", "tokens", "tokens_in", "tokens_out"]),
        st.lists(st.builds(Range, bound, bound), max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(Began, st.lists(st.builds(Moments, moment, moment), max_size=2).map(tuple)),
    st.builds(Id, known_ids),
    st.builds(IdPart, st.sampled_from(["id", "event_id"]), parts),
    st.builds(
        EventId, st.lists(st.sampled_from(["an event", "Event", "EVENT"]), max_size=2).map(tuple), known_ids
    ),
    st.builds(Search, st.sampled_from(["gpt", "a%", "00", "chat", "event", "-7000-8", "12"])),
)


def _deeper(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    return st.builds(Not, inner) | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))


trees = st.recursive(leaves, _deeper, max_leaves=5)


def _call(seed: int) -> NewCall:
    """All in one place, so that zones have several."""
    new = made(seed)
    return new._replace(record=msgspec.structs.replace(new.record, account="a", gateway="main"))


def _found(reader: SqliteReader, predicate: Predicate) -> set[str]:
    with reader._view() as db:
        base = plan(db, ANY)
        printer = Printer(db, map(int, filter(None, base.places.split(", "))))
        test = printer.test(predicate)
        whole = narrowed(base, test)._replace(
            values=printer.values, span=test.span or base.span, keys=test.keys
        )
        found = {row[0] for row in rows(db, whole, "uuid_text(c.id)", 1000)}
        assert count(db, whole, None) == len(found)
        return found


@settings(deadline=None, max_examples=60, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(SEEDS, min_size=8, max_size=16), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([None, 0.5, -1.0])), max_size=3),
    st.lists(trees, min_size=15, max_size=30),
)
def test_a_printed_predicate_finds_what_fits(
    batches: list[list[int]], notes: list[tuple[int, float | None]], asked: list[Predicate]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with closing(SqliteLedger(path, sizes=SMALL)) as writer:
            writer.positions()
            for number, batch in enumerate(batches):
                writer.append(list(map(_call, batch)), Move("s", number, number + 1))
        with closing(SqliteEditor(path)) as editor, closing(SqliteReader(path)) as reader:
            ids = [row.id for row in reader.calls(ANY, 1000)]
            for number, feedback in notes if ids else ():
                editor.annotate(ids[number % len(ids)], Note(feedback))
            editor.delete(ANY, len(ids) // 4)
            every: list[CallRow] = reader.calls(ANY, 1000)
            for predicate in asked:
                assert _found(reader, predicate) == {row.id for row in every if fits(predicate, row)}
