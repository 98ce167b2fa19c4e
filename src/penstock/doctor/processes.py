"""The processes, by what the supervisor and they themselves tell: which ones keep ending, and which do not get on.

What is wrong with a worker that lives is in `workers.py`, and how far the shipper is behind in `records.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import counted
from penstock.metrics.process_files import FOLDER, read_processes, read_troubles, unreadable
from penstock.metrics.process_state import Kind, ProcessState, Trouble

_MEANWHILE: Final[dict[Kind, str]] = {
    "worker": "without workers nothing is served",
    "shipper": "calls go on and wait in the journal, which grows: see `disk space`",
    "keeper": "calls go on; nothing is exported, and nothing old is deleted",
    "local-parallel": "calls to the local engine get 502",
}

_ANEW: Final = (
    "run this as the gateway's user; it is written anew within seconds, unless a folder is in its place"
)


def processes(case: Case) -> Iterator[Finding]:
    """Each that is wrong; then how often the others had to be started again."""
    found, damaged = read_processes(case.data), unreadable(case.data) if case.is_running else []
    yield from (warning("processes", f"{path} cannot be read", _ANEW) for path in damaged)
    if not found:
        if case.is_running and not damaged:
            place = case.data / FOLDER
            yield warning("processes", f"{place} does not tell how they stand", "see `disk space`")
        return
    wrong = [one for one in read_troubles(case.data, case.now_us) if not one.is_unreadable]
    yield from (_trouble(one) for one in wrong)
    if not wrong and not damaged:
        yield ok("processes", f"{', '.join(one.name for one in found)} run{_again(found)}")


def _trouble(one: Trouble) -> Finding:
    text = f"{one.reason} ({one.detail})" if one.detail else one.reason
    meanwhile = _MEANWHILE[one.process.kind]
    if one.is_silent:
        remedy = f"if it hangs, end it, and another is started: `kill -9 {one.process.pid}`; on a busy machine it waits"
    else:
        remedy = "see the gateway's log for the reason; once that is gone it goes on by itself"
    return problem("processes", text, f"{remedy}. Until then {meanwhile}")


def _again(found: tuple[ProcessState, ...]) -> str:
    often = [f"{one.name} {counted(one.restarts, 'time')}" for one in found if one.restarts]
    return f"; started again: {', '.join(often)}" if often else ""
