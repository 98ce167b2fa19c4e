"""The door of calls to Parallel: what may be ordered, whose the runs are that a call names, what is ordered again.

Asks the run ledger before anything is sent, and answers by itself what must not go on: in Parallel's own shapes. What
becomes of a call that goes on is its ticket's affair (`ticket.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Final

from penstock.access.tokens import allows
from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import BAD_REQUEST, BODY_TOO_LARGE, SPEND_LIMITED, UNAVAILABLE, GatewayError
from penstock.providers.operation import Kind
from penstock.proxy.call import Call, OwnAnswer, Route
from penstock.proxy.call_bodies import request_of
from penstock.proxy.downstream.inbound import Inbound
from penstock.proxy.policies.credentials import sent_values
from penstock.proxy.policies.guard_rails import Active, check_order, most_of_token, most_to_pay
from penstock.proxy.runs.desk import RunDesk
from penstock.proxy.runs.own_only import own_only
from penstock.proxy.runs.ticket import RunTicket
from penstock.proxy.whole_bodies import WholeBodies
from penstock.runs.again import completed, goes_on
from penstock.runs.owners import fingerprint, is_theirs
from penstock.runs.places import MOST_NAMED, Act, Ask, ids_in_body, ids_in_path, what
from penstock.runs.run import Create, Outcome, Owner, Run, RunKind
from penstock.runs.shown import Shown, not_found, refused, unknown_reference
from penstock.settings.parallel_rules import ParallelRules
from penstock.stores.runs import RunLedger, RunQuery, RunsUnavailable
from penstock.wire.headers import without

_UNREAD: Final = "what becomes of runs cannot be read or written at the moment; nothing was sent, try again"
_UNCLEAR: Final = (
    "an earlier request like this one was sent, and whether it has made a run is not known: it is not sent a second"
    " time. Look for its run with `penstock runs`; to order another one, send it anew"
)
_HIT: Final = b"cf-aig-cache-status: HIT\r\n"
_REPLAYED: Final = b"idempotent-replayed: true\r\n"
_NOT_AGAIN: Final = b"x-should-retry: false\r\n"
_FIRST_LOOK, _LAST_LOOK, _PATIENCE = 0.02, 0.5, 50.0  # seconds; libraries give up after 60
_CODINGS: Final = frozenset({b"accept-encoding"})
_PLAIN: Final = (b"accept-encoding", b": ", b"identity", b"\r\n")
_OWN_BASIS: Final = "field-basis"  # a beta that changes what a result looks like (Parallel 1.3)
_DEFAULT: Final = ParallelRules()
_REMEMBERED_LENGTH: Final = 256  # of paths; longer ones would fill the memory
_DIGEST_BYTES: Final = 16
_READ_HERE: Final = 65536  # bytes of a body that is read in the event loop


class GoesOn:
    """A call that makes something goes on without its client: else nobody would know what it has made."""

    def holds(self) -> bool:
        """Always."""
        return True


class RunDoor:
    """One worker's. `budget` is of answers that are read."""

    def __init__(self, desk: RunDesk, clock: Clock, bodies: WholeBodies, budget: Budget) -> None:
        self._desk = desk
        self._clock = clock
        self._bodies = bodies
        self._budget = budget

    async def admit(self, call: Call, route: Route, inbound: Inbound) -> None:
        """Lets a call go on, with a ticket where it is about runs. Raises `OwnAnswer`, `GatewayError`."""
        rules = call.gateway.parallel or _DEFAULT
        ask, named = _asked(call.method, route.tail, call.query)
        if not named and _is_of_no_concern(call, ask, rules):
            return
        body = await self._body(call)
        try:
            if call.operation.is_work:
                await self._check_order(call, route, ask, body, rules)
            referred = await _referred(route.tail, body)
            if rules.run_owners != "all" and not _sees_all(call):
                await self._check_owners(call, ask, named, referred, rules)
            if ask.act is Act.OTHER:
                return
            if ask.act is Act.RESULT and ask.kind is RunKind.TASK and call.method == b"GET":
                await self._give_result(call, ask)
            create = None
            if ask.makes:
                create = self._create(call, route, await _digest(body))
                if ask.act is Act.MAKE_TASK:
                    await self._give_again(call, create, body)
                if ask.act is not Act.RESPOND:  # which is answered at once, or not at all
                    await self._announce(call, create)
                    inbound.guard = GoesOn()
        except RunsUnavailable as error:
            raise GatewayError(UNAVAILABLE, _UNREAD) from error
        if ask.is_resumable:
            _ask_for_plain(call)
        call.ticket = RunTicket(self._desk, ask, route.origin, create, self._clock.now_us, self._budget)

    async def _body(self, call: Call) -> bytes:
        """The plain body; empty where there is none. Raises `GatewayError` for one that cannot be read: it might order
        what may not be ordered, or go on from what somebody else has made.
        """
        if call.method != b"POST":
            return b""
        is_small = await self._bodies.gather(call)
        body = request_of(call) if is_small else None
        if body is not None:
            return body
        if call.gateway.spending is not None and call.operation.is_work:
            raise GatewayError(
                SPEND_LIMITED, "what this request costs cannot be told: its body cannot be read"
            )
        if not is_small:
            raise GatewayError(BODY_TOO_LARGE, f"a request to Parallel may have {self._bodies.limit} bytes")
        raise GatewayError(BAD_REQUEST, "the body cannot be read: its content-encoding is not what it says")

    # -- what may be ordered

    async def _check_order(
        self, call: Call, route: Route, ask: Ask, body: bytes, rules: ParallelRules
    ) -> None:
        active = await self._active(call, rules)
        look = partial(check_order, call, route, ask, body, rules, active)
        reason = look() if len(body) <= _READ_HERE else await asyncio.to_thread(look)
        if reason is not None:
            raise _own(refused(reason.status, reason.message, self._reference(), reason.detail))

    async def _active(self, call: Call, rules: ParallelRules) -> Active:
        """Those of the gateway, and those that the caller's token has made anywhere."""
        gateway, active = call.gateway, Active()
        if rules.max_active is not None:
            where = RunQuery(account=gateway.account, gateways=(gateway.id,), active=True)
            active = active._replace(of_gateway=await self._desk.ask(partial(_count, where)))
        if call.token is not None and most_of_token(call) is not None:
            where = RunQuery(token=call.token.id, active=True)
            active = active._replace(of_token=await self._desk.ask(partial(_count, where)))
        return active

    # -- whose it is

    async def _check_owners(
        self, call: Call, ask: Ask, named: tuple[str, ...], referred: tuple[str, ...], rules: ParallelRules
    ) -> None:
        """Raises `OwnAnswer` for one that is somebody else's, or nobody's where that will not do."""
        asker = owner_of(call)

        async def hidden(names: Collection[str]) -> frozenset[str]:
            if not names:
                return frozenset()
            known = await self._desk.ask(lambda ledger: {name: ledger.get(name) for name in names})
            return frozenset(name for name, run in known.items() if _is_hidden(run, asker, rules))

        if ask.act is Act.LIST_MONITORS or call.operation.kind is Kind.MEMORY:
            call.filters += (own_only(hidden),)
        found = await hidden({*named, *referred})
        if not found.isdisjoint(named):
            raise _own(not_found(ask, self._reference()))
        for name in filter(found.__contains__, referred):
            raise _own(unknown_reference(call.path, _member(call.path), name, self._reference()))

    # -- what is known already

    async def _give_result(self, call: Call, ask: Ask) -> None:
        """Raises `OwnAnswer` with the result of a run that has ended: it never changes (Parallel 8.4)."""
        if _OWN_BASIS in (call.header("parallel-beta") or ""):
            return
        place = call.gateway.account, call.gateway.id
        found = await self._desk.ask(lambda ledger: _result_of(ledger, ask.id, place))
        if found is not None:
            self._answer_by_itself(call)
            raise OwnAnswer(200, _HIT, found)

    async def _give_again(self, call: Call, create: Create, body: bytes) -> None:
        """Raises `OwnAnswer` with a run that has completed, and was ordered by the same request, where a caller says by
        `cf-aig-cache-ttl` how old it may be.
        """
        seconds = call.controls.cache_ttl
        if not seconds or call.controls.skip_cache or len(body) > _READ_HERE or goes_on(body):
            return
        since_us = create.sent_us - seconds * 1_000_000
        done = await self._desk.ask(lambda ledger: ledger.done_like(create, since_us))
        again = None if done is None else completed(done.answer)
        if again is not None:
            self._answer_by_itself(call)
            raise OwnAnswer(202, _HIT, again)

    async def _announce(self, call: Call, create: Create) -> None:
        """Writes down what is about to be sent. Raises `OwnAnswer` with the answer to what it repeats."""
        waited, pause = 0.0, _FIRST_LOOK
        while True:
            earlier = await self._desk.ask(lambda ledger: ledger.intend(create))
            if earlier is None:
                return
            if earlier.outcome is not Outcome.INTENT or waited >= _PATIENCE:
                break
            await self._clock.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LAST_LOOK)
        self._answer_by_itself(call)
        if earlier.outcome is Outcome.MADE and earlier.answer:
            raise OwnAnswer(earlier.status, _REPLAYED, earlier.answer)
        raise _own(refused(504, _UNCLEAR, self._reference()), _NOT_AGAIN)

    def _create(self, call: Call, route: Route, body_hash: bytes) -> Create:
        key, counted = call.head.idempotency_key, call.header("x-stainless-retry-count") or ""
        return Create(
            call_id=call.id,
            owner=owner_of(call),
            path=route.tail.partition("?")[0],
            body_hash=body_hash,
            key=_digest_of(key) if key else b"",
            attempt=int(counted) if counted.isascii() and counted.isdigit() and len(counted) < 6 else None,
            sent_us=self._clock.now_us(),
        )

    def _answer_by_itself(self, call: Call) -> None:
        call.note("runs", self._clock.monotonic(), "known from the run ledger")
        call.cached, call.cost = True, 0

    def _reference(self) -> str:
        return self._clock.new_id(self._clock.now_us())


def owner_of(call: Call) -> Owner:
    """Who calls, as runs remember it."""
    token, provider = call.token, call.provider
    sent = () if provider is None else sent_values(provider, call.head.credentials, call.withheld)
    return Owner(
        call.gateway.account,
        call.gateway.id,
        fingerprint(sent),
        "" if token is None else token.id,
        "" if token is None else token.user,
    )


async def _digest(body: bytes) -> bytes:
    """What tells one body from another."""
    if len(body) <= _READ_HERE:
        return _digest_of(body)
    return await asyncio.to_thread(_digest_of, body)


def _digest_of(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


async def _referred(tail: str, body: bytes) -> tuple[str, ...]:
    """The ids that a body refers to. Raises `GatewayError` where there are more than can be told."""
    found = (
        ids_in_body(tail, body)
        if len(body) <= _READ_HERE
        else await asyncio.to_thread(ids_in_body, tail, body)
    )
    if len(found) > MOST_NAMED:
        raise GatewayError(BAD_REQUEST, f"this request refers to more than {MOST_NAMED} runs")
    return found


def _ask_for_plain(call: Call) -> None:
    """A stream that may be resumed comes in no content coding: half of one cannot be gone on with."""
    if call.header("accept-encoding") is not None:
        head = call.head
        head.forward, head.joined = [*without(head.forward, _CODINGS), *_PLAIN], b""


def _asked(method: bytes, tail: str, query: bytes) -> tuple[Ask, tuple[str, ...]]:
    """What a request is about, and the ids that its path and query name. Most requests ask for one of a few places."""
    look = _look if len(tail) + len(query) <= _REMEMBERED_LENGTH else _look.__wrapped__
    return look(method, tail, query)


@lru_cache(maxsize=1024)
def _look(method: bytes, tail: str, query: bytes) -> tuple[Ask, tuple[str, ...]]:
    return what(method, tail), ids_in_path(tail + query.decode("latin-1"))


def _is_of_no_concern(call: Call, ask: Ask, rules: ParallelRules) -> bool:
    """Whether it names no run, and may be ordered: most calls are searches."""
    is_search = ask.act is Act.OTHER and call.operation.kind in (Kind.SEARCH, Kind.EXTRACT)
    return is_search and rules.allowed is None and most_to_pay(call, rules) is None


def _member(path: str) -> str:
    """Where a request says what it goes on from, or watches (Parallel 2.17)."""
    tail = path.partition("?")[0].rstrip("/")
    if tail.endswith("responses"):
        return "previous_response_id"
    return "settings.task_run_id" if tail.endswith("monitors") else "previous_interaction_id"


def _is_hidden(run: Run | None, asker: Owner, rules: ParallelRules) -> bool:
    if run is None or run.owner is None:
        return rules.run_owners == "strict"
    return not is_theirs(run.owner, asker)


def _sees_all(call: Call) -> bool:
    """Whether the token is one that may read the log, or the operator's own."""
    token, gateway = call.token, call.gateway
    if token is None:
        return call.authenticated
    return allows(token, "read", gateway.account, gateway.id)


def _count(where: RunQuery, ledger: RunLedger) -> int:
    return ledger.count(where)


def _result_of(ledger: RunLedger, run_id: str, place: tuple[str, str]) -> bytes | None:
    """The kept result of a run that was made on this gateway. Of all others only the provider knows who may have it."""
    run = ledger.get(run_id)
    if run is None or run.owner is None or (run.owner.account, run.owner.gateway) != place:
        return None
    result = ledger.result(run_id)
    return None if result is None else result.body


def _own(shown: Shown, lines: bytes = b"") -> OwnAnswer:
    return OwnAnswer(shown.status, lines, shown.body)
