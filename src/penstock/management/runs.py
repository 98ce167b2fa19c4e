"""Runs: what calls through a gateway have made at Parallel, and what came of it. An addition of our own.

Parallel itself lists no runs. The shape of a run is in `runs/record.py`; who may see the bodies of calls may see the
results of runs and what they rest on, others only how they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, Literal

import msgspec

from penstock.analytics.times import parse_time
from penstock.management.endpoint import endpoints, get
from penstock.management.logs import raw_answer
from penstock.management.paging import Listing, Paging
from penstock.management.paths import need_gateway
from penstock.management.problem import invalid, not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.response import Response
from penstock.runs.evidence import domain
from penstock.runs.record import RunDetail, RunRecord, run_detail, run_record
from penstock.runs.run import Run, RunKind
from penstock.runs.shown_evidence import EvidenceRecord, evidence_record
from penstock.stores.runs import OpenRunReader, RunQuery, RunReader

_TAG: Final = "Runs"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/runs"
_ONE: Final = f"{_PATH}/{{run_id}}"
_MOST_FIELDS: Final = 200  # whose evidence is told; all of it is in the result

Confidence = Literal["high", "medium", "low", "none"]
Word = Annotated[str, msgspec.Meta(max_length=256)]


class RunsQuery(Paging, frozen=True, kw_only=True):
    """Which runs; everything given must hold."""

    active: bool | None = None
    """Only those that go on, or that have ended."""
    kind: RunKind | None = None
    """Only of this kind."""
    state: Word | None = None
    """Only in this state, in the provider's word."""
    processor: Word | None = None
    """Only of this processor or generator."""
    owner: Word = ""
    """Only of this token, by its id, or of its user."""
    confidence: Confidence | None = None
    """Only with a field of this confidence in the result that is kept."""
    domain: Word | None = None
    """Only with a result that cites this host."""
    parent: Word | None = None
    """Only the runs of this group; empty for those of none."""
    since: Word | None = None
    """Only those made from then on: a time, a date, or how long ago."""
    until: Word | None = None
    """Only those made before then."""


class RunAnswer(RunDetail, frozen=True, kw_only=True):
    """One run with what it was ordered to do, how it went, and what its result rests on."""

    result_size: int | None
    """Bytes of its result, where that was seen."""
    result_content_type: str | None
    """The content type of its result."""
    evidence: EvidenceRecord | None
    """What its result rests on, 200 fields one by one; null where there is none, or bodies may not be seen."""


@get(_PATH, "penstock-list-runs", permission="metadata_read", tag=_TAG)
def list_runs(resources: Resources, request: Request, query: RunsQuery) -> Listing[RunRecord]:
    """List the runs that were made through a gateway, the newest first."""
    where = _where(query, request)
    need_gateway(resources, request)
    with reading_runs(resources) as runs:
        if runs is None:
            return Listing([], query, 0)
        found, total = runs.runs(where, query.per_page, query.offset), runs.count(where)
    return Listing(list(map(run_record, found)), query, total)


@get(_ONE, "penstock-get-run", permission="metadata_read", tag=_TAG)
def get_run(resources: Resources, request: Request) -> RunAnswer:
    """One run, with its time line and what its result rests on."""
    need_gateway(resources, request)
    with reading_runs(resources) as runs:
        run = _own_run(runs, request)
        moments = [] if runs is None else runs.moments(run.id)
        result = None if runs is None else runs.result(run.id)
    may_see = request.caller.may("read", request.account, request.gateway)
    return RunAnswer(
        **msgspec.structs.asdict(run_detail(run, moments, request.now_us)),
        result_size=None if result is None else len(result.body),
        result_content_type=None if result is None else result.content_type,
        evidence=evidence_record(result.body, _MOST_FIELDS) if result is not None and may_see else None,
    )


@get(f"{_ONE}/result", "penstock-get-run-result", permission="read", tag=_TAG)
def get_result(resources: Resources, request: Request) -> Response:
    """The result of a run, as the provider gave it."""
    need_gateway(resources, request)
    with reading_runs(resources) as runs:
        run = _own_run(runs, request)
        result = None if runs is None else runs.result(run.id)
    if result is None:
        raise not_found("the result of this run")
    return raw_answer(result.body, result.content_type, "", is_cut=False)


@contextmanager
def reading_runs(resources: Resources) -> Iterator[OpenRunReader | None]:
    """The run ledger; None as long as no run was ever made. Raises `RunsUnavailable`."""
    if not resources.has_runs():
        yield None
        return
    with resources.runs() as runs:
        yield runs


def _own_run(runs: RunReader | None, request: Request) -> Run:
    """A run of the path's gateway. Raises `ManagementError` 404, also for what was made elsewhere."""
    run = None if runs is None else runs.get(request.names["run_id"])
    owner = None if run is None else run.owner
    if run is None or owner is None or (owner.account, owner.gateway) != (request.account, request.gateway):
        raise not_found("run")
    return run


def _where(query: RunsQuery, request: Request) -> RunQuery:
    return RunQuery(
        account=request.account,
        gateways=(request.gateway,),
        kinds=() if query.kind is None else (query.kind,),
        states=() if query.state is None else (query.state,),
        active=query.active,
        products=() if query.processor is None else (query.processor,),
        owner=query.owner,
        confidences=() if query.confidence is None else (query.confidence,),
        domains=() if query.domain is None else (_host(query.domain),),
        parent=query.parent,
        since_us=_time(query.since, "since", request.now_us),
        until_us=_time(query.until, "until", request.now_us),
    )


def _host(text: str) -> str:
    host = domain(text)
    if not host:
        raise invalid(f"{text!r} is no host", "query", "domain")
    return host


def _time(text: str | None, name: str, now_us: int) -> int | None:
    try:
        return None if text is None else parse_time(text, now_us)
    except ValueError as error:
        raise invalid(str(error), "query", name) from None


ENDPOINTS = endpoints(list_runs, get_run, get_result)
