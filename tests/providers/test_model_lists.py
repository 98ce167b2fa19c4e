"""Each provider's lists of models say what names an entry, and each look at one model which one it is."""

from __future__ import annotations

import pytest

from penstock.providers import custom
from penstock.providers.operation import Effect, Kind
from penstock.providers.operation_table import OperationTable, shows_model
from penstock.providers.registry import BUILT_IN, UNIFIED

# Of the same kind, and no model is in them: voices, tasks, hardware.
WITHOUT_MODELS = {
    "cartesia.accents.list",
    "cartesia.list",
    "cartesia.voices.get",
    "cartesia.voices.list",
    "elevenlabs.shared-voices.list",
    "elevenlabs.voices.list",
    "grok.tts.voices.list",
    "openrouter.models.count.list",
    "openrouter.providers.list",
    "replicate.collections.list",
    "replicate.hardware.list",
    "workers-ai.authors.search.list",
    "workers-ai.models.schema.list",  # says which in its query
    "workers-ai.tasks.search.list",
    "workers-ai.tomarkdown.supported.list",
}
TABLES = [*(one.operations for one in BUILT_IN), custom.OPERATIONS, UNIFIED]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.slug)
def test_every_list_of_models_says_how_it_is_read(table: OperationTable) -> None:
    rows = [row for row in table.rows if row.kind is Kind.MODELS and row.effect is Effect.READ]
    for row in rows:
        assert bool(row.lists) + shows_model(row) + (row.name in WITHOUT_MODELS) == 1, row.pattern
    assert not any(row.lists for row in table.rows if row not in rows)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("v1/models/gpt-4o", "gpt-4o"),
        ("v1/models/gpt-4o/", "gpt-4o"),
        ("v1//models/ft:gpt-4o:acme::abc", "ft:gpt-4o:acme::abc"),
        ("v1/models/a%2Fb", "a/b"),
        ("deep/er/v1/models/x", "x"),
        ("v1/models/models/x", "x"),
        ("v1/other/x", None),
    ],
)
def test_a_look_at_one_model_names_it(path: str, model: str | None) -> None:
    row = next(row for row in custom.OPERATIONS.rows if row.pattern.endswith("models/{m}"))
    assert custom.OPERATIONS.model_in(row, path) == model
