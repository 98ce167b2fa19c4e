"""`/hooks/parallel/…`: where Parallel's webhooks come in, instead of at callers (Parallel 2.14).

Anybody may reach it, for the signature says who has sent an event. It is answered with 2xx once it is written down with
all that it tells, and not before: whatever else is answered, Parallel sends again. Events go on from `following/`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from penstock.clock import Clock
from penstock.proxy.room import Room, Share
from penstock.proxy.routing import World
from penstock.proxy.runs.desk import RunDesk
from penstock.runs.hook_reading import told_by
from penstock.runs.hook_requests import PATH
from penstock.settings.parallel_rules import ParallelWebhook
from penstock.stores.hooks import Arrived
from penstock.stores.runs import RunsUnavailable
from penstock_common.webhook_signatures import Verdict, verified

MOST_BODY: Final = 1024 * 1024
"""Bytes of an event."""

_SECONDS: Final = 15.0  # for all of a body
_HERE: Final = 65536  # bytes that are looked at in the event loop
_STRANGERS: Final = ""  # whose share of the room it is: nobody is known before all of it has come
_MOST_TYPE: Final = 200  # characters of a content type
_UNSIGNED: Final = "no event that is signed with a secret of this gateway's webhooks"
_NOWHERE: Final = "no gateway here receives webhooks"

log = logging.getLogger("penstock.hooks")


class HookPages:
    """The receiver of one worker. `world` gives the gateways as they are now."""

    def __init__(self, world: Callable[[], World], runs: RunDesk, room: Room, clock: Clock) -> None:
        self._world = world
        self._runs = runs
        self._room = room
        self._clock = clock

    @property
    def routes(self) -> list[Route]:
        """Where it stands: with the id that was made for one request, and without."""
        place = f"{PATH}/{{account}}/{{gateway}}"
        return [
            Route(place, self.receive, methods=["POST"]),
            Route(f"{place}/{{hook}}", self.receive, methods=["POST"]),
        ]

    async def receive(self, request: Request) -> Response:
        """204 for an event that is kept, or was before; 401 for what nobody here knows the signature of, 400 for what
        was signed too long ago; 404 where nobody receives any.
        """
        share = self._room.share(_STRANGERS)
        try:
            return await self._receive(request, share)
        except (TimeoutError, ClientDisconnect):
            return _problem(408, "the body did not come in time, or was cut off")
        except RunsUnavailable as error:
            log.error("an event cannot be written down now, it is to be sent again: %s", error)
            return _problem(503, "events cannot be written down now: send it again")
        finally:
            share.release()

    async def _receive(self, request: Request, share: Share) -> Response:
        world, params = self._world(), request.path_params
        account, gateway = str(params["account"]), str(params["gateway"])
        rules = _webhook(world, account, gateway)
        if rules is None and not _is_any(world):
            return _problem(404, _NOWHERE)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            return _problem(415, "events come without a content-encoding")
        async with asyncio.timeout(_SECONDS):
            body = await _body(request, share)
        if isinstance(body, Response):
            return body
        event_id, timestamp, signature = (_only(request, name) for name in ("id", "timestamp", "signature"))
        secrets = () if rules is None else rules.account_secrets
        given = secrets, event_id, timestamp, signature, body, self._clock.now_us() / 1e6
        verdict = verified(*given) if len(body) <= _HERE else await run_in_threadpool(verified, *given)
        match verdict:
            case Verdict.UNSIGNED:
                return _problem(401, _UNSIGNED)
            case Verdict.TOO_OLD | Verdict.TOO_NEW:
                log.warning("an event for %s/%s is refused: %s", account, gateway, verdict.value)
                return _problem(400, verdict.value)
        content_type = request.headers.get("content-type", "")[:_MOST_TYPE]
        await self._take(account, gateway, str(params.get("hook", "")), event_id, content_type, body)
        return Response(status_code=204)

    async def _take(
        self, account: str, gateway: str, hook: str, event_id: str, content_type: str, body: bytes
    ) -> None:
        """Writes it down. Raises `RunsUnavailable`."""
        now_us = self._clock.now_us()
        taken = await self._runs.ask(
            lambda ledger: ledger.received(
                Arrived(account, gateway, hook, event_id, now_us, content_type, body, told_by(body))
            )
        )
        if taken.is_lost:
            log.error("event %s for %s/%s: nobody here knows whom it is for", event_id, account, gateway)
        if taken.given_up:
            log.error(
                "too many events of %s/%s wait to be sent on: the oldest were given up (%d); `penstock hooks` lists"
                " them, and `penstock hooks replay` sends them again",
                account,
                gateway,
                taken.given_up,
            )


async def _body(request: Request, share: Share) -> bytes | Response:
    """Whole, or what is answered where that cannot be."""
    pieces = bytearray()
    async for piece in request.stream():
        if len(pieces) + len(piece) > MOST_BODY:
            return _problem(413, f"an event has at most {MOST_BODY} bytes")
        if not share.take(len(piece)):
            return _problem(503, "there is no room for it now: send it again")
        pieces += piece
    return bytes(pieces)


def _only(request: Request, name: str) -> str:
    """The value of a header that is there once; else empty."""
    found = request.headers.getlist(f"webhook-{name}")
    return found[0] if len(found) == 1 else ""


def _webhook(world: World, account: str, gateway: str) -> ParallelWebhook | None:
    found = world.gateway(account, gateway)
    return None if found is None or found.parallel is None else found.parallel.webhook


def _is_any(world: World) -> bool:
    """Whether some gateway receives events; which ones is nobody's to find out."""
    return any(one.parallel is not None and one.parallel.webhook is not None for one in world.gateways)


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)
