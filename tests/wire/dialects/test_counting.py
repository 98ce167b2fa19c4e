"""Counting tokens for callers of Messages: the question and the answer, with whom it works, and flags of the header
(dialects, C 140, C 143, C 144).
"""

from __future__ import annotations

import json

import pytest

from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.cohere import COHERE
from penstock.wire.dialects.converse import CONVERSE
from penstock.wire.dialects.dialect import Inbound, Outbound, Target
from penstock.wire.dialects.gemini import GEMINI
from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.messages import MESSAGES
from penstock.wire.dialects.responses import RESPONSES
from penstock.wire.dialects.translation import Translation, Uncounted, Unreadable

CLAUDE = Target(provider="anthropic", model="claude-sonnet-4-5")
FLASH = Target(provider="google-ai-studio", model="gemini-2.5-flash")
NOVA = Target(provider="aws-bedrock", model="amazon.nova-pro-v1:0")
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}
ASKED = {
    "model": "m",
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hello"}],
    "tools": [{"name": "look", "input_schema": SCHEMA}],
}


def counted(outbound: Outbound, target: Target, **members: object) -> tuple[object, tuple[str, ...]]:
    found = Translation(MESSAGES, outbound, target).count_request(json.dumps({**ASKED, **members}).encode())
    return json.loads(found.body), found.dropped


def test_claude_counts_what_it_would_be_asked() -> None:
    body, dropped = counted(MESSAGES, CLAUDE)
    assert body == {**ASKED, "model": CLAUDE.model}
    assert dropped == ()


def test_gemini_counts_system_and_tools_too() -> None:
    body, _ = counted(GEMINI, FLASH)
    assert body == {
        "generateContentRequest": {
            "model": "models/gemini-2.5-flash",
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
            "tools": [{"functionDeclarations": [{"name": "look", "parametersJsonSchema": SCHEMA}]}],
        }
    }


def test_bedrock_counts_in_the_form_of_converse() -> None:
    body, _ = counted(CONVERSE, NOVA)
    assert body == {
        "input": {
            "converse": {
                "system": [{"text": "Be brief."}],
                "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
                "toolConfig": {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": SCHEMA}}}]},
            }
        }
    }


@pytest.mark.parametrize(
    ("outbound", "target", "told"),
    [
        (MESSAGES, CLAUDE, b'{"input_tokens": 728}'),
        (GEMINI, FLASH, b'{"totalTokens": 728, "promptTokensDetails": []}'),
        (CONVERSE, NOVA, b'{"inputTokens": 728}'),
    ],
)
def test_the_count_is_told_in_the_callers_dialect(outbound: Outbound, target: Target, told: bytes) -> None:
    assert json.loads(Translation(MESSAGES, outbound, target).count(told)) == {"input_tokens": 728}


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b"\xff", b'{"totalTokens": "many"}', b"[" * 100_000])
@pytest.mark.parametrize(("outbound", "target"), [(MESSAGES, CLAUDE), (GEMINI, FLASH), (CONVERSE, NOVA)])
def test_what_tells_no_number_is_no_count(outbound: Outbound, target: Target, body: bytes) -> None:
    with pytest.raises(Unreadable):
        Translation(MESSAGES, outbound, target).count(body)


@pytest.mark.parametrize(
    ("inbound", "outbound"), [(MESSAGES, CHAT), (MESSAGES, COHERE), (CHAT, MESSAGES), (RESPONSES, GEMINI)]
)
def test_nothing_is_guessed_where_nobody_counts(inbound: Inbound, outbound: Outbound) -> None:
    translation = Translation(inbound, outbound, Target(provider="groq", model="m"))
    with pytest.raises(Uncounted, match="groq has no counter") as refused:
        translation.count_request(json.dumps(ASKED).encode())
    assert refused.value.path == "model"
    with pytest.raises(Unreadable):
        translation.count(b'{"input_tokens": 1}')


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_object_is_not_counted(body: bytes) -> None:
    with pytest.raises(Refused):
        Translation(MESSAGES, GEMINI, FLASH).count_request(body)


def test_a_question_that_cannot_be_carried_says_why() -> None:
    with pytest.raises(Refused) as refused:
        counted(GEMINI, FLASH, messages=[{"role": "user", "content": [{"type": "unheard_of"}]}])
    assert refused.value.path.startswith("messages[0].content[0]")


# -- flags of the caller's header

FLAGS = ("context-1m-2025-08-07", "unheard-of-2031-01-01")


def flagged(outbound: Outbound, target: Target) -> tuple[dict[str, str], tuple[str, ...]]:
    body = json.dumps({**ASKED, "max_tokens": 9}).encode()
    found = Translation(MESSAGES, outbound, target).request(body, "call", 1, betas=FLAGS)
    return dict(found.headers), found.dropped


def test_the_callers_flags_reach_claude() -> None:
    headers, dropped = flagged(MESSAGES, CLAUDE)
    assert headers["anthropic-beta"] == ",".join(FLAGS)
    assert dropped == ()


@pytest.mark.parametrize(
    ("outbound", "target"), [(GEMINI, FLASH), (CONVERSE, NOVA), (CHAT, NOVA), (COHERE, NOVA)]
)
def test_flags_are_told_where_they_mean_nothing(outbound: Outbound, target: Target) -> None:
    headers, dropped = flagged(outbound, target)
    assert "anthropic-beta" not in headers
    assert dropped == tuple(f"anthropic-beta.{flag}" for flag in FLAGS)
