"""`/healthz` (the process lives) and `/readyz` (it can take calls and remember them).

Whoever asks is told whether; why not is for programs of this machine.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from penstock.journal.journal import Journal
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import has_ledger
from penstock_common.own_program import is_own_program


class HealthPages:
    """The two pages of one worker."""

    def __init__(self, journal: Journal, stores: Stores, own_hosts: Collection[str] = ()) -> None:
        self._journal = journal
        self._stores = stores
        self._own_hosts = own_hosts

    def application(self, more: Sequence[BaseRoute] = ()) -> Starlette:
        """The ASGI application beside the data plane: these pages, and what else there is."""
        return Starlette(routes=[Route("/healthz", self.alive), Route("/readyz", self.ready), *more])

    async def alive(self, request: Request) -> JSONResponse:
        """200 as long as the event loop turns."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> JSONResponse:
        """200 when the ledger is there and the journal takes records, else 503; to own programs with the reasons."""
        checks = {"journal": self._journal.healthy, "ledger": has_ledger(self._stores)}
        ready = all(checks.values())
        body: dict[str, object] = {"status": "ready" if ready else "not ready"}
        if is_own_program(request.headers.raw, self._own_hosts):
            body |= {"checks": checks, "unwritten_records": self._journal.unwritten}
        return JSONResponse(body, status_code=200 if ready else 503)
