"""The tally of all calls to one OTLP receiver, at intervals.

A report that does not arrive is not repeated: the next one holds all that it held.
"""

from __future__ import annotations

import logging
from pathlib import Path

from penstock.clock import Clock
from penstock.exits.sender import Sender, TryAgain
from penstock.export.delivery import Refused
from penstock.export.otlp_http import post, rejected_by_json
from penstock.export.otlp_json import CONTENT_TYPE, metrics
from penstock.metrics.call_tally import call_metrics
from penstock.metrics.tally_file import read_tally
from penstock.settings.telemetry import OtlpMetricsSettings

log = logging.getLogger("penstock.keeper")


class OtlpMetrics:
    """One receiver of metrics."""

    def __init__(self, receiver: OtlpMetricsSettings, tally: Path, sender: Sender, clock: Clock) -> None:
        self._receiver = receiver
        self._tally = tally
        self._send = sender.send
        self._clock = clock
        self._failed = False
        self.interval = receiver.interval

    async def report(self) -> None:
        """One report; says when it does not arrive, once."""
        state = read_tally(self._tally)
        if state is None or not state.series:
            return
        body = metrics(list(call_metrics(state)), state.since_us * 1000, self._clock.now_us() * 1000)
        url, headers = self._receiver.url, self._receiver.headers
        try:
            await post(self._send, url, headers, body, CONTENT_TYPE, rejected_by_json)
        except (TryAgain, Refused) as error:
            if not self._failed:
                log.error("metrics do not arrive, each report is tried anew: %s", error)
            self._failed = True
        else:
            if self._failed:
                log.info("metrics arrive again")
            self._failed = False
