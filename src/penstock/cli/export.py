"""`penstock export`: what the directory holds, as a file for `penstock plan` and `penstock apply`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from penstock.analytics.nothing import meant_instead
from penstock.cli.access import checked, opened, settings_of
from penstock.cli.names import account_name
from penstock.cli.options import config_option, data_option
from penstock.cli.output import say_body, tell
from penstock.config_as_code.exporting import NotExportable, accounts_of
from penstock.config_as_code.exporting import export as export_text
from penstock.control.catalog import catalog
from penstock.control.opening import open_vault, opener

_HELP = """Write gateways, custom providers, dynamic routes and datasets of the directory as TOML.

Secrets are left out: variables of the environment stand for them. Tokens that are for one account are in it; other
tokens, and stored keys, are not.

\b
Examples:
  penstock export > gateway.toml
  penstock export --account local -o gateway.toml
"""


@click.command(help=_HELP)
@click.option("--account", callback=checked(account_name), help="Only this account. [default: all]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Into this file. [default: to stdout]")
@config_option
@data_option
def export(account: str | None, output: Path | None, config: Path | None, data: Path) -> None:
    with opened(data) as store:
        snapshot = store.snapshot()
        open_secret = opener(open_vault(snapshot, os.environ, data))
        found = catalog(settings_of(config, data), snapshot, open_secret)
        accounts = accounts_of(store) if account is None else [account]
        known = {*accounts_of(store), *found.accounts}
        if account is not None and account not in known and (near := meant_instead(account, known)):
            raise click.ClickException(f"there is no account {account!r}{near}")
        try:
            text = export_text(store, found, open_secret, accounts)
        except NotExportable as error:
            raise click.ClickException(str(error)) from None
    if output is None:
        say_body(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
    said = (
        f"Wrote {', '.join(accounts)} to {output}."
        if accounts
        else f"Wrote {output}: there is nothing to export."
    )
    tell(said)
