"""What a program does with the official Anthropic library for Python, one function a scenario.

See `chat_drives.py` for what they take.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from sdk_kit import ANSWER, PARAMETERS, PNG_TEXT, QUESTION, RESULTS, SYSTEM, TOLD, WEATHER, word_count

from support.providers.families import Family
from support.providers.messages import COUNTED_TOKENS
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS, RETRY_AFTER, THOUGHT
from support.providers.serving import Fake

Drive = Callable[[anthropic.Anthropic, str, Family], None]
Messages = list[Any]

MOST = 4096
TOOL: Any = {
    "name": "get_weather",
    "description": WEATHER["description"],
    "input_schema": PARAMETERS,
}
PERSON: Any = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def asked(text: str = QUESTION) -> Messages:
    return [{"role": "user", "content": text}]


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def whole(client: anthropic.Anthropic, model: str, family: Family) -> None:
    answer = client.messages.create(model=model, max_tokens=MOST, system=SYSTEM, messages=asked())
    assert (answer.type, answer.role, answer.stop_reason) == ("message", "assistant", "end_turn")
    assert text_of(answer) == ANSWER
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (FRESH_TOKENS, CACHED_TOKENS)
    assert answer.usage.output_tokens == word_count(ANSWER) + family.unasked_tokens


def streamed(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """By the library's helper, and event by event."""
    with client.messages.stream(model=model, max_tokens=MOST, system=SYSTEM, messages=asked()) as stream:
        pieces = list(stream.text_stream)
        answer = stream.get_final_message()
    assert ("".join(pieces), len(pieces) > 3) == (ANSWER, True)
    assert (text_of(answer), answer.stop_reason) == (ANSWER, "end_turn")
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (FRESH_TOKENS, CACHED_TOKENS)
    assert answer.usage.output_tokens == word_count(ANSWER) + family.unasked_tokens
    events = list(
        client.messages.create(model=model, max_tokens=MOST, system=SYSTEM, messages=asked(), stream=True)
    )
    names = [event.type for event in events]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    opened = [event.index for event in events if event.type == "content_block_start"]
    closed = [event.index for event in events if event.type == "content_block_stop"]
    assert opened == closed == list(range(len(opened)))


def tools(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """Two calls at once, their results (one of them failed), and one more turn."""
    _turns(
        lambda messages: client.messages.create(
            model=model, max_tokens=MOST, system=SYSTEM, messages=messages, tools=[TOOL]
        )
    )


def tools_streamed(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """The same in streams, put together by the library."""

    def ask(messages: Messages) -> Message:
        with client.messages.stream(
            model=model, max_tokens=MOST, system=SYSTEM, messages=messages, tools=[TOOL]
        ) as stream:
            return stream.get_final_message()

    _turns(ask)


def _turns(ask: Callable[[Messages], Message]) -> None:
    messages = asked("What is the weather in Paris and Zürich?")
    answer = ask(messages)
    assert answer.stop_reason == "tool_use"
    calls = [block for block in answer.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Zürich"}),
    ]
    messages.append({"role": "assistant", "content": answer.content})
    results: list[Any] = [
        {"type": "tool_result", "tool_use_id": call.id, "content": result}
        for call, result in zip(calls, RESULTS, strict=True)
    ]
    results[1]["content"] = [{"type": "text", "text": RESULTS[1]}]
    messages.append({"role": "user", "content": results})
    answer = ask(messages)
    assert (text_of(answer), answer.stop_reason) == (TOLD, "end_turn")
    messages.append({"role": "assistant", "content": answer.content})
    messages.append({"role": "user", "content": QUESTION})
    assert text_of(ask(messages)) == ANSWER


def forced(client: anthropic.Anthropic, model: str, family: Family) -> None:
    answer = client.messages.create(
        model=model, max_tokens=MOST, messages=asked(), tools=[TOOL], tool_choice={"type": "any"}
    )
    (call,) = [block for block in answer.content if block.type == "tool_use"]
    assert call.input == {"city": "Zürich"}


def picture(client: anthropic.Anthropic, model: str, family: Family) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PNG_TEXT}
    content: Any = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    messages: Messages = [{"role": "user", "content": content}]
    if not family.pictures:
        with pytest.raises(anthropic.APIStatusError, match="image_url"):
            client.messages.create(model=model, max_tokens=MOST, messages=messages)
        return
    answer = client.messages.create(model=model, max_tokens=MOST, messages=messages)
    assert text_of(answer) == "I see image/png of 70 bytes"


def structured(client: anthropic.Anthropic, model: str, family: Family) -> None:
    wanted: Any = {"format": {"type": "json_schema", "schema": PERSON}}
    if not family.schemas:
        with pytest.raises(anthropic.BadRequestError, match=r"format|schema"):
            client.messages.create(model=model, max_tokens=MOST, messages=asked(), output_config=wanted)
        return
    answer = client.messages.create(
        model=model, max_tokens=MOST, messages=asked("Who?"), output_config=wanted
    )
    assert json.loads(text_of(answer)) == {"name": "Ada", "age": 36}


def limited(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """What ends an answer early."""
    answer = client.messages.create(model=model, max_tokens=3, messages=asked())
    assert (answer.stop_reason, text_of(answer)) == ("max_tokens", "You said: Hello ")
    answer = client.messages.create(model=model, max_tokens=MOST, messages=asked(), stop_sequences=["schön"])
    assert text_of(answer) == "You said: Hello é – "
    assert answer.stop_reason in ("stop_sequence", "end_turn")  # Chat and Gemini do not tell which


ERRORS: tuple[tuple[str, type[anthropic.APIStatusError], tuple[int, ...]], ...] = (
    ("bad", anthropic.APIStatusError, (400, 422)),
    ("model", anthropic.NotFoundError, (404,)),
    ("rate", anthropic.RateLimitError, (429,)),
    ("inner", anthropic.InternalServerError, (500,)),
    ("overloaded", anthropic.InternalServerError, (503, 529)),
)


def errors(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """The provider's status and words are what the library prints."""
    for stream in (False, True):
        for kind, raised, statuses in ERRORS:
            with pytest.raises(raised, match=f"You asked to fail: {kind}") as caught:
                client.messages.create(
                    model=model, max_tokens=MOST, messages=asked(f"fail {kind}"), stream=stream
                )
            assert caught.value.status_code in statuses
            assert isinstance(caught.value.body, dict)
            assert caught.value.body["type"] == "error"


def told_to_wait(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """What the library would go by, if it tried again."""
    if not family.tells_wait:
        return
    with pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(model=model, max_tokens=MOST, messages=asked("fail rate"))
    assert caught.value.response.headers["retry-after"] == str(RETRY_AFTER)


def older_key(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """As the library before 2.0, and others, show a key: in a header of its own."""
    headers: Any = {"x-api-key": client.api_key, "Authorization": anthropic.Omit()}
    answer = client.with_options(default_headers=headers).messages.create(
        model=model, max_tokens=MOST, system=SYSTEM, messages=asked()
    )
    assert text_of(answer) == ANSWER


def wrong_key(client: anthropic.Anthropic, model: str, family: Family) -> None:
    with pytest.raises(anthropic.APIStatusError, match=r"(?i)key|token") as caught:
        client.with_options(api_key="wrong").messages.create(model=model, max_tokens=MOST, messages=asked())
    assert caught.value.status_code in (400, 401, 403)


def broken_stream(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """An error in the middle is raised, behind what was said before."""
    stream = client.messages.create(
        model=model, max_tokens=MOST, messages=asked("cut midway please"), stream=True
    )
    said: list[str] = []
    with pytest.raises(anthropic.APIError, match="The server broke"):
        said.extend(map(_said_by, stream))
    assert "".join(said).startswith("You said:")


def _said_by(event: RawMessageStreamEvent) -> str:
    if event.type == "content_block_delta" and event.delta.type == "text_delta":
        return event.delta.text
    return ""


def thinking(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """A model that thinks and calls: its thoughts go back with their signature."""
    if not family.thinker:
        return
    name = model.replace(family.model, family.thinker)
    adaptive = family.slug == "anthropic"  # its models, and the library, have no budgets any more
    wanted: Any = {"type": "adaptive"} if adaptive else {"type": "enabled", "budget_tokens": 1024}
    messages = asked("What is the weather in Paris?")
    answer = client.messages.create(
        model=name, max_tokens=MOST, messages=messages, tools=[TOOL], thinking=wanted
    )
    assert "".join(block.thinking for block in answer.content if block.type == "thinking") == THOUGHT
    (call,) = [block for block in answer.content if block.type == "tool_use"]
    messages.append({"role": "assistant", "content": answer.content})
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": RESULTS[0]}
    messages.append({"role": "user", "content": [result]})
    with client.messages.stream(
        model=name, max_tokens=MOST, messages=messages, tools=[TOOL], thinking=wanted
    ) as stream:
        last = stream.get_final_message()
    assert text_of(last) == f"The tool said: {RESULTS[0]}."
    assert last.content[0].type == "thinking"
    assert last.content[0].thinking == THOUGHT


def counted(client: anthropic.Anthropic, model: str, family: Family) -> None:
    """By the provider's own counter, where it has one."""
    if not family.counts:
        with pytest.raises(anthropic.APIStatusError):
            client.messages.count_tokens(model=model, messages=asked())
        return
    found = client.messages.count_tokens(model=model, system=SYSTEM, messages=asked(), tools=[TOOL])
    assert found.input_tokens == COUNTED_TOKENS


DRIVES: tuple[Drive, ...] = (
    whole,
    streamed,
    tools,
    tools_streamed,
    forced,
    picture,
    structured,
    limited,
    errors,
    told_to_wait,
    older_key,
    wrong_key,
    broken_stream,
    thinking,
    counted,
)


def abort(client: anthropic.Anthropic, model: str, fake: Fake) -> None:
    """A program that has read enough: the provider is left too."""
    stream = client.messages.create(
        model=model, max_tokens=MOST, messages=asked("slowly please"), stream=True
    )
    for event in stream:
        if event.type == "content_block_delta":
            break
    stream.close()
    assert fake.was_left()
