"""What each provider's side of a search has to offer, and the nouns that it speaks in.

A provider makes a request of a checked question, and results of an answer. Bounds and restrictions are applied to
the results by `answer.py`, whoever they are from; errors are read by `errors.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from penstock.wire.search.question import SearchAsked

INCLUDE: Final = "advanced_settings.source_policy.include_domains"
"""Where a question has the domains that it is restricted to."""

LOCATION: Final = "advanced_settings.location"
_FETCH: Final = "advanced_settings.fetch_policy"
MAX_AGE: Final = f"{_FETCH}.max_age_seconds"
FETCH_SECONDS: Final = f"{_FETCH}.timeout_seconds"
NO_STALE: Final = f"{_FETCH}.disable_cache_fallback"
OBJECTIVE: Final = "objective"
QUERIES: Final = "search_queries"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What goes to the provider: a JSON body, or a query and no body."""

    body: bytes = b""
    query: str = ""  # encoded, without `?`
    warnings: tuple[str, ...] = ()  # a member that was left out, and why, in each


class Result(msgspec.Struct, frozen=True):
    """One page that was found. `day` is `YYYY-MM-DD`."""

    url: str
    title: str | None
    day: str | None
    excerpts: Sequence[str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer tells."""

    results: Sequence[Result]
    warnings: tuple[str, ...] = ()


class Unreadable(Exception):
    """An answer that is none of the provider's."""


class SearchProvider(Protocol):
    """One provider's way to ask and to answer."""

    def ask(self, asked: SearchAsked, kind: str, today: str) -> Sent:
        """`kind` is one of those that the provider's file names; `today` is `YYYY-MM-DD`.

        Raises `Misasked` where a restriction cannot be told and would not hold afterwards.
        """

    def read(self, body: bytes) -> Told:
        """Of a good answer. Raises `Unreadable`."""


def left_out(asked: SearchAsked, name: str, *carried: str) -> tuple[str, ...]:
    """A warning for each member that was asked for and is not among those that are carried."""
    wanted = (
        (OBJECTIVE, bool(asked.objective)),
        (QUERIES, len(asked.queries) > 1),
        ("client_model", bool(asked.client_model)),
        (LOCATION, bool(asked.country)),
        (MAX_AGE, asked.max_age is not None),
        (FETCH_SECONDS, asked.fetch_seconds is not None),
        (NO_STALE, asked.no_stale),
    )
    return tuple(
        f"{member}: {_why(member, asked, name)}"
        for member, is_wanted in wanted
        if is_wanted and member not in carried
    )


def _why(member: str, asked: SearchAsked, name: str) -> str:
    if member == QUERIES:
        return f"{name} takes one query; only the first was sent"
    if member == LOCATION:
        return f"{asked.country} was not sent, {name} takes no such country"
    return f"not sent to {name}, which has no place for it"
