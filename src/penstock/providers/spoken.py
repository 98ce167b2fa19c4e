"""Which dialects a provider speaks, and at which of its paths: what the unified endpoint chooses by.

What a dialect is, and how a question gets into it, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from penstock.wire.answer_dialect import Dialect
from penstock.wire.surface import SAME, Surface

_BESIDE_MODEL: Final = "/:@"  # which stand in names of models, and in paths as they are


MODES: Final = ("turbo", "fast", "basic", "advanced")
"""Of Parallel's search (Parallel 2.1)."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A dialect at a provider.

    `tail` is what follows the provider's name in a path of the gateway; `{model}`, `{region}`, `{place}` (a project's,
    or only a version) and `{verb}` (where what is asked has a word in it) are filled in.
    """

    dialect: Dialect
    tail: str
    streamed: str = ""  # the tail of what is streamed, where that is another
    stream_query: bytes = b""  # `?alt=sse`
    query: bytes = b""  # that is needed where the caller sends none
    models: re.Pattern[str] | None = (
        None  # that it is for; the first group is the name that the provider knows
    )
    host: str = ""  # of a family's models elsewhere: `bedrock`, `vertex`
    in_path: str = _BESIDE_MODEL  # what stands as it is in a path
    by_last_part: bool = False  # the body has what follows the last slash only

    def name_of(self, model: str) -> str | None:
        """What the provider calls a model; None where this is not for it."""
        if self.models is None:
            return model
        match = self.models.fullmatch(model)
        return None if match is None else match[1]

    @property
    def is_settled(self) -> bool:
        """Whether the path depends on the model and nothing else."""
        return "{" not in f"{self.tail}{self.streamed}".replace("{model}", "")

    def in_body(self, name: str) -> str:
        """The model's name in a body, by what the provider calls it."""
        return name.rpartition("/")[2] if self.by_last_part else name

    def path(
        self, model: str, *, region: str = "", place: str = "", verb: str = "", streamed: bool = False
    ) -> str:
        """The tail for a model."""
        tail = self.streamed if streamed and self.streamed else self.tail
        return tail.format(model=quote(model, safe=self.in_path), region=region, place=place, verb=verb)


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """All that a provider speaks: for conversations, for embeddings, and to say how many tokens something has.

    Of searches `models` are its kinds; `modes` has the one that is meant by each of `MODES`.
    """

    talk: tuple[Spoken, ...] = ()
    embed: tuple[Spoken, ...] = ()
    count: tuple[Spoken, ...] = ()
    search: tuple[Spoken, ...] = ()
    modes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.talk or self.embed)

    def kind_for(self, mode: str) -> str:
        """The kind of search that one of `MODES` stands for."""
        return self.modes[MODES.index(mode)]


SILENT: Final = Speech()


def chosen(speech: Speech, surface: Surface, model: str) -> tuple[Spoken, str] | None:
    """How a provider is asked, and what it calls the model: in the caller's dialect, if it speaks that.

    None: it is not asked at all.
    """
    fitting = [(one, name) for one in _for(speech, surface) if (name := one.name_of(model))]
    same = SAME[surface]
    return next((pair for pair in fitting if pair[0].dialect is same), fitting[0] if fitting else None)


def _for(speech: Speech, surface: Surface) -> Sequence[Spoken]:
    if surface is Surface.EMBEDDINGS:
        return speech.embed
    if surface is Surface.SEARCH:
        return speech.search
    return speech.count if surface is Surface.COUNT else speech.talk


def talks(path: str = "v1/chat/completions") -> Spoken:
    """Of who speaks OpenAI's Chat."""
    return Spoken(dialect=Dialect.OPENAI_CHAT, tail=path)


def responds(path: str = "v1/responses") -> Spoken:
    """Of who speaks OpenAI's Responses."""
    return Spoken(dialect=Dialect.OPENAI_RESPONSES, tail=path)


def messages(path: str = "v1/messages") -> Spoken:
    """Of who speaks Anthropic's Messages."""
    return Spoken(dialect=Dialect.ANTHROPIC, tail=path)


def embeds(path: str = "v1/embeddings") -> tuple[Spoken, ...]:
    """Of who has OpenAI's embeddings."""
    return (Spoken(dialect=Dialect.OPENAI_EMBEDDINGS, tail=path),)


def searches(dialect: Dialect, tail: str, *kinds: str) -> Spoken:
    """Of who searches the web in some kinds."""
    return Spoken(dialect=dialect, tail=tail, models=re.compile(f"({'|'.join(map(re.escape, kinds))})"))


def as_parallel(tail: str) -> tuple[Spoken, ...]:
    """Of who has Parallel's search itself."""
    return (searches(Dialect.PARALLEL, tail, *MODES),)
