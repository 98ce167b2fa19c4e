"""The provider guide names every slug, alias, host and credential header."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.providers.base import Provider
from penstock.providers.registry import BUILT_IN

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "providers.md"


@pytest.mark.parametrize("provider", BUILT_IN, ids=lambda provider: provider.slug)
def test_the_guide_has_a_row_for_every_provider(provider: Provider) -> None:
    rows = [
        line
        for line in GUIDE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| `{provider.slug}` ")
    ]
    assert len(rows) == 1
    for fact in (
        *provider.aliases,
        *provider.compat,
        *provider.credential_headers,
        *provider.consumed_headers,
    ):
        assert f"`{fact}`" in rows[0]
