"""The order of a run: install what is missing, then one work after the other in one lab.

A work that fails becomes a skip line; the works after it still run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from bench.failure import Failed
from bench.gateways.base import Gateway
from bench.installs import missing_program
from bench.lab import Lab
from bench.machine import describe
from bench.options import Options
from bench.report import Results
from bench.session import Session
from bench.works.base import Work

Say = Callable[[str], None]


def prepare(
    works: Sequence[Work], gateways: Sequence[Gateway], options: Options, started: str, say: Say
) -> tuple[Results, list[Gateway]]:
    """Empty results, and the gateways that are installed."""
    results = Results(
        started=started,
        machine=describe(),
        options=dataclasses.asdict(options),
        versions={},
        targets=[target for work in works for target in work.targets if options.judged],
    )
    ready = []
    for gateway in gateways:
        say(f"preparing {gateway.name}")
        if skip := gateway.install():
            results.skips.append(skip)
            say(str(skip))
        else:
            results.versions[gateway.name] = gateway.version
            ready.append(gateway)
    return results, ready


def run_works(
    works: Sequence[Work], gateways: Sequence[Gateway], options: Options, results: Results, say: Say
) -> None:
    with Lab() as lab:
        session = Session(lab, options, gateways, say, results.skips)
        if lab.crowded:
            session.skip("a core of its own for the gateway", "this machine gives us only one")
        for work in works:
            _run_one(work, session, results)


def _run_one(work: Work, session: Session, results: Results) -> None:
    absent = missing_program(work.name, "taskset", *work.needs)
    if absent:
        session.skip(absent.who, absent.why)
        return
    session.say(f"{work.name}: {work.summary}")
    try:
        for measure in work.run(session):
            results.measures.append(measure)
    except (Failed, OSError) as failure:
        session.skip(work.name, str(failure))
