"""The machine around the gateway: open files, the clock, proxies."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import span
from penstock.journal.segments import DIRECTORY, list_segments, parse
from penstock.stores.facts import Unreadable
from penstock.stores.opening.ledger import ledger_facts

_ENOUGH_FILES = 4096
_FULL = 0.8
_SLIGHT_US = 5 * 1_000_000  # another machine's clock, over a shared folder, or a small step back
_FIRST_YEAR_US = 1_735_689_600 * 1_000_000  # 2025: before that there was no such program
_RAISE_LIMIT = (
    "raise the hard limit: `LimitNOFILE=` in a unit, `--ulimit nofile=` of a container, `ulimit -n`"
)


# -- open files


def open_files(case: Case) -> Iterator[Finding]:
    """Every call that waits takes two files. The limit of each worker; of this shell when none runs."""
    limits = []
    for worker in case.states.workers:
        with suppress(OSError):  # another user's
            limit, _ = resource.prlimit(worker.pid, resource.RLIMIT_NOFILE)
            limits.append(limit)
            used = len(os.listdir(f"/proc/{worker.pid}/fd"))
            if limit != resource.RLIM_INFINITY and used > _FULL * limit:
                text = f"worker {worker.pid} has {used} of {limit} files open"
                yield problem("open files", f"{text}: soon it can take no more calls", _RAISE_LIMIT)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield _files(min(limits, default=hard))


def _files(limit: int) -> Finding:
    if limit == resource.RLIM_INFINITY:
        return ok("open files", "there is no limit")
    text = f"a worker may have {limit} open, which is room for some {limit // 2} calls at once"
    if limit < _ENOUGH_FILES:
        return warning("open files", text, _RAISE_LIMIT)
    return ok("open files", text)


# -- clock


def clock(case: Case) -> Iterator[Finding]:
    """Nothing that was written down may lie in the future: limits and expiries go by this clock."""
    ahead_us = max(_moments(case), default=0) - case.now_us
    remedy = "set the clock and keep it right (NTP); tokens, limits and kept answers end by it"
    if case.now_us < _FIRST_YEAR_US:
        yield problem("clock", "it stands before the year 2025", remedy)
    elif ahead_us > _SLIGHT_US:
        yield problem("clock", f"the newest record is of {span(ahead_us)} in the future", remedy)
    else:
        yield ok("clock", "nothing that was written lies in the future")


def _moments(case: Case) -> Iterator[int]:
    yield from (worker.written_us for worker in case.states.workers)
    yield from (
        parts.created_us
        for name in list_segments(case.data / DIRECTORY)
        if (parts := parse(name)) is not None
    )
    with suppress(Unreadable):
        facts = ledger_facts(case.stores)
        if facts is not None and facts.newest_us is not None:
            yield facts.newest_us


# -- proxies


def proxies(case: Case) -> Iterator[Finding]:
    """What of the environment sends calls elsewhere. Names and passwords in it are not shown."""
    found = {name: url for name, url in getproxies_environment().items() if name in ("http", "https", "all")}
    if not found:
        yield ok("proxies", "none in this environment")
    for name, url in sorted(found.items()):
        yield _proxy("calls to all providers" if name == "all" else f"calls to {name} addresses", url)


def _proxy(what: str, url: str) -> Finding:
    host = _proxy_host(url)
    if host is None:
        text = "the proxy of this environment is neither http nor https"
        return problem("proxies", f"{what} fail: {text}", "name another one, or unset the variable")
    return ok("proxies", f"{what} go through {host}, as this environment says")


def _proxy_host(url: str) -> str | None:
    """None for what is no proxy that calls can go through. The URL itself may hold a password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        fits = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return None
    return parts.hostname if fits else None
