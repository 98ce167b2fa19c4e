"""Custom providers in a plan (Cloudflare 4.7). Their headers are secret: compared sealed, shown never."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.access.provider_secret import headers_of, headers_text
from penstock.config_as_code.belongings import removed
from penstock.config_as_code.document import ProviderTable
from penstock.config_as_code.draft import Draft
from penstock.config_as_code.placeholders import filled, variable_of
from penstock.config_as_code.plan import Step, differences
from penstock.control.custom_providers import About
from penstock.control.provider_rows import OnlyIfAllowed, check_address
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.settings.gateway_secrets import MASK
from penstock.settings.toml_position import KeyPath
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Add,
    CustomProvider,
    Remove,
    Replace,
)
from penstock_common.check import findings


def plan_providers(draft: Draft, account: str, wanted: Mapping[str, ProviderTable]) -> None:
    """The custom providers of an account."""
    there = {one.slug: one for one in draft.now.snapshot.custom_providers if one.account == account}
    for slug, table in sorted(wanted.items()):
        _check(draft, account, slug, table)
        _plan_provider(draft, account, slug, table, there.get(slug))
    for slug, provider in there.items():
        if slug not in wanted:
            draft.does(removed(provider), Remove(provider))


def _check(draft: Draft, account: str, slug: str, table: ProviderTable) -> None:
    if f"{CUSTOM_PREFIX}{slug}" in draft.now.file_providers:
        place = account, "providers", slug
        draft.wrong(
            place, f"{CUSTOM_PREFIX}{slug} stands in penstock.toml: change it there, and take it out here"
        )
    path = account, "providers", slug, "base_url"
    try:
        check_address(slug, table.base_url, allow_private=table.allow_private)
    except OnlyIfAllowed as error:
        draft.wrong(path, f"{error}: set allow_private if it is on a network of yours")
    except ValueError as error:
        draft.wrong(path, str(error))


def _plan_provider(
    draft: Draft, account: str, slug: str, table: ProviderTable, old: CustomProvider | None
) -> None:
    now = draft.now
    new = CustomProvider(
        id=now.new_id() if old is None else old.id,
        account=account,
        slug=slug,
        name=table.name or slug,
        base_url=table.base_url,
        enable=table.enable,
        allow_private=table.allow_private,
        sealed_headers=None if old is None else old.sealed_headers,
        about=_about(draft, table, (account, "providers", slug, "about")),
        created_us=now.now_us if old is None else old.created_us,
        modified_us=now.now_us,
    )
    if table.headers is not None:
        new = msgspec.structs.replace(new, sealed_headers=_sealed(draft, new, table, old))
    label = f"{account}/{CUSTOM_PREFIX}{slug}"
    if old is None:
        draft.does(Step("create", "custom_provider", label, differences({}, _shown(new))), Add(new))
        return
    after = _shown(new)
    if new.sealed_headers != old.sealed_headers and new.sealed_headers is not None:
        after["headers"] = "changed"
    changed = differences(_shown(old), after)
    if changed:
        draft.does(Step("update", "custom_provider", label, changed), Replace(old, new))


def _about(draft: Draft, table: ProviderTable, path: KeyPath) -> dict[str, Json]:
    found = draft.json_table(table.about, path)
    for finding in findings(found, About, path):
        draft.wrong(finding.path, finding.reason)
    return found


def _sealed(
    draft: Draft, new: CustomProvider, table: ProviderTable, old: CustomProvider | None
) -> bytes | None:
    """The headers, sealed; as they are stored, if nothing in them has changed."""
    known = _known_headers(draft, old)
    same_address = old is not None and old.base_url == new.base_url
    wanted: dict[str, str] = {}
    for name, value in (table.headers or {}).items():
        given = filled(value, draft.now.environ)
        if given == MASK:
            if not same_address or name.lower() not in known:
                _tell_lost(draft, new, name, value)
                return None
            given = known[name.lower()]
        wanted[name.lower()] = given
    if old is not None and wanted == known:
        return old.sealed_headers
    try:
        return draft.now.seal(headers_text(list(wanted.items())), new.seal_context) if wanted else None
    except ValueError as error:
        draft.wrong((new.account, "providers", new.slug, "headers"), str(error))
        return None


def _known_headers(draft: Draft, old: CustomProvider | None) -> dict[str, str]:
    """What is stored, as far as it can be opened."""
    if old is None or old.sealed_headers is None:
        return {}
    plain = draft.now.open_secret(old.sealed_headers, old.seal_context)
    try:
        return {} if plain is None else dict(headers_of(plain))
    except ValueError:
        return {}


def _tell_lost(draft: Draft, provider: CustomProvider, name: str, value: str) -> None:
    variable = variable_of(value)
    what = f"set the variable {variable}" if variable else "write it"
    draft.wrong(
        (provider.account, "providers", provider.slug, "headers", name),
        f"no header {name.lower()} is stored for {CUSTOM_PREFIX}{provider.slug} at this address: {what}",
    )


def _shown(provider: CustomProvider) -> dict[str, Json]:
    """What may be seen of it."""
    return {
        "name": provider.name,
        "base_url": provider.base_url,
        "enable": provider.enable,
        "allow_private": provider.allow_private,
        "about": provider.about,
        "headers": None if provider.sealed_headers is None else "stored",
    }
