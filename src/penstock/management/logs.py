"""Logs: list, show, annotate and delete calls, and hand out their bodies (Cloudflare 4.3).

What may stand in a query is in `log_filters/parameters.py`, the shape of a log in `calls/log_record.py`.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from penstock.calls.log_record import LogDetail, LogRecord, log_detail, log_record
from penstock.management.answer import Answer, bare, listing, result
from penstock.management.endpoint import Ask, Endpoint, read_page
from penstock.management.log_bodies import raw_answer
from penstock.management.log_filters.parameters import (
    LogDeleteQuery,
    LogListQuery,
    read_deletion,
    read_listing,
)
from penstock.management.log_notes import LogPatch, read_note
from penstock.management.open_ledger import EFFORT, editing, own_row, reading
from penstock.management.paths import need_gateway
from penstock.management.problem import not_found
from penstock.management.resources import Desk
from penstock.pricing.units import to_usd
from penstock.stores.ledger import Bodies, CallRow, Extremes

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
