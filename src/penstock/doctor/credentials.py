"""What is sealed: the master key; stored keys, providers and gateways that it must open. Shows no secret.

Reads key files as they are and finishes no rotation, which loading the key for serving would do.
"""

from __future__ import annotations

from collections.abc import Iterator

from penstock.access.master_key import (
    FILE_NAME,
    NEW_FILE_NAME,
    KeySource,
    MasterKeyError,
    key_source,
    load_master_key,
    read_if_there,
)
from penstock.access.provider_secret import headers_of
from penstock.access.vault import SealBroken, Vault
from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import counted
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN, Registry
from penstock.stores.control_store import CustomProvider, ProviderKey, Snapshot

_REPLACE = "remove it and store it again: `penstock provider-keys remove`, `penstock provider-keys add`"


def credentials(case: Case) -> Iterator[Finding]:
    """The master key, then what it opens."""
    snapshot = case.control_store.snapshot
    if snapshot is None:
        return
    finding, vault = _master_key(case, snapshot.seal_label)
    yield finding
    if vault is not None:
        yield from _stored_keys(case, snapshot, vault)
        yield from _gateways(snapshot, vault)
    yield from _custom_providers(case, snapshot, vault)


# -- the master key


def _master_key(case: Case, label: bytes) -> tuple[Finding, Vault | None]:
    try:
        key = load_master_key(case.environ, case.data)
        new = read_if_there(case.data / NEW_FILE_NAME)
    except MasterKeyError as error:
        found = problem if label else warning
        return found("master key", str(error), "nothing that is stored sealed can be used until then"), None
    if not label:
        there = "it is there" if key is not None else "it is made with the first one"
        return ok("master key", f"no secret is stored; {there}"), None
    for candidate in (key, new):
        if candidate is not None and Vault(candidate).label == label:
            vault = Vault(candidate)
            return _fitting(case) if candidate is key else _unfinished(case), vault
    return _missing(case, key), None


def _fitting(case: Case) -> Finding:
    return ok("master key", f"that of {_where(case)} is the one the secrets are sealed with")


def _unfinished(case: Case) -> Finding:
    pending = case.data / NEW_FILE_NAME
    if key_source(case.environ) is KeySource.DATA_FOLDER:
        remedy = "the gateway finishes it when it next reads the directory"
    else:
        remedy = f"put the key in {pending} into {_where(case)}, then remove the file"
    return warning("master key", f"a rotation has not ended: the key in use is {pending}", remedy)


def _missing(case: Case, key: bytes | None) -> Finding:
    if key is None:
        text = "there are stored secrets, but not the master key they were sealed with"
    else:
        text = f"the stored secrets were sealed with another master key than that of {_where(case)}"
    return problem(
        "master key",
        f"{text}: none of them can be used",
        f"put it back as {case.data / FILE_NAME}, or set {KeySource.ENVIRONMENT.value} in this shell as for "
        "the gateway; without it, remove the secrets and store them again",
    )


def _where(case: Case) -> str:
    source = key_source(case.environ)
    return str(case.data / FILE_NAME) if source is KeySource.DATA_FOLDER else source.value


# -- what it opens


def _stored_keys(case: Case, snapshot: Snapshot, vault: Vault) -> Iterator[Finding]:
    usable = 0
    for key in snapshot.provider_keys:
        name = f"the key {key.id} of {key.provider}"
        try:
            vault.open(key.sealed, key.seal_context)
        except SealBroken as error:
            yield problem("stored keys", f"{name} cannot be used: {error}", _REPLACE)
            continue
        idle = _why_unused(case, snapshot, key)
        if idle:
            remedy = "add what is missing, or remove the key: `penstock provider-keys remove`"
            yield warning("stored keys", f"{name} is used by no call: {idle}", remedy)
        else:
            usable += 1
    if usable:
        yield ok("stored keys", f"{usable} can be used")


def _why_unused(case: Case, snapshot: Snapshot, key: ProviderKey) -> str:
    """Why no call ever takes this key; empty when one may."""
    if not _is_provider(case, snapshot, key):
        return f"there is no provider {key.provider}, or it is disabled"
    if case.faults:
        return ""  # which accounts there are is not known
    if key.account not in case.catalog.accounts:
        return f"there is no account {key.account}"
    if key.gateway and case.catalog.find(key.account, key.gateway) is None:
        return f"account {key.account} has no gateway {key.gateway}"
    return ""


def _is_provider(case: Case, snapshot: Snapshot, key: ProviderKey) -> bool:
    if not key.provider.startswith(CUSTOM_PREFIX):
        return any(key.provider == provider.slug for provider in BUILT_IN)
    own = {CUSTOM_PREFIX + one.slug for one in snapshot.custom_providers if _serves(one, key)}
    return key.provider in own or key.provider in case.settings.providers or bool(case.faults)


def _serves(provider: CustomProvider, key: ProviderKey) -> bool:
    return provider.enable and provider.account == key.account


def _gateways(snapshot: Snapshot, vault: Vault) -> Iterator[Finding]:
    for gateway in snapshot.gateways:
        if gateway.sealed is None:
            continue
        try:
            vault.open(gateway.sealed, gateway.seal_context)
        except SealBroken as error:
            yield problem(
                "gateways",
                f"{gateway.account}/{gateway.gateway} sends nothing to receivers of its own: {error}",
                "set `otel` and `stripe` of it anew: `penstock gateways set`",
            )


def _custom_providers(case: Case, snapshot: Snapshot, vault: Vault | None) -> Iterator[Finding]:
    usable = 0
    for provider in snapshot.custom_providers:
        slug = CUSTOM_PREFIX + provider.slug
        try:
            _check_headers(provider, vault)
            Registry({slug: provider.base_url})
        except (SealBroken, ValueError) as error:
            yield problem(
                "custom providers",
                f"{slug} of account {provider.account} cannot be used: {error}",
                "remove it and add it again: `penstock providers remove`, `penstock providers add`",
            )
            continue
        usable += provider.enable
        if not case.faults and provider.account not in case.catalog.accounts:
            yield warning(
                "custom providers",
                f"{slug} is of an account that does not exist: {provider.account}",
                "add the account to the configuration, or remove the provider",
            )
    if usable:
        yield ok("custom providers", f"{counted(usable, 'is', 'are')} enabled and can be used")


def _check_headers(provider: CustomProvider, vault: Vault | None) -> None:
    if provider.sealed_headers is None:
        return
    if vault is None:
        raise SealBroken("its headers are sealed, and the master key is missing")
    headers_of(vault.open(provider.sealed_headers, provider.seal_context))
