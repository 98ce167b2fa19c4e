"""What following goes by, out of settings, directory and its secrets; and since when those serve that serve now.

Stored keys are opened as for serving: one that cannot be opened, or is no single line, keeps its place, so that no
other is used where it was meant. What is done with it is in `following/`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from penstock.access.vault import SealBroken, Vault
from penstock.control.catalog import Catalog
from penstock.control.compile import build_registry
from penstock.control.opening import open_vault
from penstock.following.plan import FollowKey, FollowPlan, HookPlan, KeyPlace
from penstock.metrics.worker_file import FOLDER, read_states
from penstock.providers.parallel import PROVIDER
from penstock.providers.signing import is_of_parts
from penstock.settings import RetentionSettings, Settings
from penstock.settings.telemetry import age_seconds
from penstock.stores.control_store import ProviderKey, Snapshot

log = logging.getLogger("penstock.following")


def follow_plan(
    settings: Settings, catalog: Catalog, snapshot: Snapshot, environ: Mapping[str, str]
) -> FollowPlan:
    """Raises `ConfigError`."""
    return FollowPlan(
        build_registry(settings),
        _keys(settings, snapshot, environ),
        frozenset(
            (one.account, one.id)
            for one in catalog
            if one.fields.parallel is not None and not one.fields.parallel.follow
        ),
        frozenset((one.account, one.id) for one in catalog if not one.fields.collect_logs),
        kept_seconds(settings.retention),
        _hooks(settings, catalog),
    )


def kept_seconds(retention: RetentionSettings) -> int | None:
    """Runs are kept as long as the calls of any gateway are; None: for ever."""
    ages = [age_seconds(age) for age in (retention.logs, *retention.gateways.values())]
    known = [age for age in ages if age is not None]
    return max(known) if len(known) == len(ages) else None


def serving_since(data: Path) -> int | None:
    """Since when the oldest worker serves, in microseconds; None where that cannot be told."""
    try:
        workers = read_states(data / FOLDER).workers
    except OSError:
        return None
    return min((worker.started_us for worker in workers), default=None)


def _hooks(settings: Settings, catalog: Catalog) -> HookPlan:
    rules = {(one.account, one.id): one.fields.parallel for one in catalog}
    signing = {
        place: found.webhook.signing_secret
        for place, found in rules.items()
        if found is not None and found.webhook is not None
    }
    return HookPlan(signing, settings.server.allow_private_providers)


def _keys(
    settings: Settings, snapshot: Snapshot, environ: Mapping[str, str]
) -> dict[KeyPlace, tuple[FollowKey, ...]]:
    stored = [key for key in snapshot.provider_keys if key.provider == PROVIDER.slug]
    vault = open_vault(snapshot, environ, Path(settings.server.data)) if stored else None
    found: dict[KeyPlace, list[FollowKey]] = {}
    for key in stored if vault is not None else ():
        secret = _open(vault, key)
        is_line = secret != b"" and not is_of_parts(secret)
        opened = [FollowKey(key.id, secret, key.hosts)] if is_line else []
        found.setdefault((key.account, key.gateway, key.alias), []).extend(opened)
    return {place: tuple(keys) for place, keys in found.items()}


def _open(vault: Vault | None, key: ProviderKey) -> bytes:
    """Empty where that does not work: workers have said so."""
    try:
        return b"" if vault is None else vault.open(key.sealed, key.seal_context)
    except SealBroken:
        return b""
