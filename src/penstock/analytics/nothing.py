"""What is said where nothing is what was asked for: which of the words nothing has, and what was probably meant.

Pure. Nothing is known here but the names that whoever asks gives, so that a name is only ever called wrong beside a
right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from penstock.analytics.call_choice import METADATA
from penstock_common.nearest import nearest

_MOST_NAMED: Final = 8

Known = Callable[[str], Iterable[str]]
"""The names that there are of what a word stands for; none for words that are no names."""


class Nothing(NamedTuple):
    """What there is to say; and whether a word is like one that there is, and probably mistyped."""

    text: str
    is_mistake: bool = False


def why_nothing(
    noun: str,
    words: Iterable[tuple[str, str]],
    known: Known,
    has: Callable[[str, str], bool] = lambda _word, _text: False,
) -> Nothing:
    """For words that nothing fits. `has` looks further than `known`, which may tell of a part only."""
    for word, text in words:
        names = sorted(set(known(word)))
        if not names or text in names or has(word, text):
            continue
        said = f"no {noun} has the {_said(word)} {text!r}"
        near = nearest(text, names)
        if near is not None:
            return Nothing(f"{said}; did you mean {near}?", True)
        return Nothing(f"{said}; there are {_some(names)}")
    return Nothing(f"no {noun} is so")


def repeated(words: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of which there are several: one of them may be mistyped though others fit something."""
    given = list(words)
    names = [word for word, _ in given]
    return [pair for pair in given if names.count(pair[0]) > 1]


def meant_instead(name: str, known: Iterable[str]) -> str:
    """What is said behind a name that none of these is; nothing where none is like it."""
    near = nearest(name, known)
    return "" if near is None else f"; did you mean {near}?"


def _said(word: str) -> str:
    return f"metadata {word.removeprefix(METADATA)}" if word.startswith(METADATA) else word


def _some(known: list[str]) -> str:
    shown = ", ".join(known[:_MOST_NAMED])
    return f"{shown}, …" if len(known) > _MOST_NAMED else shown
