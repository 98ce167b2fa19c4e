"""Options that commands share: which data folder, in which form, without asking; and why it is that folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from penstock.config_place import CONFIG_VARIABLE, DATA_VARIABLE, UnreadableConfig, data_place

_WHY: Final = "penstock.cli.options.why"  # in the context's notes
_DATA_HELP: Final = (
    "The gateway's data directory. [default: as the configuration file says, else penstock-data]"
)


def _found_data(context: click.Context, _parameter: click.Parameter, given: Path | None) -> Path:
    """The folder by the rule of all commands."""
    try:
        found = data_place(given, context.params.get("config"), os.environ)
    except UnreadableConfig as error:
        raise click.ClickException(str(error)) from None
    context.meta[_WHY] = found.why
    return found.path


def _data_again(context: click.Context, _parameter: click.Parameter, given: Path | None) -> Path | None:
    if given is not None:
        context.meta[_WHY] = "by --data"
    return given


def where(data: Path) -> str:
    """A data folder for people: its whole path, and why it is that one."""
    why = click.get_current_context().meta.get(_WHY)
    return f"{data.absolute()} ({why})" if why else str(data.absolute())


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    callback=_found_data,
    help=f"{_DATA_HELP}  [env var: {DATA_VARIABLE}]",
)
data_again_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    callback=_data_again,
    help=f"The same as before the command.  [env var: {DATA_VARIABLE}]",
)
config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,  # it may say where the data is
    help=f"Configuration file. [default: penstock.toml, if there]  [env var: {CONFIG_VARIABLE}]",
)
server_data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help=f"{_DATA_HELP}  [env var: {DATA_VARIABLE}]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
