"""Parallel: the web API, version in the tail (Cloudflare 1.3.1, Parallel 1.1, 1.2).

Its data plane is documented with `x-api-key` only, so a Bearer key is sent under that name too; the account
API takes Bearer tokens of another kind and gets nothing added. For bodies see `parallel_secrets.py`.
"""

from __future__ import annotations

from penstock.providers.base import ExtraHeaders, HeaderLookup, Provider, bearer_as_api_key
from penstock.providers.operation import Bills, Cacheable, Flag, Kind, Settles
from penstock.providers.operation_rows import (
    cancels,
    changes,
    counts,
    deletes,
    makes,
    never_kept,
    orders,
    reads,
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.parallel_secrets import SECRET_FIELDS, redact
from penstock.providers.paths import as_is
from penstock.providers.spoken import MODES, Speech, as_parallel, responds, talks
from penstock.wire.answer_dialect import Dialect

LOCAL_SOCKET = "parallel-local.sock"
"""How the file is called that the local engine listens at; longer names of it end likewise."""

_DATA_PLANE = ("v1/", "v1beta/", "v1alpha/")

_CONTINUED = tuple(  # the answer depends on what is kept there (Parallel 2.17, 8.4)
    Flag((f"body:{name}",), cacheable=Cacheable.REFUSED)
    for name in ("previous_interaction_id", "previous_response_id", "memory_scope_key")
)
_RUN_DONE = Settles(id="/run_id", final=("completed", "failed", "cancelled"), usage="")
_RESULT_DONE = Settles(id="/run/run_id", status="/run/status", final=_RUN_DONE.final, usage="")
_RUN_EVENT = Settles(id="/run/run_id", status="/run/status", final=_RUN_DONE.final, usage="", each=True)
_FINDALL_DONE = Settles(
    id="/findall_id",
    status="/status/status",
    final=("completed", "failed", "cancelled"),
    usage="/status/metrics",
)
_FOUND = Settles("/run/findall_id", "/run/status/status", _FINDALL_DONE.final, "/run/status/metrics")
_TASKS = ["v1/tasks", "v1beta/tasks"]
_MONITORS = ["v1/monitors", "v1alpha/monitors"]


def _each(roots: list[str], *paths: str) -> str:
    return " ".join(root + path for root in roots for path in paths)


OPERATIONS = OperationTable(
    "parallel",
    work(
        "v1/search",
        Kind.SEARCH,
        Dialect.PARALLEL,
        models="body:mode",
        product="search",
        default="advanced",
        unit="calls",
    ),
    work(
        "v1beta/search",
        Kind.SEARCH,
        Dialect.PARALLEL,
        models="body:mode body:processor",
        product="search",
        default="one-shot",
        unit="calls",
    ),
    work(
        "v1/extract v1beta/extract",
        Kind.EXTRACT,
        Dialect.PARALLEL,
        models="",
        product="extract",
        unit="pages",
    ),
    work(
        "v1/images/search",
        Kind.SEARCH,
        Dialect.PARALLEL,
        models="body:mode",
        product="image-search",
        default="advanced",
        unit="calls",
    ),
    work(
        "v1/places/search",
        Kind.SEARCH,
        Dialect.PARALLEL,
        models="body:mode",
        product="place-search",
        default="advanced",
        unit="calls",
    ),
    work("v1/decisions", Kind.CLASSIFY, models="body:model", product="decisions", unit="calls", sure=False),
    work(
        "v1/chat/completions v1beta/chat/completions chat/completions",
        Kind.CHAT,
        flags=_CONTINUED,
        unit="calls",
    ),
    work(
        "v1/responses",
        Kind.RESPONSES,
        Dialect.OPENAI_RESPONSES,
        models="body:reasoning.effort",
        product="responses",
        default="medium",
        flags=_CONTINUED,
        unit="calls",
    ),
    counts(_each(_TASKS, "/suggest", "/suggest-processor"), Kind.RESEARCH, models=""),
    work("v1beta/findall/ingest", Kind.FINDALL, models="", bills=Bills.NOTHING, cache=Cacheable.NEVER),
    work(
        "v1beta/findall/entity-search v1beta/findall/candidates",
        Kind.SEARCH,
        Dialect.PARALLEL,
        models="",
        product="entity-search",
        unit="calls",
    ),
    never_kept(
        orders(_each(_TASKS, "/runs"), Kind.RESEARCH, Dialect.PARALLEL, models="body:processor", unit="runs"),
        makes(_each(_TASKS, "/groups"), Kind.RESEARCH),
        orders(
            _each(_TASKS, "/groups/{g}/runs"),
            Kind.RESEARCH,
            Dialect.PARALLEL,
            models="body:inputs[].processor",
            unit="runs",
        ),
        reads(
            _each(_TASKS, "/runs/{id}", "/groups/{g}/runs/{id}"),
            Kind.RESEARCH,
            Dialect.PARALLEL,
            settles=_RUN_DONE,
        ),
        reads(_each(_TASKS, "/runs/{id}/result"), Kind.RESEARCH, Dialect.PARALLEL, settles=_RESULT_DONE),
        reads(
            _each(_TASKS, "/runs/{id}/events", "/groups/{g}/runs", "/groups/{g}/events"),
            Kind.RESEARCH,
            Dialect.PARALLEL,
            settles=_RUN_EVENT,
        ),
        reads(_each(_TASKS, "/{x*}"), Kind.RESEARCH, Dialect.PARALLEL),
        orders(
            "v1beta/findall/runs",
            Kind.FINDALL,
            Dialect.PARALLEL,
            models="body:generator",
            product="findall",
            unit="runs",
        ),
        orders("v1beta/findall/runs/{id}/extend", Kind.FINDALL, product="findall-extend", unit="matches"),
        orders(
            "v1beta/findall/runs/{id}/enrich",
            Kind.FINDALL,
            models="body:processor",
            product="findall-enrich",
            default="core",
            unit="matches",
        ),
        cancels("v1beta/findall/runs/{id}/cancel", Kind.FINDALL),
        reads("v1beta/findall/runs/{id}", Kind.FINDALL, Dialect.PARALLEL, settles=_FINDALL_DONE),
        reads("v1beta/findall/runs/{id}/result", Kind.FINDALL, Dialect.PARALLEL, settles=_FOUND),
        reads("v1beta/findall/{x*}", Kind.FINDALL, Dialect.PARALLEL),
        orders(
            _each(_MONITORS, ""),
            Kind.MONITOR,
            models="body:processor",
            product="monitor",
            default="lite",
            unit="runs",
        ),
        orders(_each(_MONITORS, "/{id}/trigger"), Kind.MONITOR, product="monitor-trigger", unit="runs"),
        changes(_each(_MONITORS, "/{id}/update", "/{id}", "/{id}/simulate_event"), Kind.MONITOR),
        cancels(_each(_MONITORS, "/{id}/cancel"), Kind.MONITOR),
        deletes(_each(_MONITORS, "/{id}"), Kind.MONITOR),
        reads(_each(_MONITORS, "", "/{x*}"), Kind.MONITOR, Dialect.PARALLEL),
        reads("v1beta/memory/retrieve", Kind.MEMORY, method="POST"),
        deletes("v1beta/memory/clear v1beta/memory/evict", Kind.MEMORY, method="POST"),
    ),
    makes(
        "account/service/{v}/balance/add service/{v}/balance/add",
        Kind.ACCOUNT,
        secret=True,
        once="body:idempotency_key",
    ),
    whatever("account/{x*} service/{x*}", secret=True),
)


def _credentials(tail: str, header: HeaderLookup) -> ExtraHeaders:
    return bearer_as_api_key(header) if tail.startswith(_DATA_PLANE) else ()


PROVIDER = Provider(
    slug="parallel",
    domains=("api.parallel.ai",),
    locate=as_is("https://api.parallel.ai"),
    compat=("parallel",),
    speech=Speech(
        talk=(talks("v1beta/chat/completions"), responds()),
        search=as_parallel("v1/search"),
        modes=MODES,
    ),
    credential_headers=("authorization", "x-api-key"),
    key_header=("x-api-key", ""),
    operations=OPERATIONS,
    credentials=_credentials,
    reads_either=True,
    keeps_runs=True,
    secret_fields=SECRET_FIELDS,
    redact=redact,
)
