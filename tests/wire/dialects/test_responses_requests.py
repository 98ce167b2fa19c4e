"""Requests of callers of Responses: what is read of them, and that nothing else than `Refused` comes of any."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.conversation import (
    Conversation,
    Family,
    FileId,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    WebSearch,
)
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.responses import RESPONSES


def read(body: Object) -> tuple[Conversation, tuple[str, ...]]:
    dropped = Dropped()
    return RESPONSES.read_request({"model": "m", "input": "Hi", **body}, dropped), dropped.paths


def refused(body: Object) -> str:
    with pytest.raises(Refused) as raised:
        read(body)
    return raised.value.path


CALL: Object = {"type": "function_call", "call_id": "c", "name": "t", "arguments": "{}"}
OUTPUT: Object = {"type": "function_call_output", "call_id": "c", "output": "1"}
SAID: Object = {"role": "assistant", "content": "Done."}
THOUGHT: Object = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "Hm."}]}
SEARCH: Object = {"type": "web_search"}
FUNCTION: Object = {"type": "function", "name": "t", "parameters": None, "strict": False}


def said(*parts: Json) -> Object:
    return {"input": [{"role": "user", "content": [*parts]}]}


def allowed(mode: str, *tools: Json) -> Object:
    return {
        "tools": [FUNCTION, SEARCH],
        "tool_choice": {"type": "allowed_tools", "mode": mode, "tools": [*tools]},
    }


@pytest.mark.parametrize(
    "content",
    ["Hi", [{"type": "input_text", "text": "Hi"}]],
    ids=["string", "parts"],
)
@pytest.mark.parametrize("kind", [{}, {"type": "message"}], ids=["untyped", "typed"])
@pytest.mark.parametrize("role", ["user", "system", "developer", "assistant"])
def test_messages_in_all_their_forms(role: str, kind: Object, content: Json) -> None:
    asked, dropped = read({"input": [{**kind, "role": role, "content": content}]})
    assert dropped == ()
    (message,) = asked.messages
    assert message.role == ("system" if role == "developer" else role)
    assert [part.text for part in message.parts if isinstance(part, Text)] == ["Hi"]


def test_a_turn_with_calls_is_one_message_and_others_stay_apart() -> None:
    user: Object = {"role": "user", "content": "Go."}
    asked, _ = read({"input": [user, SAID, THOUGHT, CALL, SAID, OUTPUT, SAID, THOUGHT, SAID, THOUGHT]})
    assert [(one.role, one.at, [type(part).__name__ for part in one.parts]) for one in asked.messages] == [
        ("user", "input[0]", ["Text"]),
        ("assistant", "input[1]", ["Text", "Thinking", "ToolCall", "Text"]),
        ("user", "input[5]", ["ToolResult"]),
        ("assistant", "input[6]", ["Text"]),
        ("assistant", "input[8]", ["Thinking", "Text"]),
        ("assistant", "input[9]", ["Thinking"]),
    ]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"input": [CALL]}, "input[0]"),
        ({"input": [OUTPUT]}, "input[0]"),
        ({"input": [CALL, OUTPUT, OUTPUT]}, "input[2]"),
        ({"input": [{**CALL, "call_id": ""}]}, "input[0].call_id"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": 3}]}, "input[0].content"),
        (said({"type": "output_text", "text": "x"}), "input[0].content[0].type"),
        (said({"type": "input_image"}), "input[0].content[0]"),
        (said({"type": "input_image", "image_url": 3}), "input[0].content[0].image_url"),
        (said({"type": "input_file", "file_data": "aGk="}), "input[0].content[0].file_data"),
        (said({"type": "input_file"}), "input[0].content[0]"),
        ({"input": [{**CALL}, {**OUTPUT, "output": {"a": 1}}]}, "input[1].output"),
        ({"input": {"role": "user"}}, "input"),
        ({"input": ["Hi"]}, "input[0]"),
        ({"input": [{"type": "local_shell_call", "id": "ig"}]}, "input[0]"),
        ({"instructions": ["x"]}, "instructions"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {}}}, "text.format.type"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"include": "reasoning.encrypted_content"}, "include"),
        ({"tools": [{"name": "t"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "name": ""}]}, "tools[0].name"),
        ({"tool_choice": "any"}, "tool_choice"),
        (allowed("auto"), "tool_choice.tools"),
        (allowed("auto", {"type": "function", "name": "u"}), "tool_choice.tools[0].name"),
        ({"tools": [{"type": "web_search"}], "tool_choice": "required"}, "tool_choice"),
        (allowed("required", SEARCH), "tool_choice"),
        ({"tool_choice": {"type": "mcp", "server_label": "s"}}, "tool_choice"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"previous_response_id": ""}, "previous_response_id"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(body: Object, path: str) -> None:
    assert refused(body) == path


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"tools": [{**FUNCTION, "cache_control": {"type": "ephemeral"}, "defer_loading": True}]}, ()),
        ({"reasoning": {"effort": "low", "context": "auto"}}, ("reasoning.context",)),
        ({"text": {"verbosity": "low", "new": 1}}, ("text.new",)),
        ({"tools": [{"type": "web_search", "external_web_access": True}]}, ("tools[0].external_web_access",)),
        ({"input": [{**CALL, "namespace": "n"}, OUTPUT]}, ("input[0].namespace",)),
        ({"input": [THOUGHT, {"type": "reasoning", "id": "rs"}, SAID]}, ("input[1]",)),
        ({"tool_choice": "auto"}, ()),
        ({"include": ["a", "reasoning.encrypted_content", "b"]}, ("include[0]", "include[2]")),
    ],
)
def test_what_is_left_out_is_told(body: Object, path: tuple[str, ...]) -> None:
    assert read(body)[1] == path


def test_a_picture_that_openai_keeps_and_its_detail() -> None:
    part: Object = {"type": "input_image", "file_id": "file-1", "image_url": None, "detail": "low"}
    asked, dropped = read({"input": [{"role": "user", "content": [part]}]})
    assert asked.messages[0].parts == (
        Image(place=FileId("file-1", Family.OPENAI), at="input[0].content[0]", detail="low"),
    )
    assert dropped == ()


def test_a_free_form_tool_and_its_output() -> None:
    call: Object = {"type": "custom_tool_call", "id": "ctc", "call_id": "c", "name": "p", "input": "x"}
    output: Object = {"type": "custom_tool_call_output", "call_id": "c", "output": "1"}
    form: Object = {"type": "grammar", "syntax": "lark", "definition": "s"}
    asked, dropped = read(
        {"input": [call, output], "tools": [{"type": "custom", "name": "p", "format": form}]}
    )
    assert dropped == ()
    assert asked.tools[0].free == {"format": form}
    called, result = (message.parts[0] for message in asked.messages)
    assert isinstance(called, ToolCall)
    assert isinstance(result, ToolResult)
    assert called.free
    assert result.free
    assert called.arguments == "x"


@pytest.mark.parametrize("kind", ["web_search", "web_search_2025_08_26", "web_search_preview"])
def test_the_web_search_under_all_its_names(kind: str) -> None:
    place: Object = {"type": "approximate", "country": "DE", "city": None}
    search: Object = {"type": kind, "filters": {"allowed_domains": ["a.com"]}, "user_location": place}
    asked, dropped = read({"tools": [search]})
    assert dropped == ()
    assert asked.hosted == (
        WebSearch(
            at="tools[0]",
            value=search,
            family=Family.OPENAI,
            domains=("a.com",),
            location={"country": "DE"},
        ),
    )


def test_a_thought_keeps_its_text_however_it_is_written() -> None:
    raw: Object = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "raw"}]}
    both: Object = {
        **raw,
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
    }
    asked, _ = read({"input": [raw, both, SAID]})
    texts = [part.text for part in asked.messages[0].parts if isinstance(part, Thinking)]
    assert texts == ["raw", "a\n\nb"]


# -- whatever a caller sends

NAMES = (
    "type", "role", "content", "text", "input", "output", "id", "call_id", "name", "arguments", "summary", "tools",
    "encrypted_content", "image_url", "url", "file_data", "file_id", "format", "schema", "tool_choice", "mode",
    "reasoning", "effort", "include", "instructions", "metadata", "stream", "stream_options", "filters", "phase",
    "parallel_tool_calls", "status", "annotations", "input_audio", "data", "user_location", "strict", "parameters",
)  # fmt: skip
WORDS = (
    "message", "user", "assistant", "developer", "reasoning", "function_call", "function_call_output", "function",
    "custom", "custom_tool_call", "custom_tool_call_output", "web_search", "allowed_tools", "input_text",
    "output_text", "input_image", "input_file", "input_audio", "refusal", "json_schema", "json_object", "auto",
    "none", "required", "low", "data:image/png;base64,aGk=", "anthropic:c2ln", "google/call:Z29v", "c", "",
)  # fmt: skip
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(allow_nan=False) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
def test_nothing_but_a_refusal_comes_of_any_body(body: Object) -> None:
    with contextlib.suppress(Refused):
        read(body)


ITEMS: st.SearchStrategy[Json] = st.sampled_from(
    (
        CALL,
        OUTPUT,
        SAID,
        THOUGHT,
        {"role": "user", "content": "Go."},
        {"role": "developer", "content": "Rule."},
    )
)


@given(st.lists(ITEMS, max_size=10))
def test_no_text_is_lost_and_none_is_made(items: list[Json]) -> None:
    try:
        asked, dropped = read({"input": items})
    except Refused:
        return
    assert dropped == ()
    texts = sorted(
        part.text for message in asked.messages for part in message.parts if isinstance(part, Text | Thinking)
    )
    wanted = [{"assistant": "Done.", "user": "Go.", "developer": "Rule."}.get(str(one.get("role")), "Hm.")
              for one in items if isinstance(one, dict) and one not in (CALL, OUTPUT)]  # fmt: skip
    assert texts == sorted(wanted)
    assert sum(isinstance(part, ToolCall) for message in asked.messages for part in message.parts) == (
        items.count(CALL)
    )
