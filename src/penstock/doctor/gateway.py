"""The gateway as its callers meet it: does it run, does it answer, is it ready?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import httpx
import msgspec

from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning

_SECONDS = 2.0
_PIECES = 16  # of an answer; a stranger's may have no end
_WHERE = "if it was started with another --host or --port, name its address with --url"


class _Health(msgspec.Struct):
    status: str


class _Readiness(msgspec.Struct):
    checks: dict[str, bool]
    degraded: list[str] = []


_Answer = TypeVar("_Answer", _Health, _Readiness)


def running(case: Case) -> Iterator[Finding]:
    """Whether a Penstock holds the data folder."""
    if case.is_running:
        yield ok("running", f"a Penstock uses {case.data}")
    else:
        yield warning(
            "running", f"no Penstock uses {case.data}", f"start it: `penstock serve --data {case.data}`"
        )


def answering(case: Case) -> Iterator[Finding]:
    """`/healthz` and `/readyz` of the gateway that runs, or of the one named."""
    if case.url is None and not case.is_running:
        return
    address = case.address.rstrip("/")
    with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
        try:
            status, body = _ask(client, f"{address}/healthz")
            if status != httpx.codes.OK or _decoded(body, _Health) is None:
                yield problem("health", f"{address} answers, but not as a Penstock does", _WHERE)
                return
            yield ok("health", f"{address} answers")
            yield _readiness(*_ask(client, f"{address}/readyz"))
        except httpx.TimeoutException:
            text = f"{address} does not answer within {_SECONDS:.0f} seconds"
            yield problem("health", text, "look at the gateway's log, and whether its machine is overloaded")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            yield problem("health", f"{address} cannot be reached: {error}", _WHERE)


def _ask(client: httpx.Client, url: str) -> tuple[int, bytes]:
    with client.stream("GET", url, headers={"accept-encoding": "identity"}) as answer:
        return answer.status_code, b"".join(islice(answer.iter_raw(), _PIECES))


def _readiness(status: int, body: bytes) -> Finding:
    found = _decoded(body, _Readiness)
    if found is None:
        return problem("readiness", f"/readyz answers {status}, but not as a Penstock does", _WHERE)
    lacking = [name for name, good in found.checks.items() if not good]
    if lacking:
        remedy = "see the findings on disk space, journal and ledger; the gateway's log has the reason"
        return problem("readiness", f"it is not ready: {' and '.join(lacking)} cannot be used", remedy)
    if found.degraded:
        text = f"it can take calls and write them down, and yet: {'; '.join(found.degraded)}"
        return warning("readiness", text, "see the findings on processes; the gateway's log has the reason")
    return ok("readiness", "it can take calls and write them down")


def _decoded(body: bytes, kind: type[_Answer]) -> _Answer | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        return None
