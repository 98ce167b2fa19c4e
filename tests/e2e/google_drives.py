"""What a program does with Google's official library for Python, one function a scenario.

It speaks `generateContent` alone, so that it drives Google's own surface: the fake directly, and through the gateway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google import genai
from google.genai import errors as failures
from google.genai import types
from pydantic import BaseModel
from sdk_kit import ANSWER, PARAMETERS, PNG, QUESTION, RESULTS, SYSTEM, TOLD, word_count

from support.providers.gemini import COUNTED_TOKENS
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS, THOUGHT
from support.providers.responses import vector
from support.providers.serving import Fake

Drive = Callable[[genai.Client], None]

MODEL = "gemini-2.5-flash"
SIGNING = "gemini-3-flash-preview"


class Person(BaseModel):
    """What is asked for as structured output."""

    name: str
    age: int


def _tools() -> list[Any]:
    declared = types.FunctionDeclaration(
        name="get_weather", description="Tells", parameters_json_schema=PARAMETERS
    )
    return [types.Tool(function_declarations=[declared])]


def whole(client: genai.Client) -> None:
    config = types.GenerateContentConfig(system_instruction=SYSTEM)
    answer = client.models.generate_content(model=MODEL, contents=QUESTION, config=config)
    assert answer.text == ANSWER
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.prompt_token_count == FRESH_TOKENS + CACHED_TOKENS
    assert usage.candidates_token_count == word_count(ANSWER)


def streamed(client: genai.Client) -> None:
    config = types.GenerateContentConfig(system_instruction=SYSTEM)
    pieces = [
        piece.text or ""
        for piece in client.models.generate_content_stream(model=MODEL, contents=QUESTION, config=config)
    ]
    assert ("".join(pieces), len(pieces) > 3) == (ANSWER, True)


def tools(client: genai.Client) -> None:
    """Of a model that signs its calls: history goes back as it came."""
    calling = types.AutomaticFunctionCallingConfig(disable=True)
    config = types.GenerateContentConfig(
        tools=_tools(), system_instruction=SYSTEM, automatic_function_calling=calling
    )
    contents: list[Any] = [
        types.Content(role="user", parts=[types.Part(text="What is the weather in Paris and Zürich?")])
    ]
    answer = client.models.generate_content(model=SIGNING, contents=contents, config=config)
    calls = answer.function_calls or []
    assert [(call.name, call.args) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Zürich"}),
    ]
    assert answer.candidates
    contents.append(answer.candidates[0].content)
    parts = [
        types.Part(
            function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": result})
        )
        for call, result in zip(calls, RESULTS, strict=True)
    ]
    contents.append(types.Content(role="user", parts=parts))
    pieces = client.models.generate_content_stream(model=SIGNING, contents=contents, config=config)
    assert "".join(piece.text or "" for piece in pieces) == TOLD


def picture(client: genai.Client) -> None:
    part = types.Part.from_bytes(data=PNG, mime_type="image/png")
    contents: list[Any] = [part, "What is this?"]
    answer = client.models.generate_content(model=MODEL, contents=contents)
    assert answer.text == "I see image/png of 70 bytes"


def parsed(client: genai.Client) -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Person)
    answer = client.models.generate_content(model=MODEL, contents="Who?", config=config)
    assert answer.parsed == Person(name="Ada", age=36)


def thinking(client: genai.Client) -> None:
    thoughts = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
    answer = client.models.generate_content(
        model=MODEL, contents=QUESTION, config=types.GenerateContentConfig(thinking_config=thoughts)
    )
    assert answer.parts
    assert [part.text for part in answer.parts if part.thought] == [THOUGHT]


def errors(client: genai.Client) -> None:
    for kind, code in (("bad", 400), ("model", 404), ("rate", 429), ("inner", 500), ("overloaded", 503)):
        with pytest.raises(failures.APIError, match=f"You asked to fail: {kind}") as caught:
            client.models.generate_content(model=MODEL, contents=f"fail {kind}")
        assert caught.value.code == code
        with pytest.raises(failures.APIError, match=f"You asked to fail: {kind}"):
            list(client.models.generate_content_stream(model=MODEL, contents=f"fail {kind}"))


def embedded(client: genai.Client) -> None:
    config = types.EmbedContentConfig(output_dimensionality=5)
    texts: list[Any] = ["Hello", "you"]
    found = client.models.embed_content(model="gemini-embedding-001", contents=texts, config=config)
    assert found.embeddings
    assert [entry.values for entry in found.embeddings] == [vector("Hello", 5), vector("you", 5)]


def counted(client: genai.Client) -> None:
    assert client.models.count_tokens(model=MODEL, contents=QUESTION).total_tokens == COUNTED_TOKENS


DRIVES: tuple[Drive, ...] = (
    whole,
    streamed,
    tools,
    picture,
    parsed,
    thinking,
    errors,
    embedded,
    counted,
)


def abort(client: genai.Client, fake: Fake) -> None:
    """A program that has read enough: the provider is left too."""
    stream: Any = client.models.generate_content_stream(model=MODEL, contents="slowly please")
    next(iter(stream))
    stream.close()
    assert fake.was_left()


def google(url: str, key: str) -> genai.Client:
    """A client of what stands at an address."""
    return genai.Client(
        api_key=key,
        http_options=types.HttpOptions(base_url=url, retry_options=types.HttpRetryOptions(attempts=1)),
    )
