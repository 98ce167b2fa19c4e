"""Calls of `penstock demo` of which there is one each: tools, pictures, long talks, what was tried again, and the like.

Values only, always the same; `demo_traffic.py` sends them, after the usual ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from penstock.cli.demo_answers import PICTURE, DemoAnswer, Tool
from penstock.cli.demo_calls import KEY, MadeCall
from penstock.cli.demo_people import Person

CUSTOM: Final = "custom-house"
"""The custom provider, whose keys are stored."""
BY_NAME: Final = "smart"
"""What the demonstration calls several models, that are tried in turn."""
_ANTHROPIC: Final[Mapping[str, str]] = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
_CHAT: Final = "v1/chat/completions"
_LONG: Final = " ".join(
    f"{number}. Read part {number} of the plan aloud, note who has to do what until when, and ask whoever "
    "is not there in writing."
    for number in range(1, 41)
)
_TOOL: Final[Mapping[str, object]] = {
    "type": "function",
    "function": {
        "name": "opening_hours",
        "description": "When a branch of the library is open.",
        "parameters": {
            "type": "object",
            "properties": {"branch": {"type": "string"}, "day": {"type": "string"}},
            "required": ["branch"],
        },
    },
}
_WANTED: Final = Tool("opening_hours", '{"branch":"Harbour","day":"Saturday"}')


def shaped_calls(ann: Person, bob: Person) -> Iterator[MadeCall]:
    """One of each."""
    yield from _tools(ann)
    yield from _talks(ann)
    yield from _pictures(bob)
    yield from _tried_again(ann)
    yield from _of_the_house(bob)
    yield MadeCall(
        "default",
        "openai",
        "v1/responses",
        {"model": "gpt-5-mini", "instructions": "Be brief.", "input": "Why is the sky blue?"},
        answer=DemoAnswer("Air scatters blue light more than red.", tokens_in=220, tokens_out=96),
        person=ann,
    )
    yield MadeCall(
        "default",
        "mistral",
        _CHAT,
        {"model": "an-experiment-7b", "messages": _asks("Is there a price for you?")},
        answer=DemoAnswer("Nobody has listed one.", tokens_in=31, tokens_out=12),
        person=bob,
    )


def _asks(text: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": text}]


def _tools(person: Person) -> Iterator[MadeCall]:
    """A tool that is called, and what follows."""
    question = _asks("Is the library at the harbour open on Saturday?")
    tools = {"model": "gpt-4o-mini", "tools": [_TOOL]}
    called = {"id": "call_demo", "type": "function"}
    function = {"name": _WANTED.name, "arguments": _WANTED.arguments}
    answered = [
        {"role": "assistant", "content": None, "tool_calls": [{**called, "function": function}]},
        {"role": "tool", "tool_call_id": "call_demo", "content": '{"open":"10:00","close":"14:00"}'},
    ]
    yield MadeCall(
        "default",
        "openai",
        _CHAT,
        {**tools, "messages": question},
        answer=DemoAnswer(tool=_WANTED, tokens_in=104, tokens_out=22),
        person=person,
    )
    yield MadeCall(
        "default",
        "openai",
        _CHAT,
        {**tools, "messages": [*question, *answered]},
        answer=DemoAnswer("Yes, from ten to two.", tokens_in=151, tokens_out=9),
        person=person,
    )


def _talks(person: Person) -> Iterator[MadeCall]:
    """A talk of several turns, and a long answer that comes slowly."""
    turns = [
        *_asks("I have flour, eggs and milk. What can I make?"),
        {"role": "assistant", "content": "Pancakes. Do you want sweet ones or savoury ones?"},
        *_asks("Savoury, and without cheese."),
        {"role": "assistant", "content": "With mushrooms and chives, then. How many people?"},
        *_asks("Four. ¿Y en español?"),
    ]
    yield MadeCall(
        "default",
        "anthropic",
        "v1/messages",
        {
            "model": "claude-sonnet-4-5",
            "max_tokens": 400,
            "system": "You are a cook. Answer in two sentences.",
            "messages": turns,
        },
        _ANTHROPIC,
        DemoAnswer(
            "Doce tortitas finas: 300 g de harina, seis huevos y medio litro de leche. Rellénalas al final.",
            tokens_in=188,
            tokens_out=41,
        ),
        person,
    )
    yield MadeCall(
        "default",
        "anthropic",
        "v1/messages",
        {
            "model": "claude-sonnet-4-5",
            "max_tokens": 4000,
            "stream": True,
            "messages": _asks("Write the agenda of a very thorough meeting."),
        },
        _ANTHROPIC,
        DemoAnswer(_LONG, seconds=2.0, tokens_in=64, tokens_out=1180, stream=True),
        person,
    )


def _pictures(person: Person) -> Iterator[MadeCall]:
    """One in a prompt, and one that is made."""
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": PICTURE}},
    ]
    yield MadeCall(
        "default",
        "openai",
        _CHAT,
        {"model": "gpt-4o", "messages": [{"role": "user", "content": parts}]},
        answer=DemoAnswer("A single pixel.", tokens_in=268, tokens_out=5),
        person=person,
    )
    yield MadeCall(
        "default",
        "openai",
        "v1/images/generations",
        {"model": "dall-e-3", "prompt": "A lighthouse in the fog", "size": "1024x1024", "n": 1},
        answer=DemoAnswer(seconds=0.3),
        person=person,
    )


def _tried_again(person: Person) -> Iterator[MadeCall]:
    """The first attempt fails and the second does not; the first model of a name fails, and the second answers."""
    yield MadeCall(
        "support",
        "openai",
        _CHAT,
        {"model": "gpt-4o-mini", "messages": _asks("Are you there now?")},
        answer=DemoAnswer("At the second attempt.", status=503, first="retry", tokens_in=24, tokens_out=7),
        person=person,
    )
    yield MadeCall(
        "default",
        "compat",
        "chat/completions",
        {"model": BY_NAME, "messages": _asks("Who answers to this name?")},
        answer=DemoAnswer(
            "The second model of the list.", status=529, only_at="anthropic", tokens_in=30, tokens_out=8
        ),
        person=person,
    )


def _of_the_house(person: Person) -> Iterator[MadeCall]:
    """The custom provider, with its stored keys."""
    for alias in ("default", "night"):
        yield MadeCall(
            "default",
            CUSTOM,
            "v1/chat/completions",
            {"model": "house-7b", "messages": _asks("What is on the menu of the canteen?")},
            {} if alias == "default" else {"cf-aig-byok-alias": alias},
            DemoAnswer("Lentil soup, and pears.", tokens_in=57, tokens_out=9),
            person,
        )


def limited_calls(person: Person) -> Iterator[MadeCall]:
    """Of somebody whose token may not spend much: by and by most of it is used."""
    for place in ("the harbour", "the station", "the old town"):
        yield MadeCall(
            "default",
            "openai",
            _CHAT,
            {"model": "gpt-4o", "max_tokens": 400, "messages": _asks(f"Describe {place} in two pages.")},
            answer=DemoAnswer(f"It is said that {place} is lovely.", tokens_in=2400, tokens_out=400),
            person=person,
        )
