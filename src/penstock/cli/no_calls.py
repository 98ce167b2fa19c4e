"""What is said where no call is what was asked for: which of the words no call has, and what was probably meant.

Reads the ledger; nothing is known here but what it has, so that a name is only ever called wrong beside a right one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final, NamedTuple

from penstock.analytics.call_choice import METADATA, Chosen, chosen_calls
from penstock.stores.ledger import ANY, CallRow, LedgerReader, Query

_LOOKED_AT: Final = 1000  # the latest calls, whose names are those that are likely meant
_MOST_NAMED: Final = 8
_NAMES: Final = ("account", "gateway", "provider", "model", "operation", "user", "team", "token")
"""Words that are fields of calls, too."""


class NoCalls(NamedTuple):
    """What there is to say; and whether a word is like one that there is, and probably mistyped."""

    text: str
    is_mistake: bool = False


def why_none(ledger: LedgerReader, chosen: Chosen, account: str | None) -> NoCalls:
    """For a query that no call fits."""
    recent = ledger.calls(ANY, _LOOKED_AT)
    if not recent:
        return NoCalls("no calls yet")
    names = [("account", account)] if account is not None else []
    for word, text in (*names, *chosen.words):
        known = sorted(set(_known(word, recent)))
        if text in known or not known or _has(ledger, word, text):
            continue
        near = difflib.get_close_matches(text[:100], known, n=1)
        said = f"no call has the {_said(word)} {text!r}"
        if near:
            return NoCalls(f"{said}; did you mean {near[0]}?", True)
        return NoCalls(f"{said}; there are {_some(known)}")
    return NoCalls("no call is so")


def _has(ledger: LedgerReader, word: str, text: str) -> bool:
    """Whether any call at all has it."""
    query = Query(account=text) if word == "account" else chosen_calls([(word, text)], None, 0).query
    return bool(ledger.calls(query, 1))


def _known(word: str, recent: list[CallRow]) -> Iterator[str]:
    """What calls have there; nothing for words that are no names."""
    for row in recent:
        if word.startswith(METADATA):
            value = row.metadata.get(word.removeprefix(METADATA))
            yield from () if value is None else (str(value),)
        elif word in _NAMES and (value := getattr(row, word)):
            yield value
            if word == "model":
                yield value.partition("/")[2]


def _said(word: str) -> str:
    return f"metadata {word.removeprefix(METADATA)}" if word.startswith(METADATA) else word


def _some(known: list[str]) -> str:
    shown = ", ".join(known[:_MOST_NAMED])
    return f"{shown}, …" if len(known) > _MOST_NAMED else shown
