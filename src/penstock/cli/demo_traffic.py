"""Sending the made-up calls of `penstock demo`: over HTTP like anybody's, several at once, and how they went.

What is sent is in `demo_calls.py` and `demo_shapes.py`; who answers, in `demo_providers.py`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import httpx

from penstock.cli.demo_calls import MadeCall, usual_calls
from penstock.cli.demo_failed import DemoFailed
from penstock.cli.demo_people import Person
from penstock.cli.demo_shapes import limited_calls, shaped_calls

CALLS: Final = 60
SECONDS: Final = 15.0
"""No call is begun later than that, however slow the machine is."""

_KNOWN_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_AT_ONCE: Final = 8
_SEED: Final = 7
_LOG_ID: Final = "cf-aig-log-id"


class Sent(NamedTuple):
    """How a call went, and its place in the log, below the gateways of the management API."""

    outcome: str
    log: str


class Traffic(NamedTuple):
    """How the calls went; `logs` are the places of some that were answered."""

    answered: int
    failed: int  # an error of the provider
    refused: int  # by a limit of the gateway
    logs: Sequence[str]

    @property
    def made(self) -> int:
        """All of them."""
        return self.answered + self.failed + self.refused


def make_traffic(account: str, callers: Sequence[Person], limited: Person | None) -> Traffic:
    """Makes the calls at the address of an account; `limited` is somebody, if anybody, who may not spend much."""
    shapes = shaped_calls(callers[0], callers[1])
    ends = time.monotonic() + SECONDS
    with httpx.Client(base_url=f"{account}/", timeout=SECONDS, trust_env=False) as client:

        def send(call: MadeCall) -> Sent:
            return _sent(client, call) if time.monotonic() < ends else Sent("", "")

        def send_all(calls: Iterable[MadeCall]) -> list[Sent]:
            return list(map(send, calls))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            # Of some calls the order matters: each of these rows is sent one by one.
            few = [] if limited is None else limited_calls(limited)
            rows = [pool.submit(send_all, calls) for calls in (shapes, few)]
            found = list(pool.map(send, usual_calls(callers, CALLS, _SEED)))
            shown = rows[0].result()
            found += [*shown, *rows[1].result()]
    logs = [one.log for one in shown if one.outcome == "answered" and one.log]
    counts = Counter(one.outcome for one in found)
    return Traffic(counts["answered"], counts["failed"], counts["refused"], logs)


def wait_until_known(account: str, person: Person) -> None:
    """Until the gateway lets somebody in who was made last of all: it takes changes up in a moment."""
    deadline = time.monotonic() + _KNOWN_SECONDS
    headers = {"cf-aig-authorization": f"Bearer {person.token}", "cf-aig-collect-log": "false"}
    with httpx.Client(
        base_url=f"{account}/", timeout=_KNOWN_SECONDS, headers=headers, trust_env=False
    ) as client:
        while client.get("default/compat/models").status_code == httpx.codes.UNAUTHORIZED:
            if time.monotonic() > deadline:
                raise DemoFailed("the gateway did not take up what was set up")
            time.sleep(_POLL_SECONDS)


def _sent(client: httpx.Client, call: MadeCall) -> Sent:
    path = f"{call.gateway}/{call.provider}/{call.path}"
    try:
        answer = client.post(path, headers=call.sent(), json=dict(call.body))
    except httpx.HTTPError:
        return Sent("failed", "")
    if answer.is_success:
        log_id = answer.headers.get(_LOG_ID, "")
        return Sent("answered", log_id and f"{call.gateway}/logs/{log_id}")
    is_ours = answer.status_code == httpx.codes.TOO_MANY_REQUESTS and b"internalCode" in answer.content
    return Sent("refused" if is_ours else "failed", "")
