"""`penstock providers`: which providers there are, and the operator's own (Cloudflare 3.15, 4.7).

Changes the directory beside a running gateway. Base URLs and headers of the configuration file are not shown
here: see `docs/guides/configuration.md`. What headers may be is in `access/provider_secret.py`.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from penstock.access.provider_secret import headers_text
from penstock.analytics.nothing import meant_instead
from penstock.cli.access import account_option, checked, confirm, opened, read_secret, sealer
from penstock.cli.options import data_option, json_option, yes_option
from penstock.cli.output import Cell, say, say_json, tell
from penstock.cli.tables import print_table
from penstock.cli.token_options import plain_text
from penstock.clock import Clock
from penstock.control.provider_rows import OnlyIfAllowed, check_address, with_headers
from penstock.providers.base import Provider
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN
from penstock.stores.control_store import Add, CustomProvider, Remove, Replace, Snapshot
from penstock.time_text import rfc3339

_LIST_HELP = """List the providers: your own of the directory first, then the built-in ones, with where they go.

The configuration file may send them elsewhere and hold more.

\b
Examples:
  penstock providers list
  penstock providers list --json | jq -r .slug
"""
_ADD_HELP = """Add a provider of your own. Callers reach it as custom-SLUG.

Headers go with every call, and are kept sealed. With `-` as its value a header is read from standard input or
asked for, so that it is not seen on the command line.

\b
Examples:
  penstock providers add acme https://api.acme.example/v1
  penstock providers add acme https://api.acme.example --header 'x-api-key: -' < key.txt
  penstock providers add vllm http://10.0.0.7:8000 --allow-private
"""
_ENABLE_HELP = """Let calls go to a provider of your own again.

\b
Example:
  penstock providers enable acme
"""
_DISABLE_HELP = """Answer calls to a provider of your own as if there were none; what is stored of it stays.

\b
Example:
  penstock providers disable acme
"""
_REMOVE_HELP = """Remove a provider of your own, with its headers.

\b
Example:
  penstock providers remove acme
"""
_HEADINGS = ("PROVIDER", "STATE", "ACCOUNT", "GOES TO")


@click.group()
def providers() -> None:
    """Providers: list them, add and change your own."""


@providers.command("list", help=_LIST_HELP)
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    with opened(data) as store:
        own = store.snapshot().custom_providers
    if as_json:
        for record in (*map(_record, own), *map(_built_in_record, BUILT_IN)):
            say_json(record)
    else:
        built_in = sorted(BUILT_IN, key=lambda provider: provider.slug)
        print_table(_HEADINGS, [*map(_line, own), *map(_built_in_line, built_in)])


@providers.command(help=_ADD_HELP)
@click.argument("slug")
@click.argument("base_url", metavar="BASE_URL")
@click.option("--name", callback=checked(plain_text), help="For people. [default: the slug]")
@account_option
@click.option("--header", "headers", multiple=True, help="'Name: value', for every call. May be repeated.")
@click.option("--disabled", is_flag=True, help="Do not let calls go there yet.")
@click.option(
    "--allow-private", is_flag=True, help="It may be plain http, and have an address that is not public."
)
@data_option
@json_option
def add(
    slug: str,
    base_url: str,
    name: str | None,
    account: str,
    headers: tuple[str, ...],
    disabled: bool,
    allow_private: bool,
    data: Path,
    as_json: bool,
) -> None:
    slug = slug.removeprefix(CUSTOM_PREFIX)
    _check_address(slug, base_url, allow_private=allow_private)
    text = _headers(headers)
    clock = Clock()
    now_us = clock.now_us()
    provider = CustomProvider(
        id=clock.new_id(now_us),
        account=account,
        slug=slug,
        name=name or slug,
        base_url=base_url,
        enable=not disabled,
        allow_private=allow_private,
        created_us=now_us,
        modified_us=now_us,
    )
    with opened(data) as store:
        if text is not None:
            provider = with_headers(provider, text, sealer(data, store.snapshot()))
        store.apply([Add(provider)])
    if as_json:
        say_json(_record(provider))
    else:
        say(provider.id)
    tell(f"Added {CUSTOM_PREFIX}{slug}, which goes to {base_url}{' once it is enabled' * disabled}.")


@providers.command(help=_ENABLE_HELP)
@click.argument("slug")
@account_option
@data_option
def enable(slug: str, account: str, data: Path) -> None:
    _switch(slug, account, data, on=True)


@providers.command(help=_DISABLE_HELP)
@click.argument("slug")
@account_option
@data_option
def disable(slug: str, account: str, data: Path) -> None:
    _switch(slug, account, data, on=False)


@providers.command(help=_REMOVE_HELP)
@click.argument("slug")
@account_option
@yes_option
@data_option
def remove(slug: str, account: str, yes: bool, data: Path) -> None:
    with opened(data) as store:
        provider = _own(store.snapshot(), account, slug)
        confirm(f"Remove {CUSTOM_PREFIX}{provider.slug}?", yes=yes)
        store.apply([Remove(provider)])
    tell(f"Removed {CUSTOM_PREFIX}{provider.slug}.")


def _switch(slug: str, account: str, data: Path, *, on: bool) -> None:
    with opened(data) as store:
        old = _own(store.snapshot(), account, slug)
        new = msgspec.structs.replace(old, enable=on, modified_us=Clock().now_us())
        store.apply([Replace(old, new)])
    tell(f"{CUSTOM_PREFIX}{old.slug} is {'enabled' if on else 'disabled'}.")


def _own(snapshot: Snapshot, account: str, slug: str) -> CustomProvider:
    bare = slug.removeprefix(CUSTOM_PREFIX)
    for provider in snapshot.custom_providers:
        if (provider.account, provider.slug) == (account, bare):
            return provider
    near = meant_instead(
        f"{CUSTOM_PREFIX}{bare}",
        (f"{CUSTOM_PREFIX}{one.slug}" for one in snapshot.custom_providers if one.account == account),
    )
    raise click.ClickException(
        f"account {account} has no provider {CUSTOM_PREFIX}{bare} in the directory"
        f"{near or ': `penstock providers list` shows those there are'}"
    )


def _check_address(slug: str, base_url: str, *, allow_private: bool) -> None:
    try:
        check_address(slug, base_url, allow_private=allow_private)
    except OnlyIfAllowed as error:
        raise click.ClickException(f"{error}: give --allow-private if it is on a network of yours") from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _headers(given: tuple[str, ...]) -> bytes | None:
    """The headers as they get sealed. Errors do not repeat what was given."""
    pairs = []
    for header in given:
        name, colon, value = header.partition(":")
        if not colon:
            raise click.ClickException("a --header is not of the form 'Name: value'")
        value = value.strip()
        if value == "-":
            value = read_secret(f"Value of {name}").decode(errors="replace").strip()
        pairs.append((name.strip(), value))
    try:
        return headers_text(pairs) if pairs else None
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _line(provider: CustomProvider) -> list[Cell]:
    state = Cell("enabled", "green") if provider.enable else Cell("disabled", "yellow")
    return [Cell(f"{CUSTOM_PREFIX}{provider.slug}"), state, Cell(provider.account), Cell(provider.base_url)]


def _built_in_line(provider: Provider) -> list[Cell]:
    return [
        Cell(provider.slug),
        Cell("built in", "dim"),
        Cell("all", "dim"),
        Cell(", ".join(_goes_to(provider))),
    ]


def _goes_to(provider: Provider) -> list[str]:
    if provider.base_url_needed:
        return ["where base_url in the configuration says"]
    return [f"*{domain}" if domain.startswith((".", "-")) else domain for domain in provider.domains]


def _record(provider: CustomProvider) -> dict[str, object]:
    """In the words of Cloudflare 4.7; headers are never shown."""
    return {
        "slug": f"{CUSTOM_PREFIX}{provider.slug}",
        "id": provider.id,
        "account_id": provider.account,
        "name": provider.name,
        "base_url": provider.base_url,
        "enable": provider.enable,
        "allow_private": provider.allow_private,
        "has_headers": provider.sealed_headers is not None,
        "created_at": rfc3339(provider.created_us),
        "modified_at": rfc3339(provider.modified_us),
    }


def _built_in_record(provider: Provider) -> dict[str, object]:
    return {"slug": provider.slug, "aliases": provider.aliases, "goes_to": _goes_to(provider), "enable": True}
