"""Words for operations: what they stand for, what an order brings along, what stands for nothing."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.providers.operation import Effect, Kind, Operation
from penstock.providers.operation_grants import TABLES, granted, known_word, words_like
from penstock.providers.operation_table import UNKNOWN, OperationTable

ROWS = [(table, row) for table in TABLES for row in table.rows]
NAMES = sorted({row.name for _, row in ROWS})
BY_SLUG = {table.slug: table for table in TABLES}


def may(words: tuple[str, ...], slug: str) -> frozenset[str]:
    return granted(words, BY_SLUG[slug])


def patterns() -> st.SearchStrategy[str]:
    """Names with parts of them left out."""

    def cut(name: str, start: int, length: int) -> str:
        at = start % len(name)
        return f"{name[:at]}*{name[at + length :]}"

    return st.builds(cut, st.sampled_from(NAMES), st.integers(0, 80), st.integers(0, 40))


WORDS = st.lists(
    st.one_of(st.sampled_from(NAMES), st.sampled_from([one.value for one in Kind]), patterns()), max_size=4
).map(tuple)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("chat", "chat"),
        ("Chat", "chat"),
        ("agent run", "agent run"),
        ("agent-run", "agent run"),
        ("agent_run", "agent run"),
        ("  token   count ", "token count"),
        ("fine-tune", "fine-tune"),
        ("openai.embeddings.create", "openai.embeddings.create"),
        ("parallel.tasks.*", "parallel.tasks.*"),
        ("*.models.list", "*.models.list"),
        ("*", "*"),
        ("compat.models.list", "compat.models.list"),
        ("custom.*", "custom.*"),
        ("chats", None),
        ("", None),
        ("openai", None),
        ("openai.", None),
        ("openai.nothing.*", None),
        ("OpenAI.embeddings.create", None),
        ("openai.responses.create.background", None),
        ("unknown", None),
        ("unknown*", None),
        ("openai.embeddings.create\n", "openai.embeddings.create"),
        ("*" * 300, None),
    ],
)
def test_words_as_they_are_kept(text: str, word: str | None) -> None:
    assert known_word(text) == word


def test_every_kind_and_every_name_is_a_word() -> None:
    for word in (*(one.value for one in Kind), *NAMES):
        assert known_word(word) == word


def test_names_of_a_provider_are_near_to_what_begins_so() -> None:
    assert "openai.embeddings.create" in set(words_like("openai.embedings.create"))
    assert "chat" in set(words_like("chatt"))
    assert "parallel.*" in set(words_like("paralel"))


def test_a_name_is_of_one_kind_and_does_one_thing() -> None:
    """So that operations may be told apart by their names."""
    for table in TABLES:
        seen: dict[str, tuple[Kind, Effect]] = {}
        for row in table.rows:
            assert seen.setdefault(row.name, (row.kind, row.effect)) == (row.kind, row.effect), row.name


def test_a_kind_is_all_that_is_of_it() -> None:
    found = may(("research",), "parallel")
    assert {
        "parallel.tasks.runs.create",
        "parallel.tasks.groups.create",
        "parallel.tasks.groups.runs.create",
        "parallel.tasks.runs.result.list",
        "parallel.tasks.runs.events.list",
        "parallel.tasks.groups.events.list",
    } <= found
    assert {name.split(".")[1] for name in found} == {"tasks"}


def test_an_order_brings_along_what_looks_after_it() -> None:
    found = may(("parallel.findall.runs.create",), "parallel")
    assert found == {
        "parallel.findall.runs.create",
        "parallel.findall.runs.get",
        "parallel.findall.runs.result.list",
        "parallel.findall.runs.cancel",
        "parallel.findall.get",
    }
    assert may(("openai.batches.create",), "openai") == {
        "openai.batches.create",
        "openai.batches.get",
        "openai.batches.cancel",
    }
    assert "openai.responses.cancel" in may(("openai.responses.create",), "openai")
    assert may(("openai.embeddings.create",), "openai") == {"openai.embeddings.create"}
    assert may(("openai.files.upload",), "openai") == {"openai.files.upload"}
    assert may(("openai.batches.get",), "openai") == {"openai.batches.get"}


def test_jobs_of_several_kinds_are_asked_for_in_one_place() -> None:
    firefly = may(("image",), "adobe-firefly")
    assert {"adobe-firefly.status.get", "adobe-firefly.cancel.cancel"} <= firefly
    assert "adobe-firefly.custom-models.list" not in firefly
    assert any("operations" in name for name in may(("video",), "google-ai-studio"))


def test_other_providers_are_others() -> None:
    assert may(("openai.*",), "anthropic") == frozenset()
    assert may(("parallel.tasks.*",), "openai") == frozenset()
    assert may((), "openai") == frozenset()


def test_a_pattern_takes_no_longer_for_what_stands_in_it() -> None:
    hostile = "*".join("acdeimnorst" * 11)[:256]
    begun = time.perf_counter()
    known_word(hostile)
    granted((hostile,), BY_SLUG["google-vertex-ai"])
    assert time.perf_counter() - begun < 1


def _is_said(words: tuple[str, ...], row: Operation) -> bool:
    for word in words:
        if word == row.kind.value or re.fullmatch(".*".join(map(re.escape, word.split("*"))), row.name):
            return True
    return False


@given(words=WORDS, table=st.sampled_from(TABLES))
def test_what_may_be_done_is_said_or_looks_after_what_is(
    words: tuple[str, ...], table: OperationTable
) -> None:
    found = granted(words, table)
    assert UNKNOWN not in found
    said = {row.name for row in table.rows if _is_said(words, row)}
    assert said <= found
    orders = any(
        row.effect is Effect.ORDER or any(flag.becomes is Effect.ORDER for flag in row.flags)
        for row in table.rows
        if row.name in said
    )
    for row in table.rows:
        if row.name in found - said:
            assert orders
            assert row.effect in (Effect.READ, Effect.CANCEL)


@given(words=WORDS, more=WORDS, table=st.sampled_from(TABLES))
def test_more_words_take_nothing_away(
    words: tuple[str, ...], more: tuple[str, ...], table: OperationTable
) -> None:
    assert granted(words, table) <= granted((*words, *more), table)
    assert granted(words, table) == granted(tuple(reversed(words)), table)
