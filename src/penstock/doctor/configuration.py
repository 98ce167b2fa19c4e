"""The configuration: can it be read, would it be served with, does all of it do something?"""

from __future__ import annotations

from collections.abc import Iterator

from penstock.control.compile import build_registry
from penstock.control.no_effect import all_without_effect
from penstock.control.unread_variables import mistyped_variables
from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.settings import ConfigError, check_bind
from penstock.stores.control_store import Snapshot

_CORRECT = "correct it; until then a running gateway keeps the old settings, and a stopped one does not start"


def configuration(case: Case) -> Iterator[Finding]:
    """The file, the environment, and what they mean together."""
    faults = list(case.faults)
    for check in () if faults else (_check_bind, _check_providers):
        try:
            check(case)
        except ConfigError as error:
            faults += error.problems
    for fault in faults:
        yield problem("configuration", str(fault), _CORRECT)
    if not faults:
        there = case.file.exists()
        yield ok("configuration", f"{case.file} is sound" if there else "no file: the defaults are in force")


def _check_bind(case: Case) -> None:
    check_bind(case.settings, [one.name for one in case.catalog.open_to_anybody()])


def _check_providers(case: Case) -> None:
    build_registry(case.settings)


def useless_settings(case: Case) -> Iterator[Finding]:
    """Settings that are accepted and do nothing, of the file, the directory and the environment."""
    snapshot = case.control_store.snapshot or Snapshot()
    for line in all_without_effect(case.settings, case.catalog, snapshot):
        yield warning("settings", line, "say what is missing, take it out, or do not count on it")
    for line in mistyped_variables(case.environ):
        yield warning("settings", line, "name it as it is read, or take it out")
