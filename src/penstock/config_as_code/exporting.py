"""What the directory holds of some accounts, as the text of a file that `planning.py` understands.

In a stable order, so that two exports can be compared. Secrets are left out: variables stand for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec

from penstock.access.provider_secret import headers_of
from penstock.config_as_code.placeholders import Names
from penstock.config_as_code.token_plan import token_fields, tokens_of
from penstock.config_as_code.toml_text import NoToml, table
from penstock.control.catalog import Catalog, OpenSecret
from penstock.control.dynamic_routes import serving
from penstock.settings.gateway_fields import set_fields, to_settings
from penstock.settings.gateway_secrets import join_secrets, split_secrets
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    ControlStore,
    CustomProvider,
    Dataset,
    DynamicRoute,
    StoredGateway,
    Token,
)

_HEADING = """\
# What the directory of a Penstock holds: gateways, providers, dynamic routes, datasets, and tokens of one account.
# `penstock plan FILE` says what this file would change, `penstock apply FILE` does it. All of an account that is
# named here is meant: what the directory has of it and this file has not is removed.
"""
_SECRETS = """\
#
# Secrets are not in here. These variables stand for them; one that is not set leaves what is stored as it is:
"""


class NotExportable(Exception):
    """A row that makes no sense to this version. The text says which, and what to do."""


def accounts_of(store: ControlStore) -> list[str]:
    """The accounts that have anything to export."""
    everything: tuple[StoredGateway | CustomProvider | DynamicRoute | Dataset, ...] = (
        *store.all(StoredGateway),
        *store.all(CustomProvider),
        *store.all(DynamicRoute),
        *store.all(Dataset),
    )
    of_tokens = {one.accounts[0] for one in store.all(Token) if len(one.accounts) == 1}
    return sorted({*(one.account for one in everything), *of_tokens})


def export(store: ControlStore, catalog: Catalog, open_secret: OpenSecret, accounts: Sequence[str]) -> str:
    """The text of the file. Raises `NotExportable`, `ControlStoreError`."""
    names = Names()
    tables: list[str] = []
    for account in accounts:
        found = [
            *_gateways(store, catalog, account, names),
            *_providers(store, account, open_secret, names),
            *_tokens(store, account),
        ]
        tables += found or [table(["accounts", account], {})]
    heading = _HEADING
    if names.taken:
        heading += _SECRETS + "".join(f"#   {name}\n" for name in names.taken)
    return "\n".join([heading, *tables])


# -- gateways


def _gateways(store: ControlStore, catalog: Catalog, account: str, names: Names) -> Iterable[str]:
    for stored, reason in catalog.left_out:
        if stored.account == account and catalog.get(account, stored.gateway) is None:
            raise NotExportable(
                f"gateway {account}/{stored.gateway} cannot be exported: {reason}, or delete it"
            )
    for listed in sorted(catalog.of(account), key=lambda one: one.id):
        if listed.stored is not None:
            fields = _with_placeholders(listed.stored, names)
            yield table(["accounts", account, "gateways", listed.id], fields)
        yield from _belongings(store, account, listed.id)


def _with_placeholders(stored: StoredGateway, names: Names) -> dict[str, object]:
    places = split_secrets(stored.fields)[1]
    variables = {path: names.placeholder(stored.account, stored.gateway, path) for path in places}
    fields = set_fields(to_settings(join_secrets(stored.fields, variables)))
    return {name: _tidy(value) for name, value in fields.items()}


def _tidy(value: object) -> object:
    """Without nulls, which in these tables are as good as nothing."""
    if isinstance(value, dict):
        return {name: _tidy(item) for name, item in value.items() if item is not None}
    return [_tidy(item) for item in value] if isinstance(value, list) else value


def _belongings(store: ControlStore, account: str, gateway: str) -> Iterable[str]:
    place = account, gateway
    path = ["accounts", account, "gateways", gateway]
    for route in sorted(store.all(DynamicRoute), key=lambda one: one.name):
        version = serving(route)
        if (route.account, route.gateway) == place and version is not None:
            yield _json_table([*path, "routes", route.name], {}, "elements", version.elements)
    for dataset in sorted(store.all(Dataset), key=lambda one: one.name):
        if (dataset.account, dataset.gateway) == place:
            values = {"enable": dataset.enable}
            yield _json_table([*path, "datasets", dataset.name], values, "filters", dataset.filters)


# -- providers


def _providers(store: ControlStore, account: str, open_secret: OpenSecret, names: Names) -> Iterable[str]:
    for provider in sorted(store.all(CustomProvider), key=lambda one: one.slug):
        if provider.account != account:
            continue
        values: dict[str, object] = {
            "name": provider.name,
            "base_url": provider.base_url,
            "enable": provider.enable,
            "allow_private": provider.allow_private,
        }
        headers = _headers(provider, open_secret)
        if headers:
            values["headers"] = {
                name: names.placeholder(account, provider.slug, name) for name in sorted(headers)
            }
        path = ["accounts", account, "providers", provider.slug]
        if provider.about:
            yield _json_table(path, values, "about", provider.about)
        else:
            yield table(path, values)


def _headers(provider: CustomProvider, open_secret: OpenSecret) -> list[str]:
    """The names of the headers. Where they cannot be opened the file does not speak of them."""
    if provider.sealed_headers is None:
        return []
    plain = open_secret(provider.sealed_headers, provider.seal_context)
    try:
        return [] if plain is None else [name for name, _ in headers_of(plain)]
    except ValueError:
        return []


# -- tokens


def _tokens(store: ControlStore, account: str) -> Iterable[str]:
    """Without their secrets: what is applied elsewhere gets others. Of several with one name there is no telling."""
    found = sorted(tokens_of(store.all(Token), account), key=lambda one: one.name)
    for name, group in groupby(found, key=lambda one: one.name):
        tokens = list(group)
        if len(tokens) > 1:
            raise NotExportable(
                f"{len(tokens)} tokens are called {name!r}: give all but one another name first"
            )
        yield table(["accounts", account, "tokens", name], token_fields(tokens[0]))


def _json_table(path: Sequence[str], values: Mapping[str, object], name: str, value: Json) -> str:
    """A table with one value of any JSON, last. What TOML cannot write is JSON in a text."""
    try:
        return table(path, {**values, name: value})
    except NoToml:
        return table(path, {**values, name: msgspec.json.encode(value).decode()})
