"""What the drives of official libraries share: what is asked and what comes back, the fakes, a gateway before them."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from support.configuration import gateways, providers
from support.gateway import Gateway
from support.providers.families import FAMILIES, fakes
from support.providers.mind import Json
from support.providers.serving import Fake, serving

QUESTION = "Hello é"
SYSTEM = "Be brief."
ANSWER = f"You said: {QUESTION} – schön 日本. Under: {SYSTEM}"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PNG_TEXT = base64.b64encode(PNG).decode()
PNG_URL = f"data:image/png;base64,{PNG_TEXT}"
RESULTS = ("21 degrees", "5 degrees")
TOLD = f"The tool said: {RESULTS[0]}; {RESULTS[1]}."
PARAMETERS: Json = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER: Json = {"name": "get_weather", "description": "Tells the weather", "parameters": PARAMETERS}


def word_count(text: str) -> int:
    """The tokens of a text, as the fakes count."""
    return len(re.findall(r"\S+", text))


def driven(drives: Iterable[Callable[..., None]]) -> list[ParameterSet]:
    """Families times drives, each a parameter."""
    return [
        pytest.param(family, drive, id=f"{key}-{drive.__name__}")
        for key, family in FAMILIES.items()
        for drive in drives
    ]


class Stand:
    """The fakes, and perhaps a gateway before them."""

    def __init__(self, made: dict[str, Fake]) -> None:
        self.fakes = made
        self.gateway = ""

    @property
    def compat(self) -> str:
        """The unified surfaces, as a base URL is written."""
        return f"{self.gateway}/v1/acct/gw/compat"

    @property
    def first_guess(self) -> str:
        """The same of the default account and gateway, as an OpenAI base URL; one of Anthropic's has no `/v1`."""
        return f"{self.gateway}/v1"


@contextmanager
def fakes_alone() -> Iterator[Stand]:
    """Without a gateway."""
    stand = Stand(fakes())
    with serving(stand.fakes):
        yield stand


@contextmanager
def fakes_and_gateway(folder: Path) -> Iterator[Stand]:
    """With one, in processes of its own."""
    with fakes_alone() as stand:
        urls = {slug: fake.url for slug, fake in stand.fakes.items()}
        gateway = asyncio.run(Gateway.start(folder, gateways(gw={}, default={}) + providers(urls)))
        try:
            stand.gateway = gateway.url
            yield stand
        finally:
            asyncio.run(gateway.kill_group())
