"""How answers end by their dialect's own words, whatever they are split into, and however they are spelled."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.answer_dialect import Dialect
from penstock.wire.stream_end import CUT, SOUND, UNTOLD, End, Verdict, end_of, failure_of
from support.ended_streams import (
    DONE,
    JSON,
    LINES,
    OPENAI_ERROR,
    SSE,
    STREAMS,
    USED,
    Told,
    chat,
    frame,
    line,
    sse,
    typed,
)

FAILURES = [
    pytest.param(told, failure, error, id=f"{name} {number}")
    for name, told in STREAMS.items()
    for number, (failure, error) in enumerate(told.failures)
]
EACH = pytest.mark.parametrize("told", STREAMS.values(), ids=STREAMS)
LONG = 300_000


@EACH
def test_a_stream_is_whole_with_its_last_event(told: Told) -> None:
    assert end_of(told.dialect, told.kind, b"".join(told.events)) == SOUND


@EACH
def test_a_stream_without_its_last_event_is_cut(told: Told) -> None:
    for count in range(told.kind == JSON, len(told.events)):
        assert end_of(told.dialect, told.kind, b"".join(told.events[:count])) == CUT, count


@pytest.mark.parametrize(("told", "failure", "error"), FAILURES)
def test_a_stream_that_fails_tells_its_type_of_error(told: Told, failure: bytes, error: str) -> None:
    for begun in (told.events[:1], told.events[:-1]):
        assert end_of(told.dialect, told.kind, b"".join((*begun, failure))) == Verdict(End.FAILED, error)


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
@EACH
def test_lines_may_end_otherwise(told: Told, newline: bytes) -> None:
    if told.kind != SSE:
        return
    for count, verdict in ((len(told.events), SOUND), (len(told.events) - 1, CUT)):
        body = b"".join(told.events[:count]).replace(b"\n", newline)
        assert end_of(told.dialect, told.kind, b"\xef\xbb\xbf" + body) == verdict


@EACH
def test_the_last_bytes_of_a_long_stream_are_enough(told: Told) -> None:
    if told.dialect is Dialect.GOOGLE and told.kind == JSON:
        begin = b"[" + b",".join(
            [b'{"candidates":[{"content":{"parts":[{"text":"x"},{"text":"y"}]}}]}\n'] * 5000
        )
        events = (b"," + told.events[0][1:], *told.events[1:])
    else:
        begin, events = told.events[0] * (LONG // len(told.events[0])), told.events
    for count, verdict in ((len(events), SOUND), (len(events) - 1, CUT)):
        if len(events) == 1:
            continue
        body = begin + b"".join(events[:count])
        assert end_of(told.dialect, told.kind, body) == verdict
        assert end_of(told.dialect, told.kind, body[:70_000], body[-100_001:]) == verdict


@EACH
def test_nobody_has_to_say_which_dialect_it_is(told: Told) -> None:
    events = told.events if told.dialect is not Dialect.BEDROCK_INVOKE else ()
    if told.dialect in (Dialect.WORKERS_AI, Dialect.CARTESIA) or not events or len(events) == 1:
        return
    assert end_of(None, told.kind, b"".join(events)) == SOUND
    if told.kind != JSON and told.dialect is not Dialect.GOOGLE_INTERACTIONS:  # its beginning shows nothing
        assert end_of(None, told.kind, b"".join(events[:-1])) == CUT


@given(
    pieces=st.lists(
        st.sampled_from([b": ping\n\n", b"\n", b'event: ping\ndata: {"type":"ping"}\n\n']), max_size=4
    )
)
@EACH
def test_what_keeps_a_connection_alive_is_no_end_and_hides_none(told: Told, pieces: list[bytes]) -> None:
    if told.kind != SSE:
        return
    more = b"".join(pieces)
    whole = more + b"".join(told.events) + more
    assert end_of(told.dialect, told.kind, whole) == SOUND
    assert end_of(told.dialect, told.kind, more.join(told.events[:-1]) + more) == CUT


@given(st.data())
def test_a_stream_cut_anywhere_is_never_taken_for_a_failure(data: st.DataObject) -> None:
    told = data.draw(st.sampled_from(list(STREAMS.values())))
    body = b"".join(told.events)
    place = data.draw(st.integers(0, len(body)))
    assert end_of(told.dialect, told.kind, body[:place]).end in (End.SOUND, End.CUT, End.UNTOLD)


@given(st.text())
def test_text_that_speaks_of_errors_is_text(text: str) -> None:
    for said in (text, f'{text}"error":{{"type":"x"}}', 'data: {"error":1}\n\nevent: error\n\n'):
        body = sse(
            {"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": None}], "error": None}
        )
        assert end_of(Dialect.OPENAI_CHAT, SSE, body + DONE) == SOUND
        document = json.dumps({"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}).encode()
        assert end_of(Dialect.OPENAI_CHAT, JSON, document) == UNTOLD


@given(st.binary())
def test_nothing_raises(body: bytes) -> None:
    for dialect in (None, *Dialect):
        for kind in (SSE, JSON, LINES, "", "application/vnd.amazon.eventstream"):
            end_of(dialect, kind, body, framed=False)
            end_of(dialect, kind, b"data: ", body)
    failure_of(body)


@pytest.mark.parametrize(
    ("dialect", "document", "error"),
    [
        (Dialect.OPENAI_CHAT, {"error": {"message": "x", "type": "server_error"}}, "server_error"),
        (Dialect.ANTHROPIC, {"type": "error", "error": {"type": "overloaded_error"}}, "overloaded_error"),
        (Dialect.GOOGLE, {"error": {"code": 503, "status": "UNAVAILABLE"}}, "UNAVAILABLE"),
        (Dialect.WORKERS_AI, {"result": None, "success": False, "errors": [{"code": 7}]}, "7"),
        (Dialect.REPLICATE, {"id": "p", "status": "failed", "error": "out of memory"}, "error"),
        (Dialect.OPENAI_CHAT, {"choices": [{"error": {"code": 502}, "finish_reason": "error"}]}, "502"),
        (Dialect.COHERE_V2, {"id": "c", "finish_reason": "ERROR"}, "ERROR"),
        (
            Dialect.OPENAI_RESPONSES,
            {"id": "r", "status": "failed", "error": {"code": "server_error"}},
            "server_error",
        ),
        (None, {"error": "busy"}, "busy"),
    ],
)
def test_a_document_may_be_an_error(dialect: Dialect | None, document: object, error: str) -> None:
    body = json.dumps(document).encode()
    for kind in (JSON, "text/plain", SSE, ""):
        assert end_of(dialect, kind, b"\xef\xbb\xbf " + body) == Verdict(End.FAILED, error)
    assert end_of(dialect, JSON, body, reads=True) == UNTOLD
    if dialect is not Dialect.COHERE_V2:
        assert failure_of(body) == error


@pytest.mark.parametrize(
    "document",
    [
        {"error": None},
        {"error": {}},
        {"error": ""},
        {"error": False},
        {"error": 0.25},
        {"errors": [{"code": 1}]},
        {"success": False},
        {"content": {"error": {"type": "x"}}},
        {"finish_reason": "ERROR"},
        [{"error": {"type": "x"}}],
    ],
)
def test_what_is_no_error_of_the_document(document: object) -> None:
    assert end_of(Dialect.OPENAI_CHAT, JSON, json.dumps(document).encode()) == UNTOLD


def test_a_failure_is_told_beside_what_cannot_be_read() -> None:
    body = b'data: {"choices":[{"score":NaN}],"error":{"type":"server_error","at":Infinity}}\n\n'
    assert end_of(Dialect.OPENAI_CHAT, SSE, body) == Verdict(End.FAILED, "server_error")


def test_sentences_are_no_types() -> None:
    body = sse({"error": {"type": "it went wrong, sk-secret", "message": "no"}})
    assert end_of(Dialect.OPENAI_CHAT, SSE, body) == Verdict(End.FAILED, "error")


def test_a_choice_that_has_not_finished_is_not_whole() -> None:
    assert end_of(Dialect.OPENAI_CHAT, SSE, chat() + chat(index=1) + chat("stop") + USED) == CUT
    assert end_of(Dialect.OPENAI_CHAT, SSE, chat("stop") + USED) == SOUND


def test_an_error_counts_wherever_it_stands_among_the_last_events() -> None:
    assert end_of(Dialect.OPENAI_CHAT, SSE, OPENAI_ERROR + chat("stop") + DONE).end is End.FAILED


def test_a_last_event_of_any_size_is_found() -> None:
    large = typed("response.completed", response={"output": "x" * 5_000_000})
    assert end_of(Dialect.OPENAI_RESPONSES, SSE, typed("response.created") + large) == SOUND


@pytest.mark.parametrize("dialect", [Dialect.NONE, Dialect.PARALLEL, Dialect.FAL, Dialect.DEEPGRAM])
def test_where_a_dialect_has_no_word_for_it_the_end_of_the_bytes_is_the_end(dialect: Dialect) -> None:
    assert end_of(dialect, SSE, sse({"type": "task_run.state"})) == UNTOLD
    assert end_of(dialect, SSE, b"") == UNTOLD
    assert end_of(dialect, SSE, typed("error", error={"type": "busy"})) == Verdict(End.FAILED, "busy")


def test_bytes_are_bytes() -> None:
    assert end_of(Dialect.OPENAI_SPEECH, "audio/mpeg", b"ID3\ndata: x") == UNTOLD
    assert end_of(Dialect.OPENAI_TRANSCRIPTION, "text/plain", b"data: is what she said") == UNTOLD
    assert end_of(Dialect.OPENAI_TRANSCRIPTION, "text/vtt", b"WEBVTT\n\ndata: x") == UNTOLD


@pytest.mark.parametrize(
    ("body", "verdict"),
    [(b'{"a":1}', SOUND), (b'{"a":1', CUT), (b"[1,2]", SOUND), (b"[1,", CUT), (b"abc", UNTOLD)],
)
def test_what_no_framing_holds_is_whole_where_it_is_a_document(body: bytes, verdict: Verdict) -> None:
    for dialect in (None, Dialect.OPENAI_EMBEDDINGS):
        assert end_of(dialect, "application/json", body, framed=False) == verdict
        assert end_of(dialect, "application/json", body).end in (End.UNTOLD, verdict.end)


def test_lines_of_what_is_stored_are_read_not_judged() -> None:
    body = line(id="1", error={"code": "x"}) + line(id="2", error={"code": "y"})
    assert end_of(Dialect.NONE, "application/jsonl", body, reads=True) == UNTOLD


def test_a_frame_that_is_no_frame_ends_what_is_read() -> None:
    body = frame({"a": 1}, event_type="messageStop", message_type="event")
    assert end_of(Dialect.BEDROCK_CONVERSE, "application/vnd.amazon.eventstream", body + b"\0" * 40) == CUT


SEARCHES = [
    Dialect.EXA,
    Dialect.TAVILY,
    Dialect.BRAVE,
    Dialect.BRAVE_CONTEXT,
    Dialect.PERPLEXITY_SEARCH,
]


@pytest.mark.parametrize("dialect", SEARCHES)
@pytest.mark.parametrize("body", [b"<html></html>", b"", b"wait"])
def test_where_documents_are_all_there_is_a_page_is_no_answer(dialect: Dialect, body: bytes) -> None:
    assert end_of(dialect, "text/html", body) is CUT
    assert end_of(dialect, "text/html", body, reads=True) is UNTOLD
    assert end_of(Dialect.SEARXNG, "text/html", body) is UNTOLD
    assert end_of(dialect, "application/json", b'{"results":[]}') is UNTOLD
