"""`penstock keys change`, `block`, `unblock` and `rotate`: what becomes of a token that is there.

A token is named by its id, the beginning of it, or its name. What a token may be like is decided in
`control/token_changes.py`; the other commands of the group are in `keys.py`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path

import click
import msgspec

from penstock.access import tokens
from penstock.cli import token_options
from penstock.cli.access import checked, opened, settings_of
from penstock.cli.durations import seconds
from penstock.cli.options import config_option, data_option, json_option
from penstock.cli.output import say, say_json, tell
from penstock.cli.render import time_text
from penstock.clock import Clock
from penstock.control.opening import open_catalog
from penstock.control.token_changes import Place, TokenRefused, changes_to
from penstock.stores.control_store import ControlStore, Permission, Replace, Token

_CHANGE_HELP = """Change a token: limits, end, whose it is, what it may call. What is not named stays as it is.

Its secret stays, too, and so does what was counted. A list that is given takes the place of the one there was.

\b
Examples:
  penstock keys change ci --spend-limit 10/1d --note 'more for the release'
  penstock keys change ci --unset rate-limit --unset model
"""
_BLOCK_HELP = """Keep a token out for now. Whoever uses it is refused within a second.

\b
Example:
  penstock keys block ci
"""
_UNBLOCK_HELP = """Let a blocked token in again.

\b
Example:
  penstock keys unblock ci
"""
_ROTATE_HELP = """Give a token a new secret and print the new token, once. Its id and all it may do stay.

Without --overlap the old secret ends at once.

\b
Examples:
  penstock keys rotate ci
  penstock keys rotate 5gv2rma2 --overlap 1h
"""

_token_argument = click.argument("token_name", metavar="TOKEN")


@click.command(help=_CHANGE_HELP)
@_token_argument
@click.option("--name", callback=checked(token_options.plain_text), help="What people call it.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice(tokens.PERMISSIONS),
    help="What it may do. May be repeated.",
)
@token_options.field_options
@click.option(
    "--unset",
    multiple=True,
    type=click.Choice(tuple(token_options.EMPTY)),
    help="Take this away. May be repeated.",
)
@config_option
@data_option
def change(
    token_name: str,
    name: str | None,
    permissions: tuple[Permission, ...],
    unset: tuple[str, ...],
    config: Path | None,
    data: Path,
    **given: object,
) -> None:
    with opened(data) as store:
        old = token_options.one_token(store.snapshot().tokens, token_name)
        named = {"name": name, "permissions": permissions, **given}
        fields = token_options.fields(named, Clock().now_us(), old, unset)
        if not fields:
            raise click.UsageError("say what is to be another: see --help")
        new = msgspec.structs.replace(old, **fields)
        apply_token(store, config, data, old, new)
    what = "was changed" if new != old else "is as you say already"
    tell(f"Token {new.id} ({new.name}) {what}.")


@click.command(help=_BLOCK_HELP)
@_token_argument
@data_option
def block(token_name: str, data: Path) -> None:
    token = _let_in(token_name, data, blocked=True)
    tell(f"Token {token.id} ({token.name}) is blocked.")


@click.command(help=_UNBLOCK_HELP)
@_token_argument
@data_option
def unblock(token_name: str, data: Path) -> None:
    token = _let_in(token_name, data, blocked=False)
    tell(f"Token {token.id} ({token.name}) is not blocked.")
    if not tokens.is_live(token, Clock().now_us()):
        tell(
            "It has expired, so nobody gets in with it: `penstock keys change --expires` gives it another end."
        )


@click.command(help=_ROTATE_HELP)
@_token_argument
@click.option(
    "--overlap",
    callback=seconds,
    metavar="DURATION",
    default="0s",
    show_default=True,
    help="So long the old one stays good.",
)
@data_option
@json_option
def rotate(token_name: str, overlap: int, data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    with opened(data) as store:
        old = token_options.one_token(store.snapshot().tokens, token_name)
        fresh = tokens.fresh_secret(secrets.token_bytes, old.id)
        end_us = now_us + overlap * 1_000_000
        new = tokens.rotated(old, fresh.hash, end_us, now_us)
        store.apply([Replace(old, new)])
    print_new(new, fresh.text, as_json=as_json)
    ends = f"is good until {time_text(end_us)} at the latest" if overlap else "has ended"
    tell(f"Token {new.id} ({new.name}) has a new secret, shown this once. The old one {ends}.")
    if new.expires_us is not None and new.expires_us <= now_us:
        tell("The token itself has expired, so neither is of use: make another with `penstock keys create`.")
    if new.blocked:
        tell("The token is blocked, so neither is of use: let it in again with `penstock keys unblock`.")


def apply_token(store: ControlStore, config: Path | None, data: Path, old: Token | None, new: Token) -> None:
    """Stores a token, or another in the place of one. Raises `click.BadParameter`, `ControlStoreError`."""
    try:
        store.apply(changes_to(_places(store, config, data, old, new), old, new))
    except TokenRefused as error:
        raise click.BadParameter(str(error)) from None


def _places(
    store: ControlStore, config: Path | None, data: Path, old: Token | None, new: Token
) -> Collection[Place]:
    """The gateways there are, where the token names any that it did not: else no configuration is read for it."""
    if not set(new.gateways) - set(() if old is None else old.gateways):
        return ()
    settings, snapshot = settings_of(config, data), store.snapshot()
    return open_catalog(settings, snapshot, os.environ).gateways


def print_new(token: Token, text: str, *, as_json: bool) -> None:
    """A token that was just made, or has another secret: the one time that it is shown."""
    if as_json:
        say_json({"id": token.id, "name": token.name, "token": text})
    else:
        say(text)


def _let_in(token_name: str, data: Path, *, blocked: bool) -> Token:
    with opened(data) as store:
        old = token_options.one_token(store.snapshot().tokens, token_name)
        new = msgspec.structs.replace(old, blocked=blocked)
        if new != old:
            store.apply([Replace(old, new)])
    return new
