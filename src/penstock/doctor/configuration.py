"""The configuration: can it be read, would it be served with, does all of it do something?"""

from __future__ import annotations

from collections.abc import Iterator

from penstock.control.compile import build_registry
from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.settings import ConfigError, check_bind, unused

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
    """Settings that are accepted and do nothing."""
    for line in unused(case.settings):
        yield warning("settings", line, "take it out, or do not count on it")
