"""Logs: list, show, annotate and delete calls, and hand out their bodies (Cloudflare 4.3).

What may stand in a query is in `log_filters/parameters.py`, the shape of a log in `calls/log_record.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec

from penstock.calls.log_record import LogDetail, LogRecord, log_detail, log_record
from penstock.management.answer import Answer, bare, listing, result
from penstock.management.endpoint import Ask, Endpoint, json_body, read_page
from penstock.management.log_filters.parameters import (
    LogDeleteQuery,
    LogListQuery,
    read_deletion,
    read_listing,
)
from penstock.management.open_ledger import EFFORT, editing, own_row, reading
from penstock.management.paths import need_gateway
from penstock.management.problem import INVALID, ManagementError, Problem, not_found
from penstock.management.resources import Desk
from penstock.metadata import MetadataValue
from penstock.pricing.units import to_usd
from penstock.settings.check import findings
from penstock.stores.ledger import Bodies, CallRow, Extremes, Note
from penstock.wire.content_encoding import plain

log = logging.getLogger("penstock.management")

MAX_LOGS_PER_PAGE: Final = 50
_TAG: Final = "Logs"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs"


class Deleted(msgspec.Struct, frozen=True):
    """The answer to a deletion."""

    success: bool


def list_logs(desk: Desk, ask: Ask) -> Answer:
    asked, where, order = read_listing(ask)
    page = read_page(ask, asked.page, asked.per_page, most=MAX_LOGS_PER_PAGE)
    need_gateway(desk, ask)
    with reading(desk) as ledger:
        if ledger is None:
            return listing([], page, 0)
        rows = ledger.calls(where, page.per_page, offset=page.offset, order=order)
        total = ledger.count(where, effort=EFFORT)
        extremes = ledger.extremes(where, effort=EFFORT) if asked.meta_info else None
    return listing([log_record(row) for row in rows], page, total, **_meta_info(extremes))


def get_log(desk: Desk, ask: Ask) -> Answer:
    need_gateway(desk, ask)
    with reading(desk) as ledger:
        row = own_row(ledger, ask, ask.names["id"])
        may_see = ask.caller.may("read", ask.account, ask.gateway)
        bodies = ledger.bodies(row.id) if ledger is not None and may_see else None
    return result(log_detail(row, bodies))


def patch_log(desk: Desk, ask: Ask) -> Answer:
    note = read_note(ask)
    need_gateway(desk, ask)
    with reading(desk) as ledger:
        row = own_row(ledger, ask, ask.names["id"])
    with editing(desk) as editor:
        if editor is None or not editor.annotate(row.id, note):
            raise not_found("log")
    return get_log(desk, ask)


def delete_logs(desk: Desk, ask: Ask) -> Answer:
    where, limit, order = read_deletion(ask)
    need_gateway(desk, ask)
    with editing(desk) as editor:
        count = 0 if editor is None else editor.delete(where, limit, order)
    # The audit of the directory holds changes of the configuration; this is the trace that a deletion leaves.
    log.info(
        "%s deleted %d logs of %s/%s (%d filters)",
        ask.caller.actor, count, ask.account, ask.gateway, len(where.conditions),
    )  # fmt: skip
    return bare(Deleted(success=True))


def get_request(desk: Desk, ask: Ask) -> Answer:
    row, bodies = _bodies(desk, ask)
    return raw_answer(
        bodies.request, row.request_content_type, row.request_encoding, is_cut=bodies.request_cut
    )


def get_response(desk: Desk, ask: Ask) -> Answer:
    row, bodies = _bodies(desk, ask)
    return raw_answer(
        bodies.response, row.response_content_type, row.response_encoding, is_cut=bodies.response_cut
    )


def _bodies(desk: Desk, ask: Ask) -> tuple[CallRow, Bodies]:
    need_gateway(desk, ask)
    with reading(desk) as ledger:
        row = own_row(ledger, ask, ask.names["id"])
        bodies = None if ledger is None else ledger.bodies(row.id)
    if bodies is None:
        raise not_found("the body of this log")
    return row, bodies


def _meta_info(extremes: Extremes | None) -> dict[str, object]:
    """What `meta_info` adds to `result_info`: US dollars, milliseconds, tokens."""
    if extremes is None:
        return {}
    cost, duration = extremes.cost_nano, extremes.duration_us
    return {
        **_bounds("cost", cost and (to_usd(cost[0]), to_usd(cost[1]))),
        **_bounds("duration", duration and (round(duration[0] / 1000), round(duration[1] / 1000))),
        **_bounds("tokens_in", extremes.tokens_in),
        **_bounds("tokens_out", extremes.tokens_out),
        **_bounds("total_tokens", extremes.tokens),
    }


def _bounds(name: str, found: tuple[float, float] | None) -> dict[str, object]:
    least, most = found or (None, None)
    return {f"min_{name}": least, f"max_{name}": most}


_BINARY: Final = "application/octet-stream"
_MEDIA_TYPE = re.compile(
    r"[\w.+-]+/[\w.+-]+(?:\s*;\s*[\w.-]+=(?:[\w.+'():,/?=-]+|\"[\w .+'():,/?=-]*\"))*", re.ASCII
)
_ENCODING = re.compile(r"[\w-]+(?:\s*,\s*[\w-]+)*", re.ASCII)
_HARMLESS: Final[tuple[tuple[str, str], ...]] = (
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; sandbox"),
)


def raw_answer(body: bytes, content_type: str, encoding: str, *, is_cut: bool) -> Answer:
    """A body as it is. One that was cut, or cannot be unpacked, says so in its headers."""
    headers = _HARMLESS
    unpacked = plain(body, encoding)
    if unpacked is None and _ENCODING.fullmatch(encoding):
        headers += (("content-encoding", encoding),)
    if is_cut:
        headers += (("penstock-body", "cut"),)
    return Answer(200, body if unpacked is None else unpacked, _media_type(content_type), headers)


def _media_type(content_type: str) -> str:
    return content_type if _MEDIA_TYPE.fullmatch(content_type) else _BINARY


MAX_ENTRIES: Final = 5
MAX_CHARS: Final = 1000
_RESERVED: Final = "cf."
_INTEGERS: Final = range(-(2**63), 2**63)

Value = Annotated[
    MetadataValue, msgspec.Meta(extra_json_schema={"description": "a string, a number, true or false"})
]


class LogPatch(msgspec.Struct, frozen=True):
    """What is left out stays as it is; null takes away."""

    feedback: Annotated[float, msgspec.Meta(ge=-1, le=1)] | msgspec.UnsetType | None = msgspec.UNSET
    score: Annotated[float, msgspec.Meta(ge=0, le=100)] | msgspec.UnsetType | None = msgspec.UNSET
    metadata: Mapping[str, Value] | msgspec.UnsetType | None = msgspec.UNSET


def read_note(ask: Ask) -> Note:
    """The body of a PATCH. Raises `ManagementError` 400 with everything that is wrong."""
    value = json_body(ask)
    wrong = [
        Problem(INVALID, one.reason, tuple(map(str, one.path)))
        for one in findings(value, LogPatch, ("body",))
    ]
    given = value.get("metadata") if isinstance(value, Mapping) else None
    metadata = _kept(given) if isinstance(given, Mapping) else {}
    wrong += _metadata_problems(metadata)
    if wrong:
        raise ManagementError(400, wrong)
    patch = msgspec.convert(value, LogPatch)
    said = (
        msgspec.UNSET
        if patch.metadata is msgspec.UNSET
        else msgspec.convert(metadata, dict[str, MetadataValue])
    )
    return Note(patch.feedback, patch.score, said)


def _kept(given: Mapping[str, object]) -> dict[str, object]:
    """Without the reserved name space, as for the header (3.18)."""
    return {name: value for name, value in given.items() if not name.startswith(_RESERVED)}


def _metadata_problems(metadata: Mapping[str, object]) -> Iterator[Problem]:
    if len(metadata) > MAX_ENTRIES:
        message = f"metadata has {len(metadata)} entries, at most {MAX_ENTRIES} are kept"
        yield Problem(INVALID, message, ("body", "metadata"))
    for name, value in metadata.items():
        if len(name) > MAX_CHARS or (isinstance(value, str) and len(value) > MAX_CHARS):
            message = f"names and values have at most {MAX_CHARS} characters"
            yield Problem(INVALID, message, ("body", "metadata", name[:MAX_CHARS]))
        elif isinstance(value, int) and value not in _INTEGERS:
            yield Problem(INVALID, "a whole number has at most 64 bits", ("body", "metadata", name))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path=_PATH,
        handler=list_logs,
        permission="metadata_read",
        name="aig-config-list-gateway-logs",
        summary="List the logs of a gateway",
        tag=_TAG,
        query=LogListQuery,
        result=LogRecord,
        is_list=True,
    ),
    Endpoint(
        method="DELETE",
        path=_PATH,
        handler=delete_logs,
        permission="edit",
        name="aig-config-delete-gateway-logs",
        summary="Delete logs of a gateway",
        tag=_TAG,
        query=LogDeleteQuery,
        result=Deleted,
        plain=True,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}",
        handler=get_log,
        permission="metadata_read",
        name="aig-config-get-gateway-log-detail",
        summary="One log, with the beginnings of its bodies",
        tag=_TAG,
        result=LogDetail,
    ),
    Endpoint(
        method="PATCH",
        path=f"{_PATH}/{{id}}",
        handler=patch_log,
        permission="edit",
        name="aig-config-patch-gateway-log",
        summary="Set feedback, score or metadata of a log",
        tag=_TAG,
        body=LogPatch,
        result=LogDetail,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}/request",
        handler=get_request,
        permission="read",
        name="aig-config-get-gateway-log-request",
        summary="The request's body, as it was sent",
        tag=_TAG,
        result=object,
        plain=True,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}/response",
        handler=get_response,
        permission="read",
        name="aig-config-get-gateway-log-response",
        summary="The answer's body, as it came",
        tag=_TAG,
        result=object,
        plain=True,
    ),
)
