"""What a language model has written, by the answers of all dialects: whole, streamed, cut, and with much beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.wire.produced_text import produced_weight
from penstock.wire.token_weights import weight_of
from support.ended_streams import FRAMES, LINES, SSE, array, converse, invoked, line, sse, typed

JSON = "application/json"
TEXT = "Hello, 世界! How are you today? Привет 😀\n"

Maker = Callable[[Sequence[str]], bytes]
"""A stream that brings these pieces of text."""


def stream(*events: bytes) -> bytes:
    return b"".join(events)


def chat(delta: object, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    return sse({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more})


def chats(name: str) -> Maker:
    begin, end = chat({"role": "assistant", name: ""}), chat({}) + sse("[DONE]")
    return lambda pieces: stream(begin, *(chat({name: piece}) for piece in pieces), end)


def called(**function: object) -> dict[str, object]:
    return {"tool_calls": [{"index": 0, "function": function}]}


def google(*parts: object) -> dict[str, object]:
    return {"candidates": [{"content": {"parts": [*parts], "role": "model"}, "index": 0}]}


def responded(pieces: Sequence[str]) -> bytes:
    """All that OpenAI's responses say twice and three times."""
    text = "".join(pieces)
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "role": "assistant", "content": [part]}
    asked = {"instructions": TEXT * 9, "tools": [{"type": "function", "name": TEXT}], "text": {"format": {}}}
    return stream(
        typed("response.created", response={**asked, "output": []}),
        typed("response.output_item.added", output_index=0, item={**item, "content": []}),
        *(
            typed("response.output_text.delta", output_index=0, delta=piece, obfuscation=TEXT)
            for piece in pieces
        ),
        typed("response.output_text.done", output_index=0, text=text),
        typed("response.content_part.done", output_index=0, part=part),
        typed("response.output_item.done", output_index=0, item=item),
        typed("response.completed", response={**asked, "output": [item]}),
    )


STREAMS: dict[str, tuple[str, Maker]] = {
    "chat": (SSE, chats("content")),
    "chat, reasoning": (SSE, chats("reasoning_content")),
    "chat, reasoning by another name": (SSE, chats("reasoning")),
    "chat, refusal": (SSE, chats("refusal")),
    "chat, several members": (
        SSE,
        lambda pieces: stream(
            *(chat({"role": "assistant", "content": one, "refusal": None}) for one in pieces)
        ),
    ),
    "chat, both names": (
        SSE,
        lambda pieces: stream(*(chat({"reasoning": one, "reasoning_content": one}) for one in pieces)),
    ),
    "chat, reasoning in details": (
        SSE,
        lambda pieces: stream(
            *(
                chat({"reasoning": one, "reasoning_details": [{"type": "reasoning.text", "text": one}]})
                for one in pieces
            )
        ),
    ),
    "chat, arguments": (SSE, lambda pieces: stream(*(chat(called(arguments=one)) for one in pieces))),
    "chat, old function": (
        SSE,
        lambda pieces: stream(*(chat({"function_call": {"arguments": one}}) for one in pieces)),
    ),
    "chat, parts": (
        SSE,
        lambda pieces: stream(*(chat({"content": [{"type": "text", "text": one}]}) for one in pieces)),
    ),
    "chat, thinking parts": (
        SSE,
        lambda pieces: stream(
            *(
                chat({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": one}]}]})
                for one in pieces
            )
        ),
    ),
    "chat, choices": (
        SSE,
        lambda pieces: stream(
            *(
                sse({"choices": [{"index": place % 3, "delta": {"content": one}}]})
                for place, one in enumerate(pieces)
            )
        ),
    ),
    "chat, choices in one chunk": (
        SSE,
        lambda pieces: stream(sse({"choices": [{"delta": {"content": one}} for one in pieces]})),
    ),
    "chat with all so far": (
        SSE,
        lambda pieces: stream(
            *(
                sse(
                    {
                        "choices": [
                            {
                                "delta": {"role": "assistant", "content": one},
                                "message": {"content": "".join(pieces[: at + 1])},
                            }
                        ],
                        "search_results": [{"title": TEXT, "snippet": TEXT}],
                    }
                )
                for at, one in enumerate(pieces)
            )
        ),
    ),
    "completions": (SSE, lambda pieces: stream(*(sse({"choices": [{"text": one}]}) for one in pieces))),
    "responses": (SSE, responded),
    "responses, only at their end": (SSE, lambda pieces: responded(pieces).replace(b".delta", b".other")),
    "responses, arguments": (
        SSE,
        lambda pieces: stream(
            *(typed("response.function_call_arguments.delta", output_index=1, delta=one) for one in pieces),
            typed("response.function_call_arguments.done", output_index=1, arguments="".join(pieces)),
        ),
    ),
    "messages": (
        SSE,
        lambda pieces: stream(
            typed("message_start", message={"content": [], "usage": {"output_tokens": 1}}),
            typed("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            *(
                typed("content_block_delta", index=0, delta={"type": "text_delta", "text": one})
                for one in pieces
            ),
            typed("content_block_delta", index=0, delta={"type": "signature_delta", "signature": TEXT}),
            typed("message_delta", delta={"stop_reason": "end_turn"}),
        ),
    ),
    "messages, thinking": (
        SSE,
        lambda pieces: stream(
            *(typed("content_block_delta", delta={"thinking": one}) for one in pieces),
        ),
    ),
    "messages, arguments": (
        SSE,
        lambda pieces: stream(
            typed("content_block_start", content_block={"type": "tool_use", "id": TEXT, "input": {}}),
            *(typed("content_block_delta", delta={"partial_json": one}) for one in pieces),
        ),
    ),
    "anthropic's completions": (
        SSE,
        lambda pieces: stream(*(typed("completion", completion=one) for one in pieces)),
    ),
    "google": (SSE, lambda pieces: stream(*(sse(google({"text": one})) for one in pieces))),
    "google's thoughts": (
        SSE,
        lambda pieces: stream(*(sse(google({"text": one, "thought": True})) for one in pieces)),
    ),
    "google's array": (JSON, lambda pieces: stream(*array(*(google({"text": one}) for one in pieces)))),
    "interactions": (
        SSE,
        lambda pieces: stream(
            *(sse({"event_type": "content.delta", "delta": {"type": "text", "text": one}}) for one in pieces),
            sse({"event_type": "interaction.completed", "interaction": {"outputs": [{"text": TEXT}]}}),
        ),
    ),
    "converse": (
        FRAMES,
        lambda pieces: stream(
            converse("messageStart", {"role": "assistant"}),
            *(
                converse("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": one}, "p": "abc"})
                for one in pieces
            ),
        ),
    ),
    "converse, arguments": (
        FRAMES,
        lambda pieces: stream(
            *(converse("contentBlockDelta", {"delta": {"toolUse": {"input": one}}}) for one in pieces)
        ),
    ),
    "converse, reasoning": (
        FRAMES,
        lambda pieces: stream(
            *(converse("contentBlockDelta", {"delta": {"reasoningContent": {"text": one}}}) for one in pieces)
        ),
    ),
    "invoke, claude": (
        FRAMES,
        lambda pieces: stream(
            *(invoked({"type": "content_block_delta", "delta": {"text": one}}) for one in pieces)
        ),
    ),
    "invoke, llama": (FRAMES, lambda pieces: stream(*(invoked({"generation": one}) for one in pieces))),
    "invoke, titan": (FRAMES, lambda pieces: stream(*(invoked({"outputText": one}) for one in pieces))),
    "invoke, mistral": (
        FRAMES,
        lambda pieces: stream(*(invoked({"outputs": [{"text": one}]}) for one in pieces)),
    ),
    "invoke, nova": (
        FRAMES,
        lambda pieces: stream(*(invoked({"contentBlockDelta": {"delta": {"text": one}}}) for one in pieces)),
    ),
    "cohere v1": (
        LINES,
        lambda pieces: stream(
            line(event_type="stream-start", is_finished=False),
            *(line(event_type="text-generation", text=one) for one in pieces),
            line(event_type="stream-end", is_finished=True, response={"text": TEXT}),
        ),
    ),
    "cohere v2": (
        SSE,
        lambda pieces: stream(
            *(typed("content-delta", delta={"message": {"content": {"text": one}}}) for one in pieces),
            typed("citation-start", delta={"message": {"citations": {"text": TEXT}}}),
        ),
    ),
    "cohere v2, plan": (
        SSE,
        lambda pieces: stream(
            *(typed("tool-plan-delta", delta={"message": {"tool_plan": one}}) for one in pieces)
        ),
    ),
    "cohere v2, arguments": (
        SSE,
        lambda pieces: stream(
            *(
                typed("tool-call-delta", delta={"message": {"tool_calls": {"function": {"arguments": one}}}})
                for one in pieces
            )
        ),
    ),
    "workers-ai": (SSE, lambda pieces: stream(*(sse({"response": one, "p": "abcd"}) for one in pieces))),
    "workers-ai, both ways": (
        SSE,
        lambda pieces: stream(
            *(sse({"response": one, "choices": [{"delta": {"content": one}}]}) for one in pieces)
        ),
    ),
    "conversations": (
        SSE,
        lambda pieces: stream(*(typed("message.output.delta", content=one) for one in pieces)),
    ),
    "text generation": (
        SSE,
        lambda pieces: stream(
            *(sse({"token": {"text": one}, "generated_text": None}) for one in pieces),
            sse({"token": {"text": ""}, "generated_text": "".join(pieces)}),
        ),
    ),
    "ollama, chat": (
        LINES,
        lambda pieces: stream(
            *(line(message={"role": "assistant", "content": one}, done=False) for one in pieces),
            line(message={"role": "assistant", "content": ""}, done=True),
        ),
    ),
    "ollama, thinking": (
        LINES,
        lambda pieces: stream(*(line(message={"thinking": one}, done=False) for one in (*pieces, ""))),
    ),
    "ollama, generate": (
        LINES,
        lambda pieces: stream(*(line(response=one, done=False) for one in (*pieces, ""))),
    ),
}
EACH = pytest.mark.parametrize(("kind", "make"), STREAMS.values(), ids=STREAMS)
WHOLE: dict[str, object] = {
    "chat": {
        "choices": [
            {"message": {"content": TEXT, "annotations": [{"title": TEXT}]}, "logprobs": {"content": [{"token": TEXT}]}}
        ]
    },
    "chat, refusal": {"choices": [{"message": {"content": None, "refusal": TEXT}}]},
    "chat, reasoning": {"choices": [{"message": {"content": "", "reasoning": TEXT, "reasoning_content": TEXT}}]},
    "chat, arguments": {"choices": [{"message": {"tool_calls": [{"function": {"arguments": TEXT}}]}}]},
    "chat, custom tool": {"choices": [{"message": {"tool_calls": [{"custom": {"input": TEXT}}]}}]},
    "chat, speech": {"choices": [{"message": {"audio": {"id": TEXT, "data": "QUJD" * 999, "transcript": TEXT}}}]},
    "completions": {"choices": [{"text": TEXT}]},
    "responses": {
        "object": "response",
        "instructions": TEXT,
        "text": {"format": {"type": "text"}},
        "output": [
            {"type": "image_generation_call", "result": "QUJD" * 999},
            {"type": "message", "content": [{"type": "output_text", "text": TEXT, "annotations": [{"url": TEXT}]}]},
        ],
    },
    "responses, arguments": {"output": [{"type": "function_call", "arguments": TEXT}]},
    "responses, summary": {
        "output": [{"type": "reasoning", "encrypted_content": TEXT, "summary": [{"type": "summary", "text": TEXT}]}]
    },
    "messages": {"type": "message", "content": [{"type": "text", "text": TEXT, "citations": [{"cited_text": TEXT}]}]},
    "messages, thinking": {"content": [{"type": "thinking", "thinking": TEXT, "signature": TEXT}]},
    "google": {
        **google({"text": TEXT, "thoughtSignature": TEXT}, {"inlineData": {"data": "QUJD" * 999}}),
        "modelVersion": "m",
    },
    "converse": {"output": {"message": {"content": [{"text": TEXT}]}}, "trace": {"text": TEXT}},
    "converse, reasoning": {
        "output": {"message": {"content": [{"reasoningContent": {"reasoningText": {"text": TEXT, "signature": TEXT}}}]}}
    },
    "titan": {"inputTextTokenCount": 3, "results": [{"outputText": TEXT}]},
    "llama": {"generation": TEXT},
    "cohere v1": {"text": TEXT, "chat_history": [{"message": TEXT}], "documents": [{"text": TEXT}]},
    "cohere v2": {"message": {"content": [{"type": "text", "text": TEXT}], "citations": [{"text": TEXT}]}},
    "workers-ai": {"success": True, "result": {"response": TEXT}},
    "workers-ai, as a chat": {"success": True, "result": {"choices": [{"message": {"content": TEXT}}]}},
    "interactions": {"outputs": [{"type": "text", "text": TEXT}]},
    "text generation": [{"generated_text": TEXT}],
    "ollama": {"message": {"role": "assistant", "content": TEXT}, "done": True},
}  # fmt: skip


@EACH
def test_a_stream_weighs_what_its_text_does(kind: str, make: Maker) -> None:
    assert produced_weight(kind, make([TEXT[:3], TEXT[3:20], TEXT[20:]])) == weight_of(TEXT)


@pytest.mark.parametrize("document", WHOLE.values(), ids=WHOLE)
def test_a_whole_answer_weighs_what_its_text_does(document: object) -> None:
    assert produced_weight(JSON, json.dumps(document).encode()) == weight_of(TEXT)


pieces_of = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=6)


@EACH
@settings(max_examples=25)
@given(pieces=pieces_of)
def test_it_does_not_matter_in_what_pieces_it_came(kind: str, make: Maker, pieces: list[str]) -> None:
    assert produced_weight(kind, make(pieces)) == weight_of("".join(pieces))


def test_halves_of_a_surrogate_pair_are_the_character() -> None:
    """Some servers cut a character in two: neither half can be read by itself."""
    body = chat({"content": "\ud83d"}) + chat({"content": "\ude00"})
    assert produced_weight(SSE, body) == weight_of("😀")
    odd = chat({"content": "\ud83d", "name": "n"}) + chat({"name": "", "content": "\ude00"})
    assert produced_weight(SSE, odd) == weight_of("😀n")


@pytest.mark.parametrize(
    ("document", "weight"),
    [
        (called(name="look_up", arguments=""), weight_of("look_up")),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}, weight_of('f{"a":1}')),
    ],
)
def test_a_tool_call_is_text(document: dict[str, object], weight: int) -> None:
    assert produced_weight(SSE, chat(document)) == weight
    whole = json.dumps({"choices": [{"message": document}]}).encode()
    assert produced_weight(JSON, whole) == weight
    googles = google({"functionCall": {"name": "f", "args": {"a": 1}}})
    assert produced_weight(JSON, json.dumps(googles).encode()) == weight_of('f{"a":1}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>bad gateway</html>",
        b'{"error":{"message":"The server had an error","type":"server_error"}}',
        b'{"message":"Too many tokens","type":"x"}',
        b'{"object":"list","data":[{"embedding":[0.5]}]}',
        b'{"candidates":',
        b"[1,2,3]",
        b"data: [DONE]\n\n",
        b": keep-alive\n\n",
        sse({"error": {"message": "no"}}),
    ],
)
def test_what_is_no_answer_of_a_language_model(body: bytes) -> None:
    assert produced_weight("", body) is None


def test_an_answer_without_text_weighs_nothing() -> None:
    assert produced_weight(SSE, chat({"role": "assistant", "content": ""}) + chat({})) == 0
    assert produced_weight(JSON, b'{"choices":[{"message":{"content":null}}]}') == 0


@pytest.mark.parametrize("ends", [b"\r\n", b"\r"])
def test_every_end_of_a_line(ends: bytes) -> None:
    body = b"\xef\xbb\xbf: hello\n\n" + chat({"content": TEXT}) + b"event: x\n" + chat({"content": TEXT})
    assert produced_weight(SSE, body.replace(b"\n", ends)) == 2 * weight_of(TEXT)


def test_data_in_several_lines() -> None:
    split = b'data: {"choices":[{"delta":\ndata: {"content":"Hello"}}]}\n\n'
    assert produced_weight(SSE, split) == weight_of("Hello")
    without_empty_lines = (chat({"content": "Hel"}) + chat({"content": "lo"})).replace(b"\n\n", b"\n")
    assert produced_weight(SSE, without_empty_lines) == weight_of("Hello")


@given(place=st.integers(0, 10_000))
def test_of_a_stream_that_is_cut_what_came_counts(place: int) -> None:
    """Never more than all of it, and no less than its whole events."""
    event = chat({"content": "Hello there"})
    body = event * 30
    place %= len(body)
    found = produced_weight(SSE, body[:place])
    whole = place // len(event) * weight_of("Hello there")
    assert whole <= (found or 0) <= whole + weight_of("Hello there")


@given(place=st.integers(0, 10_000))
def test_responses_that_are_cut_count_nothing_twice(place: int) -> None:
    body = responded([TEXT[:9], TEXT[9:]])
    assert (produced_weight(SSE, body[: place % len(body)]) or 0) <= weight_of(TEXT)


def test_a_document_that_is_cut_counts_as_far_as_it_goes() -> None:
    whole = json.dumps({"choices": [{"message": {"content": "Hello there"}}]}).encode()
    assert produced_weight(JSON, whole[: whole.find(b"there")]) == weight_of("Hello ")


def test_nan_elsewhere_hides_no_text() -> None:
    body = b'{"choices":[{"message":{"content":"Hello"},"logprobs":{"content":[{"logprob":NaN}]}}]}'
    assert produced_weight(JSON, body) == weight_of("Hello")


def test_what_came_after_the_usage_was_told() -> None:
    start = typed("message_start", message={"usage": {"input_tokens": 10, "output_tokens": 1}, "content": []})
    delta = typed("content_block_delta", delta={"type": "text_delta", "text": TEXT})
    end = typed("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 99})
    assert produced_weight(SSE, delta + start + delta, after_usage=True) == weight_of(TEXT)
    assert produced_weight(SSE, start + delta + end, after_usage=True) == 0
    talk = typed("content_block_delta", delta={"text": 'say "usage":{"output_tokens":3}'})
    assert produced_weight(SSE, start + talk + delta, after_usage=True) == weight_of(
        'say "usage":{"output_tokens":3}' + TEXT
    )


def test_nesting_ends_the_reading_and_nothing_else() -> None:
    deep = b'{"delta":' * 3000 + b"1" + b"}" * 3000
    assert produced_weight(SSE, chat({"content": TEXT}) + b"data: " + deep + b"\n\n") == weight_of(TEXT)
