"""The price book: what an operator says, and else what the table of language models' prices says.

Looks each model up once and remembers it, whether it was found or not. Pure; files are read in `loading.py`,
and what goes before the book is in `call_cost.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from penstock.pricing.bill import Bill
from penstock.pricing.price_table import PriceTable
from penstock.pricing.rates import Rates
from penstock.pricing.search_prices import PRICES
from penstock.pricing.supplement import ALIKE, APART, HALF_FOR_BATCHES, supplemented
from penstock.pricing.supplement import SOURCE as SUPPLEMENT
from penstock.wire.usage import Usage

_MAX_REMEMBERED = 4096
_MAX_MODEL_CHARS = 256

# Penstock's slugs → the ids of `genai-prices`. What is missing here has no prices there.
_PACKAGE_IDS = {
    "anthropic": "anthropic",
    "aws-bedrock": "aws",
    "azure-openai": "azure",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "google-ai-studio": "google",
    "google-vertex-ai": "google",
    "grok": "x-ai",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity-ai": "perplexity",
    "workers-ai": "cloudflare",
}
_NAMED_BY_PATH = frozenset(
    {"google-ai-studio", "google-vertex-ai"}
)  # "models/…", "publishers/google/models/…"


class PriceBook:
    """Prices by provider and model."""

    __slots__ = ("_overrides", "_remembered", "_table")

    def __init__(self, table: PriceTable | None, overrides: Mapping[str, Rates]) -> None:
        """`overrides` are keyed `provider/model`, or `provider/*` for what has no entry of its own."""
        self._table = table
        self._overrides = overrides
        self._remembered: dict[tuple[str, str | None], Rates | None] = {}

    def knows(self, provider: str) -> bool:
        """Whether any model of a provider may have a price."""
        listed = self._table is not None and provider in _PACKAGE_IDS
        return (
            listed or provider in PRICES or any(name.startswith(f"{provider}/") for name in self._overrides)
        )

    def models(self, provider: str) -> list[str]:
        """The names of a provider's models, as far as they have prices of their own here."""
        mark = f"{provider}/"
        own = [name.removeprefix(mark) for name in self._overrides if name.startswith(mark)]
        package_id = _PACKAGE_IDS.get(provider)
        listed = self._table.listed(package_id) if self._table is not None and package_id else []
        return [name for name in dict.fromkeys((*own, *listed)) if name != "*"]

    def override(self, provider: str, model: str | None) -> Rates | None:
        """The operator's prices. `provider` is a slug, `model` with or without `provider/` before it."""
        if not self._overrides:
            return None
        own = model and self._overrides.get(f"{provider}/{model.removeprefix(f'{provider}/')}")
        return own or self._overrides.get(f"{provider}/*")

    def rates(self, provider: str, model: str | None) -> Rates | None:
        """The prices of a model; None where they are unknown."""
        key = provider, model
        try:
            return self._remembered[key]
        except KeyError:
            pass
        if model is not None and len(model) > _MAX_MODEL_CHARS:
            return self.override(provider, None)
        found = self.override(provider, model) or self._listed(provider, model)
        if len(self._remembered) >= _MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = found
        return found

    def context(self, provider: str, model: str) -> int | None:
        """The context window of a model in tokens, as far as the table has it."""
        package_id = _PACKAGE_IDS.get(provider)
        if self._table is None or package_id is None:
            return None
        return self._table.context(package_id, model.removeprefix(f"{provider}/"))

    def cost(self, provider: str, model: str | None, usage: Usage | None, when_us: int) -> Bill | None:
        """What a call that began at `when_us` (Unix µs) costs; None where price or usage is unknown."""
        rates = self.rates(provider, model)
        return None if rates is None else rates.cost(usage, when_us)

    def _listed(self, provider: str, model: str | None) -> Rates | None:
        if not model:
            return None
        package_id = _PACKAGE_IDS.get(provider)
        name = model.removeprefix(f"{provider}/")
        listed = None
        if self._table is not None and package_id is not None:
            listed = self._table.find(package_id, name)
            if listed is None and provider in _NAMED_BY_PATH:
                name = name.rpartition("/")[2]
                listed = self._table.find(package_id, name)
        prices, is_added = supplemented(provider, name, listed)
        if prices is None:
            return None
        sources = [] if listed is None or self._table is None else [self._table.source]
        source = ", ".join([*sources, SUPPLEMENT] if is_added else sources)
        apart = frozenset[str]() if provider in ALIKE else APART
        return Rates(prices, source, apart, halves_batches=provider in HALF_FOR_BATCHES)
