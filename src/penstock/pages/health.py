"""`/healthz` (the process lives) and `/readyz` (it can take calls and remember them; what helps may be degraded).

Whoever asks is told whether; why not is for programs of this machine.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from penstock.clock import Clock
from penstock.journal.journal import Journal
from penstock.metrics.process_files import read_troubles
from penstock.stores.aside import still_there
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import control_store_trouble
from penstock.stores.opening.ledger import ledger_trouble
from penstock_common.own_program import is_own_program


class HealthPages:
    """The two pages of one worker."""

    def __init__(
        self, journal: Journal, stores: Stores, clock: Clock, own_hosts: Collection[str] = ()
    ) -> None:
        self._journal = journal
        self._stores = stores
        self._clock = clock
        self._own_hosts = own_hosts

    def application(self, more: Sequence[BaseRoute] = ()) -> Starlette:
        """The ASGI application beside the data plane: these pages, and what else there is."""
        return Starlette(routes=[Route("/healthz", self.alive), Route("/readyz", self.ready), *more])

    async def alive(self, request: Request) -> JSONResponse:
        """200 as long as the event loop turns."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> JSONResponse:
        """200 when ledger and directory can be used and the journal takes records, else 503; to own programs with the
        reason of each.

        What only helps, and does not work, is said and leaves it at 200: calls are served and kept all the same. What
        was set aside as damaged is named as long as it lies there.
        """
        reasons, degraded = await run_in_threadpool(self._look)
        checks = {"journal": self._journal.healthy} | {name: not why for name, why in reasons.items()}
        ready = all(checks.values())
        status = "not ready" if not ready else "degraded" if degraded else "ready"
        body: dict[str, object] = {"status": status}
        if is_own_program(request.headers.raw, self._own_hosts):
            body |= {
                "checks": checks,
                "reasons": {name: why for name, why in reasons.items() if why},
                "unwritten_records": self._journal.unwritten,
                "degraded": degraded,
                "set_aside": [one.moved_to for one in still_there(self._stores.data)],
            }
        return JSONResponse(body, status_code=200 if ready else 503)

    def _look(self) -> tuple[dict[str, str], list[str]]:
        """Why each store cannot be used, empty if it can, and what is wrong with processes.

        At files: a disk that hangs holds up whoever asks, and no call.
        """
        found = read_troubles(self._stores.data, self._clock.now_us())
        reasons = {"ledger": ledger_trouble(self._stores), "directory": control_store_trouble(self._stores)}
        return reasons, [trouble.reason for trouble in found]
