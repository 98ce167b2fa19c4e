"""What is said where no call is what was asked for, by the names that calls have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from penstock.analytics.call_choice import METADATA, Chosen, chosen_calls
from penstock.cli.nothing import Nothing, why_nothing
from penstock.stores.ledger import ANY, CallRow, Condition, LedgerReader, Query
from penstock.stores.rollups import Question, Rollups

_LOOKED_AT: Final = 1000  # the latest calls, whose names are those that are likely meant
_NAMES: Final = ("account", "gateway", "provider", "model", "operation", "user", "team", "token")
"""Words that are fields of calls, too."""
_KEY: Final = "metadata key"


def why_none(ledger: LedgerReader, chosen: Chosen, account: str | None) -> Nothing:
    """For a query that no call fits."""
    recent = ledger.calls(ANY, _LOOKED_AT)
    if not recent:
        return Nothing("no calls yet")
    keys = [(_KEY, word.removeprefix(METADATA)) for word, _ in chosen.words if word.startswith(METADATA)]
    words = (*([] if account is None else [("account", account)]), *keys, *chosen.words)
    return why_nothing("call", words, partial(_known, recent), partial(_has, ledger))


def why_no_sums(
    sums: Rollups, ledger: LedgerReader, words: Iterable[tuple[str, str]], now_us: int
) -> Nothing:
    """For sums that no call is in. `words` are an account, and dimensions of sums."""
    recent = ledger.calls(ANY, _LOOKED_AT)

    def known(word: str) -> Iterable[str]:
        if word == "account":
            return _known(recent, word)
        groups = sums.ask(Question(None, 0, now_us, by=(word,)))
        names = [group.values[0] for group in groups if group.values[0]]
        return [*names, *(name.partition("/")[2] for name in names if word == "model")]

    none = why_nothing(
        "call", words, known, lambda word, text: word == "account" and _has(ledger, word, text)
    )
    return none if none.is_mistake or recent else Nothing("no calls yet")


def _has(ledger: LedgerReader, word: str, text: str) -> bool:
    """Whether any call at all has it."""
    if word == _KEY:
        query = Query(conditions=((Condition("metadata.key", "eq", (text,)),),))
    else:
        query = Query(account=text) if word == "account" else chosen_calls([(word, text)], None, 0).query
    return bool(ledger.calls(query, 1))


def _known(recent: list[CallRow], word: str) -> Iterator[str]:
    """What calls have there; nothing for words that are no names."""
    for row in recent:
        if word == _KEY:
            yield from row.metadata
        elif word.startswith(METADATA):
            value = row.metadata.get(word.removeprefix(METADATA))
            yield from () if value is None else (str(value),)
        elif word in _NAMES and (value := getattr(row, word)):
            yield value
            if word == "model":
                yield value.partition("/")[2]
