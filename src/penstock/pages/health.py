"""`/healthz` (the process lives) and `/readyz` (it can take calls and remember them; what helps may be degraded).

Whoever asks is told whether; why not is for programs of this machine. At all other paths programs that were given half
a base URL are told the whole one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from penstock.clock import Clock
from penstock.errors import NOT_FOUND, GatewayError
from penstock.journal.journal import Journal
from penstock.metrics.process_files import read_troubles
from penstock.proxy.did_you_mean import page_meant
from penstock.proxy.unified.own_errors import error_body
from penstock.stores.aside import still_there
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import control_store_trouble
from penstock.stores.opening.ledger import ledger_trouble
from penstock.wire.unified_paths import unified_tail
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
        pages = [Route("/healthz", self.alive), Route("/readyz", self.ready), *more]
        return Starlette(routes=pages, exception_handlers={NOT_FOUND.status: _nowhere, 405: _not_so})

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


async def _nowhere(request: Request, _error: Exception) -> Response:
    """The answer where no page is."""
    path = request.url.path
    error = GatewayError(NOT_FOUND, f"calls have paths that begin with /v1/{page_meant(path)}")
    if unified_tail(path.split("/")[1:]) is None:
        body = error.body()
    else:
        body = error_body(error, path.encode("utf-8", "replace"))
    return Response(body, NOT_FOUND.status, media_type="application/json")


async def _not_so(request: Request, error: Exception) -> Response:
    """The answer where a page takes no such method. Who sends something to `/` has half a base URL."""
    if request.url.path == "/":
        return await _nowhere(request, error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response("this page takes no such method\n", 405, headers, "text/plain")
