"""What is said where no call is what was asked for, by the names that calls have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from penstock.analytics.call_choice import METADATA, chosen_calls
from penstock.analytics.nothing import Nothing, why_nothing
from penstock.stores.ledger import ANY, CallRow, Condition, LedgerReader, Query
from penstock.stores.rollups import Question, Rollups

_LOOKED_AT: Final = 1000  # the latest calls, whose names are those that are likely meant
_NAMES: Final = ("account", "gateway", "provider", "model", "operation", "user", "team", "token")
"""Words that are fields of calls, too."""
_KEY: Final = "metadata key"


def why_none(
    ledger: LedgerReader, words: Sequence[tuple[str, str]], account: str | None, seen: Query = ANY
) -> Nothing:
    """For words that no call fits. `seen` are the calls that may be seen at all: names of others are not known here."""
    recent = ledger.calls(seen, _LOOKED_AT)
    if not recent:
        return Nothing("no calls yet")
    keys = [(_KEY, word.removeprefix(METADATA)) for word, _ in words if word.startswith(METADATA)]
    asked = (*([] if account is None else [("account", account)]), *keys, *words)
    return why_nothing("call", asked, partial(_known, recent), partial(_has, ledger, seen))


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
        "call", words, known, lambda word, text: word == "account" and _has(ledger, ANY, word, text)
    )
    return none if none.is_mistake or recent else Nothing("no calls yet")


def _has(ledger: LedgerReader, seen: Query, word: str, text: str) -> bool:
    """Whether any call at all has it, of those that may be seen."""
    if word == _KEY:
        query = Query(conditions=((Condition("metadata.key", "eq", (text,)),),))
    else:
        query = Query(account=text) if word == "account" else chosen_calls([(word, text)], None, 0).query
    if seen.account is not None and word != "account":
        query = msgspec.structs.replace(query, account=seen.account)
    if seen.gateways:
        query = msgspec.structs.replace(
            query, gateways=tuple(set(query.gateways or seen.gateways) & set(seen.gateways))
        )
        if not query.gateways:
            return False
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
