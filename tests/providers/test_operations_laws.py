"""What must hold of every provider's table of operations, whatever is in it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from penstock.providers import custom
from penstock.providers.operation import Bills, Cacheable, Effect, Kind, Operation, otel_name, variants
from penstock.providers.operation_table import UNKNOWN, OperationTable, unknown
from penstock.providers.registry import BUILT_IN

TABLES = {provider.slug: provider.operations for provider in BUILT_IN} | {"custom": custom.OPERATIONS}


def each(law: Callable[[Operation], None]) -> Callable[[str], None]:
    """A law about each row of a table."""

    @pytest.mark.parametrize("slug", TABLES)
    def test(slug: str) -> None:
        for row in TABLES[slug].rows:
            try:
                law(row)
            except AssertionError as error:
                raise AssertionError(f"{row.name} {row.pattern}: {error}") from error

    return test


@pytest.mark.parametrize("slug", TABLES)
def test_every_provider_has_a_table_of_its_own(slug: str) -> None:
    table = TABLES[slug]
    assert table.slug == slug
    assert table.rows
    assert all(row.name.startswith(f"{slug}.") for row in table.rows)


@each
def test_reading_costs_nothing(row: Operation) -> None:
    if row.effect not in (Effect.ORDER, Effect.GENERATE):
        assert row.bills is Bills.NOTHING
    if row.pattern.startswith("GET ") and not row.secret and row.kind is not Kind.SEARCH:  # Brave's
        assert row.bills is Bills.NOTHING


@each
def test_only_what_is_made_out_of_the_request_is_cached(row: Operation) -> None:
    if row.effect is not Effect.GENERATE or row.secret or row.websocket:
        assert not row.is_kept
    assert (row.cacheable is Cacheable.UNFLAGGED) == bool(row.flags and row.is_kept)


@each
def test_what_flags_make_of_a_row_is_cached_only_where_it_leaves_nothing_behind(row: Operation) -> None:
    for one in variants(row):
        assert one.cacheable is Cacheable.NEVER or one.effect is Effect.GENERATE
        assert one.name.startswith(f"{row.name}.")
        assert (one.bills is Bills.NOTHING) == (one.effect not in (Effect.ORDER, Effect.GENERATE))


@each
def test_only_reads_and_cancels_settle_orders(row: Operation) -> None:
    if row.settles is not None:
        assert row.effect in (Effect.READ, Effect.CANCEL)
        assert row.settles.final


@each
def test_places_of_models_are_known_ones(row: Operation) -> None:
    for place in row.models:
        where, _, name = place.partition(":")
        assert place == "path" or (where in ("body", "form", "query", "header") and name)


@each
def test_only_orders_are_done_once_by_a_key(row: Operation) -> None:
    if row.once:
        where, _, name = row.once.partition(":")
        assert row.effect is Effect.ORDER
        assert where in ("body", "query", "header")
        assert name


@pytest.mark.parametrize("slug", TABLES)
def test_a_name_means_one_thing(slug: str) -> None:
    facts: dict[str, tuple[Kind, Effect, Bills]] = {}
    for row in TABLES[slug].rows:
        told = row.kind, row.effect, row.bills
        assert facts.setdefault(row.name, told) == told, row.name


@each
def test_a_row_is_found_by_its_name_and_by_its_path(row: Operation) -> None:
    table = TABLES[row.name.partition(".")[0]]
    assert table.named(row.name) is not None
    method, _, pattern = row.pattern.partition(" ")
    found = table.at(re.sub(r"\{\w*\*?\}", "x", pattern)).get(method.encode())
    assert found is not None
    assert found.name != UNKNOWN
    if "{" not in pattern:
        assert found is row


@each
def test_words_for_telemetry_are_the_registry_s(row: Operation) -> None:
    assert otel_name(row) in {
        None, "chat", "generate_content", "text_completion", "embeddings", "retrieval",
        "create_agent", "invoke_agent", "execute_tool", "invoke_workflow",
    }  # fmt: skip


def test_two_rows_for_one_request_are_a_mistake() -> None:
    row = TABLES["openai"].rows[0]
    with pytest.raises(ValueError, match="twice"):
        OperationTable("openai", (row, row))


@pytest.mark.parametrize(
    ("method", "path", "effect", "bills"),
    [
        (b"GET", "a/b", Effect.READ, Bills.NOTHING),
        (b"HEAD", "a", Effect.READ, Bills.NOTHING),
        (b"OPTIONS", "", Effect.READ, Bills.NOTHING),
        (b"DELETE", "a/b", Effect.DELETE, Bills.NOTHING),
        (b"PUT", "a/b", Effect.CHANGE, Bills.NOTHING),
        (b"PATCH", "a/b", Effect.CHANGE, Bills.NOTHING),
        (b"POST", "a/b", Effect.ORDER, Bills.UNKNOWN),
        (b"POST", "a/b/cancel", Effect.CANCEL, Bills.NOTHING),
        (b"POST", "a/b:cancel", Effect.CANCEL, Bills.NOTHING),
        (b"POST", "a/b/%63ancel/", Effect.CANCEL, Bills.NOTHING),
        (b"POST", "a/b/archive", Effect.CHANGE, Bills.NOTHING),
        (b"POST", "cancel/b", Effect.ORDER, Bills.UNKNOWN),
        (b"PROPFIND", "a", Effect.ORDER, Bills.UNKNOWN),
    ],
)
def test_what_no_row_knows(method: bytes, path: str, effect: Effect, bills: Bills) -> None:
    found = unknown(method, path)
    assert (found.name, found.kind, found.effect, found.bills) == (UNKNOWN, Kind.OTHER, effect, bills)
    assert found.cacheable is Cacheable.NEVER
    assert TABLES["openai"].at(f"nothing/{path}").get(method, unknown(method, path)) == found
