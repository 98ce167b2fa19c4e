"""What ends `penstock demo` before its time."""

from __future__ import annotations

from penstock.cli.output import SeveralFaults


class DemoFailed(SeveralFaults):
    """A step did not go well; the text says which and why, maybe with lines of the gateway's own."""

    def __init__(self, text: str) -> None:
        super().__init__(text.splitlines())
