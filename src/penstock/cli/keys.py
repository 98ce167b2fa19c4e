"""`penstock keys`: the tokens that callers show, and what each may do.

Changes the directory beside a running gateway, which takes them up within a second. What options mean is in
`token_options.py`, how tokens are shown in `token_view.py`. A token is printed once, when it is made.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from penstock.access import tokens
from penstock.cli import names, token_options
from penstock.cli.access import checked, confirm, one, opened
from penstock.cli.durations import seconds
from penstock.cli.options import data_option, json_option, yes_option
from penstock.cli.output import say, say_json, tell
from penstock.cli.render import local_time
from penstock.cli.tables import print_facts, print_table
from penstock.cli.token_view import HEADINGS, facts, line, record
from penstock.clock import Clock
from penstock.stores.control_store import Add, Permission, Remove, Replace, Technique, Token

_CREATE_HELP = """Make a token and print it, once: only a hash of it is kept.

The token alone goes to standard output. Callers send it as `cf-aig-authorization: Bearer …`.

\b
Examples:
  penstock keys create ci
  penstock keys create bot --expires 30d --rate-limit 100/60s --spend-limit 5/1d
  penstock keys create team-a --gateway prod --provider openai --model 'openai/gpt-*'
  penstock keys create lab --model 'parallel/core*' --max-estimate 0.50 --max-active 20
  penstock keys create ops --permission read --permission edit --json | jq -r .token
"""
_LIST_HELP = """List the tokens, oldest first. Neither secrets nor hashes are shown.

\b
Examples:
  penstock keys list
  penstock keys list --json | jq 'select(.team == "research")'
"""
_SHOW_HELP = """Show one token, by its id or the beginning of it.

\b
Example:
  penstock keys show 5gv2rma2
"""
_ROTATE_HELP = """Give a token a new secret and print the new token, once. Its id and all it may do stay.

Without --overlap the old secret ends at once.

\b
Examples:
  penstock keys rotate 5gv2rma2
  penstock keys rotate 5gv2rma2 --overlap 1h
"""
_REVOKE_HELP = """Remove a token. Whoever still uses it is refused within a second.

\b
Example:
  penstock keys revoke 5gv2rma2
"""


@click.group()
def keys() -> None:
    """Who may call: make, list, rotate and revoke tokens."""


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
@click.option(
    "--account", "accounts", multiple=True, callback=checked(names.account_name), help="Only this account."
)
@click.option(
    "--gateway",
    "gateways",
    multiple=True,
    callback=checked(names.gateway_path),
    help="Only this gateway, as gateway or account/gateway. May be repeated.",
)
@click.option(
    "--expires", callback=seconds, metavar="DURATION", help="After so long it ends. [default: never]"
)
@click.option("--user", default="", callback=checked(token_options.optional_text), help="Whose it is.")
@click.option("--team", default="", callback=checked(token_options.optional_text), help="Which team's it is.")
@click.option("--rate-limit", help="At most so many requests in a time, as 100/60s.")
@click.option("--spend-limit", help="At most so many US dollars in a time, as 5/1d.")
@click.option(
    "--sliding", is_flag=True, help="The limits' times are trailing ones, not aligned to the clock."
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    callback=checked(names.provider_slug),
    help="Only this provider. May be repeated.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    callback=checked(token_options.model_pattern),
    help="Only this model, as provider/model or alone; * is anything but /. May be repeated.",
)
@click.option("--metadata", multiple=True, help="Goes with each of its calls, as team=x. May be repeated.")
@click.option(
    "--max-estimate",
    metavar="USD",
    help="What one order at Parallel may come to, in US dollars.",
)
@click.option(
    "--max-active",
    type=click.IntRange(1, token_options.MOST_ACTIVE),
    help="So many runs of its may be under way.",
)
@data_option
@json_option
def create(
    name: str,
    permissions: tuple[Permission, ...],
    accounts: tuple[str, ...],
    gateways: tuple[str, ...],
    expires: int | None,
    user: str,
    team: str,
    rate_limit: str | None,
    spend_limit: str | None,
    sliding: bool,
    providers: tuple[str, ...],
    models: tuple[str, ...],
    metadata: tuple[str, ...],
    max_estimate: str | None,
    max_active: int | None,
    data: Path,
    as_json: bool,
) -> None:
    if sliding and rate_limit is None and spend_limit is None:
        raise click.UsageError("--sliding says how a limit counts: give --rate-limit or --spend-limit, too")
    technique: Technique = "sliding" if sliding else "fixed"
    id_bytes, secret_bytes = secrets.token_bytes(tokens.ID_BYTES), secrets.token_bytes(tokens.SECRET_BYTES)
    text = tokens.new_token_text(id_bytes, secret_bytes)
    now_us = Clock().now_us()
    token = Token(
        id=tokens.id_of(text),
        name=name,
        permissions=permissions,
        accounts=accounts,
        gateways=gateways,
        secrets=(tokens.secret_hash(text, secrets.token_bytes(tokens.SALT_BYTES)),),
        created_us=now_us,
        expires_us=None if expires is None else now_us + expires * 1_000_000,
        user=user,
        team=team,
        rate_limit=None if rate_limit is None else token_options.rate_limit(rate_limit, technique),
        spend_limit=None if spend_limit is None else token_options.spend_limit(spend_limit, technique),
        providers=providers,
        models=models,
        metadata=token_options.metadata(metadata),
        max_estimate=None if max_estimate is None else token_options.dollars(max_estimate),
        max_active=max_active,
    )
    with opened(data) as store:
        store.apply([Add(token)])
    _print_new(token, text, as_json=as_json)
    tell(f"Token {token.id} ({token.name}) was made. It is shown this once; keep it safe.")


@keys.command("list", help=_LIST_HELP)
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    with opened(data) as store:
        found = store.snapshot().tokens
    if as_json:
        for token in found:
            say_json(record(token, now_us))
        return
    print_table(HEADINGS, [line(token, now_us) for token in found])


@keys.command(help=_SHOW_HELP)
@click.argument("token_id", metavar="ID")
@data_option
@json_option
def show(token_id: str, data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    with opened(data) as store:
        token = one(store.snapshot().tokens, token_id, "token")
    if as_json:
        say_json(record(token, now_us))
    else:
        print_facts(facts(token, now_us))


@keys.command(help=_ROTATE_HELP)
@click.argument("token_id", metavar="ID")
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
def rotate(token_id: str, overlap: int, data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    with opened(data) as store:
        old = one(store.snapshot().tokens, token_id, "token")
        text = tokens.token_text(old.id, secrets.token_bytes(tokens.SECRET_BYTES))
        fresh = tokens.secret_hash(text, secrets.token_bytes(tokens.SALT_BYTES))
        end_us = now_us + overlap * 1_000_000
        new = tokens.rotated(old, fresh, end_us, now_us)
        store.apply([Replace(old, new)])
    _print_new(new, text, as_json=as_json)
    ends = f"is good until {local_time(end_us)} at the latest" if overlap else "has ended"
    tell(f"Token {new.id} ({new.name}) has a new secret, shown this once. The old one {ends}.")
    if new.expires_us is not None and new.expires_us <= now_us:
        tell("The token itself has expired, so neither is of use: make another with `penstock keys create`.")


@keys.command(help=_REVOKE_HELP)
@click.argument("token_id", metavar="ID")
@yes_option
@data_option
def revoke(token_id: str, yes: bool, data: Path) -> None:
    with opened(data) as store:
        token = one(store.snapshot().tokens, token_id, "token")
        confirm(f"Revoke the token {token.id} ({token.name})?", yes=yes)
        store.apply([Remove(token)])
    tell(f"Token {token.id} ({token.name}) was revoked.")


def _print_new(token: Token, text: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"id": token.id, "name": token.name, "token": text})
    else:
        say(text)
