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
from penstock.management.endpoint import delete, endpoints, get, patch
from penstock.management.log_filters.parameters import (
    LogDeleteQuery,
    LogListQuery,
    deletion,
    listing,
)
from penstock.management.open_ledger import EFFORT, editing, own_row, reading
from penstock.management.paging import Listing
from penstock.management.paths import need_gateway
from penstock.management.problem import INVALID, ManagementError, Problem, not_found
from penstock.management.reading import wrong
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.response import Response
from penstock.metadata import MetadataValue
from penstock.pricing.units import to_usd
from penstock.stores.ledger import Bodies, CallRow, Extremes, Note
from penstock.wire.content_encoding import plain

_TAG: Final = "Logs"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/logs"


log = logging.getLogger("penstock.management")


class Deleted(msgspec.Struct, frozen=True):
    """The answer to a deletion."""

    success: bool
    """Always true: what fails is answered as an error."""


@get(_PATH, "aig-config-list-gateway-logs", permission="metadata_read", tag=_TAG)
def list_logs(resources: Resources, request: Request, query: LogListQuery) -> Listing[LogRecord]:
    """List the logs of a gateway."""
    where, order = listing(query, request)
    need_gateway(resources, request)
    with reading(resources) as ledger:
        if ledger is None:
            return Listing([], query, 0)
        rows = ledger.calls(where, query.per_page, offset=query.offset, order=order)
        total = ledger.count(where, effort=EFFORT)
        extremes = ledger.extremes(where, effort=EFFORT) if query.meta_info else None
    return Listing([log_record(row) for row in rows], query, total, _meta_info(extremes))


@get(f"{_PATH}/{{id}}", "aig-config-get-gateway-log-detail", permission="metadata_read", tag=_TAG)
def get_log(resources: Resources, request: Request) -> LogDetail:
    """One log, with the beginnings of its bodies."""
    need_gateway(resources, request)
    with reading(resources) as ledger:
        row = own_row(ledger, request, request.names["id"])
        may_see = request.caller.may("read", request.account, request.gateway)
        bodies = ledger.bodies(row.id) if ledger is not None and may_see else None
    return log_detail(row, bodies)


@patch(f"{_PATH}/{{id}}", "aig-config-patch-gateway-log", permission="edit", tag=_TAG)
def patch_log(resources: Resources, request: Request, body: LogPatch) -> LogDetail:
    """Set feedback, score or metadata of a log."""
    note = Note(body.feedback, body.score, {} if body.metadata is None else body.metadata)
    need_gateway(resources, request)
    with reading(resources) as ledger:
        row = own_row(ledger, request, request.names["id"])
    with editing(resources) as editor:
        if editor is None or not editor.annotate(row.id, note):
            raise not_found("log")
    return get_log(resources, request)


@delete(_PATH, "aig-config-delete-gateway-logs", permission="edit", tag=_TAG, envelope=False)
def delete_logs(resources: Resources, request: Request, query: LogDeleteQuery) -> Deleted:
    """Delete logs of a gateway."""
    where, order = deletion(query, request)
    need_gateway(resources, request)
    with editing(resources) as editor:
        count = 0 if editor is None else editor.delete(where, query.limit, order)
    # The audit of the directory holds changes of the configuration; this is the trace that a deletion leaves.
    log.info(
        "%s deleted %d logs of %s/%s (%d filters)",
        request.caller.actor, count, request.account, request.gateway, len(where.conditions),
    )  # fmt: skip
    return Deleted(success=True)


@get(f"{_PATH}/{{id}}/request", "aig-config-get-gateway-log-request", permission="read", tag=_TAG)
def get_request(resources: Resources, request: Request) -> Response:
    """The request's body, as it was sent."""
    row, bodies = _bodies(resources, request)
    return raw_answer(
        bodies.request, row.request_content_type, row.request_encoding, is_cut=bodies.request_cut
    )


@get(f"{_PATH}/{{id}}/response", "aig-config-get-gateway-log-response", permission="read", tag=_TAG)
def get_response(resources: Resources, request: Request) -> Response:
    """The answer's body, as it came."""
    row, bodies = _bodies(resources, request)
    return raw_answer(
        bodies.response, row.response_content_type, row.response_encoding, is_cut=bodies.response_cut
    )


def _bodies(resources: Resources, request: Request) -> tuple[CallRow, Bodies]:
    need_gateway(resources, request)
    with reading(resources) as ledger:
        row = own_row(ledger, request, request.names["id"])
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


def raw_answer(body: bytes, content_type: str, encoding: str, *, is_cut: bool) -> Response:
    """A body as it is. One that was cut, or cannot be unpacked, says so in its headers."""
    headers = _HARMLESS
    unpacked = plain(body, encoding)
    if unpacked is None and _ENCODING.fullmatch(encoding):
        headers += (("content-encoding", encoding),)
    if is_cut:
        headers += (("penstock-body", "cut"),)
    return Response(200, body if unpacked is None else unpacked, _media_type(content_type), headers)


def _media_type(content_type: str) -> str:
    return content_type if _MEDIA_TYPE.fullmatch(content_type) else _BINARY


MAX_ENTRIES: Final = 5
MAX_CHARS: Final = 1000
_RESERVED: Final = "cf."
_INTEGERS: Final = range(-(2**63), 2**63)

Value = Annotated[
    MetadataValue, msgspec.Meta(extra_json_schema={"description": "a string, a number, true or false"})
]


class LogPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null takes away."""

    feedback: Annotated[float, msgspec.Meta(ge=-1, le=1)] | msgspec.UnsetType | None = msgspec.UNSET
    """1 for a thumb up, -1 for one down."""
    score: Annotated[float, msgspec.Meta(ge=0, le=100)] | msgspec.UnsetType | None = msgspec.UNSET
    """A score from 0 to 100."""
    metadata: dict[str, Value] | msgspec.UnsetType | None = msgspec.UNSET
    """Up to five names and values, in place of those there are."""

    @classmethod
    def read(cls, given: object) -> LogPatch:
        """Metadata without the reserved names. Raises `ManagementError` 400 with everything that is wrong."""
        fields = dict(given) if isinstance(given, Mapping) else given
        metadata = fields.get("metadata") if isinstance(fields, dict) else None
        found = wrong(fields, cls, "body")
        if isinstance(fields, dict) and isinstance(metadata, Mapping):
            fields["metadata"] = _kept(metadata)
            found += _metadata_problems(fields["metadata"])
        if found:
            raise ManagementError(400, found)
        return msgspec.convert(fields, cls)


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


ENDPOINTS = endpoints(list_logs, delete_logs, get_log, patch_log, get_request, get_response)
