"""One rule of a spend limit, compiled: which calls it is about, and which counter each of them belongs to.

What is counted there, and when, is in `spend_limit.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from penstock.access.limit_counters import rule_key, spend_counter
from penstock.metadata import MetadataValue
from penstock.pricing.units import to_nano
from penstock.proxy.call import Call
from penstock.settings.gateways import SpendRule, rule_id
from penstock.stores.control_store import SpendLimit
from penstock.stores.counters import Window


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, compiled. `filters` and `partitions` are by metadata key."""

    id: str
    usd: float
    limit: int  # nano-dollars
    window: Window
    filters: tuple[tuple[str, frozenset[str]], ...] = ()
    partitions: tuple[str, ...] = ()
    models: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()

    def key(self, prefix: bytes, call: Call, *, any_model: bool = False) -> bytes | None:
        """The counter this call belongs to; None when the rule is not about it. `any_model`: it may ask for any."""
        provider = "" if call.provider is None else call.provider.slug
        if self.providers and provider not in self.providers:
            return None
        if self.models and not any_model:
            model = bare(call.model, provider)
            if model not in self.models and f"{provider}/{model}" not in self.models:
                return None
        for name, values in self.filters:
            if name not in call.metadata or _text(call.metadata[name]) not in values:
                return None
        parts = [self.id]
        for name in self.partitions:
            if name not in call.metadata:
                return None
            parts += (name, _text(call.metadata[name]))
        return rule_key(prefix, parts)


def compiled(rule: SpendRule, index: int) -> Rule:
    """A rule of the settings. One without an id is known by its place."""
    metadata = rule.metadata or {}
    return Rule(
        rule_id(rule, index),
        rule.limit,
        to_nano(rule.limit),
        Window(rule.window, rule.technique == "sliding"),
        tuple(
            (name, frozenset(key.values)) for name, key in sorted(metadata.items()) if key.values is not None
        ),
        tuple(sorted(name for name, key in metadata.items() if key.mode == "partition")),
        frozenset(rule.model.values if rule.model else ()),
        frozenset(rule.provider.values if rule.provider else ()),
    )


@lru_cache(maxsize=1024)
def of_key(token_id: str, limit: SpendLimit) -> tuple[bytes, Rule]:
    """The counter of a virtual key, and its rule."""
    counter = spend_counter(token_id, limit)
    return counter.key, Rule("key", limit.limit, counter.limit, counter.window)


def bare(model: str, provider: str) -> str:
    """A model without `provider/` before it."""
    return model.removeprefix(f"{provider}/")


def _text(value: MetadataValue) -> str:
    """A metadata value as filters and counters spell it: JSON's true and false, numbers as they print."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
