"""What a program does with Amazon's own library, one function a scenario: it signs, and reads the binary stream.

It speaks Converse alone, so that it drives Amazon's own surface.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from sdk_kit import ANSWER, PARAMETERS, PNG, QUESTION, RESULTS, SYSTEM, TOLD, word_count

from support.providers.converse import ACCESS_KEY
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS, THOUGHT, Json


class Bedrock(Protocol):
    """As much of a client as is used; the library makes its methods when it runs."""

    def converse(self, **asked: object) -> Json: ...

    def converse_stream(self, **asked: object) -> Json: ...

    def close(self) -> None: ...


Drive = Callable[[Bedrock], None]

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TOOLS: Any = {
    "tools": [
        {"toolSpec": {"name": "get_weather", "description": "Tells", "inputSchema": {"json": PARAMETERS}}}
    ]
}


def asked(text: str = QUESTION) -> list[Any]:
    return [{"role": "user", "content": [{"text": text}]}]


def whole(client: Bedrock) -> None:
    answer = client.converse(modelId=MODEL, messages=asked(), system=[{"text": SYSTEM}])
    assert answer["output"]["message"]["content"] == [{"text": ANSWER}]
    usage = answer["usage"]
    assert (usage["inputTokens"], usage["cacheReadInputTokens"]) == (FRESH_TOKENS, CACHED_TOKENS)
    assert usage["outputTokens"] == word_count(ANSWER)


def streamed(client: Bedrock) -> None:
    answer = client.converse_stream(modelId=MODEL, messages=asked(), system=[{"text": SYSTEM}])
    with closing(answer["stream"]) as stream:
        events = list(stream)
    names = [next(iter(event)) for event in events]
    assert (names[0], names[-2:]) == ("messageStart", ["messageStop", "metadata"])
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta["text"] for delta in deltas) == ANSWER


def tools(client: Bedrock) -> None:
    """With thinking, whose signature goes back."""
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    messages = asked("What is the weather in Paris and Zürich?")

    def ask() -> Json:
        return client.converse(
            modelId=MODEL,
            messages=messages,
            system=[{"text": SYSTEM}],
            toolConfig=TOOLS,
            additionalModelRequestFields=fields,
            inferenceConfig={"maxTokens": 4096},
        )

    answer = ask()
    message = answer["output"]["message"]
    thought, *calls = message["content"]
    assert thought["reasoningContent"]["reasoningText"]["text"] == THOUGHT
    assert [call["toolUse"]["input"] for call in calls] == [{"city": "Paris"}, {"city": "Zürich"}]
    results = [
        {"toolResult": {"toolUseId": call["toolUse"]["toolUseId"], "content": [{"text": result}]}}
        for call, result in zip(calls, RESULTS, strict=True)
    ]
    messages += [message, {"role": "user", "content": results}]
    assert ask()["output"]["message"]["content"][-1] == {"text": TOLD}


def picture(client: Bedrock) -> None:
    image = {"image": {"format": "png", "source": {"bytes": PNG}}}
    messages = [{"role": "user", "content": [image, {"text": "What is this?"}]}]
    answer = client.converse(modelId=MODEL, messages=messages)
    assert answer["output"]["message"]["content"] == [{"text": "I see image/png of 70 bytes"}]


def errors(client: Bedrock) -> None:
    for kind, name in (
        ("bad", "ValidationException"),
        ("rate", "ThrottlingException"),
        ("inner", "InternalServerException"),
        ("overloaded", "ServiceUnavailableException"),
    ):
        with pytest.raises(ClientError, match=f"You asked to fail: {kind}") as caught:
            client.converse(modelId=MODEL, messages=asked(f"fail {kind}"))
        assert caught.value.response["Error"]["Code"] == name


def broken_stream(client: Bedrock) -> None:
    """An exception is a frame."""
    answer = client.converse_stream(modelId=MODEL, messages=asked("cut midway please"))
    with closing(answer["stream"]) as stream, pytest.raises(EventStreamError, match="The server broke"):
        list(stream)


DRIVES: tuple[Drive, ...] = (whole, streamed, tools, picture, errors, broken_stream)


@contextmanager
def bedrock(url: str) -> Iterator[Bedrock]:
    """A client of what stands at an address."""
    session = botocore.session.Session()
    client: Bedrock = session.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key="secret-of-the-fakes",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    try:
        yield client
    finally:
        client.close()
