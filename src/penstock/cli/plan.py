"""`penstock plan FILE`: what a file would change in the directory, without changing anything."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from penstock.cli.access import opened, settings_of
from penstock.cli.options import config_option, data_option, json_option
from penstock.cli.output import SeveralFaults
from penstock.cli.plan_view import echo_plan
from penstock.clock import Clock
from penstock.config_as_code.document import read_document
from penstock.config_as_code.draft import Now
from penstock.config_as_code.plan import Plan
from penstock.config_as_code.planning import make_plan
from penstock.control.catalog import catalog
from penstock.control.opening import open_vault, opener
from penstock.control.stored_gateways import Seal
from penstock.settings import ConfigError
from penstock.stores.control_store import ControlStore

_HELP = """Show what `penstock apply` would change: what is made (+), changed (~) and removed (-).

All of an account that the file names is meant: what the directory has of it and the file has not is removed.
Exit codes: 0 nothing to do, 3 something to do, 1 the file is wrong, 2 the command is.

\b
Examples:
  penstock plan gateway.toml
  penstock plan gateway.toml --json | jq .counts
"""
_SOMETHING_TO_DO = 3  # 2 says that the command was not understood


@click.command(help=_HELP)
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@data_option
@json_option
def plan(file: Path, config: Path | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        found = plan_of(file, store, config, data, _seal_nothing)
    echo_plan(found, as_json=as_json)
    sys.exit(_SOMETHING_TO_DO if found.steps else 0)


def plan_of(file: Path, store: ControlStore, config: Path | None, data: Path, seal: Seal) -> Plan:
    """What a file would change. Raises `click.ClickException` with all that is wrong, `ControlStoreError`."""
    settings = settings_of(config, data)
    snapshot = store.snapshot()
    open_secret = opener(open_vault(snapshot, os.environ, data))
    clock = Clock()
    now_us = clock.now_us()
    now = Now(
        store,
        snapshot,
        catalog(settings, snapshot, open_secret),
        open_secret,
        seal,
        os.environ,
        now_us,
        lambda: clock.new_id(now_us),
        secrets.token_bytes,
        settings.providers,
        settings.server.allow_private_providers,
    )
    try:
        return make_plan(read_document(file), now)
    except ConfigError as error:
        raise SeveralFaults(["nothing was changed:", *error.problems]) from None


def _seal_nothing(_secret: bytes, _context: bytes) -> bytes:
    """A plan is not stored, so there is nothing to keep; and a master key must not be made for it."""
    return b"\0"
