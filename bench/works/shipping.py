"""How many calls a second the shipper takes out of the journal into the ledger, on one core, bodies of 1 kB.

Nothing else runs: the journal is written before, by nobody who still writes, and shipped until it is empty.
Models, tokens and costs are worked out as always.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.cores import foreign_share
from bench.failure import Failed
from bench.ledger_rows import BEGIN_US, rows, texts
from bench.measure import SUBJECT, Measure, Target
from bench.rounds import Round, measure
from bench.session import Session
from penstock.journal import segments
from penstock.journal.record import frame
from penstock.pricing.packaged import PackagedPrices
from penstock.shipper.shipper import Shipper
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger_changes import ledger_writer

NAME = "shipping"
RATE = "calls shipped per second"
SEGMENT_CALLS = 20_000
CALL_US = 50
"""Between two calls, in microseconds: they came in as fast as they should be shipped."""
BODY_BYTES = 1000


class Shipping:
    name = NAME
    summary = "calls per second from the journal into the ledger on one core, bodies of 1 kB"
    needs = ()
    targets = (Target(NAME, RATE, "≥", 20_000),)

    def run(self, session: Session) -> Iterator[Measure]:
        if not session.chosen(SUBJECT):
            return
        prices = PackagedPrices(session.lab.folder("prices"), None)
        prices.full()
        rounds = []
        for number in range(session.options.rounds):
            session.say(f"{NAME}: round {number + 1} of {session.options.rounds}")
            home = session.lab.folder(NAME)
            write_journal(home / segments.DIRECTORY, session.options.shipped)
            before, begin = session.lab.reading(), time.perf_counter()
            ship(home, session.options.shipped, prices)
            seconds = time.perf_counter() - begin
            rounds.append(
                Round(session.options.shipped / seconds, foreign_share(before, session.lab.reading()))
            )
        note = f"{session.options.shipped:,} calls a round"
        yield measure(NAME, RATE, SUBJECT, "/s", rounds, note)


def write_journal(folder: Path, calls: int) -> None:
    """Whole segments, left behind by writers that are gone."""
    folder.mkdir(parents=True)
    frames: list[bytes] = []
    made = rows(calls, bodies=texts(BODY_BYTES), span_us=calls * CALL_US)
    for number, call in enumerate(made, 1):
        frames.append(frame(call.record, call.request, call.response))
        if number % SEGMENT_CALLS == 0 or number == calls:
            descriptor = segments.create(folder, segments.new_name(BEGIN_US, 1, number))
            with open(descriptor, "wb") as segment:
                segment.write(b"".join(frames))
            frames.clear()


def ship(home: Path, calls: int, prices: PackagedPrices) -> None:
    """All of the journal below a folder into its ledger; `Failed` when that is not all of the calls."""
    shipped = 0
    with closing(ledger_writer(Stores(home))) as ledger:
        shipper = Shipper(home / segments.DIRECTORY, ledger, _complain, prices)
        while segments.list_segments(home / segments.DIRECTORY):
            shipped += shipper.ship_once().calls
    if shipped != calls:
        raise Failed(f"{shipped:,} calls of {calls:,} came into the ledger")


def _complain(line: str) -> None:
    raise Failed(f"the shipper says: {line}")
