"""Calls for tests of limits: a request with its answer, as the pipeline would have put them on a `Call`."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.budget import Budget
from penstock.journal.record import COMPLETE
from penstock.metadata import MetadataValue
from penstock.providers.base import operations_at
from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.providers.registry import Registry, native
from penstock.proxy.call import Call, Gateway
from penstock.proxy.request_body import RequestBody
from penstock.stores.control_store import RateLimit, SpendLimit, Token
from penstock.wire.controls import parse_controls
from penstock.wire.headers import HeaderSorter

NOW_US = 1_700_000_040_000_000
GATEWAY = Gateway("acct", "gw")
CHAT = "chat/completions"

_REGISTRY = Registry({})
_SORTER = HeaderSorter()


def new_call(
    provider: str = "openai",
    tail: str = CHAT,
    body: bytes = b"{}",
    *,
    model: str = "",
    metadata: Mapping[str, MetadataValue] | None = None,
    headers: list[tuple[bytes, bytes]] | None = None,
    token: Token | None = None,
    now_us: int = NOW_US,
    method: bytes = b"POST",
) -> Call:
    """A POST with a JSON body, before its answer. Headers' names are in lower case."""
    lines = [(b"content-type", b"application/json"), *(headers or [])]
    head = _SORTER.request(lines)
    head.length = len(body)
    controls = parse_controls(head.controls)
    found = _REGISTRY.find(provider)
    assert found is not None
    call = Call(
        "018bcfe5-6800-7000-8000-000000000000",
        "018bcfe5-6800-7000-8000-000000000000",
        now_us,
        0.0,
        GATEWAY,
        head,
        controls,
        found,
        tail,
        b"",
        True,
        False,
        method,
        RequestBody.of(body),
        {name.decode(): value.decode("latin-1") for name, value in lines}.get,
        dict(controls.metadata if metadata is None else metadata),
        True,
    )
    call.body.record(1 << 20, Budget(1 << 20))
    call.model = model
    call.token = token
    place = native(found, tail, call.header)
    call.operation = operations_at(found, place).get(method, UNKNOWN_OPERATION)
    return call


def answered(
    call: Call, status: int, body: bytes, content_type: bytes = b"application/json", outcome: int = COMPLETE
) -> Call:
    """The call, with its answer."""
    call.status = status
    call.response_type = content_type
    call.answer = body
    call.received = len(body)
    call.outcome = outcome
    return call


def new_token(name: str, rate: RateLimit | None = None, spend: SpendLimit | None = None) -> Token:
    """A virtual key of which the policies look at limits and id."""
    return Token(
        id=name,
        name=name,
        permissions=("run",),
        secrets=(),
        created_us=1,
        rate_limit=rate,
        spend_limit=spend,
    )
