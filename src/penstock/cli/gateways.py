"""`penstock gateways`: which gateways there are, and those of the directory: made, changed, removed (Cloudflare 4.2).

Changes the directory beside a running gateway. What stands in the configuration file is shown, and changed there.
How fields are given is in `gateway_options.py`, how gateways are shown in `gateway_view.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from penstock.analytics.nothing import meant_instead
from penstock.cli import gateway_options, names
from penstock.cli.access import (
    account_option,
    checked,
    confirm,
    opened,
    sealer,
    settings_of,
    telling_in_vain,
)
from penstock.cli.gateway_view import HEADINGS, facts, line, record
from penstock.cli.options import config_option, data_option, json_option, yes_option
from penstock.cli.output import SeveralFaults, say_json, tell
from penstock.cli.tables import print_facts, print_table
from penstock.clock import Clock
from penstock.control.catalog import Catalog, Listed
from penstock.control.gateway_changes import (
    GatewayChanges,
    GatewayExists,
    GatewayRefused,
    IsBuiltIn,
    NoSuchGateway,
    StandsInFile,
    WrongFields,
)
from penstock.control.limit_readers import limit_readers_from_outside
from penstock.control.limit_use import LimitShown, shown_limits
from penstock.control.limits import gateway_limits
from penstock.control.opening import gateway_changes, open_catalog
from penstock.control.stored_gateways import belongings
from penstock.settings.gateway_secrets import SecretLost
from penstock.stores.control_store import ControlStore
from penstock.stores.opening import Stores

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
        found = _catalog(store, config, data)
    for stored, reason in found.left_out:
        tell(f"gateway {stored.account}/{stored.gateway} of the directory is not served: {reason}")
    limits = _limits([*found], data, Clock().now_us())
    if as_json:
        for one in found:
            say_json(record(one, limits[one.name]))
    else:
        print_table(HEADINGS, [line(one, limits[one.name]) for one in found])


@gateways.command(help=_SHOW_HELP)
@name_argument
@account_option
@config_option
@data_option
@json_option
def show(name: str, account: str, config: Path | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        found = _catalog(store, config, data)
    one = found.find(account, name)
    if one is None:
        raise click.ClickException(_unknown(found, account, name))
    now_us = Clock().now_us()
    limits = _limits([one], data, now_us)[one.name]
    if as_json:
        say_json(record(one, limits))
    else:
        print_facts(facts(one, limits, now_us))


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
    with (
        opened(data) as store,
        _worded(lambda: _catalog(store, config, data)),
        telling_in_vain(store, config, data),
    ):
        store.apply([_changes(store, config, data).create(account, name, fields)])
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
    with (
        opened(data) as store,
        _worded(lambda: _catalog(store, config, data)),
        telling_in_vain(store, config, data),
    ):
        change = _changes(store, config, data).change(account, name, given, unset)
        if change is not None:
            store.apply([change])
    tell(f"Changed gateway {account}/{name}.")


@gateways.command(help=_DELETE_HELP)
@name_argument
@account_option
@yes_option
@config_option
@data_option
def delete(name: str, account: str, yes: bool, config: Path | None, data: Path) -> None:
    with opened(data) as store, _worded(lambda: _catalog(store, config, data)):
        change = _changes(store, config, data).remove(account, name)
        theirs = None if change.alone else belongings(store).get((account, name))
        more = f" and {len(theirs)} things that belong to it" if theirs else ""
        confirm(f"Remove the gateway {account}/{name}{more}?", yes=yes)
        store.apply([change])
    tell(f"Removed gateway {account}/{name}{more}.")


# -- what there is


def _catalog(store: ControlStore, config: Path | None, data: Path) -> Catalog:
    return open_catalog(settings_of(config, data), store.snapshot(), os.environ)


def _limits(found: Sequence[Listed], data: Path, now_us: int) -> Mapping[str, tuple[LimitShown, ...]]:
    """How the limits of each stand, by its name."""
    with limit_readers_from_outside(Stores(data)) as readers:
        return {
            one.name: shown_limits(gateway_limits(one), readers.counters, readers.runs, now_us)
            for one in found
        }


# -- changes


def _changes(store: ControlStore, config: Path | None, data: Path) -> GatewayChanges:
    clock, snapshot = Clock(), store.snapshot()
    now_us = clock.now_us()
    return gateway_changes(
        settings_of(config, data),
        snapshot,
        os.environ,
        sealer(data, snapshot),
        lambda: clock.new_id(now_us),
        now_us,
    )


@contextmanager
def _worded(there_are: Callable[[], Catalog]) -> Iterator[None]:
    """Ends the command with a sentence where a change is refused."""
    try:
        yield
    except WrongFields as wrong:
        raise SeveralFaults(finding.reason for finding in wrong.findings) from None
    except NoSuchGateway as unknown:
        raise click.ClickException(_unknown(there_are(), unknown.account, unknown.gateway)) from None
    except GatewayRefused as refused:
        raise click.ClickException(_sentence(refused)) from None
    except SecretLost as lost:
        raise click.ClickException(str(lost)) from None


def _sentence(refused: GatewayRefused) -> str:
    match refused:
        case StandsInFile():
            return f"gateway {refused.name} stands in the configuration file: change it there"
        case IsBuiltIn():
            return f"gateway {refused.name} is built in: it can be changed, but not removed"
        case GatewayExists():
            return f"there is a gateway {refused.name} already: change it with `penstock gateways set`"
    return f"gateway {refused.name} cannot be changed so"


def _unknown(there_are: Catalog, account: str, name: str) -> str:
    near = meant_instead(name, (one.id for one in there_are.of(account))) or (
        "" if there_are.of(account) else meant_instead(account, there_are.accounts)
    )
    return f"account {account} has no gateway {name!r}{near or ': `penstock gateways` lists those there are'}"
