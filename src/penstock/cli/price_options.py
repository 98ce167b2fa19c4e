"""Which prices a command goes by: the configuration's, or a file's in their place."""

from __future__ import annotations

import os
from pathlib import Path

import click

from penstock.cli.output import SeveralFaults
from penstock.pricing.packaged import PackagedPrices, cache_folder
from penstock.settings import ConfigError, load

prices_option = click.option(
    "--prices",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your own prices, in place of the file that [pricing] names.",
)


def open_prices(config: Path | None, own: Path | None, data: Path) -> PackagedPrices:
    """The packaged prices and the operator's; what is wrong with a file ends the command with a sentence."""
    try:
        named = load(config, environ=os.environ, overrides={}).pricing.file
        file = own or (None if named is None else Path(named))
        return PackagedPrices(cache_folder(os.environ, data), file)
    except ConfigError as error:
        raise SeveralFaults(error.problems) from None
    except OSError as error:
        raise click.ClickException(str(error)) from None
