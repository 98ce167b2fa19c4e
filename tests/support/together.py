"""Which tests run in one process, one behind the other, when several processes share the work.

Tests of a file that stand on something costly that they share, and tests of several files that use the same ports. The
marks of `pytest-xdist` for that go unheard since pytest 9.2, which reads no suffix from the ids of tests any more.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

_DEMO = "demo"
_TOGETHER = {"tests/test_wheel.py": _DEMO, "tests/cli/test_demo.py": _DEMO}
_BROWSER = "tests/browser/"  # one browser, and one demonstration to look at
_STANDS = ("tests/e2e/test_e2e_sdk_", "tests/e2e/test_e2e_fakes")


def scheduler(config: pytest.Config, log: object) -> object:
    """Hands out tests one by one, and those that belong together at once, the most numerous first."""
    made = LoadScopeScheduling(config, log)
    made._split_scope = _group  # the hook that subclasses override; the library has no types to subclass
    return made


def _group(test: str) -> str:
    """What a test belongs to; itself, mostly."""
    file = test.partition("::")[0]
    if file.startswith(_BROWSER):
        return _BROWSER
    return file if file.startswith(_STANDS) else _TOGETHER.get(file, test)
