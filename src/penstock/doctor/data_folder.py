"""The data folder: is it there, is it private, can it be written to, is there room?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import GIB, MIB, size
from penstock.stores.aside import still_there
from penstock.time_text import rfc3339

_OTHERS = 0o077
_LEDGER = "ledger."
_LOW, _TOO_LOW = 2 * GIB, 200 * MIB


def data_folder(case: Case) -> Iterator[Finding]:
    """The folder itself."""
    data = case.data
    if not data.is_dir():
        what = "is no folder" if data.exists() else "does not exist"
        remedy = f"name the right one with --data, or start `penstock serve --data {data}`, which makes it"
        yield problem("data folder", f"{data} {what}", remedy)
        return
    status = data.stat()
    mode = status.st_mode & 0o777
    if mode & _OTHERS:
        yield warning(
            "data folder",
            f"others may look into {data} (mode {mode:04o}); it holds prompts and answers",
            f"`chmod 700 {data}`",
        )
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        yield problem(
            "data folder",
            f"this user may not write to {data}, which belongs to user {status.st_uid}",
            f"run as that user, or `chown -R` {data} to the one that the gateway runs as",
        )
    elif not mode & _OTHERS:
        yield ok("data folder", f"{data} is there, private and writable")


def set_aside(case: Case) -> Iterator[Finding]:
    """What was damaged, and lies aside until somebody takes it away. With a ledger calls are lost."""
    for one in still_there(case.data):
        is_ledger = one.store.startswith(_LEDGER)
        found = problem if is_ledger else warning
        yield found(
            "ledger" if is_ledger else "set aside",
            f"{rfc3339(one.at_us)}: {one.text}",
            f"when nothing of {case.data / one.moved_to} is wanted any more, remove it; its disk may be failing",
        )


def disk_space(case: Case) -> Iterator[Finding]:
    """Room for journal and ledger. When there is none, calls go on and their records are lost."""
    usage = shutil.disk_usage(case.data)
    text = f"{size(usage.free)} of {size(usage.total)} are free"
    remedy = f"make room on the disk of {case.data}, or move the folder while the gateway is stopped"
    if usage.free < _TOO_LOW:
        yield problem("disk space", text, remedy)
    elif usage.free < _LOW:
        yield warning("disk space", text, remedy)
    else:
        yield ok("disk space", text)
