"""One call: its conversation, its time, its price, its bodies and who may see them, feedback."""

from __future__ import annotations

import json
import shlex
import zlib
from pathlib import Path

import msgspec
import pytest
from dashboard_kit import AT, Site, call, call_id
from hypothesis import given
from hypothesis import strategies as some
from markupsafe import escape

from penstock.journal.record import Event
from penstock.pages.dashboard.cutting import cut
from penstock.stores.ledger import NewCall
from penstock_common.printable import lines
from support.canned import COMPLETION, EVENTS

MOST_BYTES = 150_000
LOG = f"{AT}/logs/{call_id(1)}"
CHAT = "openai.chat.completions.create"
ASKED = {
    "model": "gpt-5",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is in this picture?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
    "tools": [{"type": "function", "function": {"name": "look"}}],
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.sign_in()
    return site


def bodies(request: object, response: object) -> tuple[bytes, bytes]:
    return json.dumps(request).encode(), response if isinstance(response, bytes) else json.dumps(
        response
    ).encode()


def roles(site: Site) -> list[tuple[str, list[tuple[str, str, str]]]]:
    found = site.json(LOG)["conversation"]
    return [
        (turn["role"], [(part["kind"], part["name"], part["text"]) for part in turn["parts"]])
        for turn in found["turns"]
    ]


TALK = [
    ("system", [("text", "", "Be brief.")]),
    ("user", [("text", "", "What is in this picture?")]),
    ("assistant", [("tool call", "look", '{"at": 1}')]),
    ("user", [("tool result", "", "a cat")]),
    ("answer", [("text", "", "Hello there")]),
]


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation(site: Site, stream: bool) -> None:
    answer: object = b"".join(EVENTS) if stream else COMPLETION
    kind = "text/event-stream; charset=utf-8" if stream else "application/json"
    site.store(call(1, bodies(ASKED, answer), operation=CHAT, model="openai/gpt-5", response_type=kind))
    expected = TALK if not stream else [*TALK[:-1], ("answer", [("text", "", "Hello there")])]
    found = roles(site)
    assert found == expected
    text = site.read(LOG)
    assert "What is in this picture?" in text
    assert site.json(LOG)["conversation"]["tools"] == ["look"]
    assert site.json(LOG)["conversation"]["stopped"] == ""


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_with_parallel_has_its_answer(site: Site, stream: bool) -> None:
    answer: object = b"".join(EVENTS) if stream else COMPLETION
    kind = "text/event-stream" if stream else "application/json"
    operation = "parallel.chat.completions.create"
    site.store(
        call(
            1,
            bodies({"model": "speed", "messages": [{"role": "user", "content": "Hi"}]}, answer),
            operation=operation,
            provider="parallel",
            model="parallel/speed",
            response_type=kind,
        )
    )
    assert roles(site)[-1] == ("answer", [("text", "", "Hello there")])


def test_an_answer_that_was_cut_short_says_so(site: Site) -> None:
    (choice,) = COMPLETION["choices"]
    answer = {**COMPLETION, "choices": [{**choice, "finish_reason": "length"}]}
    site.store(call(1, bodies(ASKED, answer), operation=CHAT))
    assert "ended with max tokens" in site.read(LOG)


def test_messages_of_anthropic(site: Site) -> None:
    asked = {
        "model": "claude",
        "max_tokens": 9,
        "system": "Be kind.",
        "messages": [{"role": "user", "content": "Hi"}],
    }
    answer = {
        "type": "message", "id": "m", "role": "assistant", "model": "claude", "stop_reason": "end_turn",
        "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Hello"}],
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }  # fmt: skip
    site.store(
        call(
            1,
            bodies(asked, answer),
            provider="anthropic",
            path="v1/messages",
            operation="anthropic.messages.create",
        )
    )
    assert roles(site) == [
        ("system", [("text", "", "Be kind.")]),
        ("user", [("text", "", "Hi")]),
        ("answer", [("thinking", "", "hm"), ("text", "", "Hello")]),
    ]


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
        {"type": "function_call", "name": "look", "arguments": "{}"},
    ],
}


@pytest.mark.parametrize("stream", [False, True])
def test_responses_of_openai(site: Site, stream: bool) -> None:
    answer: object = RESPONSE
    if stream:
        done = json.dumps({"type": "response.completed", "response": RESPONSE})
        answer = (
            f"event: response.created\ndata: {{}}\n\nevent: response.completed\ndata: {done}\n\n".encode()
        )
    site.store(
        call(
            1,
            bodies({"model": "gpt-5", "input": "Hi"}, answer),
            path="responses",
            operation="openai.responses.create",
            response_type="text/event-stream" if stream else "application/json",
        )
    )
    assert roles(site) == [
        ("user", [("text", "", "Hi")]),
        ("answer", [("thinking", "", "hm"), ("text", "", "Hello"), ("tool call", "look", "{}")]),
    ]


@pytest.mark.parametrize(
    ("request_body", "answer"),
    [
        (b"", b""),
        (b"not json", b"{}"),
        (b"[]", b"[]"),
        (b'{"messages": 7}', b'{"choices": 7}'),
        (b"[" * 100_000, b"{}"),
        (b'{"messages":[{"role":"user","content":"x"}]}', b"[" * 100_000),
        (b'{"messages":[{"role":"user","content":"x"}]}', b'{"choices": [{"message": []}]}'),
        (b'{"messages":[{"role":"user","content":"x"}]}', b"\xff\xfe\x00"),
        (b'{"messages":[{"role":"user","content":"\\ud800"}]}', b"{}"),
        (b"\x00\x01\x02", b"\x00"),
    ],
)
def test_bodies_that_are_no_conversation(site: Site, request_body: bytes, answer: bytes) -> None:
    site.store(call(1, (request_body, answer), operation=CHAT))
    assert "<h2>Request" in site.read(LOG)


def large(number: int) -> NewCall:
    turns = [{"role": "user", "content": f"{number} " + "<b>x</b>" * 500} for number in range(200)]
    return call(number, bodies({"messages": turns}, COMPLETION), operation=CHAT)


def test_a_page_has_a_size_whatever_the_call_has(site: Site) -> None:
    site.store(large(1), call(2, (b"a" * 9_000_000, b'"' + b"\\u0000" * 300_000 + b'"')))
    for number in (1, 2):
        assert len(site.get(f"{AT}/logs/{call_id(number)}").content) < MOST_BYTES
    found = site.json(LOG)["conversation"]
    assert found["left_out"] == 140
    assert found["turns"][-1]["parts"][0]["text"] == "Hello there"


@given(some.text(), some.integers(0, 200))
def test_a_cut_text_fits(text: str, most: int) -> None:
    found = cut(text, most)
    assert text.startswith(found.text)
    assert len(escape(lines(found.text)).encode("utf-8", "replace")) == found.size <= most
    assert found.is_whole == (found.text == text)


def test_compressed_bodies_are_read(site: Site) -> None:
    request, answer = bodies(ASKED, COMPLETION)
    packed = zlib.compressobj(wbits=31)
    site.store(
        call(1, (request, packed.compress(answer) + packed.flush()), operation=CHAT, response_encoding="gzip")
    )
    assert roles(site)[-1] == ("answer", [("text", "", "Hello there")])


# -- bodies


def test_who_may_not_read_bodies_sees_none(site: Site) -> None:
    site.store(call(1, bodies(ASKED, COMPLETION), operation=CHAT))
    site.sign_in(site.token("metadata_read"))
    text = site.read(LOG)
    assert "picture" not in text
    assert "Hello there" not in text
    assert "wants the permission read" in text
    assert site.json(LOG)["conversation"] is None
    for name in ("request", "response"):
        assert site.get(f"{LOG}/{name}").status_code == 403


def test_a_body_as_it_was(site: Site) -> None:
    site.store(
        call(
            1, (b"<html><script>1</script>", b"\x89PNG"), request_type="text/html", response_type="image/png"
        )
    )
    found = site.get(f"{LOG}/request")
    assert found.content == b"<html><script>1</script>"
    assert "sandbox" in found.headers["content-security-policy"]
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-disposition"] == "attachment"
    assert site.get(f"{LOG}/response").content == b"\x89PNG"
    assert "Not text" in site.read(LOG)


# -- time, price, once more


def test_where_the_time_went(site: Site) -> None:
    trail = (Event("attempt", 2_000, "to openai"), Event("cache", 100, "MISS"))
    site.store(call(1, duration_us=10_000, first_byte_us=8_000, trail=trail))
    assert [(one["name"], one["begins"], one["ends"]) for one in site.json(LOG)["stretches"]] == [
        ("queue", 0.0, 2.0),
        ("wait", 2.0, 8.0),
        ("read", 8.0, 10.0),
    ]
    text = site.read(LOG)
    assert text.count('<rect class="wait"') == 1
    assert "MISS" in text


def test_once_more_as_a_command(site: Site) -> None:
    site.store(
        call(
            1,
            (b'{"a": "it\'s $HOME `x`"}', b"{}"),
            path="chat/completions?x='; rm -rf /'",
            stored_key="default",
        )
    )
    command = site.json(LOG)["curl"]
    words = shlex.split(command.replace("\\\n", ""))
    assert words[0] == "curl"
    assert words[3] == "http://127.0.0.1:8787/v1/acc/main/openai/chat/completions?x='; rm -rf /'"
    assert words[-1] == '{"a": "it\'s $HOME `x`"}'
    assert "Bearer $PENSTOCK_TOKEN" in command
    assert "PROVIDER_KEY" not in command  # the gateway has one


# -- feedback


def test_feedback(site: Site) -> None:
    site.store(call(1))
    for thumb, expected in (("up", 1.0), ("down", -1.0), ("down", None)):
        found = site.send(LOG, f"{LOG}/feedback", {"thumb": thumb})
        assert (found.status_code, found.headers["location"]) == (303, LOG)
        assert "Noted." in site.read(LOG)
        assert site.json(LOG)["record"]["feedback"] == expected
    site.send(LOG, f"{LOG}/feedback", {"score": "87.5"})
    assert site.json(LOG)["record"]["score"] == 87.5
    site.send(LOG, f"{LOG}/feedback", {"score": "101"})
    assert "100" in site.read(LOG)
    assert site.json(LOG)["record"]["score"] == 87.5
    site.send(LOG, f"{LOG}/feedback", {"score": ""})
    assert site.json(LOG)["record"]["score"] is None


def test_feedback_is_for_who_may_edit(site: Site) -> None:
    site.store(call(1))
    site.sign_in(site.token("read"))
    assert "feedback" not in site.read(LOG)
    site.sign_in(site.token("edit", gateways=("acc/other",)))
    assert site.get(LOG).status_code == 404


def test_the_story_is_that_of_the_command(site: Site) -> None:
    site.store(call(1, status=429, outcome=5, error_code=2003, error_detail="Rate limited"))
    story = site.json(LOG)["story"]
    assert msgspec.json.encode(story)
    assert ["error", "2003 Rate limited"] in story["call"]
