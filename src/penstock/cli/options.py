"""Options that commands share: which data folder, in which form, without asking."""

from __future__ import annotations

from pathlib import Path

import click

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="PENSTOCK_DATA",
    show_envvar=True,
    default=Path("penstock-data"),
    show_default=True,
    help="The gateway's data directory.",
)
config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="PENSTOCK_CONFIG",
    show_envvar=True,
    help="Configuration file. [default: penstock.toml, if there]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
