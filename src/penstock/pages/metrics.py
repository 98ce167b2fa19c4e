"""`/metrics`: the installation's metrics for Prometheus, to programs of this machine or with a token.

What there is to tell is gathered in `installation_metrics.py`, and written by `metrics/prometheus.py`.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from penstock.access.standing import WHY, Standing
from penstock.clock import Clock
from penstock.management.caller import caller_of
from penstock.metrics.prometheus import CONTENT_TYPE, render
from penstock.pages.installation_metrics import installation_metrics
from penstock.settings import Settings, is_loopback
from penstock.stores.control_store import ControlStoreError
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import control_store
from penstock_common.own_program import is_own_program

_REFUSAL = (
    "send a token that may read the logs of the whole installation (read or metadata_read, "
    "of all accounts and gateways) as Authorization: Bearer …\n"
)


class MetricsPage:
    """The page of one worker."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._stores = stores_of(settings)
        self._admin_token = settings.admin_token or ""
        self._is_local = is_loopback(settings.server.host)
        self._clock = clock
        self._own_hosts = settings.server.own_hosts

    @property
    def route(self) -> Route:
        """Where it stands."""
        return Route("/metrics", self.answer)

    async def answer(self, request: Request) -> PlainTextResponse:
        """200 with all metrics, or 401."""
        is_free = self._is_local and is_own_program(request.headers.raw, self._own_hosts)
        return await run_in_threadpool(self._answer, is_free, request.headers.get("authorization") or "")

    def _answer(self, is_free: bool, authorization: str) -> PlainTextResponse:
        why = "" if is_free else self._why_not(authorization)
        if why:
            return PlainTextResponse(f"{why}; {_REFUSAL}", 401, {"www-authenticate": "Bearer"})
        text = render(installation_metrics(self._stores, self._clock.now_us()))
        return PlainTextResponse(text, media_type=CONTENT_TYPE)

    def _why_not(self, authorization: str) -> str:
        """Why who shows this may not read; empty for who may."""
        scheme, _, token = authorization.strip().partition(" ")
        try:
            tokens = control_store(self._stores).snapshot().tokens
        except ControlStoreError:
            tokens = ()
        shown = token.strip().encode("latin-1", "replace") if scheme.lower() == "bearer" else b""
        caller = caller_of(shown, tokens, self._admin_token, self._clock.now_us())
        if isinstance(caller, Standing):
            return WHY[caller]
        return "" if caller.may("metadata_read", "", "") else "this token may not"
