"""The whole examination: which checks there are, in which order, and what becomes of one that fails itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

from penstock.doctor.case import Case
from penstock.doctor.configuration import configuration, useless_settings
from penstock.doctor.control_store import control_store
from penstock.doctor.credentials import credentials
from penstock.doctor.data_folder import data_folder, disk_space, set_aside
from penstock.doctor.deep import Step, steps
from penstock.doctor.finding import Finding, problem
from penstock.doctor.gateway import answering, running
from penstock.doctor.limits import limits
from penstock.doctor.machine import clock, open_files, proxies
from penstock.doctor.prices import prices
from penstock.doctor.processes import processes
from penstock.doctor.records import records
from penstock.doctor.runs import runs
from penstock.doctor.shared_stores import shared_stores
from penstock.doctor.workers import workers

Check = Callable[[Case], Iterator[Finding]]

_FIRST: Final[tuple[Check, ...]] = (configuration, useless_settings, data_folder)
_OF_THE_FOLDER: Final[tuple[Check, ...]] = (
    set_aside,
    disk_space,
    running,
    answering,
    processes,
    workers,
    records,
    runs,
    control_store,
    credentials,
    shared_stores,
    limits,
)
_LAST: Final[tuple[Check, ...]] = (prices, open_files, clock, proxies)


def checkup(case: Case) -> Iterator[Finding]:
    """All findings but deep ones. Never raises; what is in a data folder that cannot be entered is left out."""
    for check in _FIRST:
        yield from findings(check, case)
    inside = _OF_THE_FOLDER if _is_open(case) else ()
    for check in (*inside, *_LAST):
        yield from findings(check, case)


def deep_steps(case: Case) -> list[Step]:
    """What is looked at from its first byte to its last, step by step."""
    return steps(case) if _is_open(case) else []


def _is_open(case: Case) -> bool:
    return os.access(case.data, os.R_OK | os.X_OK, effective_ids=True) and case.data.is_dir()


def findings(check: Check, case: Case) -> Iterator[Finding]:
    """What a check finds; that it failed itself is a finding, too."""
    yield from _told(check.__name__.replace("_", " "), lambda: check(case))


def looked(step: Step) -> Iterator[Finding]:
    """As `findings`, of a deep look."""
    yield from _told(step.name, step.look)


def _told(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:
        text = f"could not be looked at: {type(error).__name__}: {error}"
        yield problem(name, text, "run this as the gateway's user; if that does not help, report it")
