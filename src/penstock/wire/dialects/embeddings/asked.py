"""What is asked of a model of embeddings: OpenAI's request, read into values (dialects, A7, B12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members

MOST_INPUTS: Final = 2048
"""In one request, as OpenAI has it."""

_FORMS: Final[tuple[Literal["float"], Literal["base64"]]] = ("float", "base64")


class EmbeddingsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, or tokens of the model's own, and how their vectors are wanted."""

    model: str
    texts: tuple[str, ...]  # empty where there are tokens
    tokens: tuple[tuple[int, ...], ...] = ()
    width: int | None = None
    form: Literal["float", "base64"] = "float"
    input_type: str = ""  # Cohere's word for what they are for
    task_type: str = ""  # Google's
    user: str = ""
    as_written: Object  # for providers of the same dialect

    @property
    def count(self) -> int:
        """How many vectors the caller is to get."""
        return len(self.texts) or len(self.tokens)

    def only_texts(self) -> tuple[str, ...]:
        """Raises `Refused` where the caller sends tokens, which only their own model knows."""
        if self.tokens:
            raise Refused("input", "token ids cannot be carried: send the text")
        return self.texts


def read_embeddings_request(body: Object, dropped: Dropped) -> EmbeddingsAsked:
    """Raises `Refused`. What OpenAI does not know is dropped by writers of other dialects, and goes on in its own."""
    members = Members(body)
    model = members.needed_text("model")
    texts, tokens = _inputs(members.take("input"))
    return EmbeddingsAsked(
        model=model,
        texts=texts,
        tokens=tokens,
        width=members.whole("dimensions", least=1),
        form=members.word("encoding_format", _FORMS) or "float",
        input_type=members.text("input_type") or "",
        task_type=members.text("task_type") or "",
        user=members.text("user") or "",
        as_written=body,
    )


def tell_rest(asked: EmbeddingsAsked, dropped: Dropped, taken: Sequence[str] = ()) -> None:
    """Tells what a provider of another dialect does not get. `taken` are extra members that it does."""
    carried = ("model", "input", "dimensions", "encoding_format", *taken)
    for name, value in asked.as_written.items():
        if value is not None and name not in carried:
            dropped(name)


def _inputs(value: Json) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value:
        raise Refused("input", "must be a string, or an array of strings or of token ids, and not empty")
    if all(_is_token(one) for one in value):
        value = [value]
    if len(value) > MOST_INPUTS:
        raise Refused("input", f"may have {MOST_INPUTS} entries")
    if all(isinstance(one, str) for one in value):
        return tuple(_text(one, number) for number, one in enumerate(value)), ()
    return (), tuple(_tokens(one, number) for number, one in enumerate(value))


def _text(value: Json, number: int) -> str:
    if not isinstance(value, str) or not value:
        raise Refused(f"input[{number}]", "must not be empty")
    return value


def _tokens(value: Json, number: int) -> tuple[int, ...]:
    if isinstance(value, list) and value and all(_is_token(one) for one in value):
        return tuple(one for one in value if isinstance(one, int))
    raise Refused(f"input[{number}]", "must be a string, or an array of token ids, as all the others are")


def _is_token(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
