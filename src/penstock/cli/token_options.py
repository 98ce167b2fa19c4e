"""What `penstock keys create` and `change` say of a token: limits, models, metadata, as texts of the command line.

Pure. What is made of a text raises `click.BadParameter`. What a token may be like is in `control/token_changes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

import click
import msgspec

from penstock.access import tokens
from penstock.cli import names
from penstock.cli.access import SHORTEST_PART, checked, one
from penstock.cli.durations import parse_seconds, seconds
from penstock.control.token_changes import (
    LONGEST_NOTE,
    LONGEST_TEXT,
    MODEL,
    MOST_ACTIVE,
    MOST_DOLLARS,
    MOST_METADATA,
    MOST_NUMBER,
    RESERVED,
    NoSuchToken,
    token_called,
)
from penstock.metadata import MetadataValue
from penstock.stores.control_store import RateLimit, SpendLimit, Token

_value = msgspec.json.Decoder(MetadataValue).decode


Command = TypeVar("Command", bound=Callable[..., object])

EMPTY: Final[Mapping[str, tuple[str, object]]] = {
    "account": ("accounts", ()),
    "gateway": ("gateways", ()),
    "expires": ("expires_us", None),
    "user": ("user", ""),
    "team": ("team", ""),
    "note": ("note", ""),
    "rate-limit": ("rate_limit", None),
    "spend-limit": ("spend_limit", None),
    "provider": ("providers", ()),
    "model": ("models", ()),
    "operation": ("operations", ()),
    "metadata": ("metadata", {}),
    "max-estimate": ("max_estimate", None),
    "max-active": ("max_active", None),
}
"""What can be taken away from a token: how it is called, its field, and what that is without it."""


def field_options(command: Command) -> Command:
    """The options that say what a token is like; what they give is for `fields`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def fields(
    given: Mapping[str, object], now_us: int, old: Token | None = None, unset: Collection[str] = ()
) -> dict[str, object]:
    """The fields of a token that options say. Raises `click.UsageError`."""
    found = {
        name: value
        for name, value in given.items()
        if not (value is None or value is False or value in ((), {}, ""))
    }
    length, sliding = found.pop("expires", None), found.pop("sliding", False)
    if isinstance(length, int):
        found["expires_us"] = now_us + length * 1_000_000
    found |= dict(EMPTY[name] for name in unset)
    if sliding:
        limits = {name: found.get(name, getattr(old, name, None)) for name in ("rate_limit", "spend_limit")}
        if not any(limits.values()):
            raise click.UsageError(
                "--sliding says how a limit counts: give --rate-limit or --spend-limit, too"
            )
        for name, limit in limits.items():
            if isinstance(limit, RateLimit | SpendLimit):
                found[name] = msgspec.structs.replace(limit, technique="sliding")
    return found


def one_token(found: Sequence[Token], text: str) -> Token:
    """The token with this id or name, or the only one whose id begins so."""
    if tokens.parse(text.strip().encode(errors="replace")) is None:
        try:
            return token_called(found, text)
        except NoSuchToken as error:
            beginning = len(text) >= SHORTEST_PART and any(token.id.startswith(text) for token in found)
            if not beginning:
                raise click.ClickException(str(error)) from None
    return one(found, text, "token")


def rate_limit(text: str) -> RateLimit:
    """`100/60s`."""
    count, interval = _per(text, "100/60s")
    if not (count.isascii() and count.isdigit() and 0 < int(count[:20]) <= MOST_NUMBER):
        raise click.BadParameter(f"{count!r} is not a number of requests: write for example 100/60s")
    return RateLimit(int(count), interval)


def spend_limit(text: str) -> SpendLimit:
    """`5/1d`, in US dollars."""
    amount, window = _per(text, "5/1d")
    return SpendLimit(dollars(amount, "5/1d"), window)


def dollars(text: str, example: str = "0.50") -> float:
    """`0.50`, in US dollars."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= MOST_DOLLARS:
        raise click.BadParameter(f"{text!r} is not an amount of US dollars: write for example {example}")
    return found


def model_pattern(text: str) -> str:
    """`provider/model` or a model alone, with `*`."""
    if MODEL.fullmatch(text) is None:
        raise click.BadParameter(
            f"{text!r} cannot be a model: it has no blanks and up to 256 ASCII characters"
        )
    return text


def plain_text(text: str) -> str:
    """A name for people."""
    if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise click.BadParameter(f"a name has 1 to {LONGEST_TEXT} characters that can be printed")
    return text.strip()


def optional_text(text: str) -> str:
    """A name for people, or nothing."""
    return plain_text(text) if text else ""


def note(text: str) -> str:
    """Some words for people, or nothing."""
    if len(text) > LONGEST_NOTE or not text.isprintable():
        raise click.BadParameter(f"a note has up to {LONGEST_NOTE} characters that can be printed")
    return text.strip()


def metadata(pairs: Sequence[str]) -> dict[str, MetadataValue]:
    """`team=x`. What reads as a number, as true or as false is one; in quotes it is a text."""
    found: dict[str, MetadataValue] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key or not pair.isprintable():
            raise click.BadParameter(f"{pair!r} is not of the form key=value")
        if key.startswith(RESERVED):
            raise click.BadParameter(f"{key!r}: keys that begin with {RESERVED} are reserved")
        if key in found:
            raise click.BadParameter(f"{key!r} is given twice")
        found[key] = _scalar(text)
    if len(found) > MOST_METADATA:
        raise click.BadParameter(f"a call has at most {MOST_METADATA} entries of metadata")
    return found


def _scalar(text: str) -> MetadataValue:
    try:
        value = _value(text)
    except (msgspec.MsgspecError, UnicodeError):
        return text
    too_large = isinstance(value, int) and abs(value) > MOST_NUMBER
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


def _read(parse: Callable[[Any], object]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that makes a value of the whole of an option's text or texts."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
        return None if value is None else parse(value)

    return callback


_OPTIONS = (
    click.option(
        "--account",
        "accounts",
        multiple=True,
        callback=checked(names.account_name),
        help="Only this account. May be repeated.",
    ),
    click.option(
        "--gateway",
        "gateways",
        multiple=True,
        callback=checked(names.gateway_path),
        help="Only this gateway, as gateway or account/gateway. May be repeated.",
    ),
    click.option(
        "--expires", callback=seconds, metavar="DURATION", help="After so long it ends. [default: never]"
    ),
    click.option("--user", default="", callback=checked(optional_text), help="Whose it is."),
    click.option("--team", default="", callback=checked(optional_text), help="Which team's it is."),
    click.option("--note", default="", callback=checked(note), help="What people should know of it."),
    click.option(
        "--rate-limit",
        metavar="LIMIT",
        callback=_read(rate_limit),
        help="At most so many requests in a time, as 100/60s.",
    ),
    click.option(
        "--spend-limit",
        metavar="LIMIT",
        callback=_read(spend_limit),
        help="At most so many US dollars in a time, as 5/1d.",
    ),
    click.option(
        "--sliding", is_flag=True, help="The limits' times are trailing ones, not aligned to the clock."
    ),
    click.option(
        "--provider",
        "providers",
        multiple=True,
        callback=checked(names.provider_slug),
        help="Only this provider. May be repeated.",
    ),
    click.option(
        "--model",
        "models",
        multiple=True,
        callback=checked(model_pattern),
        help="Only this model, as provider/model or alone; * is anything but /. May be repeated.",
    ),
    click.option(
        "--operation",
        "operations",
        multiple=True,
        callback=checked(names.operation),
        help="Only this operation: chat, search, parallel.tasks.*; * is anything. May be repeated.",
    ),
    click.option(
        "--metadata",
        multiple=True,
        callback=_read(metadata),
        help="Goes with each of its calls, as team=x. May be repeated.",
    ),
    click.option(
        "--max-estimate",
        metavar="USD",
        callback=_read(dollars),
        help="What one order at Parallel may come to, in US dollars.",
    ),
    click.option(
        "--max-active",
        type=click.IntRange(1, MOST_ACTIVE),
        help="So many runs of its may be under way.",
    ),
)
