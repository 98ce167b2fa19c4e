"""What is remembered of a mixed load is the same wherever one asks: rows, sums, metrics, traces and logs."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from observed_kit import (
    ADMIN,
    Sums,
    answer_by_header,
    by_analytics,
    by_command,
    by_graphql,
    configured,
    cursors,
    folder_job,
    get,
    http_job,
    mixed_load,
    posted,
    pushed,
    settled,
    until,
    zero,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from conftest import Serve
from penstock.calls.log_record import LogRecord
from support.gateway import Gateway
from support.upstream import Upstream
from support.waiting import eventually


@pytest.fixture
async def receivers() -> AsyncIterator[list[Upstream]]:
    """For traces as JSON and as protobuf, and for logs."""
    servers = [await Upstream.start() for _ in range(3)]
    yield servers
    for server in servers:
        await server.close()


def sums_of(rows: Iterable[LogRecord], *by: str) -> dict[tuple[object, ...], Sums]:
    found: dict[tuple[object, ...], Sums] = {}
    for row in rows:
        sums = found.setdefault(tuple(getattr(row, name) for name in by), zero())
        sums["requests"] += 1
        sums["errors"] += not row.success
        sums["cached"] += row.cached
        sums["tokens_in"] += row.tokens_in or 0
        sums["tokens_out"] += row.tokens_out or 0
        sums["cost"] += row.cost or 0
    return found


def same(one: dict[tuple[object, ...], Sums], other: dict[tuple[object, ...], Sums]) -> None:
    assert one.keys() == other.keys()
    for key, sums in one.items():
        assert sums == pytest.approx(other[key], abs=1e-9), key


def by_user(rows: Iterable[LogRecord]) -> dict[tuple[object, ...], Sums]:
    named = [(row.metadata.get("user"), row) for row in rows]
    return {
        (user,): sums_of(row for other, row in named if other == user)[()]
        for user in {user for user, _ in named}
    }


def spans_json(receiver: Upstream) -> Counter[str]:
    return _spans(
        json.loads(gzip.decompress(bytes(seen.body)))["resourceSpans"][0]["scopeSpans"][0]["spans"]
        for seen in receiver.requests
        if seen.complete
    )


def _spans(requests: Iterable[list[dict[str, Any]]]) -> Counter[str]:
    return Counter(
        one["value"]["stringValue"]
        for spans in requests
        for span in spans
        for one in span["attributes"]
        if one["key"] == "penstock.log_id"
    )


def spans_protobuf(receiver: Upstream) -> Counter[str]:
    requests = [
        ExportTraceServiceRequest.FromString(gzip.decompress(bytes(seen.body)))
        for seen in receiver.requests
        if seen.complete
    ]
    return Counter(
        one.value.string_value
        for request in requests
        for span in request.resource_spans[0].scope_spans[0].spans
        for one in span.attributes
        if one.key == "penstock.log_id"
    )


async def test_all_places_tell_the_same(
    serve: Serve, upstream: Upstream, receivers: list[Upstream], tmp_path: Path
) -> None:
    upstream.otherwise = answer_by_header
    plain, packed, logs = receivers
    jobs = (
        folder_job("one", tmp_path / "logs")
        + folder_job("one-2", tmp_path / "logs2")
        + http_job("web", logs.url)
    )
    config = configured(upstream, plain.url, packed.url, extra=jobs)
    gateway = await serve(
        config, "--workers", "2", "--local-parallel", environ={"PENSTOCK_ADMIN_TOKEN": ADMIN}
    )
    await cursors(gateway, 7)
    await mixed_load(gateway, 3)
    ids = await settled(gateway)
    rows = await gateway.logs(len(ids))
    assert len(set(ids)) == len(ids) == 3 * 19
    assert {row.outcome for row in rows} == {"complete", "abandoned", "provider_broke", "refused"}

    same(sums_of(rows, "provider", "model"), by_command(gateway, "provider", "model"))
    same(sums_of(rows, "operation", "model"), by_command(gateway, "operation", "model"))
    same(by_user(rows), by_command(gateway, "metadata.user"))
    for account in ("acct", "else"):
        own = [row for row in rows if row.account == account]
        same(sums_of(own, "model", "status_code"), await by_analytics(gateway, account, "model,status"))
        same(sums_of(own, "operation"), await by_analytics(gateway, account, "operation"))
        same(sums_of(own, "gateway", "cached"), await by_analytics(gateway, account, "gateway,cached"))
        found = sums_of(own, "gateway", "provider", "model", "status_code")
        graphql = await by_graphql(gateway, account)
        same({(g, p, m or "", s): one for (g, p, m, s), one in found.items()}, graphql)
    for gateway_id in ("gw", "lim"):
        listed = await get(gateway, f"accounts/acct/ai-gateway/gateways/{gateway_id}/logs", per_page="1")
        own = [row for row in rows if (row.account, row.gateway) == ("acct", gateway_id)]
        assert listed["result_info"]["total_count"] == len(own)
    await _metrics_say(gateway, rows)
    await _receivers_have(rows, receivers, tmp_path)
    await gateway.stop()


async def _metrics_say(gateway: Gateway, rows: list[LogRecord]) -> None:
    found = await until(
        gateway, lambda found: sum(found.get("penstock_requests_total", {}).values()) == len(rows)
    )
    totals = sums_of(rows)[()]
    for name in ("requests", "errors", "cached"):
        assert sum(found[f"penstock_{name}_total"].values()) == totals[name]
    assert sum(found["penstock_cost_usd_total"].values()) == pytest.approx(totals["cost"])
    assert sum(found["penstock_tokens_total"].values()) == totals["tokens_in"] + totals["tokens_out"]
    assert sum(found["penstock_ledger_rows"].values()) == len(rows)


async def _receivers_have(rows: list[LogRecord], receivers: list[Upstream], folders: Path) -> None:
    plain, packed, logs = receivers
    ids = [row.id for row in rows]
    traced = Counter(row.id for row in rows if row.gateway == "gw")
    await eventually(lambda: set(spans_json(plain)) == set(traced) or None, "spans as JSON")
    await eventually(lambda: set(spans_protobuf(packed)) == set(traced) or None, "spans as protobuf")
    assert spans_json(plain) == spans_protobuf(packed) == traced
    for folder in ("logs", "logs2"):
        await eventually(lambda folder=folder: len(pushed(folders / folder)) >= len(rows) or None, folder)  # type: ignore[misc]
        assert Counter(one["LogID"] for one in pushed(folders / folder)) == Counter(ids)
    await eventually(lambda: {one["LogID"] for one in posted(logs)} == set(ids) or None, "posted logs")
    by_id = {row.id: row for row in rows}
    for one in posted(logs):
        row = by_id[one["LogID"]]
        assert (one["CostUSD"], one["TokensIn"], one["StatusCode"]) == (
            row.cost,
            row.tokens_in,
            row.status_code,
        )
        assert (one["Cached"], one["Metadata"], one["Outcome"]) == (row.cached, row.metadata, row.outcome)
