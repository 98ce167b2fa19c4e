"""The ASGI application below `/client/v4`, the door: finds the endpoint, checks the token, calls it in a thread.

The only file of the management API that knows HTTP. What an endpoint does is in its resource's file.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from penstock.access.master_key import MasterKeyError
from penstock.access.standing import Standing
from penstock.access.vault import SealBroken
from penstock.errors import GatewayError, without_frames
from penstock.management.caller import Caller, caller_of
from penstock.management.endpoint import Endpoint
from penstock.management.problem import (
    INVALID,
    NO_ROUTE,
    NOT_FOUND,
    UNAVAILABLE,
    ManagementError,
    Problem,
    forbidden,
    invalid,
    unauthenticated,
)
from penstock.management.reading import Pairs, read_body, read_query
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.response import Response, failure, response
from penstock.management.turns import Turns
from penstock.proxy.room import Room, Share, hold_for_answer
from penstock.settings.gateways import AnyAccountId
from penstock.settings.server import Timeouts
from penstock.stores.control_store import (
    AlreadyThere,
    ChangedMeanwhile,
    ControlStoreError,
    ControlStoreUnavailable,
    NotThere,
    SealedOtherwise,
    TooMany,
    Unstorable,
)
from penstock.stores.ledger import LedgerUnavailable, UnfitCondition
from penstock.stores.runs import RunsUnavailable

log = logging.getLogger("penstock.management")

PREFIX = "/client/v4"
MAX_BODY_BYTES = 4 * 1024 * 1024
STORES_SAY: Final = (
    ControlStoreError,
    LedgerUnavailable,
    RunsUnavailable,
    UnfitCondition,
    MasterKeyError,
    SealBroken,
)
"""Errors of stores that are told to whoever asked."""

_MAX_QUERY_FIELDS = 1000
_RETRY_SECONDS = 1
_NO_ROOM_SECONDS = 5
_SMALL = 65536  # bytes of a body or an answer


def management_routes(endpoints: Sequence[Endpoint], resources: Resources, room: Room) -> list[BaseRoute]:
    """Routes for an ASGI application: one for each path, whatever its methods, and one for all that is left.

    Bodies take their part of the worker's `room`.
    """
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    turns = Turns()
    pages = {path: _Page(methods, resources, turns, room) for path, methods in by_path.items()}
    return [
        Route(f"{PREFIX}/openapi.json", _Documentation(endpoints)),
        *(Route(PREFIX + path, page) for path, page in pages.items()),
        Route(f"{PREFIX}/{{rest:path}}", _Nothing()),
    ]


@dataclass(frozen=True, slots=True)
class _Page:
    """One path with all its methods."""

    methods: Mapping[str, Endpoint]
    resources: Resources
    turns: Turns
    room: Room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http, share = HttpRequest(scope, receive), None
        try:
            _check_path(scope)
            answer, share = await _answer(self, http, _endpoint(self.methods, http.method))
        except ManagementError as error:
            answer = failure(error)
            without_frames(error)
        try:
            await _send(answer, scope, receive, send)
        finally:
            if share is not None:
                share.release()


@dataclass(slots=True)
class _Documentation:
    """What there is, for everybody: it tells nothing about this installation. Made when first asked for."""

    endpoints: Sequence[Endpoint]
    made: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in ("GET", "HEAD"):
            self.made = self.made or await run_in_threadpool(self._document)
            answer = Response(200, self.made)
        else:
            answer = failure(_not_allowed(scope["method"], ("GET",)))
        await _send(answer, scope, receive, send)

    def _document(self) -> bytes:
        from penstock.management.openapi import document  # noqa: PLC0415 - with all examples, and rarely read

        return document(self.endpoints)


class _Nothing:
    """A path that nobody knows."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = Problem(NO_ROUTE, f"no {scope['method']} {scope['path'][:200]} in this API")
        await _send(failure(ManagementError(404, [problem])), scope, receive, send)


def _check_path(scope: Scope) -> None:
    """A slash inside a name would make another path of it than the client meant."""
    if b"%2f" in scope.get("raw_path", b"").lower():
        raise ManagementError(404, [Problem(NO_ROUTE, "no name in this API has a slash (%2F) in it")])


def _endpoint(methods: Mapping[str, Endpoint], method: str) -> Endpoint:
    found = methods.get("GET" if method == "HEAD" else method)
    if found is None:
        raise _not_allowed(method, tuple(methods))
    return found


def _not_allowed(method: str, methods: Sequence[str]) -> ManagementError:
    allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
    problem = Problem(NO_ROUTE, f"{method} is not for this path; it takes {allowed}")
    return ManagementError(405, [problem], headers=(("allow", allowed),))


async def _answer(page: _Page, http: HttpRequest, endpoint: Endpoint) -> tuple[Response, Share]:
    """The answer, and what it holds of the room until it has been sent. Raises `ManagementError`."""
    try:
        request, pairs = await run_in_threadpool(_admitted, endpoint, page.resources, http)
        share = page.room.share(request.account)
        try:
            return await _in_turn(page, http, endpoint, request, pairs, share), share
        except BaseException:
            share.release()
            raise
    except ManagementError:
        raise
    except STORES_SAY as error:
        raise told(error) from error
    except GatewayError as error:  # there is no room
        raise ManagementError(503, [Problem(UNAVAILABLE, error.detail)], _NO_ROOM_SECONDS) from error
    except Exception:
        log.exception("%s %s failed", http.method, endpoint.path)
        problem = Problem(UNAVAILABLE, "internal error; the gateway's log has the details")
        raise ManagementError(500, [problem]) from None


async def _in_turn(
    page: _Page, http: HttpRequest, endpoint: Endpoint, request: Request, pairs: Pairs, share: Share
) -> Response:
    resources, body = page.resources, b""
    async with page.turns.of(request.caller.actor):  # a body comes in its turn, too: few of them wait here
        if "body" in endpoint.given:  # for good tokens only
            body = await _body(http, resources.settings.server.timeouts, share)
        answer = await page.turns.run(partial(_call, endpoint, resources, request, pairs, body))
        share.release()
        await _take(share, len(answer.body))
    hold_for_answer(http.scope, share)
    return answer


def _call(endpoint: Endpoint, resources: Resources, request: Request, pairs: Pairs, body: bytes) -> Response:
    """In a thread: what was sent goes in as the endpoint wants it, and its value out as bytes."""
    given: dict[str, object] = {}
    if "query" in endpoint.given:
        given["query"] = read_query(pairs, endpoint.given["query"])
    if "body" in endpoint.given:
        given["body"] = read_body(body, endpoint.given["body"])
    value = endpoint.function(resources, request, **given)
    return response(value, envelope=endpoint.envelope, again=endpoint.again, messages=request.messages)


async def _body(http: HttpRequest, timeouts: Timeouts, share: Share) -> bytes:
    """Whole, and not slower than a body may come to the data plane. Raises `GatewayError` when there is no room."""
    if http.headers.get("content-encoding", "identity").lower() != "identity":
        raise invalid("the body must come without a content-encoding", "headers", "content-encoding")
    loop, pieces = asyncio.get_running_loop(), bytearray()
    declared = http.headers.get("content-length", "")
    await _grow(share, min(int(declared) if declared.isdecimal() else 0, MAX_BODY_BYTES))
    begun = loop.time()
    try:
        async with asyncio.timeout_at(_body_due(begun, timeouts, 0)) as deadline:
            async for piece in http.stream():
                await _grow(share, len(pieces) + len(piece))
                pieces += piece
                if len(pieces) > MAX_BODY_BYTES:
                    raise ManagementError(
                        413, [Problem(INVALID, f"the body is larger than {MAX_BODY_BYTES} bytes", ("body",))]
                    )
                deadline.reschedule(_body_due(begun, timeouts, len(pieces)))
    except ClientDisconnect:
        raise invalid("the body was cut off", "body") from None
    except TimeoutError:
        late = Problem(INVALID, "the body did not come in time", ("body",))
        raise ManagementError(408, [late], headers=(("connection", "close"),)) from None
    return bytes(pieces)


async def _grow(share: Share, size: int) -> None:
    """Has room for so many bytes of a body; when it has to grow, for twice as many."""
    if size > share.held:
        await _take(share, min(max(size, 2 * share.held), MAX_BODY_BYTES))


async def _take(share: Share, size: int) -> None:
    """Has room for so many bytes; what is small does not ask. Raises `GatewayError` when there is none in time."""
    missing = size - share.held
    if size > _SMALL and missing > 0 and not share.take(missing):
        await share.wait(missing)


def _body_due(begun: float, timeouts: Timeouts, received: int) -> float | None:
    """When so much of a body must be here; None: whenever. The data plane looks once a second, and no sooner."""
    if not timeouts.body_rate:
        return None
    return begun + max(1.0, timeouts.body_grace + received / timeouts.body_rate)


def _admitted(endpoint: Endpoint, resources: Resources, http: HttpRequest) -> tuple[Request, Pairs]:
    """In a thread: who asks, and may they? The query comes with it; a body was not waited for."""
    now_us = resources.clock.now_us()
    caller = _caller(http, resources, now_us)
    names = {name: str(value) for name, value in http.path_params.items()}  # decoded once, by the server
    account = names.get("account_id", "")
    check_account(account or None)
    _check(endpoint, caller, account, names.get("gateway_id", ""))
    pairs = read_pairs(http)
    return Request(account, names, caller, base_url(http), now_us), pairs


def _caller(http: HttpRequest, resources: Resources, now_us: int) -> Caller:
    admin_token = resources.settings.admin_token or ""
    caller = caller_of(shown_token(http), resources.tokens(), admin_token, now_us)
    if isinstance(caller, Standing):
        raise unauthenticated(caller)
    return caller


def shown_token(http: HttpRequest) -> bytes:
    """The token that a request shows; empty where it shows none."""
    scheme, _, token = http.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return token.strip().encode("latin-1")
    return http.headers.get("x-auth-key", "").strip().encode("latin-1")


def check_account(account: str | None) -> None:
    """Raises `ManagementError` 404 for a name that no account can have; None is none."""
    try:
        msgspec.convert("-" if account is None else account, AnyAccountId)
    except msgspec.ValidationError:
        problem = Problem(NO_ROUTE, "there can be no account of this name: up to 64 letters, digits, _ and -")
        raise ManagementError(404, [problem]) from None


def _check(endpoint: Endpoint, caller: Caller, account: str, gateway: str) -> None:
    if not _may(endpoint, caller, account, gateway):
        raise forbidden()


def _may(endpoint: Endpoint, caller: Caller, account: str, gateway: str) -> bool:
    if endpoint.permission is None:
        return True
    if endpoint.scope == "some":
        return caller.may_somewhere(endpoint.permission, account or caller.first_account)
    return caller.may(endpoint.permission, account, gateway if endpoint.scope == "gateway" else "")


def read_pairs(http: HttpRequest) -> Pairs:
    """The query, decoded. Raises `ManagementError` 400."""
    text = http.scope["query_string"].decode("latin-1")
    try:
        return tuple(
            parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS, errors="strict")
        )
    except ValueError:
        raise invalid("the query is not valid: at most 1000 fields, percent-encoded UTF-8", "query") from None


def base_url(http: HttpRequest) -> str:
    """How the server was reached: `http://127.0.0.1:8787`. Raises `ManagementError` 400."""
    try:
        return str(http.base_url).rstrip("/")
    except ValueError:
        raise invalid("the Host header is not one", "headers", "host") from None


def told(error: Exception) -> ManagementError:
    """A store's error, one of `STORES_SAY`, as the API words it."""
    match error:
        case NotThere():
            return ManagementError(404, [Problem(NOT_FOUND, str(error))])
        case AlreadyThere() | TooMany() | Unstorable() | UnfitCondition():
            return invalid(str(error))
        case ChangedMeanwhile() | SealedOtherwise():
            return ManagementError(409, [Problem(INVALID, str(error))])
        case ControlStoreUnavailable() | LedgerUnavailable() | RunsUnavailable():
            return ManagementError(503, [Problem(UNAVAILABLE, str(error))], _RETRY_SECONDS)
    return ManagementError(500, [Problem(UNAVAILABLE, str(error))])


async def _send(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """A large one goes out as the client takes it."""
    headers = dict(answer.headers)
    headers.setdefault("cache-control", "no-store")
    whole, body = HttpResponse(answer.body, answer.status, headers, answer.content_type), answer.body
    if len(body) <= _SMALL:
        await whole(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers})
    for start in range(0, len(body), _SMALL):
        piece, more = body[start : start + _SMALL], start + _SMALL < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})
