"""The kit's own rule of what is the product's: told by the folder of its package, not by names above it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hostile_kit import is_ours, lies_in

from penstock.clock import Clock

CLONES = ("penstock", "gateway", "a folder/penstock", "penstock/src/penstock")


@pytest.mark.parametrize("clone", CLONES)
def test_only_files_below_the_package_are_the_products(clone: str) -> None:
    root = Path("/srv") / clone
    package = root / "src" / "penstock"
    assert lies_in(str(package / "clock.py"), package)
    assert lies_in(str(package / "pages" / "health.py"), package)
    for other in (
        "tests/hostile/test_hostile_kit.py",
        "src/parallel_local/cli.py",
        "src/penstock_more/clock.py",
    ):
        assert not lies_in(str(root / other), package)
    assert not lies_in(str(root / ".venv/lib/python3.11/site-packages/uvicorn/server.py"), package)
    assert not lies_in("<string>", package)


async def test_a_task_of_the_products_is_seen_and_a_tests_is_not() -> None:
    test, product = asyncio.current_task(), asyncio.ensure_future(Clock().sleep(60))
    assert test is not None
    assert (is_ours(test), is_ours(product)) == (False, True)
    product.cancel()
