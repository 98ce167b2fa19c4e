"""One target under atheris: `python -m fuzz.one TARGET [options of libFuzzer]`. Started by `__main__.py`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["penstock", "penstock_common", "parallel_local"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Does not come back: libFuzzer ends the process."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
