"""Names of models over the directory: what may be added or taken away, and what an account's names come to.

Pure but for the log. Names of the configuration file go before the directory's, and stand for what they do there
alone: nothing in the directory can break the file. What names are is in `settings/models.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.model_aliases import ModelAliases, faults
from penstock.providers.registry import Registry
from penstock.settings import Settings
from penstock.settings.models import ANYTHING_ELSE, MOST_NAMES, flattened, worked_out
from penstock.stores.control_store import AtMost, Snapshot
from penstock.stores.model_alias import ModelAlias
from penstock_common.check import quote

log = logging.getLogger("penstock.assembly")

_FILE: Final = "penstock.toml"


class AliasRefused(ValueError):
    """A change that cannot be made, and why. `field` is the one to blame, or "" where something is removed."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def not_too_many(account: str) -> AtMost:
    """Goes with what adds a name, so that of several who add one at once nobody adds one too many."""
    return AtMost(ModelAlias, account, None, MOST_NAMES)


def account_aliases(settings: Settings, snapshot: Snapshot) -> dict[str, ModelAliases]:
    """Of each account with names of its own, those of the file included. A wrong one is left out, and said."""
    before = flattened(settings.models)
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in snapshot.model_aliases:
        tables.setdefault(row.account, {})[row.name] = row.models
    found: dict[str, ModelAliases] = {}
    for account, table in tables.items():
        names, wrong = worked_out(table, before)
        for name, reason in wrong.items():
            log.error("the name %s for models, of account %s, is not used: %s", quote(name), account, reason)
        found[account] = ModelAliases(more={**names, **before})
    return found


def check_change(
    settings: Settings, snapshot: Snapshot, account: str, old: ModelAlias | None, new: ModelAlias | None
) -> None:
    """Whether `new` may take the place of `old`. Raises `AliasRefused`.

    What was wrong before, for want of a provider that is gone, keeps no other change back.
    """
    if new is not None and new.name in settings.models:
        raise AliasRefused(
            "name", f"{quote(new.name)} stands in {_FILE}: change it there, or take another name"
        )
    now = {row.name: row.models for row in snapshot.model_aliases if row.account == account}
    then = {name: models for name, models in now.items() if old is None or name != old.name}
    if new is not None:
        then[new.name] = new.models
    judged = _Judged(settings, snapshot, account)
    wrong = judged.faults(then)
    if new is not None and new.name in wrong:
        raise AliasRefused("models", f"{quote(new.name)}: {wrong[new.name]}")
    were_wrong = judged.faults(now) if wrong else {}
    for name, reason in wrong.items():
        if name not in were_wrong:
            raise AliasRefused("models" if new is not None else "", f"{quote(name)} would be wrong: {reason}")


class _Judged:
    """What is wrong with tables of one account."""

    def __init__(self, settings: Settings, snapshot: Snapshot, account: str) -> None:
        self._before = flattened(settings.models)
        self._registry = Registry(
            {slug: one.base_url for slug, one in settings.providers.items() if one.base_url is not None}
        )
        self._own = {
            *settings.providers,
            *(CUSTOM_PREFIX + one.slug for one in snapshot.custom_providers if one.account == account),
        }

    def faults(self, table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """Each wrong name with one reason."""
        found, wrong = worked_out(table, self._before)
        theirs = {name: models for name, models in found.items() if name not in self._before}
        return {**dict(self._strangers(theirs)), **dict(faults(theirs, self._registry)), **wrong}

    def _strangers(self, table: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
        """Names that lead to providers of the operator's own that there are not."""
        for name, models in table.items():
            for model in models:
                provider = model if name == ANYTHING_ELSE else model.partition("/")[0]
                if provider.startswith(CUSTOM_PREFIX) and provider not in self._own:
                    yield name, f"this account has no provider {quote(provider)}: add it first"
