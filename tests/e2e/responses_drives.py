"""What a program does with the official OpenAI library for Python on Responses and Embeddings, one function a scenario.

See `chat_drives.py` for what they take.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from chat_drives import ERRORS, PROMPT, Drive, Person
from openai.types.responses import Response
from sdk_kit import ANSWER, PARAMETERS, PNG_URL, QUESTION, RESULTS, SYSTEM, TOLD, WEATHER, word_count

from support.providers.families import Family
from support.providers.mind import CACHED_TOKENS, THINKING_TOKENS, THOUGHT
from support.providers.responses import WIDTH, vector
from support.providers.serving import Fake

TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "description": WEATHER["description"],
    "parameters": PARAMETERS,
    "strict": True,
}
Input = list[Any]


def whole(client: openai.OpenAI, model: str, family: Family) -> None:
    answer = client.responses.create(model=model, instructions=SYSTEM, input=QUESTION)
    assert (answer.status, answer.object, answer.output_text) == ("completed", "response", ANSWER)
    assert [item.type for item in answer.output if item.type != "reasoning"] == ["message"]
    unasked = 0 if family.own_responses else family.unasked_tokens
    made = word_count(ANSWER) + unasked
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (PROMPT, made)
    assert answer.usage.input_tokens_details.cached_tokens == CACHED_TOKENS
    assert answer.usage.output_tokens_details.reasoning_tokens == unasked


def streamed(client: openai.OpenAI, model: str, family: Family) -> None:
    """Every event that the library knows, in order."""
    events = list(client.responses.create(model=model, instructions=SYSTEM, input=QUESTION, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    names = [event.type for event in events]
    assert names[:2] == ["response.created", "response.in_progress"]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert ("".join(deltas), len(deltas) > 3) == (ANSWER, True)
    (done,) = [event.text for event in events if event.type == "response.output_text.done"]
    assert done == ANSWER
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == ANSWER
    assert last.response.usage is not None
    assert last.response.usage.input_tokens == PROMPT
    opened = names.count("response.output_item.added")
    assert opened == names.count("response.output_item.done") == len(last.response.output)


def tools(client: openai.OpenAI, model: str, family: Family) -> None:
    """Two calls at once, their results, and one more turn."""
    _turns(
        lambda said: client.responses.create(
            model=model, instructions=SYSTEM, input=said, tools=[TOOL], store=False
        )
    )


def tools_streamed(client: openai.OpenAI, model: str, family: Family) -> None:
    """The same in streams, put together by the library."""

    def ask(said: Input) -> Response:
        with client.responses.stream(
            model=model, instructions=SYSTEM, input=said, tools=[TOOL], store=False
        ) as stream:
            return stream.get_final_response()

    _turns(ask)


def _turns(ask: Callable[[Input], Response]) -> None:
    said: Input = [{"role": "user", "content": "What is the weather in Paris and Zürich?"}]
    answer = ask(said)
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Zürich"}),
    ]
    said += _back(answer)
    for call, result in zip(calls, RESULTS, strict=True):
        said.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
    answer = ask(said)
    assert answer.output_text == TOLD
    said += [*_back(answer), {"role": "user", "content": QUESTION}]
    assert ask(said).output_text == ANSWER


def _back(answer: Response) -> list[dict[str, Any]]:
    """Items as programs send them back."""
    items = [item.to_dict() for item in answer.output]
    for item in items:
        item.pop("parsed_arguments", None)
        for part in item.get("content") or ():  # type: ignore[attr-defined]
            part.pop("parsed", None)
    return items


def picture(client: openai.OpenAI, model: str, family: Family) -> None:
    content: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": PNG_URL, "detail": "auto"},
    ]
    said: Input = [{"role": "user", "content": content}]
    if not family.pictures:
        with pytest.raises(openai.APIStatusError, match="image_url"):
            client.responses.create(model=model, input=said)
        return
    assert client.responses.create(model=model, input=said).output_text == "I see image/png of 70 bytes"


def parsed(client: openai.OpenAI, model: str, family: Family) -> None:
    """Structured output, as the library asks for it by a class."""
    if not family.schemas:
        with pytest.raises(openai.BadRequestError, match=r"format|schema"):
            client.responses.parse(model=model, input="Who?", text_format=Person)
        return
    answer = client.responses.parse(model=model, input="Who?", text_format=Person)
    assert answer.output_parsed == Person(name="Ada", age=36)


def limited(client: openai.OpenAI, model: str, family: Family) -> None:
    """An answer that is too long."""
    answer = client.responses.create(model=model, input=QUESTION + " la" * 20, max_output_tokens=16)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def errors(client: openai.OpenAI, model: str, family: Family) -> None:
    """The provider's status and words are what the library prints."""
    for stream in (False, True):
        for kind, raised, status in ERRORS:
            with pytest.raises(raised, match=f"You asked to fail: {kind}") as caught:
                client.responses.create(model=model, input=f"fail {kind}", stream=stream)
            statuses = {status, 529} if kind == "overloaded" else {status}
            statuses |= {422} if family.slug == "mistral" else set()
            assert caught.value.status_code in statuses


def broken_stream(client: openai.OpenAI, model: str, family: Family) -> None:
    """An error in the middle: the library raises it, or tells of a response that failed."""
    said, failed = "", ""
    try:
        for event in client.responses.create(model=model, input="cut midway please", stream=True):
            if event.type == "response.output_text.delta":
                said += event.delta
            if event.type == "response.failed" and event.response.error:
                failed = event.response.error.message
            if event.type == "error":
                failed = event.message
    except openai.APIError as error:
        failed = str(error)
    assert said.startswith("You said:")
    assert "The server broke" in failed


def thinking(client: openai.OpenAI, model: str, family: Family) -> None:
    """A model that thinks and calls: its reasoning is an item, and goes back with its call."""
    if not family.thinker and family.slug != "openai":
        return
    name = model.replace(family.model, family.thinker or "gpt-5-mini")
    said: Input = [{"role": "user", "content": "What is the weather in Paris?"}]
    wanted: Any = {"effort": "low", "summary": "auto"}
    include: Any = ["reasoning.encrypted_content"]
    answer = client.responses.create(
        model=name, input=said, tools=[TOOL], reasoning=wanted, store=False, include=include
    )
    thoughts = [part.text for item in answer.output if item.type == "reasoning" for part in item.summary]
    assert "".join(thoughts) == THOUGHT
    (call,) = [item for item in answer.output if item.type == "function_call"]
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens in (THINKING_TOKENS, 0)
    said += _back(answer)
    said.append({"type": "function_call_output", "call_id": call.call_id, "output": RESULTS[0]})
    with client.responses.stream(
        model=name, input=said, tools=[TOOL], reasoning=wanted, store=False, include=include
    ) as stream:
        last = stream.get_final_response()
    assert last.output_text == f"The tool said: {RESULTS[0]}."
    assert last.output[0].type == "reasoning"


DRIVES: tuple[Drive, ...] = (
    whole,
    streamed,
    tools,
    tools_streamed,
    picture,
    parsed,
    limited,
    errors,
    broken_stream,
    thinking,
)


def embeddings(client: openai.OpenAI, model: str, family: Family) -> None:
    """One text and several, as the library asks (for base64), as numbers, and of another width."""
    one = client.embeddings.create(model=model, input="Hello")
    assert [entry.embedding for entry in one.data] == [vector("Hello", WIDTH)]
    assert one.object == "list"
    several = client.embeddings.create(model=model, input=["Hello", "you"], encoding_format="float")
    assert [(entry.index, entry.embedding) for entry in several.data] == [
        (0, vector("Hello", WIDTH)),
        (1, vector("you", WIDTH)),
    ]
    wide = client.embeddings.create(model=model, input="Hello", dimensions=5)
    assert wide.data[0].embedding == vector("Hello", 5)


def abort(client: openai.OpenAI, model: str, fake: Fake) -> None:
    """A program that has read enough: the provider is left too."""
    stream = client.responses.create(model=model, input="slowly please", stream=True)
    for event in stream:
        if event.type == "response.output_text.delta":
            break
    stream.close()
    assert fake.was_left()
