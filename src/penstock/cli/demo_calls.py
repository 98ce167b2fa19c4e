"""The made-up calls of `penstock demo`, as values: who calls, what is asked, how it turns out. Always the same ones.

`demo_traffic.py` sends them, and `demo_history.py` writes others of the same kind down as of days ago. Calls of which
there is one each are in `demo_shapes.py`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from penstock.cli.demo_answers import DemoAnswer
from penstock.cli.demo_people import Person
from penstock.cli.demo_providers import HEADER

KEY: Final = "a-made-up-key"
BEARER: Final[Mapping[str, str]] = {"authorization": f"Bearer {KEY}"}
UNIFIED: Final = "compat"

_FAILS_EACH: Final = 18
_ERRORS: Final = (429, 500, 503)
_PROJECTS: Final = ("atlas", "globe", "inbox")
_KINDS: Final = ("openai", "anthropic", "google", "mistral", "embeddings", UNIFIED)
_QUESTIONS: Final = (
    (
        "Summarise this ticket in one sentence.",
        "A customer cannot reset the password, and asks for a new link.",
    ),
    ("Translate to French: the library opens at nine.", "La bibliothèque ouvre à neuf heures."),
    ("Name three uses of beeswax.", "Candles, polish for wood, and a coating for cheese."),
    ("Is this review positive? “It broke after a day.”", "No. The product failed soon after it was bought."),
    ("Write a subject line for our spring newsletter.", "What is new this spring, and what is next"),
    ("What is the capital of Australia?", "Canberra."),
    ("Extract the date: see you on 3 May 2027.", "2027-05-03"),
    (
        "Explain rainbows to a child.",
        "Drops of rain bend sunlight, and each colour bends a little differently.",
    ),
    ("日本で一番高い山は何ですか。", "日本で一番高い山は富士山で、高さは三千七百七十六メートルです。"),
    ("ما عاصمة المغرب؟", "عاصمة المغرب هي الرباط."),
)


class MadeCall(NamedTuple):
    """One call: whom it goes to, with what, as whom, and how its answer turns out.

    `provider` and `path` are parts of the address, below the gateway.
    """

    gateway: str
    provider: str
    path: str
    body: Mapping[str, object]
    headers: Mapping[str, str] = BEARER
    answer: DemoAnswer = DemoAnswer()
    person: Person | None = None
    metadata: Mapping[str, str] = {}

    def sent(self) -> dict[str, str]:
        """The headers that it goes with; in ASCII, as headers are."""
        own = {HEADER: json.dumps(msgspec.to_builtins(self.answer))}
        if self.metadata:
            own["cf-aig-metadata"] = json.dumps(dict(self.metadata))
        if self.person is not None:
            own["cf-aig-authorization"] = f"Bearer {self.person.token}"
        return {**self.headers, **own}


def usual_calls(people: Sequence[Person], count: int, seed: int, size: int = 1) -> Iterator[MadeCall]:
    """So many calls of the usual kinds, of so many times the usual tokens; always the same for a seed."""
    dice = random.Random(seed)
    for number in range(count):
        question, text = dice.choice(_QUESTIONS)
        kind = dice.choices(_KINDS, (34, 22, 12, 10, 14, 8))[0]
        fails = number % _FAILS_EACH == 0
        answer = DemoAnswer(
            text=text,
            status=_ERRORS[number // _FAILS_EACH % len(_ERRORS)] if fails else 200,
            seconds=dice.choice((0.02, 0.04, 0.08, 0.15, 0.3)) if dice.random() < 0.97 else 1.2,
            tokens_in=dice.randrange(40, 900) * size,
            tokens_out=dice.randrange(8, 400) * size,
            stream=kind in ("openai", "anthropic") and dice.random() < 0.4,
        )
        gateway = dice.choices(("default", "support", "batch"), (60, 28, 12))[0]
        person = dice.choice(people) if people and dice.random() < 0.85 else None
        project = {"project": dice.choice(_PROJECTS), "env": dice.choice(("prod", "prod", "test"))}
        call = _asked(kind, gateway, question, answer.stream)
        yield call._replace(
            answer=answer, person=person, metadata=project if dice.random() < 0.7 else call.metadata
        )


def _asked(kind: str, gateway: str, question: str, stream: bool) -> MadeCall:
    """Where, and how, each provider is asked."""
    messages = [{"role": "user", "content": question}]
    streams: dict[str, object] = {"stream": True} if stream else {}
    match kind:
        case "anthropic":
            headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
            body = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": messages, **streams}
            return MadeCall(gateway, "anthropic", "v1/messages", body, headers)
        case "google":
            path = "v1beta/models/gemini-2.5-flash:generateContent"
            contents = [{"role": "user", "parts": [{"text": question}]}]
            return MadeCall(
                gateway, "google-ai-studio", path, {"contents": contents}, {"x-goog-api-key": KEY}
            )
        case "mistral":
            body = {"model": "mistral-small-latest", "messages": messages}
            return MadeCall(gateway, "mistral", "v1/chat/completions", body)
        case "embeddings":
            return MadeCall(
                gateway, "openai", "v1/embeddings", {"model": "text-embedding-3-small", "input": question}
            )
        case "compat":
            body = {"model": "openai/gpt-4o", "messages": messages}
            return MadeCall(gateway, UNIFIED, "chat/completions", body)
    if stream:
        streams["stream_options"] = {"include_usage": True}
    body = {"model": "gpt-4o-mini", "messages": messages, **streams}
    return MadeCall(gateway, "openai", "v1/chat/completions", body)
