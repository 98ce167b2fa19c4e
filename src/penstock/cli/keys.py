"""`penstock keys`: the tokens that callers show, and what each may do.

Changes the directory beside a running gateway, which takes them up within a second. What changes a token that is
there is in `key_changes.py`, what options mean in `token_options.py`, how tokens are shown in `token_view.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from penstock.access import tokens
from penstock.cli import token_options
from penstock.cli.access import checked, confirm, opened
from penstock.cli.key_changes import apply_token, block, change, print_new, rotate, unblock
from penstock.cli.options import config_option, data_option, json_option, yes_option
from penstock.cli.output import say_json, tell
from penstock.cli.tables import print_facts, print_table
from penstock.cli.token_view import HEADINGS, SHORTENED, facts, line, record
from penstock.clock import Clock
from penstock.control.limit_readers import limit_readers_from_outside
from penstock.control.token_use import TokenUse, uses
from penstock.stores.control_store import Permission, Remove, Token
from penstock.stores.opening import Stores

_CREATE_HELP = """Make a token and print it, once: only a hash of it is kept.

The token alone goes to standard output. Callers send it as `cf-aig-authorization: Bearer …`.

\b
Examples:
  penstock keys create ci
  penstock keys create bot --expires 30d --rate-limit 100/60s --spend-limit 5/1d
  penstock keys create team-a --gateway prod --provider openai --model 'openai/gpt-*'
  penstock keys create bot --operation chat --operation embeddings --operation 'parallel.tasks.*'
  penstock keys create lab --model 'parallel/core*' --max-estimate 0.50 --max-active 20
  penstock keys create ops --permission read --permission edit --json | jq -r .token
"""
_LIST_HELP = """List the tokens, oldest first, with what is used of their limits. Neither secrets nor hashes are shown.

\b
Examples:
  penstock keys list
  penstock keys list --json | jq 'select(.team == "research")'
"""
_SHOW_HELP = """Show one token, by its id, the beginning of it, or its name: what it may do, what is used of its limits.

\b
Examples:
  penstock keys show ci
  penstock keys show 5gv2rma2
"""
_REVOKE_HELP = """Remove a token. Whoever still uses it is refused within a second.

\b
Example:
  penstock keys revoke ci
"""


@click.group()
def keys() -> None:
    """Who may call: make, list, change, block, rotate and revoke tokens."""


@keys.command(help=_CREATE_HELP)
@click.argument("name", callback=checked(token_options.plain_text))
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    default=("run",),
    show_default=True,
    type=click.Choice(tokens.PERMISSIONS),
    help="What it may do. May be repeated.",
)
@token_options.field_options
@config_option
@data_option
@json_option
def create(
    name: str,
    permissions: tuple[Permission, ...],
    config: Path | None,
    data: Path,
    as_json: bool,
    **given: object,
) -> None:
    now_us, fresh = Clock().now_us(), tokens.fresh_secret(secrets.token_bytes)
    plain = Token(
        id=fresh.id,
        name=name,
        permissions=permissions,
        secrets=(fresh.hash,),
        created_us=now_us,
    )
    token = msgspec.structs.replace(plain, **token_options.fields(given, now_us))
    with opened(data) as store:
        apply_token(store, config, data, None, token)
    print_new(token, fresh.text, as_json=as_json)
    tell(f"Token {token.id} ({token.name}) was made. It is shown this once; keep it safe.")


@keys.command("list", help=_LIST_HELP)
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    with opened(data) as store:
        found = store.snapshot().tokens
    used = _used(data, found, now_us)
    if as_json:
        for token in found:
            say_json(record(token, used[token.id], now_us))
        return
    print_table(HEADINGS, [line(token, used[token.id], now_us) for token in found], SHORTENED)


@keys.command(help=_SHOW_HELP)
@click.argument("token_name", metavar="TOKEN")
@data_option
@json_option
def show(token_name: str, data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    with opened(data) as store:
        token = token_options.one_token(store.snapshot().tokens, token_name)
    use = _used(data, [token], now_us)[token.id]
    if as_json:
        say_json(record(token, use, now_us))
    else:
        print_facts(facts(token, use, now_us))


@keys.command(help=_REVOKE_HELP)
@click.argument("token_name", metavar="TOKEN")
@yes_option
@data_option
def revoke(token_name: str, yes: bool, data: Path) -> None:
    with opened(data) as store:
        token = token_options.one_token(store.snapshot().tokens, token_name)
        confirm(f"Revoke the token {token.id} ({token.name})?", yes=yes)
        store.apply([Remove(token)])
    tell(f"Token {token.id} ({token.name}) was revoked.")


for _command in (change, block, unblock, rotate):
    keys.add_command(_command)


def _used(data: Path, found: Sequence[Token], now_us: int) -> Mapping[str, TokenUse]:
    """What is used of each, as far as it can be told now."""
    with limit_readers_from_outside(Stores(data)) as readers:
        return uses(found, readers.counters, readers.rollups, readers.runs, now_us)
