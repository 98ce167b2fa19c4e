"""`penstock cache`: what is kept of answers, and forgetting it.

Opens the store of the workers beside a running gateway. What is kept, and for whom, is decided elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from penstock.analytics.nothing import why_nothing
from penstock.cli.access import confirm, opened, settings_of
from penstock.cli.names import provider_slug
from penstock.cli.nothing import say_nothing
from penstock.cli.options import data_option, json_option, where, yes_option
from penstock.cli.output import Cell, SeveralFaults, say, say_json
from penstock.cli.render import size, time_text
from penstock.cli.tables import print_table
from penstock.control.catalog import catalog
from penstock.control.opening import opener
from penstock.settings import ConfigError, load
from penstock.stores.opening import Stores
from penstock.stores.opening.shared import replies_from_outside
from penstock.stores.replies import OpenReplies, RepliesMissing, RepliesUnavailable, ReplyLimits, Scope, Stats
from penstock.time_text import rfc3339

_HEADINGS = ("STORE", "ENTRIES", "BYTES", "LIMIT", "OLDEST", "HITS", "STORED", "EVICTED", "EXPIRED")
_OWNER = b"penstock cache"  # takes nothing for itself

_STATS_HELP = """Show how much is kept: cached answers, and answers to requests with an `Idempotency-Key`.

STORED, EVICTED (for want of room), EXPIRED and HITS count from when the store was made.

\b
Examples:
  penstock cache stats
  penstock cache stats --json | jq 'select(.store == "cache") | .hits'
"""
_PURGE_HELP = """Forget cached answers: all of them, or those that fit all options given.

Answers to an `Idempotency-Key` stay: without them, a repeated request would be done twice.

\b
Examples:
  penstock cache purge
  penstock cache purge --gateway prod --provider openai
  penstock cache purge --account team-a --yes
"""


@click.group()
def cache() -> None:
    """What is kept of answers: how much it is, and forgetting it."""


def _some(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """An option that was not given matches any; an empty one is a mistake, and would match any, too."""
    if value == "":
        raise click.BadParameter("must not be empty")
    return value or ""


def _provider(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """As it is called in paths, whatever it was called here."""
    given = _some(context, parameter, value)
    return provider_slug(given) if given else ""


@cache.command(help=_STATS_HELP)
@data_option
@json_option
def stats(data: Path, as_json: bool) -> None:
    with _opened(data) as kept:
        found = [("cache", kept.cache.stats()), ("idempotency", kept.idempotency.stats())]
    if as_json:
        for name, numbers in found:
            say_json(_record(name, numbers))
    else:
        print_table(_HEADINGS, [_row(name, numbers) for name, numbers in found])


@cache.command(help=_PURGE_HELP)
@click.option("--gateway", metavar="ID", callback=_some, help="Only answers of this gateway.")
@click.option("--account", metavar="ID", callback=_some, help="Only answers of this account.")
@click.option("--provider", metavar="SLUG", callback=_provider, help="Only answers of this provider.")
@yes_option
@data_option
def purge(gateway: str, account: str, provider: str, yes: bool, data: Path) -> None:
    with _opened(data) as kept:
        confirm(_question(gateway=gateway, account=account, provider=provider), yes=yes)
        count = kept.cache.purge(Scope(account, gateway, provider))
    if not count:
        _check_names(data, account=account, gateway=gateway)
    say(f"{count} cached {'answer' if count == 1 else 'answers'} forgotten")


@contextmanager
def _opened(data: Path) -> Iterator[OpenReplies]:
    """Both stores of a data folder; what goes wrong with them ends the command with a sentence."""
    try:
        with closing(replies_from_outside(Stores(data), _OWNER, _limits())) as kept:
            yield kept
    except RepliesMissing:
        raise click.ClickException(
            f"no kept answers in {where(data)}: start `penstock serve --data {data}` first"
        ) from None
    except (RepliesUnavailable, OSError) as error:
        raise click.ClickException(f"cannot use the kept answers in {where(data)}: {error}") from None


def _check_names(data: Path, **given: str) -> None:
    """Ends the command where nothing was kept for a name that is like one that there is. Nothing was forgotten."""
    with opened(data) as store:
        places = [
            (one.account, one.id) for one in catalog(settings_of(None, data), store.snapshot(), opener(None))
        ]
    known = {"account": [account for account, _ in places], "gateway": [gateway for _, gateway in places]}
    words = [(word, text) for word, text in given.items() if text]
    none = why_nothing("gateway there is", words, lambda word: known[word])
    if none.is_mistake:
        say_nothing(none)


def _limits() -> ReplyLimits:
    """As the gateway has them, when it is started in this folder and with this environment."""
    try:
        settings = load(None, environ=os.environ, overrides={})
    except ConfigError as error:
        raise SeveralFaults(error.problems) from None
    return ReplyLimits(settings.cache.max_bytes, settings.idempotency.max_bytes)


def _question(**wanted: str) -> str:
    named = ", ".join(f"{name} {value}" for name, value in wanted.items() if value)
    return f"Forget the cached answers of {named}?" if named else "Forget all cached answers?"


def _row(name: str, stats: Stats) -> list[Cell]:
    oldest = "-" if stats.oldest_us is None else time_text(stats.oldest_us)
    counts = (stats.hits, stats.stored, stats.evicted, stats.expired)
    sizes = (size(stats.bytes), size(stats.limit))
    return [Cell(text) for text in (name, str(stats.entries), *sizes, oldest, *map(str, counts))]


def _record(name: str, stats: Stats) -> dict[str, str | int | None]:
    return {
        "store": name,
        "entries": stats.entries,
        "bytes": stats.bytes,
        "limit": stats.limit,
        "oldest": None if stats.oldest_us is None else rfc3339(stats.oldest_us),
        "hits": stats.hits,
        "stored": stats.stored,
        "evicted": stats.evicted,
        "expired": stats.expired,
    }
