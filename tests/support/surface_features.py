"""What a caller may say on each surface of the unified endpoint, one thing at a time: small requests with one feature.

What becomes of them is for `surface_guides.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Body = dict[str, Any]

DOT: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_PNG = f"data:image/png;base64,{DOT}"
_PDF = "data:application/pdf;base64,JVBERi0xLjQK"
_TXT = "data:text/plain;base64,SGVsbG8="
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Feature:
    """One thing that can be said, and the request that says it beside what it needs."""

    name: str
    members: Mapping[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)  # without which it means nothing: not looked at
    group: str = ""


# -- Chat


def _said(*parts: Body) -> Body:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def _file(**members: str) -> Body:
    return _said({"type": "file", "file": members}, {"type": "text", "text": "Read it."})


_CHAT_FUNCTION: Body = {"name": "look", "description": "Looks", "parameters": _SCHEMA}
_CHAT_TOOL: Body = {"type": "function", "function": _CHAT_FUNCTION}
_CHAT_TOOLS = {"tools": [_CHAT_TOOL]}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"city":"Bonn"}'}}


def _turns(*between: Body) -> Body:
    return {"messages": [{"role": "user", "content": "Weather?"}, *between]}


def _after_call(assistant: Body) -> Body:
    return _turns(
        {"role": "assistant", "content": None, "tool_calls": [_CALL], **assistant},
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
    )


_THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}

CHAT: Final = (
    Feature(
        "system prompt",
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        group="Content",
    ),
    Feature("picture by data", _said({"type": "image_url", "image_url": {"url": _PNG}})),
    Feature(
        "picture by URL", _said({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})
    ),
    Feature("sound", _said({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}})),
    Feature("PDF by data", _file(file_data=_PDF, filename="a.pdf")),
    Feature("text file by data", _file(file_data=_TXT, filename="a.txt")),
    Feature("`name` of who speaks", {"messages": [{"role": "user", "name": "ada", "content": "Hi"}]}),
    Feature(
        "mark of the cache, `cache_control`",
        _said({"type": "text", "text": "Long", "cache_control": {"type": "ephemeral"}}),
    ),
    Feature("tools", _CHAT_TOOLS, group="Tools"),
    Feature("`strict`", {"tools": [{"type": "function", "function": {**_CHAT_FUNCTION, "strict": True}}]}),
    Feature("`tool_choice: required`", {"tool_choice": "required"}, _CHAT_TOOLS),
    Feature(
        "`tool_choice` of one",
        {"tool_choice": {"type": "function", "function": {"name": "look"}}},
        _CHAT_TOOLS,
    ),
    Feature("`tool_choice: none`", {"tool_choice": "none"}, _CHAT_TOOLS),
    Feature(
        "`allowed_tools`",
        {
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "auto",
                    "tools": [{"type": "function", "function": {"name": "look"}}],
                },
            }
        },
        _CHAT_TOOLS,
    ),
    Feature("`parallel_tool_calls: false`", {"parallel_tool_calls": False}, _CHAT_TOOLS),
    Feature("free-form tools, `custom`", {"tools": [{"type": "custom", "custom": {"name": "look"}}]}),
    Feature("calls and results", _after_call({}), _CHAT_TOOLS),
    Feature("web search, `web_search_options`", {"web_search_options": {"search_context_size": "low"}}),
    Feature("`max_completion_tokens`", {"max_completion_tokens": 500}, group="Answer"),
    Feature(
        "`json_schema`",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "schema": _SCHEMA, "strict": True},
            }
        },
    ),
    Feature(
        "`json_object`",
        {"response_format": {"type": "json_object"}},
        {"messages": [{"role": "user", "content": "In JSON."}]},
    ),
    Feature("`stop`", {"stop": ["END"]}),
    Feature("`n: 2`", {"n": 2}),
    Feature("`logprobs`", {"logprobs": True}),
    Feature("`top_logprobs`", {"logprobs": True, "top_logprobs": 2}),
    Feature("stream with usage", {"stream": True, "stream_options": {"include_usage": True}}),
    Feature(
        "sound, `modalities`", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    ),
    Feature("`reasoning_effort`", {"reasoning_effort": "low"}, group="Reasoning"),
    Feature(
        "`thinking_blocks` with Anthropic's signature",
        _after_call({"thinking_blocks": [_THOUGHT]}),
        _CHAT_TOOLS,
    ),
    Feature(
        "`reasoning_content` of earlier turns",
        _turns(
            {"role": "assistant", "content": "A", "reasoning_content": "Hm"},
            {"role": "user", "content": "More"},
        ),
    ),
    Feature("`temperature`", {"temperature": 0.5}, group="Tuning"),
    Feature("`top_p`", {"top_p": 0.9}),
    Feature("`seed`", {"seed": 7}),
    Feature("penalties", {"frequency_penalty": 0.5, "presence_penalty": 0.5}),
    Feature("`logit_bias`", {"logit_bias": {"50256": -100}}),
    Feature("`verbosity`", {"verbosity": "low"}),
    Feature("`prediction`", {"prediction": {"type": "content", "content": "A"}}),
    Feature("`user`", {"user": "u-1"}, group="Other"),
    Feature("`metadata`", {"metadata": {"team": "red"}}),
    Feature("`service_tier: flex`", {"service_tier": "flex"}),
    Feature("`prompt_cache_key`", {"prompt_cache_key": "k"}),
    Feature("`store: true`", {"store": True}),
)

# -- Responses

_FLAT_TOOL = {
    "type": "function",
    "name": "look",
    "description": "Looks",
    "parameters": _SCHEMA,
    "strict": False,
}
_FLAT_TOOLS = {"tools": [_FLAT_TOOL]}
_FLAT_CALL = {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"city":"Bonn"}'}


def _input(*parts: Body) -> Body:
    return {"input": [{"role": "user", "content": list(parts)}]}


def _items(*items: Body) -> Body:
    return {"input": [{"role": "user", "content": "Weather?"}, *items]}


def _result(output: object) -> Body:
    return _items(_FLAT_CALL, {"type": "function_call_output", "call_id": "call_1", "output": output})


RESPONSES: Final = (
    Feature("`instructions`", {"instructions": "Be brief."}, group="Content"),
    Feature("picture by data", _input({"type": "input_image", "image_url": _PNG, "detail": "auto"})),
    Feature(
        "picture by URL",
        _input({"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"}),
    ),
    Feature("PDF by data", _input({"type": "input_file", "file_data": _PDF, "filename": "a.pdf"})),
    Feature("file by URL", _input({"type": "input_file", "file_url": "https://example.com/a.pdf"})),
    Feature("text file by data", _input({"type": "input_file", "file_data": _TXT, "filename": "a.txt"})),
    Feature("tools", _FLAT_TOOLS, group="Tools"),
    Feature("`strict`", {"tools": [{**_FLAT_TOOL, "strict": True}]}),
    Feature("`tool_choice: required`", {"tool_choice": "required"}, _FLAT_TOOLS),
    Feature("`tool_choice` of one", {"tool_choice": {"type": "function", "name": "look"}}, _FLAT_TOOLS),
    Feature(
        "`allowed_tools`",
        {
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "look"}],
            }
        },
        _FLAT_TOOLS,
    ),
    Feature("`parallel_tool_calls: false`", {"parallel_tool_calls": False}, _FLAT_TOOLS),
    Feature("calls and results", _result("Rain"), _FLAT_TOOLS),
    Feature(
        "results with pictures",
        _result([{"type": "input_image", "image_url": _PNG, "detail": "auto"}]),
        _FLAT_TOOLS,
    ),
    Feature("free-form tools, `custom`", {"tools": [{"type": "custom", "name": "look"}]}),
    Feature("`web_search`", {"tools": [{"type": "web_search"}]}),
    Feature("`file_search`", {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
    Feature(
        "`mcp`", {"tools": [{"type": "mcp", "server_label": "a", "server_url": "https://example.com/mcp"}]}
    ),
    Feature("`max_output_tokens`", {"max_output_tokens": 500}, group="Answer"),
    Feature(
        "`json_schema`",
        {"text": {"format": {"type": "json_schema", "name": "a", "schema": _SCHEMA, "strict": True}}},
    ),
    Feature("`json_object`", {"text": {"format": {"type": "json_object"}}}, {"input": "In JSON."}),
    Feature("log-probabilities", {"include": ["message.output_text.logprobs"]}),
    Feature("stream", {"stream": True}),
    Feature("`reasoning.effort`", {"reasoning": {"effort": "low"}}, group="Reasoning"),
    Feature("`reasoning.summary`", {"reasoning": {"effort": "low", "summary": "auto"}}),
    Feature(
        "OpenAI's own encrypted reasoning",
        _items(
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"role": "assistant", "content": "A"},
            {"role": "user", "content": "More"},
        ),
    ),
    Feature("`temperature`", {"temperature": 0.5}, group="Tuning"),
    Feature("`top_p`", {"top_p": 0.9}),
    Feature("`text.verbosity`", {"text": {"verbosity": "low"}}),
    Feature("`previous_response_id`", {"previous_response_id": "resp_1"}, group="State"),
    Feature("`store: true`", {"store": True}),
    Feature("`background: true`", {"background": True}),
    Feature("`truncation: auto`", {"truncation": "auto"}),
    Feature("`user`", {"user": "u-1"}, group="Other"),
    Feature("`metadata`", {"metadata": {"team": "red"}}),
    Feature("`service_tier: flex`", {"service_tier": "flex"}),
    Feature("`prompt_cache_key`", {"prompt_cache_key": "k"}),
)

# -- Messages

_OWN_TOOL = {"name": "look", "description": "Looks", "input_schema": _SCHEMA}
_OWN_TOOLS = {"tools": [_OWN_TOOL]}
_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DOT}}
_EPHEMERAL = {"cache_control": {"type": "ephemeral"}}


def _blocks(*blocks: Body) -> Body:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def _document(source: Body, **more: object) -> Body:
    return _blocks({"type": "document", "source": source, **more}, {"type": "text", "text": "Read it."})


def _used(content: object, *, before: tuple[Body, ...] = (), **more: object) -> Body:
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"city": "Bonn"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, **more}
    return _turns({"role": "assistant", "content": [*before, call]}, {"role": "user", "content": [result]})


_BASE64_PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}
_THINKS = {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 8000}

MESSAGES: Final = (
    Feature("`system`", {"system": "Be brief."}, group="Content"),
    Feature("picture by data", _blocks(_IMAGE)),
    Feature(
        "picture by URL",
        _blocks({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
    ),
    Feature("PDF by data", _document(_BASE64_PDF)),
    Feature("PDF by URL", _document({"type": "url", "url": "https://example.com/a.pdf"})),
    Feature("text document", _document({"type": "text", "media_type": "text/plain", "data": "Hello"})),
    Feature(
        "citations of a document", _document(_BASE64_PDF, citations={"enabled": True}), _document(_BASE64_PDF)
    ),
    Feature("file by id", _document({"type": "file", "file_id": "file_1"})),
    Feature("mark of the cache on a block", _blocks({"type": "text", "text": "Long", **_EPHEMERAL})),
    Feature("tools", _OWN_TOOLS, group="Tools"),
    Feature("`strict`", {"tools": [{**_OWN_TOOL, "strict": True}]}),
    Feature("mark of the cache on a tool", {"tools": [{**_OWN_TOOL, **_EPHEMERAL}]}),
    Feature("`tool_choice: any`", {"tool_choice": {"type": "any"}}, _OWN_TOOLS),
    Feature("`tool_choice: tool`", {"tool_choice": {"type": "tool", "name": "look"}}, _OWN_TOOLS),
    Feature("`tool_choice: none`", {"tool_choice": {"type": "none"}}, _OWN_TOOLS),
    Feature(
        "`disable_parallel_tool_use`",
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        _OWN_TOOLS,
    ),
    Feature("calls and results", _used("Rain"), _OWN_TOOLS),
    Feature("results with pictures", _used([_IMAGE]), _OWN_TOOLS),
    Feature("results that failed, `is_error`", _used("No network", is_error=True), _OWN_TOOLS),
    Feature("`web_search`", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    Feature("`code_execution`", {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}),
    Feature(
        "`mcp_servers`", {"mcp_servers": [{"type": "url", "name": "a", "url": "https://example.com/mcp"}]}
    ),
    Feature(
        "JSON schema, `output_config.format`",
        {"output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}}},
        group="Answer",
    ),
    Feature("`stop_sequences`", {"stop_sequences": ["END"]}),
    Feature("stream", {"stream": True}),
    Feature("`thinking` with a budget", _THINKS, group="Reasoning"),
    Feature(
        "`thinking: adaptive` with an effort",
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}, "max_tokens": 8000},
    ),
    Feature(
        "`thinking` of earlier turns", _used("Rain", before=(_THOUGHT,)), {**_OWN_TOOLS, **_used("Rain")}
    ),
    Feature(
        "`redacted_thinking` of earlier turns",
        _used("Rain", before=({"type": "redacted_thinking", "data": "c2ln"},)),
        {**_OWN_TOOLS, **_used("Rain")},
    ),
    Feature("`temperature`", {"temperature": 0.5}, group="Tuning"),
    Feature("`top_p`", {"top_p": 0.9}),
    Feature("`top_k`", {"top_k": 5}),
    Feature("`metadata.user_id`", {"metadata": {"user_id": "u-1"}}, group="Other"),
    Feature("`service_tier: standard_only`", {"service_tier": "standard_only"}),
    Feature(
        "`context_management`", {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}
    ),
    Feature("`container`", {"container": "container_1"}),
)

# -- embeddings

EMBEDDINGS: Final = (
    Feature("one text", {"input": "Hello"}),
    Feature("several texts", {"input": ["Hello", "World"]}),
    Feature("token ids", {"input": [1, 2, 3]}),
    Feature("`dimensions`", {"dimensions": 256}),
    Feature("`encoding_format: base64`", {"encoding_format": "base64"}),
    Feature("`user`", {"user": "u-1"}),
    Feature("`input_type`", {"input_type": "search_query"}),
)
