"""`/healthz` (the process lives) and `/readyz` (it can take calls and remember them)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from penstock.journal.journal import Journal
from penstock.stores.aside import still_there
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import control_store_trouble
from penstock.stores.opening.ledger import ledger_trouble


class HealthPages:
    """The two pages of one worker."""

    def __init__(self, journal: Journal, stores: Stores) -> None:
        self._journal = journal
        self._stores = stores

    def application(self, more: Sequence[BaseRoute] = ()) -> Starlette:
        """The ASGI application beside the data plane: these pages, and what else there is."""
        return Starlette(routes=[Route("/healthz", self.alive), Route("/readyz", self.ready), *more])

    async def alive(self, request: Request) -> JSONResponse:
        """200 as long as the event loop turns."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> JSONResponse:
        """200 when ledger and directory can be used and the journal takes records, else 503 with the reason of each.

        What was set aside as damaged is named as long as it lies there; that is no reason not to be ready.
        """
        reasons = await run_in_threadpool(self._troubles)
        checks = {"journal": self._journal.healthy} | {name: not why for name, why in reasons.items()}
        ready = all(checks.values())
        body = {
            "status": "ready" if ready else "not ready",
            "checks": checks,
            "reasons": {name: why for name, why in reasons.items() if why},
            "unwritten_records": self._journal.unwritten,
            "set_aside": [one.moved_to for one in still_there(self._stores.data)],
        }
        return JSONResponse(body, status_code=200 if ready else 503)

    def _troubles(self) -> dict[str, str]:
        """Why each store cannot be used; empty if it can."""
        return {"ledger": ledger_trouble(self._stores), "directory": control_store_trouble(self._stores)}
