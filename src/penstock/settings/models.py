"""The table `[models]`: names that callers may use for models, and what each stands for.

Shapes and bounds, and what names that stand for other names come to in the end. Whether there is a provider of
the name in front of a model is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from msgspec import Meta

from penstock_common.check import FieldError, quote

ANYTHING_ELSE: Final = "*"
"""Stands for names that mean nothing by themselves; what it stands for are providers."""

MOST_MODELS: Final = 16
"""That one name stands for, each tried in turn."""

MOST_NAMES: Final = 5000
_MOST_STEPS = 16  # from a name over others to a model

_NAME = r"^[^\x00-\x20\x7f-\xa0]{1,256}\Z"
_A_NAME = "up to 256 characters without blanks"

ModelName = Annotated[str, Meta(pattern=_NAME, description=_A_NAME)]
Models = Annotated[tuple[ModelName, ...], Meta(min_length=1, max_length=MOST_MODELS)]
# What stands alone is checked by `flattened`: msgspec breaks down over a union of a pattern and an array.
ModelTable = Annotated[Mapping[ModelName, str | Models], Meta(max_length=MOST_NAMES)]


_is_name = re.compile(_NAME).match


def in_turn(meant: str | Sequence[str]) -> tuple[str, ...]:
    """What a name stands for, each once, in the order in which it is tried."""
    return (meant,) if isinstance(meant, str) else tuple(dict.fromkeys(meant))


def flattened(table: Mapping[str, str | Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Each name with the models that it stands for in the end, or providers with `*`.

    Raises `FieldError` with a name that leads back to itself, to too many, or to what is no name. One that stands in
    its own list is the model of that name there: `"openai/gpt-5" = ["openai/gpt-5", "anthropic/claude-sonnet-4-5"]`.
    """
    flattening = _Flattening(table)
    return {name: flattening.of(name, ())[0] for name in table}


def worked_out(
    table: Mapping[str, str | Sequence[str]], before: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """As `flattened`, but a name that it would refuse keeps back no other: those that can be used, and the faults.

    Names of `before` are worked out already, and go before those of the same name in the table.
    """
    flattening = _Flattening({name: meant for name, meant in table.items() if name not in before}, before)
    found: dict[str, tuple[str, ...]] = {}
    faults: dict[str, str] = {}
    for name in table:
        try:
            found[name] = flattening.of(name, ())[0]
        except FieldError as error:
            faults[name] = error.reason
    return found, faults


def fault_in(table: Mapping[str, str | Sequence[str]]) -> FieldError | None:
    """What `flattened` would say against a table."""
    try:
        flattened(table)
    except FieldError as error:
        return error
    return None


class _Flattening:
    """Of one table; each name is worked out once."""

    def __init__(
        self,
        table: Mapping[str, str | Sequence[str]],
        before: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._table = table
        # With the steps it takes.
        self._done = {name: (models, 1) for name, models in (before or {}).items()}

    def of(self, name: str, way: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """What a name stands for; `way` are the names that led to it."""
        done = self._done.get(name)
        if done is not None:
            return done
        if name in way:
            circle = " → ".join(quote(one) for one in (*way[way.index(name) :], name))
            raise FieldError(name, f"leads back to itself: {circle}")
        found: dict[str, None] = {}
        steps = 1
        for meant in in_turn(self._table[name]):
            if not _is_name(meant):
                raise FieldError(name, f"found {quote(meant)}, allowed: {_A_NAME}")
            if name == ANYTHING_ELSE or meant == name or not (meant in self._table or meant in self._done):
                found[meant] = None
                continue
            if meant == ANYTHING_ELSE or len(way) >= _MOST_STEPS:
                raise FieldError(name, _not_meant(meant))
            further, more = self.of(meant, (*way, name))
            found |= dict.fromkeys(further)
            steps = max(steps, more + 1)
        if len(found) > MOST_MODELS:
            raise FieldError(name, f"stands for {len(found)} models in the end, allowed: {MOST_MODELS}")
        if steps > _MOST_STEPS:
            raise FieldError(name, _not_meant(name))
        self._done[name] = tuple(found), steps
        return self._done[name]


def _not_meant(meant: str) -> str:
    if meant == ANYTHING_ELSE:
        return '"*" stands for other names, and no name for it: say which model is meant'
    return f"stands for other names over more than {_MOST_STEPS} steps"
