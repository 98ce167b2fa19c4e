"""What `penstock keys create` says of a token: limits, models, metadata, as texts of the command line.

Pure. Every function raises `click.BadParameter`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import click
import msgspec

from penstock.cli.durations import parse_seconds
from penstock.metadata import MetadataValue
from penstock.stores.control_store import RateLimit, SpendLimit, Technique

_MOST_METADATA = 5  # Cloudflare 3.18
_RESERVED = "cf."  # Cloudflare 3.18
_MOST_REQUESTS = 2**53 - 1
_MOST_DOLLARS = 1e12
MOST_ACTIVE = 1_000_000
_MODEL = re.compile(r"[!-~]{1,256}")
_LONGEST_TEXT = 200

_value = msgspec.json.Decoder(MetadataValue).decode


def rate_limit(text: str, technique: Technique) -> RateLimit:
    """`100/60s`."""
    count, interval = _per(text, "100/60s")
    if not (count.isascii() and count.isdigit() and 0 < int(count[:20]) <= _MOST_REQUESTS):
        raise click.BadParameter(f"{count!r} is not a number of requests: write for example 100/60s")
    return RateLimit(int(count), interval, technique)


def spend_limit(text: str, technique: Technique) -> SpendLimit:
    """`5/1d`, in US dollars."""
    amount, window = _per(text, "5/1d")
    return SpendLimit(dollars(amount, "5/1d"), window, technique)


def dollars(text: str, example: str = "0.50") -> float:
    """`0.50`, in US dollars."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= _MOST_DOLLARS:
        raise click.BadParameter(f"{text!r} is not an amount of US dollars: write for example {example}")
    return found


def model_pattern(text: str) -> str:
    """`provider/model` or a model alone, with `*`."""
    if _MODEL.fullmatch(text) is None:
        raise click.BadParameter(
            f"{text!r} cannot be a model: it has no blanks and up to 256 ASCII characters"
        )
    return text


def plain_text(text: str) -> str:
    """A name for people."""
    if not text.strip() or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise click.BadParameter(f"a name has 1 to {_LONGEST_TEXT} characters that can be printed")
    return text.strip()


def optional_text(text: str) -> str:
    """A name for people, or nothing."""
    return plain_text(text) if text else ""


def metadata(pairs: Sequence[str]) -> dict[str, MetadataValue]:
    """`team=x`. What reads as a number, as true or as false is one; in quotes it is a text."""
    found: dict[str, MetadataValue] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key or not pair.isprintable():
            raise click.BadParameter(f"{pair!r} is not of the form key=value")
        if key.startswith(_RESERVED):
            raise click.BadParameter(f"{key!r}: keys that begin with {_RESERVED} are reserved")
        if key in found:
            raise click.BadParameter(f"{key!r} is given twice")
        found[key] = _scalar(text)
    if len(found) > _MOST_METADATA:
        raise click.BadParameter(f"a call has at most {_MOST_METADATA} entries of metadata")
    return found


def _scalar(text: str) -> MetadataValue:
    try:
        value = _value(text)
    except (msgspec.MsgspecError, UnicodeError):
        return text
    too_large = isinstance(value, int) and abs(value) > _MOST_REQUESTS
    return text if too_large or (isinstance(value, float) and not math.isfinite(value)) else value


def _per(text: str, example: str) -> tuple[str, int]:
    amount, slash, window = text.partition("/")
    try:
        seconds = parse_seconds(window)
    except ValueError as error:
        reason = str(error) if slash else f"write for example {example}"
        raise click.BadParameter(f"{text!r} is not a limit: {reason}") from None
    if not seconds:
        raise click.BadParameter(f"{text!r}: the time must be longer than nothing")
    return amount, seconds
