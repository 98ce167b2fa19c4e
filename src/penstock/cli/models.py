"""`penstock models`: what callers may call models, and names of the directory: set and removed.

Changes the directory beside a running gateway. Names of the configuration file are shown, and changed there. Which
names may be is in `control/model_aliases.py`.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from penstock.analytics.nothing import meant_instead
from penstock.cli.access import account_option, checked, confirm, opened, settings_of
from penstock.cli.names import model_name
from penstock.cli.options import config_option, data_option, json_option, yes_option
from penstock.cli.output import Cell, say_json, tell
from penstock.cli.tables import print_table
from penstock.clock import Clock
from penstock.control.model_aliases import AliasRefused, check_change, not_too_many
from penstock.settings import Settings
from penstock.settings.models import MOST_MODELS, in_turn
from penstock.stores.control_store import Add, Change, Remove, Replace, Snapshot
from penstock.stores.model_alias import ModelAlias
from penstock.time_text import rfc3339

_LIST_HELP = """List the names: of the file, then of the directory.

Those of the configuration file are of all accounts, and go first.

\b
Examples:
  penstock models list
  penstock models list --json | jq -r .name
"""
_SET_HELP = """Let a name stand for a model, or for several that are tried in turn. It serves within a second.

A model is written as provider/model, or is another name. The name * stands for all that mean nothing by themselves;
what it stands for are providers.

\b
Examples:
  penstock models set smart anthropic/claude-sonnet-4-5 openai/gpt-5
  penstock models set '*' openrouter
"""
_REMOVE_HELP = """Remove a name of the directory.

\b
Example:
  penstock models remove smart
"""
_HEADINGS = ("NAME", "ACCOUNT", "FROM", "STANDS FOR")


@click.group()
def models() -> None:
    """Names of models: list, set and remove them."""


name_argument = click.argument("name", callback=checked(model_name))


@models.command("list", help=_LIST_HELP)
@config_option
@data_option
@json_option
def list_(config: Path | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        rows = store.snapshot().model_aliases
    table = settings_of(config, data).models
    if not rows and not table:
        tell("no model has a name of yours yet: `penstock models set` gives one")
    if as_json:
        for name, meant in table.items():
            say_json({"name": name, "models": in_turn(meant), "source": "file"})
        for row in rows:
            say_json(_record(row))
        return
    lines = [(name, "all", "file", in_turn(meant)) for name, meant in table.items()]
    lines += [(row.name, row.account, "directory", row.models) for row in rows]
    print_table(
        _HEADINGS,
        [
            [Cell(name), Cell(account), Cell(source), Cell(", ".join(meant))]
            for name, account, source, meant in lines
        ],
    )


@models.command("set", help=_SET_HELP)
@name_argument
@click.argument("meant", metavar="MODEL...", nargs=-1, required=True, callback=checked(model_name))
@account_option
@config_option
@data_option
def set_(name: str, meant: tuple[str, ...], account: str, config: Path | None, data: Path) -> None:
    if len(meant) > MOST_MODELS:
        raise click.ClickException(f"{len(meant)} models are too many for one name, allowed: {MOST_MODELS}")
    settings = settings_of(config, data)
    clock = Clock()
    now_us = clock.now_us()
    with opened(data) as store:
        snapshot = store.snapshot()
        old = _find(snapshot, account, name)
        changes: list[Change]
        if old is not None:
            new = msgspec.structs.replace(old, models=meant, modified_us=now_us)
            changes = [Replace(old, new)]
        else:
            new = ModelAlias(
                id=clock.new_id(now_us),
                account=account,
                name=name,
                models=meant,
                created_us=now_us,
                modified_us=now_us,
            )
            changes = [Add(new), not_too_many(account)]
        _check(settings, snapshot, account, old, new)
        store.apply(changes)
    tell(f"{name} stands for {', '.join(meant)}.")


@models.command(help=_REMOVE_HELP)
@name_argument
@account_option
@yes_option
@config_option
@data_option
def remove(name: str, account: str, yes: bool, config: Path | None, data: Path) -> None:
    settings = settings_of(config, data)
    with opened(data) as store:
        snapshot = store.snapshot()
        row = _find(snapshot, account, name)
        if row is None:
            raise click.ClickException(_unknown(settings, snapshot, account, name))
        _check(settings, snapshot, account, row, None)
        confirm(f"Remove the name {name}?", yes=yes)
        store.apply([Remove(row)])
    tell(f"Removed {name}.")


def _find(snapshot: Snapshot, account: str, name: str) -> ModelAlias | None:
    found = (row for row in snapshot.model_aliases if (row.account, row.name) == (account, name))
    return next(found, None)


def _unknown(settings: Settings, snapshot: Snapshot, account: str, name: str) -> str:
    if name in settings.models:
        return f"{name} stands in the configuration file: remove it there"
    near = meant_instead(name, (row.name for row in snapshot.model_aliases if row.account == account))
    return (
        f"account {account} has no name {name} in the directory"
        f"{near or ': `penstock models list` shows those there are'}"
    )


def _check(
    settings: Settings, snapshot: Snapshot, account: str, old: ModelAlias | None, new: ModelAlias | None
) -> None:
    try:
        check_change(settings, snapshot, account, old, new)
    except AliasRefused as error:
        raise click.ClickException(str(error)) from None


def _record(row: ModelAlias) -> dict[str, object]:
    return {
        "name": row.name,
        "models": row.models,
        "source": "directory",
        "id": row.id,
        "account_id": row.account,
        "created_at": rfc3339(row.created_us),
        "modified_at": rfc3339(row.modified_us),
    }
