"""What may happen to a run in each of its states, as tables that each kind of run picks from. Data.

A pair that a table does not know is refused, or, when it comes from the work itself, of no account any more: a
cancelled run does not become completed because its last step ended a moment later.
"""

from collections.abc import Mapping
from typing import Literal

from parallel_local.wire.tasks import RunStatus

Happening = Literal["queue", "start", "finish", "fail", "cancel"]
States = Mapping[tuple[RunStatus, Happening], RunStatus]

# Carried out once: queued → running → completed, failed or cancelled.
ONCE: States = {
    ("queued", "start"): "running",
    ("running", "start"): "running",  # the program ended meanwhile
    ("running", "finish"): "completed",
    ("running", "fail"): "failed",
    ("queued", "cancel"): "cancelled",
    ("running", "cancel"): "cancelled",
}
# The same, and queued again from wherever it is, also while it is worked on.
AGAIN: States = {
    **ONCE,
    ("queued", "queue"): "queued",
    ("running", "queue"): "queued",
    ("completed", "queue"): "queued",
    ("failed", "queue"): "queued",
    ("cancelled", "queue"): "queued",
    ("queued", "fail"): "failed",
}
# Gone through again and again, by schedule and when asked, until it is cancelled for good.
MONITOR: States = {
    **ONCE,
    ("queued", "queue"): "queued",
    ("running", "queue"): "queued",
    ("completed", "queue"): "queued",
    ("failed", "queue"): "queued",
    ("completed", "cancel"): "cancelled",
    ("failed", "cancel"): "cancelled",
}
