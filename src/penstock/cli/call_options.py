"""The options by which calls are chosen, and the query that they come to.

They are the words of `analytics/call_choice.py`, which the addresses of the dashboard have, too. What is said where
they choose nothing is in `no_calls.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import click

from penstock.analytics.call_choice import METADATA, Chosen, chosen_calls
from penstock.analytics.parameters import BadParameter
from penstock.clock import Clock

_TIME: Final = "A date, a time, or how long ago: 45m, 24h, 30d. UTC."
_HELP: Final[Mapping[str, tuple[str, str]]] = {
    "since": ("TIME", _TIME),
    "until": ("TIME", "The same; not included."),
    "gateway": ("ID", "Only this gateway."),
    "provider": ("NAME", "Only this provider."),
    "model": ("NAME", "As provider/model, or a model of any provider."),
    "operation": ("NAME", "By its name: openai.responses.get, or unknown."),
    "status": ("CODE", "200, 4xx, 5xx, or error: whatever did not succeed."),
    "user": ("NAME", "Only of tokens of this user."),
    "team": ("NAME", "Only of tokens of this team."),
    "token": ("ID", "Only of this token; none: without any."),
    "metadata": ("KEY=VALUE", "With this in its metadata."),
    "cost": ("USD", "A comparison: '>0.01', '<2'."),
    "duration": ("TIME", "A comparison: '>2s', '<300ms'."),
    "tokens": ("COUNT", "A comparison, of those in and out together: '>1000'."),
    "cached": ("YES|NO", "Whether it was answered without asking the provider."),
    "search": ("TEXT", "In id, provider, model, path, user agent or metadata, in any case."),
}
_ONCE: Final = ("since", "until", "search", "cached")


def call_options(command: Callable[..., None]) -> Callable[..., None]:
    """All of them. Each comes as what was given of it, one or several; `account` as a text, or None."""
    for word, (metavar, help_) in list(_HELP.items())[::-1]:
        more = "" if word in _ONCE else " May be repeated."
        command = click.option(f"--{word}", word, multiple=True, metavar=metavar, help=help_ + more)(command)
    return click.option("--account", metavar="NAME", help="Only of this account.")(command)


def chosen(words: Mapping[str, tuple[str, ...]], account: str | None) -> Chosen:
    """The calls that are meant. Raises `click.BadParameter`."""
    pairs = list(_pairs(words))
    try:
        return chosen_calls(pairs, account, Clock().now_us())
    except BadParameter as error:
        raise click.BadParameter(error.reason, param_hint=f"--{error.parameter}") from None


def _pairs(words: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for word, values in words.items():
        if word in _ONCE and len(values) > 1:
            raise click.BadParameter("give it once", param_hint=f"--{word}")
        for value in values:
            if not value.strip():
                raise click.BadParameter("it is empty", param_hint=f"--{word}")
            yield _metadata(value) if word == "metadata" else (word, value)


def _metadata(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value.strip()):
        raise click.BadParameter(f"{text!r} is not like project=maps", param_hint="--metadata")
    return f"{METADATA}{key.strip()}", value
