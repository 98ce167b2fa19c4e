"""What ends `penstock demo` before its time."""

from __future__ import annotations

import click


class DemoFailed(click.ClickException):
    """A step did not go well; the text says which and why."""
