"""What a program does with LangChain, one function a scenario; each takes a model, whoever it speaks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel
from sdk_kit import ANSWER, PNG_TEXT, QUESTION, RESULTS, SYSTEM, TOLD

from support.providers.families import Family
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS

Drive = Callable[[BaseChatModel, Family], None]


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@tool
def get_weather(city: str) -> str:
    """Tells the weather."""
    return {"Paris": RESULTS[0], "Zürich": RESULTS[1]}[city]


def asked(text: str = QUESTION) -> list[BaseMessage]:
    return [SystemMessage(SYSTEM), HumanMessage(text)]


def invoked(model: BaseChatModel, family: Family) -> None:
    answer = model.invoke(asked())
    assert answer.text == ANSWER
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_tokens"] == FRESH_TOKENS + CACHED_TOKENS


def streamed(model: BaseChatModel, family: Family) -> None:
    pieces = [piece.text for piece in model.stream(asked())]
    assert ("".join(pieces), len([piece for piece in pieces if piece]) > 3) == (ANSWER, True)


def tools(model: BaseChatModel, family: Family) -> None:
    """Two calls at once, and their results; then the same in a stream."""
    calling = model.bind_tools([get_weather])
    messages: list[Any] = asked("What is the weather in Paris and Zürich?")
    answer = calling.invoke(messages)
    assert isinstance(answer, AIMessage)
    assert [call["args"] for call in answer.tool_calls] == [{"city": "Paris"}, {"city": "Zürich"}]
    results = [get_weather.invoke(call) for call in answer.tool_calls]
    assert all(isinstance(result, ToolMessage) for result in results)
    messages += [answer, *results]
    assert calling.invoke(messages).text == TOLD
    assert "".join(piece.text for piece in calling.stream(messages)) == TOLD


def picture(model: BaseChatModel, family: Family) -> None:
    if not family.pictures:
        return
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "base64": PNG_TEXT, "mime_type": "image/png"},
    ]
    assert model.invoke([HumanMessage(content)]).text == "I see image/png of 70 bytes"


def structured(model: BaseChatModel, family: Family) -> None:
    if not family.schemas:
        return
    assert model.with_structured_output(Person).invoke("Who?") == Person(name="Ada", age=36)


def refused(model: BaseChatModel, family: Family) -> None:
    with pytest.raises(Exception, match="You asked to fail: inner"):
        model.invoke(asked("fail inner"))


DRIVES: tuple[Drive, ...] = (invoked, streamed, tools, picture, structured, refused)
