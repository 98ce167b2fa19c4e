"""Which runs are meant: the words that people filter by in the addresses of pages, as a query to the run ledger.

The same words as the options of `penstock runs` and the parameters of the management API. Pure; who may see what is for
the caller to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from penstock.analytics.parameters import BadParameter
from penstock.analytics.times import parse_time
from penstock.runs.evidence import CONFIDENCES, domain
from penstock.runs.run import RunKind
from penstock.stores.runs import RunQuery

WORDS: Final = (
    "kind", "state", "active", "processor", "owner", "gateway", "parent", "confidence", "domain", "since", "until",
)  # fmt: skip
"""What runs may be chosen by."""

_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_MOST_VALUES: Final = 20  # of one word
_LONGEST: Final = 256


class ChosenRuns(NamedTuple):
    """A query, and the words that it was made of, in their order, each once."""

    query: RunQuery
    words: tuple[tuple[str, str], ...]


def chosen_runs(given: Iterable[tuple[str, str]], account: str, now_us: int) -> ChosenRuns:
    """The runs that these words mean: of several values of one word any, of several words all.

    Of owner, parent, active and times the last one counts. Words that are none of `WORDS` are left alone. Raises
    `BadParameter` for a value that its word cannot have.
    """
    words = tuple(
        dict.fromkeys((name, text.strip()) for name, text in given if name in WORDS and text.strip())
    )
    by_word: dict[str, list[str]] = {}
    for name, text in words:
        if len(text) > _LONGEST or len(by_word.setdefault(name, [])) >= _MOST_VALUES:
            raise BadParameter(name, f"at most {_MOST_VALUES} values of {_LONGEST} characters each")
        by_word[name].append(text)
    query = RunQuery(
        account=account,
        gateways=tuple(by_word.get("gateway", ())),
        kinds=tuple(map(_kind, by_word.get("kind", ()))),
        states=tuple(by_word.get("state", ())),
        active=_active(by_word),
        products=tuple(by_word.get("processor", ())),
        owner=_last(by_word, "owner") or "",
        parent=_last(by_word, "parent"),
        since_us=_time(by_word, "since", now_us),
        until_us=_time(by_word, "until", now_us),
        confidences=tuple(map(_confidence, by_word.get("confidence", ()))),
        domains=tuple(map(_host, by_word.get("domain", ()))),
    )
    return ChosenRuns(query, words)


def _kind(text: str) -> RunKind:
    try:
        return RunKind(text.lower())
    except ValueError:
        raise BadParameter("kind", f"{text!r} is no kind: give one of {', '.join(RunKind)}") from None


def _confidence(text: str) -> str:
    if text.lower() not in CONFIDENCES:
        raise BadParameter("confidence", f"{text!r} is no confidence: give one of {', '.join(CONFIDENCES)}")
    return text.lower()


def _host(text: str) -> str:
    host = domain(text)
    if not host:
        raise BadParameter("domain", f"{text!r} is no host")
    return host


def _active(by_word: Mapping[str, Sequence[str]]) -> bool | None:
    text = _last(by_word, "active")
    if text is None:
        return None
    if text.lower() not in (*_YES, *_NO):
        raise BadParameter("active", f"{text!r} is neither yes nor no")
    return text.lower() in _YES


def _last(by_word: Mapping[str, Sequence[str]], name: str) -> str | None:
    return next(reversed(by_word.get(name, ())), None)


def _time(by_word: Mapping[str, Sequence[str]], name: str, now_us: int) -> int | None:
    text = _last(by_word, name)
    try:
        return None if text is None else parse_time(text, now_us)
    except ValueError as error:
        raise BadParameter(name, str(error)) from None
