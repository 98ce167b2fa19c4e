"""Durations on the command line: `60s`, `45m`, `12h`, `30d`."""

from __future__ import annotations

import re

import click

from penstock.settings.telemetry import UNIT_SECONDS

_FORM = re.compile(r"([0-9]{1,9})([smhdw])")
_LONGEST = 100 * 366 * 86_400  # a hundred years


def parse_seconds(text: str) -> int:
    """The seconds that `text` stands for, zero included. Raises ValueError."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a number with its unit, like 60s, 45m, 12h, 30d")
    found = int(match[1]) * UNIT_SECONDS[match[2]]
    if found > _LONGEST:
        raise ValueError(f"{text} is longer than a hundred years")
    return found


def duration_text(length: int) -> str:
    """The shortest way to write so many seconds."""
    for unit in ("w", "d", "h", "m"):
        if length and length % UNIT_SECONDS[unit] == 0:
            return f"{length // UNIT_SECONDS[unit]}{unit}"
    return f"{length}s"


def seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Callback of an option whose value is a duration."""
    try:
        return None if value is None else parse_seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
