"""Which trace a call joins, whatever its headers say."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.export.trace_context import PARENT_HEADER, TRACE_HEADER, W3C_HEADER, trace_context
from support.export_kit import Store, an_empty_store

store = pytest.fixture(an_empty_store)

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OTHER = "f" * 32


def test_the_gateways_own_headers_go_first(store: Store) -> None:
    controls = {TRACE_HEADER: TRACE, PARENT_HEADER: PARENT, W3C_HEADER: f"00-{OTHER}-{'e' * 16}-00"}
    context = trace_context(store.row(controls=controls))
    assert (context.trace_id, context.parent_id, context.flags) == (TRACE, PARENT, 0x301)


def test_a_trace_without_a_parent(store: Store) -> None:
    context = trace_context(store.row(controls={TRACE_HEADER: TRACE}))
    assert (context.trace_id, context.parent_id, context.flags) == (TRACE, "", 0x01)


@pytest.mark.parametrize(("flags", "expected"), [("01", 0x301), ("00", 0x300), ("03", 0x303)])
def test_traceparent_is_joined_also_when_it_is_not_sampled(store: Store, flags: str, expected: int) -> None:
    context = trace_context(store.row(controls={W3C_HEADER: f" 00-{TRACE}-{PARENT}-{flags} "}))
    assert (context.trace_id, context.parent_id, context.flags) == (TRACE, PARENT, expected)


def test_a_later_version_of_traceparent_may_have_more(store: Store) -> None:
    context = trace_context(store.row(controls={W3C_HEADER: f"cc-{TRACE}-{PARENT}-01-what.the-future"}))
    assert (context.trace_id, context.parent_id) == (TRACE, PARENT)


@pytest.mark.parametrize(
    "controls",
    [
        {TRACE_HEADER: TRACE.upper()},
        {TRACE_HEADER: TRACE[:-1]},
        {TRACE_HEADER: "0" * 32},
        {TRACE_HEADER: f"{TRACE}\n"},
        {PARENT_HEADER: PARENT},
        {W3C_HEADER: f"00-{TRACE}-{PARENT}"},
        {W3C_HEADER: f"00-{TRACE}-{PARENT}-01-more"},
        {W3C_HEADER: f"ff-{TRACE}-{PARENT}-01"},
        {W3C_HEADER: f"00-{'0' * 32}-{PARENT}-01"},
        {W3C_HEADER: f"00-{TRACE}-{'0' * 16}-01"},
        {W3C_HEADER: f"00-{TRACE.upper()}-{PARENT}-01"},
        {W3C_HEADER: ""},
    ],
)
def test_what_is_malformed_is_ignored(store: Store, controls: dict[str, str]) -> None:
    row = store.row(controls=controls)
    assert trace_context(row) == trace_context(replace(row, controls={}))


def test_a_malformed_parent_leaves_the_trace(store: Store) -> None:
    context = trace_context(store.row(controls={TRACE_HEADER: TRACE, PARENT_HEADER: "x"}))
    assert (context.trace_id, context.parent_id) == (TRACE, "")


def test_steps_of_one_event_share_a_trace_but_no_span(store: Store) -> None:
    first = store.row(event_id="my own event", step=0)
    second = store.row(event_id="my own event", step=1)
    alien = store.row(event_id="my own event", gateway="gw2")
    contexts = [trace_context(row) for row in (first, second, alien)]
    assert contexts[0].trace_id == contexts[1].trace_id != contexts[2].trace_id
    assert len({context.span_id for context in contexts}) == 3


def test_a_trace_is_found_by_the_events_id(store: Store) -> None:
    row = store.row()
    assert trace_context(row).trace_id == row.event_id.replace("-", "")


@given(event=st.text(max_size=40), call=st.text(max_size=40), header=st.text(max_size=70))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=100,
    deadline=None,
)
def test_ids_are_always_sound(store: Store, event: str, call: str, header: str) -> None:
    if not store.rows():
        store.add()
    row = replace(store.rows()[0], id=call, event_id=event, controls={W3C_HEADER: header})
    context = trace_context(row)
    assert re.fullmatch(r"[0-9a-f]{32}", context.trace_id)
    assert re.fullmatch(r"[0-9a-f]{16}", context.span_id)
    assert context == trace_context(row)


def test_an_event_of_zeros_is_no_trace(store: Store) -> None:
    """Receivers refuse such an id, and with it all spans that came along."""
    zeros = "00000000-0000-0000-0000-000000000000"
    context = trace_context(store.row(event_id=zeros))
    assert context.trace_id != "0" * 32
    assert re.fullmatch(r"[0-9a-f]{32}", context.trace_id)
