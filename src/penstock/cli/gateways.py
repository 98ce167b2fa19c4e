"""`penstock gateways`: which gateways there are, and those of the directory: made, changed, removed (Cloudflare 4.2).

Changes the directory beside a running gateway. What stands in the configuration file is shown, and changed there.
How fields are given is in `gateway_options.py`, how gateways are shown in `gateway_view.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from penstock.cli import gateway_options, names
from penstock.cli.access import account_option, checked, confirm, opened, sealer, settings_of, tell
from penstock.cli.gateway_view import HEADINGS, facts, line, record
from penstock.cli.options import config_option, data_option, json_option, yes_option
from penstock.cli.tables import print_facts, print_table
from penstock.clock import Clock
from penstock.control.catalog import Catalog, Listed
from penstock.control.opening import open_catalog, open_vault, opener
from penstock.control.stored_gateways import belongings, changed_gateway, new_gateway
from penstock.settings.gateway_secrets import SecretLost
from penstock.stores.control_store import Add, ControlStore, Remove, Replace, Snapshot, StoredGateway

_HELP = """Gateways: list and show all, make, change and remove those of the directory.

\b
Examples:
  penstock gateways
  penstock gateways create prod --set authentication=true
"""
_LIST_HELP = """List all gateways: of the configuration file, of the directory, and the built-in one.

\b
Examples:
  penstock gateways
  penstock gateways list --json | jq 'select(.authentication | not) | .id'
"""
_SHOW_HELP = """Show a gateway: where it comes from, and what differs from the defaults.

\b
Example:
  penstock gateways show prod
"""
_CREATE_HELP = """Make a gateway in the directory. It serves within a second.

Fields are those of the configuration file. What holds secrets comes from a file or a pipe, as a JSON object.

\b
Examples:
  penstock gateways create prod --set authentication=true --set cache_ttl=60
  penstock gateways create traced --json-file - < fields.json
"""
_SET_HELP = """Change fields of a gateway of the directory; the others stay. The built-in one can be changed, too.

\b
Examples:
  penstock gateways set prod --set rate_limiting_limit=100 --set rate_limiting_interval=60
  penstock gateways set prod --unset cache_ttl
"""
_DELETE_HELP = """Remove a gateway of the directory with its routes, datasets, evaluations and stored keys.

\b
Example:
  penstock gateways delete prod
"""


class _ListsByItself(click.Group):
    """Without a subcommand it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListsByItself, help=_HELP)
def gateways() -> None:
    pass


name_argument = click.argument("name", callback=checked(names.gateway_name))


@gateways.command("list", help=_LIST_HELP)
@config_option
@data_option
@json_option
def list_(config: Path | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        found, _ = _catalog(store, config, data)
    for stored, reason in found.left_out:
        tell(f"gateway {stored.account}/{stored.gateway} of the directory is not served: {reason}")
    if as_json:
        for one in found:
            click.echo(msgspec.json.encode(record(one)))
    else:
        print_table(HEADINGS, [line(one) for one in found])


@gateways.command(help=_SHOW_HELP)
@name_argument
@account_option
@config_option
@data_option
@json_option
def show(name: str, account: str, config: Path | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        found, _ = _catalog(store, config, data)
    one = _need(found, account, name)
    if as_json:
        click.echo(msgspec.json.encode(record(one)))
    else:
        print_facts(facts(one))


@gateways.command(help=_CREATE_HELP)
@name_argument
@account_option
@gateway_options.set_option
@gateway_options.json_file_option
@config_option
@data_option
def create(
    name: str, account: str, pairs: tuple[str, ...], json_file: Path | None, config: Path | None, data: Path
) -> None:
    fields = gateway_options.given_fields(pairs, json_file)
    gateway_options.check_fields(fields)
    with opened(data) as store:
        found, snapshot = _catalog(store, config, data)
        there = found.get(account, name)
        if there is not None and there.source == "file":
            _refuse(there)
        _add(store, snapshot, account, name, fields, data)
    tell(f"Made gateway {account}/{name}.")


@gateways.command("set", help=_SET_HELP)
@name_argument
@account_option
@gateway_options.set_option
@gateway_options.unset_option
@gateway_options.json_file_option
@config_option
@data_option
def set_(
    name: str,
    account: str,
    pairs: tuple[str, ...],
    unset: tuple[str, ...],
    json_file: Path | None,
    config: Path | None,
    data: Path,
) -> None:
    given = gateway_options.given_fields(pairs, json_file)
    if not given and not unset:
        raise click.UsageError("say what to change: --set FIELD=VALUE, --unset FIELD or --json-file FILE")
    with opened(data) as store:
        found, snapshot = _catalog(store, config, data)
        old = _stored(snapshot, account, name)
        if old is None or _is_hidden(found, account, name):
            _change_unstored(store, snapshot, _need(found, account, name), given, data)
        else:
            wanted = {**old.fields, **given}
            _replace(store, snapshot, old, _without(wanted, unset), data)
    tell(f"Changed gateway {account}/{name}.")


@gateways.command(help=_DELETE_HELP)
@name_argument
@account_option
@yes_option
@config_option
@data_option
def delete(name: str, account: str, yes: bool, config: Path | None, data: Path) -> None:
    with opened(data) as store:
        found, snapshot = _catalog(store, config, data)
        stored = _stored(snapshot, account, name)
        if stored is None:
            _refuse(_need(found, account, name))
        theirs = belongings(store).get((account, name))
        more = f" and {len(theirs)} things that belong to it" if theirs else ""
        confirm(f"Remove the gateway {account}/{name}{more}?", yes=yes)
        store.apply([Remove(stored)])
    tell(f"Removed gateway {account}/{name}{more}.")


# -- what there is


def _catalog(store: ControlStore, config: Path | None, data: Path) -> tuple[Catalog, Snapshot]:
    snapshot = store.snapshot()
    return open_catalog(settings_of(config, data), snapshot, os.environ), snapshot


def _need(found: Catalog, account: str, name: str) -> Listed:
    one = found.get(account, name)
    if one is None:
        raise click.ClickException(
            f"account {account} has no gateway {name!r}: `penstock gateways` lists those there are"
        )
    return one


def _stored(snapshot: Snapshot, account: str, name: str) -> StoredGateway | None:
    place = account, name
    return next((row for row in snapshot.gateways if (row.account, row.gateway) == place), None)


def _is_hidden(found: Catalog, account: str, name: str) -> bool:
    one = found.get(account, name)
    return one is not None and one.source == "file"


def _refuse(one: Listed) -> NoReturn:
    if one.source == "file":
        raise click.ClickException(f"gateway {one.name} stands in the configuration file: change it there")
    raise click.ClickException(f"gateway {one.name} is built in: it can be changed, but not removed")


# -- changes


def _change_unstored(
    store: ControlStore, snapshot: Snapshot, one: Listed, given: Mapping[str, object], data: Path
) -> None:
    """The built-in gateway becomes one of the directory as soon as it is changed."""
    if one.source == "file":
        _refuse(one)
    gateway_options.check_fields(given)
    _add(store, snapshot, one.account, one.id, given, data)


def _add(
    store: ControlStore,
    snapshot: Snapshot,
    account: str,
    name: str,
    fields: Mapping[str, object],
    data: Path,
) -> None:
    clock = Clock()
    now_us = clock.now_us()
    try:
        row = new_gateway(clock.new_id(now_us), account, name, fields, now_us, sealer(data, snapshot))
    except SecretLost as lost:
        raise click.ClickException(str(lost)) from None
    store.apply([Add(row)])


def _replace(
    store: ControlStore,
    snapshot: Snapshot,
    old: StoredGateway,
    fields: Mapping[str, object],
    data: Path,
) -> None:
    gateway_options.check_fields(fields)
    open_secret = opener(open_vault(snapshot, os.environ, data))
    try:
        new = changed_gateway(old, fields, Clock().now_us(), open_secret, sealer(data, snapshot))
    except SecretLost as lost:
        raise click.ClickException(str(lost)) from None
    if new is not old:
        store.apply([Replace(old, new)])


def _without(fields: Mapping[str, object], unset: Sequence[str]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in unset}
