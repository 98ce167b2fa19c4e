"""What a prompt weighs: the text of requests in all dialects, and nothing of their images, sounds and files."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.prompt_text import loose_prompt_weight, prompt_weight
from penstock.wire.token_weights import TOKEN, json_text, weight_of

TEXT = "Hello, 世界! How are you today?"
IMAGE = base64.b64encode(random.Random(7).randbytes(30_000)).decode()
URL = f"data:image/png;base64,{IMAGE}"
MESSAGE = 4 * TOKEN
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "description": TEXT}}}


def weighed(**request: object) -> int | None:
    return prompt_weight(json.dumps(request).encode())


def user(*content: object) -> dict[str, object]:
    return {"role": "user", "content": [*content]}


@pytest.mark.parametrize(
    ("request_", "messages"),
    [
        ({"messages": [{"role": "user", "content": TEXT}]}, 1),
        ({"messages": [user({"type": "text", "text": TEXT})]}, 1),
        ({"messages": [{"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": TEXT}}]}]}, 1),
        ({"messages": [{"role": "tool", "tool_call_id": "call_1", "content": TEXT}]}, 1),
        ({"prompt": TEXT}, 0),
        ({"prompt": [TEXT]}, 0),
        ({"input": TEXT, "model": "m", "metadata": {"a": TEXT}}, 0),
        ({"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": TEXT}]}]}, 1),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": TEXT}]}, 0),
        ({"instructions": TEXT, "input": []}, 0),
        ({"system": TEXT, "messages": []}, 0),
        ({"system": [{"type": "text", "text": TEXT, "cache_control": {"type": "ephemeral"}}]}, 0),
        ({"messages": [user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": TEXT}]})]},
         1),
        ({"messages": [user({"type": "document", "source": {"type": "text", "media_type": "t", "data": TEXT}})]}, 1),
        ({"contents": [{"role": "user", "parts": [{"text": TEXT}]}]}, 1),
        ({"systemInstruction": {"parts": [{"text": TEXT}]}}, 0),
        ({"system_instruction": {"parts": [{"text": TEXT}]}}, 0),
        ({"messages": [{"role": "user", "content": [{"text": TEXT}]}]}, 1),
        ({"message": TEXT, "chat_history": []}, 0),
        ({"inputs": TEXT, "parameters": {"max_new_tokens": 9}}, 0),
        ({"inputText": TEXT}, 0),
        ({"texts": [TEXT], "input_type": "search_document"}, 0),
        ({"requests": [{"model": "models/m", "content": {"parts": [{"text": TEXT}]}}]}, 0),
        ({"instances": [{"content": TEXT}]}, 0),
    ],
)  # fmt: skip
def test_text_of_any_dialect_counts(request_: dict[str, object], messages: int) -> None:
    assert weighed(**request_) == weight_of(TEXT) + messages * MESSAGE


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": URL, "detail": "high"}},
        {"type": "image_url", "image_url": URL},
        {"type": "input_image", "image_url": URL},
        {"type": "input_audio", "input_audio": {"data": IMAGE, "format": "wav"}},
        {"type": "file", "file": {"file_data": URL, "filename": "a.pdf"}},
        {"type": "input_file", "file_data": URL},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/" + "a" * 999}},
        {"type": "redacted_thinking", "data": IMAGE},
        {"inlineData": {"mimeType": "image/png", "data": IMAGE}},
        {"inline_data": {"mime_type": "image/png", "data": IMAGE}},
        {"fileData": {"fileUri": "gs://bucket/" + "a" * 999}},
        {"image": {"format": "png", "source": {"bytes": IMAGE}}},
        {"text": "", "thoughtSignature": IMAGE},
        {"type": "somebody's", "picture": IMAGE},
        {"type": "text", "text": URL},
    ],
)
def test_what_is_no_text_does_not(part: dict[str, object]) -> None:
    """However it is written, and by whatever name."""
    assert weighed(messages=[user(part, {"type": "text", "text": TEXT})]) == weight_of(TEXT) + MESSAGE
    assert weighed(images=[IMAGE], messages=[{"role": "user", "content": TEXT, "images": [IMAGE]}]) == (
        weight_of(TEXT) + MESSAGE
    )


@pytest.mark.parametrize("text", ["x" * 5000, "lorem ipsum " * 500, "0" * 5000, "ACGT" * 900])
def test_a_long_text_is_text(text: str) -> None:
    assert weighed(prompt=text) == weight_of(text)


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("tools", [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]),
        ("tools", [{"name": "weather", "input_schema": SCHEMA}]),
        ("tools", [{"functionDeclarations": [{"name": "weather", "parameters": SCHEMA}]}]),
        ("functions", [{"name": "weather", "parameters": SCHEMA}]),
        ("toolConfig", {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]}),
        ("response_format", {"type": "json_schema", "json_schema": {"name": "w", "schema": SCHEMA}}),
    ],
)
def test_tools_are_read_as_json(name: str, tools: object) -> None:
    assert weighed(**{name: tools}) == weight_of(json_text(tools)) > weight_of(TEXT)
    assert weighed(tools=[]) == 0


def test_the_input_of_a_tool_is_read_as_json() -> None:
    used = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "t", "name": "w", "input": {"city": "Bern"}}],
    }
    assert weighed(messages=[used]) == MESSAGE + weight_of("w") + weight_of('{"city":"Bern"}')


def test_numbers_of_tokens_are_tokens() -> None:
    assert weighed(prompt=[1, 2, 3]) == 3 * TOKEN
    assert weighed(input=[[1, 2], [3]]) == 3 * TOKEN


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"{}", b'{"messages":7}'])
def test_what_asks_nothing_weighs_nothing(body: bytes) -> None:
    assert prompt_weight(body) == 0


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b'{"messages":', b"[" * 100_000, b"{" * 300_000])
def test_what_cannot_be_read_is_looked_through(body: bytes) -> None:
    assert prompt_weight(body) is None
    assert loose_prompt_weight(body) == 0


def test_one_of_very_many_parts_is_not_read() -> None:
    body = json.dumps({"prompt": ["Hello"] * 30}).encode()
    assert prompt_weight(body) == 30 * weight_of("Hello")
    assert prompt_weight(body, 20) is None


def test_the_rest_of_a_very_long_text_is_taken_to_be_alike() -> None:
    assert weighed(prompt=" potato" * 300_000) == pytest.approx(300_000 * weight_of(" potato"), rel=0.001)


def test_a_byte_order_mark_and_odd_members_hide_nothing() -> None:
    body = b'\xef\xbb\xbf {"x": NaN, "prompt": "Hello", "y": "\\ud83d"}'
    assert prompt_weight(body) == weight_of("Hello")


@given(place=st.integers(1, 5000))
def test_of_one_that_is_cut_what_is_there_counts(place: int) -> None:
    body = json.dumps({"messages": [user({"type": "text", "text": TEXT})] * 20}).encode()
    found = loose_prompt_weight(body[: place % len(body)])
    assert found <= 20 * weight_of(TEXT)
    assert found >= (place % len(body) // (len(body) // 20 + 1) - 1) * weight_of(TEXT)


def test_an_image_in_one_that_is_cut_is_none() -> None:
    body = json.dumps(
        {"prompt": TEXT, "messages": [user({"type": "image_url", "image_url": {"url": URL}})]}
    ).encode()
    assert prompt_weight(body[:-100]) is None
    assert loose_prompt_weight(body[:-100]) == weight_of(TEXT)
