"""`penstock apply FILE`: makes the directory what a file says, in one step or not at all."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.access import confirm, opened, sealer, telling_in_vain
from penstock.cli.options import config_option, data_option, json_option, yes_option
from penstock.cli.output import say, say_json, tell
from penstock.cli.plan import plan_of
from penstock.cli.plan_view import echo_plan

_HELP = """Make gateways, custom providers, dynamic routes, datasets and tokens of the directory what a file says.

All of an account that the file names is meant: what the directory has of it and the file has not is removed,
after a question. Everything is done in one step; if any part of the file is wrong, nothing is.

\b
Examples:
  penstock apply gateway.toml
  penstock apply gateway.toml --yes --json
"""


@click.command(help=_HELP)
@click.argument("file", type=click.Path(path_type=Path))
@yes_option
@config_option
@data_option
@json_option
def apply(file: Path, yes: bool, config: Path | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        snapshot = store.snapshot()
        found = plan_of(file, store, config, data, sealer(data, snapshot))
        echo_plan(found, as_json=as_json)
        if not found.steps:
            return
        if found.count("delete"):
            confirm("Do all this, what is removed included?", yes=yes)
        with telling_in_vain(store, config, data):
            store.apply(found.changes)
    for name, text in found.texts.items():
        if as_json:
            say_json({"name": name, "token": text})
        else:
            say(f"{name} {text}")
    if found.texts:
        tell("Tokens that were made are shown this once; keep them safe.")
    tell("Done.")
