"""`penstock provider-keys`: credentials of providers, kept sealed and used for callers (Cloudflare 3.13).

Changes the directory beside a running gateway. Secrets come in through a pipe or a hidden prompt and never go
out again. Sealing is in `access/vault.py`, the rotation of the master key in `access/rotation.py`.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from penstock.access.master_key import KEY_VARIABLE, KeySource, key_source, read_key_file
from penstock.access.provider_secret import checked_secret
from penstock.access.rotation import rotate_master_key
from penstock.access.vault import KEY_BYTES, NONCE_BYTES
from penstock.cli import names, token_options
from penstock.cli.access import account_option, checked, confirm, one, opened, read_secret, sealer
from penstock.cli.options import data_option, json_option, yes_option
from penstock.cli.output import Cell, say, say_json, tell
from penstock.cli.render import time_text
from penstock.cli.tables import print_table
from penstock.clock import Clock
from penstock.control.provider_rows import check_hosts, fitting, tenant_hosts, with_secret
from penstock.stores.control_store import Add, ProviderKey, Remove
from penstock.time_text import rfc3339

_ADD_HELP = """Store a credential of a provider. It is read from standard input, or asked for.

Calls that bring none of their own are made with it. Several with the same alias are a pool.

\b
Examples:
  penstock provider-keys add openai
  pass show openai | penstock provider-keys add openai --alias batch --gateway prod
  penstock provider-keys add aws-bedrock < bedrock.json
  penstock provider-keys add azure-openai --host acme.openai.azure.com < key.txt
"""
_LIST_HELP = """List the stored credentials, oldest first, by their last characters.

\b
Examples:
  penstock provider-keys list
  penstock provider-keys list --json | jq 'select(.provider_slug == "openai")'
"""
_REMOVE_HELP = """Remove a stored credential. Calls are made without it within a second.

\b
Example:
  penstock provider-keys remove 0199f0a2-8c4e
"""
_ROTATE_HELP = """Seal all stored secrets with a new master key.

Without --new-key-file one is made. The gateway may go on running. A key kept in PENSTOCK_MASTER_KEY or
PENSTOCK_MASTER_KEY_FILE has to be replaced there afterwards; what to do is said.

\b
Examples:
  penstock provider-keys rotate-master-key
  penstock provider-keys rotate-master-key --new-key-file /run/keys/penstock
"""
_USUAL_PERIOD = 60  # seconds
_HEADINGS = ("ID", "PROVIDER", "ALIAS", "ACCOUNT", "GATEWAY", "SECRET", "CREATED", "HOSTS")


@click.group("provider-keys")
def provider_keys() -> None:
    """Credentials of providers: store, list and remove them; rotate the key that seals them."""


@provider_keys.command(help=_ADD_HELP)
@click.argument("provider", callback=checked(names.provider_slug))
@click.option(
    "--alias",
    default="default",
    show_default=True,
    callback=checked(token_options.plain_text),
    help="What cf-aig-byok-alias calls it.",
)
@account_option
@click.option("--gateway", callback=checked(names.gateway_name), help="Only for this one. [default: all]")
@click.option("--default", "is_default", is_flag=True, help="Its alias goes where a call names none.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    callback=checked(names.host_name),
    help="Where it may go, for providers whose address callers choose. May be repeated.",
)
@click.option("--rate-limit", help="At most so many calls with it in a time, as 100/60s.")
@data_option
@json_option
def add(
    provider: str,
    alias: str,
    account: str,
    gateway: str | None,
    is_default: bool,
    hosts: tuple[str, ...],
    rate_limit: str | None,
    data: Path,
    as_json: bool,
) -> None:
    _check_hosts(provider, hosts)
    rate = None if rate_limit is None else token_options.rate_limit(rate_limit)
    try:
        secret = fitting(provider, checked_secret(read_secret(f"Secret for {provider}")))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    clock = Clock()
    now_us = clock.now_us()
    key = ProviderKey(
        id=clock.new_id(now_us),
        account=account,
        gateway=gateway or "",
        provider=provider,
        alias=alias,
        is_default=is_default,
        sealed=b"",
        preview="",
        hosts=hosts,
        rate_limit=None if rate is None else rate.limit,
        rate_limit_period=_USUAL_PERIOD if rate is None else rate.interval,
        created_us=now_us,
        modified_us=now_us,
    )
    with opened(data) as store:
        key = with_secret(key, secret, sealer(data, store.snapshot()))
        store.apply([Add(key)])
    if as_json:
        say_json(_record(key))
    else:
        say(key.id)
    tell(f"Stored the secret {key.preview} for {provider} ({alias}), sealed with the master key.")


@provider_keys.command("list", help=_LIST_HELP)
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    with opened(data) as store:
        found = store.snapshot().provider_keys
    if not found:
        tell("no key is stored yet: `penstock provider-keys add` stores one")
    if as_json:
        for key in found:
            say_json(_record(key))
    else:
        print_table(_HEADINGS, [_line(key) for key in found])


@provider_keys.command(help=_REMOVE_HELP)
@click.argument("key_id", metavar="ID")
@yes_option
@data_option
def remove(key_id: str, yes: bool, data: Path) -> None:
    with opened(data) as store:
        key = one(store.snapshot().provider_keys, key_id, "stored key")
        confirm(f"Remove the secret {key.preview} for {key.provider} ({key.alias})?", yes=yes)
        store.apply([Remove(key)])
    tell(f"Removed the secret {key.preview} for {key.provider} ({key.alias}).")


@provider_keys.command("rotate-master-key", help=_ROTATE_HELP)
@click.option(
    "--new-key-file",
    type=click.Path(path_type=Path),
    help="The new key: 32 bytes as base64 or hexadecimal, in a file that only you may read.",
)
@data_option
def rotate(new_key_file: Path | None, data: Path) -> None:
    with opened(data) as store:
        new = secrets.token_bytes(KEY_BYTES) if new_key_file is None else read_key_file(new_key_file)
        done = rotate_master_key(store, os.environ, data, new, lambda: secrets.token_bytes(NONCE_BYTES))
    tell(f"Sealed {done.secrets} secret{'s' * (done.secrets != 1)} with the new master key.")
    if done.pending is None:
        return
    in_file = key_source(os.environ) is KeySource.OPERATOR_FILE
    place = f"the file {os.environ[key_source(os.environ).value]}" if in_file else KEY_VARIABLE
    tell(
        f"The new key is in {done.pending}, where the gateway finds it for now. To end the rotation, put what "
        f"is in that file into {place}{'' if in_file else ', restart the gateway'} and delete {done.pending}. "
        "The old key opens nothing any more."
    )


def _check_hosts(provider: str, hosts: tuple[str, ...]) -> None:
    try:
        check_hosts(provider, hosts)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    endings = tenant_hosts(provider)
    if endings and not hosts:
        tell(
            f"Callers choose the address of {provider}: without --host this key goes to no host that ends with "
            f"{' or '.join(endings)}, unless a base_url of the configuration says so."
        )


def _line(key: ProviderKey) -> list[Cell]:
    return [
        Cell(key.id),
        Cell(key.provider),
        Cell(f"{key.alias}{' (default)' * key.is_default}"),
        Cell(key.account),
        Cell(key.gateway or "all"),
        Cell(key.preview),
        Cell(time_text(key.created_us), "dim"),
        Cell(", ".join(key.hosts) or "-"),
    ]


def _record(key: ProviderKey) -> dict[str, object]:
    """In the words of Cloudflare 4.5, as far as it has any."""
    return {
        "id": key.id,
        "alias": key.alias,
        "default_config": key.is_default or key.alias == "default",
        "account_id": key.account,
        "gateway_id": key.gateway,
        "provider_slug": key.provider,
        "secret_preview": key.preview,
        "hosts": key.hosts,
        "rate_limit": key.rate_limit,
        "rate_limit_period": key.rate_limit_period,
        "created_at": rfc3339(key.created_us),
    }
