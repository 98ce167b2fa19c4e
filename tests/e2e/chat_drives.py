"""What a program does with the official OpenAI library for Python on Chat Completions, one function a scenario.

Each takes a client, the model's name and what is known of the family behind it, and asserts what the program sees. The
same functions prove a fake directly and drive it through the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessage
from pydantic import BaseModel
from sdk_kit import ANSWER, PNG_URL, QUESTION, RESULTS, SYSTEM, TOLD, WEATHER, word_count

from support.providers.families import Family
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS, RETRY_AFTER, THOUGHT
from support.providers.serving import Fake

Drive = Callable[[openai.OpenAI, str, Family], None]
Messages = list[Any]

TOOL: Any = {"type": "function", "function": WEATHER}
PROMPT = FRESH_TOKENS + CACHED_TOKENS


class Person(BaseModel):
    """What is asked for as structured output."""

    name: str
    age: int


def asked(text: str = QUESTION) -> Messages:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def whole(client: openai.OpenAI, model: str, family: Family) -> None:
    answer = client.chat.completions.create(model=model, messages=asked())
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", ANSWER)
    assert (choice.finish_reason, answer.object, answer.model) == (
        "stop",
        "chat.completion",
        family.model if answer.model != model else model,
    )
    made = word_count(ANSWER) + family.unasked_tokens
    assert answer.usage is not None
    assert (
        answer.usage.to_dict()
        | {
            "prompt_tokens": PROMPT,
            "completion_tokens": made,
            "total_tokens": PROMPT + made,
        }
        == answer.usage.to_dict()
    )
    cached = answer.usage.prompt_tokens_details
    hits = (answer.usage.model_extra or {}).get("prompt_cache_hit_tokens")
    assert (cached.cached_tokens if cached else hits) == CACHED_TOKENS


def streamed(client: openai.OpenAI, model: str, family: Family) -> None:
    wanted: Any = {} if "stream_options" in family.refuses else {"stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model=model, messages=asked(), stream=True, **wanted))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(piece or "" for piece in pieces) == ANSWER
    assert len([piece for piece in pieces if piece]) > 3
    assert len({chunk.id for chunk in chunks}) == 1
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [reason for reason in reasons if reason] == ["stop"]
    (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
    assert (usage.prompt_tokens, usage.completion_tokens) == (
        PROMPT,
        word_count(ANSWER) + family.unasked_tokens,
    )


def without_usage(client: openai.OpenAI, model: str, family: Family) -> None:
    """Who has not asked for usage gets no chunk without choices."""
    chunks = list(client.chat.completions.create(model=model, messages=asked(), stream=True))
    assert all(chunk.choices for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER


def tools(client: openai.OpenAI, model: str, family: Family) -> None:
    """Two calls at once, their results, and one more turn."""

    def ask(messages: Messages) -> ChatCompletionMessage:
        answer = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
        (choice,) = answer.choices
        assert choice.finish_reason == ("tool_calls" if choice.message.tool_calls else "stop")
        return choice.message

    _turns(ask)


def tools_streamed(client: openai.OpenAI, model: str, family: Family) -> None:
    """The same in streams, put together by the library."""

    def ask(messages: Messages) -> ChatCompletionMessage:
        with client.chat.completions.stream(model=model, messages=messages, tools=[TOOL]) as stream:
            return stream.get_final_completion().choices[0].message

    _turns(ask)


def _turns(ask: Callable[[Messages], ChatCompletionMessage]) -> None:
    messages = asked("What is the weather in Paris and Zürich?")
    message = ask(messages)
    calls = [call for call in message.tool_calls or [] if call.type == "function"]
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Zürich"}),
    ]
    assert len({call.id for call in calls}) == 2
    messages.append(_back(message))
    for call, result in zip(calls, RESULTS, strict=True):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    message = ask(messages)
    assert message.content == TOLD
    messages.append(_back(message))
    messages.append({"role": "user", "content": QUESTION})
    assert ask(messages).content == ANSWER


def _back(message: ChatCompletionMessage) -> dict[str, Any]:
    """A message as programs send it back."""
    found: dict[str, Any] = message.to_dict()
    kept = ("role", "content", "tool_calls", "thinking_blocks")
    for call in found.get("tool_calls") or ():
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    return {name: value for name, value in found.items() if name in kept and value is not None}


def forced(client: openai.OpenAI, model: str, family: Family) -> None:
    single: Any = {} if "parallel_tool_calls" in family.refuses else {"parallel_tool_calls": False}
    answer = client.chat.completions.create(
        model=model, messages=asked(), tools=[TOOL], tool_choice="required", **single
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Zürich"}


def picture(client: openai.OpenAI, model: str, family: Family) -> None:
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PNG_URL}},
    ]
    messages: Messages = [{"role": "user", "content": content}]
    if not family.pictures:
        with pytest.raises(openai.APIStatusError, match="image_url"):
            client.chat.completions.create(model=model, messages=messages)
        return
    answer = client.chat.completions.create(model=model, messages=messages)
    assert answer.choices[0].message.content == "I see image/png of 70 bytes"


def parsed(client: openai.OpenAI, model: str, family: Family) -> None:
    """Structured output, as the library asks for it by a class."""
    if not family.schemas:
        with pytest.raises(openai.BadRequestError, match="response_format"):
            client.chat.completions.parse(model=model, messages=asked("Who?"), response_format=Person)
        return
    answer = client.chat.completions.parse(model=model, messages=asked("Who?"), response_format=Person)
    assert answer.choices[0].message.parsed == Person(name="Ada", age=36)


def parsed_stream(client: openai.OpenAI, model: str, family: Family) -> None:
    """The same in a stream."""
    if not family.schemas:
        return
    with client.chat.completions.stream(
        model=model, messages=asked("Who?"), response_format=Person
    ) as stream:
        answer = stream.get_final_completion()
    assert answer.choices[0].message.parsed == Person(name="Ada", age=36)


def limited(client: openai.OpenAI, model: str, family: Family) -> None:
    """What ends an answer early."""
    answer = client.chat.completions.create(model=model, messages=asked(), max_tokens=3)
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == (
        "length",
        "You said: Hello ",
    )
    answer = client.chat.completions.create(model=model, messages=asked(), stop=["schön"])
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == (
        "stop",
        "You said: Hello é – ",
    )


ERRORS: tuple[tuple[str, type[openai.APIStatusError], int], ...] = (
    ("bad", openai.APIStatusError, 400),
    ("model", openai.NotFoundError, 404),
    ("rate", openai.RateLimitError, 429),
    ("inner", openai.InternalServerError, 500),
    ("overloaded", openai.InternalServerError, 503),
)


def errors(client: openai.OpenAI, model: str, family: Family) -> None:
    """The provider's status and words are what the library prints."""
    for stream in (False, True):
        for kind, raised, status in ERRORS:
            with pytest.raises(raised, match=f"You asked to fail: {kind}") as caught:
                client.chat.completions.create(model=model, messages=asked(f"fail {kind}"), stream=stream)
            statuses = {status, 529} if kind == "overloaded" else {status}
            statuses |= {422} if family.slug == "mistral" else set()
            assert caught.value.status_code in statuses
            assert isinstance(caught.value.body, dict)
            assert caught.value.body["type"]


def told_to_wait(client: openai.OpenAI, model: str, family: Family) -> None:
    """What the library would go by, if it tried again."""
    if not family.tells_wait:
        return
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=model, messages=asked("fail rate"))
    assert caught.value.response.headers["retry-after"] == str(RETRY_AFTER)


def wrong_key(client: openai.OpenAI, model: str, family: Family) -> None:
    stranger = client.with_options(api_key="wrong")
    with pytest.raises(openai.APIStatusError, match=r"(?i)key|token") as caught:
        stranger.chat.completions.create(model=model, messages=asked())
    assert caught.value.status_code in (400, 401, 403)


def broken_stream(client: openai.OpenAI, model: str, family: Family) -> None:
    """An error in the middle is raised, behind what was said before."""
    stream = client.chat.completions.create(model=model, messages=asked("cut midway please"), stream=True)
    pieces: list[str] = []
    with pytest.raises(openai.APIError, match="The server broke"):
        pieces.extend(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "".join(pieces).startswith("You said:")


def thinking(client: openai.OpenAI, model: str, family: Family) -> None:
    """A model that thinks and calls: what it thought is seen, and goes back with its call."""
    messages = asked("What is the weather in Paris?")
    if not family.thinker:
        return
    name = model.replace(family.model, family.thinker)
    answer = client.chat.completions.create(
        model=name, messages=messages, tools=[TOOL], reasoning_effort="low"
    )
    message = answer.choices[0].message
    assert (message.model_extra or {}).get("reasoning_content") == THOUGHT
    messages.append(_back(message))
    (call,) = message.tool_calls or []
    messages.append({"role": "tool", "tool_call_id": call.id, "content": RESULTS[0]})
    chunks: Iterable[Any] = client.chat.completions.create(
        model=name, messages=messages, tools=[TOOL], reasoning_effort="low", stream=True
    )
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == f"The tool said: {RESULTS[0]}."
    thoughts = [(delta.model_extra or {}).get("reasoning_content") or "" for delta in deltas]
    assert "".join(thoughts) == THOUGHT


DRIVES: tuple[Drive, ...] = (
    whole,
    streamed,
    without_usage,
    tools,
    tools_streamed,
    forced,
    picture,
    parsed,
    parsed_stream,
    limited,
    errors,
    told_to_wait,
    wrong_key,
    broken_stream,
    thinking,
)


def abort(client: openai.OpenAI, model: str, fake: Fake) -> None:
    """A program that has read enough: the provider is left too."""
    stream = client.chat.completions.create(model=model, messages=asked("slowly please"), stream=True)
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    stream.close()
    assert fake.was_left()
