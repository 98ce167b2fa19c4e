"""The table of a call's columns, and what is not made of it but must agree with it."""

from __future__ import annotations

import ast
import inspect
import re
from typing import get_args, get_type_hints

import msgspec

from penstock.calls.log_record import LogRecord
from penstock.control.log_filters import KINDS
from penstock.journal.record import CallRecord
from penstock.proxy import recorder
from penstock.stores.call_columns import FIRST, Column
from penstock.stores.ledger import CALL_COLUMNS, FILTERED, CallRow, Derived, Key
from penstock.stores.sqlite.ledger.columns import IN_FILE, declared
from penstock.stores.sqlite.ledger.fields import FIELDS, NUMBERS, TEXTS, ZONED

NOT_COLUMNS = {"tokens", "metadata.key", "metadata.value", "wholesale", "dlp_action"}
"""Keys that stand for something else than a column."""

OF_THE_BODIES = {"bodies", "request_cut", "response_cut"}
USED_UP = {
    "answered_model", "cost", "local", "model", "operation", "order_news", "provider_error", "usage", "whole",
}  # fmt: skip
"""Fields of a record by which the shipper derives columns."""

FIRST_FILE = """
key INTEGER PRIMARY KEY, id BLOB NOT NULL, arrival INTEGER NOT NULL, place INTEGER NOT NULL, provider INTEGER,
model INTEGER, model_type INTEGER, request_type INTEGER, request_content_type INTEGER,
response_content_type INTEGER, user_agent INTEGER, token INTEGER, user INTEGER, status_code INTEGER NOT NULL,
success INTEGER NOT NULL, cached INTEGER NOT NULL, authenticated INTEGER NOT NULL, compat INTEGER NOT NULL,
feedback NUMERIC, cost_nano INTEGER, duration_us INTEGER NOT NULL, tokens_in INTEGER, tokens_out INTEGER,
metadata TEXT, event_id TEXT, path, method INTEGER, outcome INTEGER NOT NULL, step INTEGER NOT NULL,
first_byte_us INTEGER, usage_metadata TEXT, price_source INTEGER, custom_cost INTEGER NOT NULL,
attempts INTEGER NOT NULL, stored_key INTEGER, team INTEGER, request_size INTEGER NOT NULL,
response_size INTEGER NOT NULL, request_encoding INTEGER, response_encoding INTEGER, controls TEXT, score REAL,
error_code INTEGER, error_detail TEXT, trail BLOB"""

FIRST_NUMBERS = {
    "provider": 1, "model": 2, "model_type": 3, "request_type": 4, "request_content_type": 5,
    "response_content_type": 6, "user_agent": 7, "token": 8, "user": 9, "status_code": 10, "success": 11,
    "cached": 12, "authenticated": 13, "compat": 14, "feedback": 15, "metadata.key": 16, "metadata.value": 17,
    "method": 18, "price_source": 19, "stored_key": 20, "team": 21, "request_encoding": 22,
    "response_encoding": 23, "path": 24,
}  # fmt: skip

RECORDED_AS = {
    "duration_us": "now - call.started", "first_byte_us": "call.first_byte", "request_size": "call.body.size",
    "response_size": "call.received", "request_type": "head.content_type",
    "request_encoding": "head.content_encoding", "error_code": "error.fault.code", "error_detail": "error.detail",
    "token": "token.id", "answered_model": "told.answer.model", "order_news": "told.news",
    "local": "provider.is_local", "request_cut": "cut", "response_cut": "answer_cut",
}  # fmt: skip
"""What the recorder calls some fields; the others by their own names."""


def sources() -> dict[str, Column]:
    """Columns by where a new call has them."""
    return {column.source: column for column in CALL_COLUMNS if column.source is not None}


def test_what_is_in_older_files_is_as_it_was() -> None:
    first = [declared(column) for column in IN_FILE if column.since == FIRST]
    assert first == " ".join(FIRST_FILE.split()).split(", ")
    assert FIRST_NUMBERS.items() <= FIELDS.items()


def test_what_a_file_tells_apart_has_a_number_of_its_own() -> None:
    numbers = list(FIELDS.values())
    assert len(numbers) == len(set(numbers))
    assert {*TEXTS, *ZONED} == set(FIELDS)


def test_later_columns_come_last_and_have_a_default() -> None:
    versions = [column.since for column in CALL_COLUMNS]
    assert versions == sorted(versions)
    needed = {field.name for field in msgspec.structs.fields(CallRow) if field.required}
    assert needed == {column.name for column in CALL_COLUMNS if not column.is_later}


def test_each_column_is_taken_from_where_a_new_call_has_it() -> None:
    parts: dict[str, type] = {"record": CallRecord, "derived": Derived}
    for source, column in sources().items():
        part, _, name = source.partition(".")
        if column.kind != "arrival":  # which comes with the row
            assert hasattr(parts[part], name), source
    hints = {
        f"{part}.{name}": hint for part, of in parts.items() for name, hint in get_type_hints(of).items()
    }
    copied = {"name", "text", "number", "code", "duration", "money", "flag", "json", "msgpack", "path"}
    for source, column in sources().items():
        if column.kind in copied and source in hints:
            assert hints[source] == column.hint, source


def test_no_field_of_a_record_is_lost() -> None:
    taken = {source.partition(".")[2] for source in sources() if source.startswith("record.")}
    assert {*CallRecord.__struct_fields__} - taken == OF_THE_BODIES | USED_UP
    derived = {source.partition(".")[2] for source in sources() if source.startswith("derived.")}
    counted = {"estimated_in", "estimated_out"}  # by the roll-ups alone: rows have them among their usage
    apart = {"orders", "by_itself"}  # the ledger keeps orders by themselves
    assert {*Derived.__struct_fields__} - derived == apart | counted


def test_the_recorder_gives_each_field_its_own_value() -> None:
    tree = ast.parse(inspect.getsource(recorder._record))
    (made,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == CallRecord.__name__
    )
    for name, value in zip(CallRecord.__struct_fields__, made.args, strict=True):
        told = RECORDED_AS.get(name, name)
        assert re.search(rf"\b{re.escape(told)}\b", ast.unparse(value)), f"{name} = {ast.unparse(value)}"


def test_keys_are_the_filtered_columns_and_a_few_more() -> None:
    assert {*get_args(Key)} == {*FILTERED} | NOT_COLUMNS
    assert [*KINDS] == [*get_args(Key)]


def test_zones_know_of_all_that_calls_are_chosen_by() -> None:
    bounded = {key for key, column in FILTERED.items() if column.kind in ("number", "money", "duration")}
    assert bounded == {*NUMBERS} - {"tokens"}
    elsewhere = {"id", "event", "moment"}
    counted = {column.name for column in FILTERED.values() if column.kind not in elsewhere} - {
        FILTERED[key].name for key in bounded
    }
    assert counted == {*ZONED} - {"path"}


def test_a_log_has_its_columns_under_the_names_of_their_filters() -> None:
    assert {*FILTERED} <= {*LogRecord.__struct_fields__}
