"""Fal: `fal.run` below the tail, or whatever fal host `x-fal-target-url` names (Cloudflare 1.3.3).

The header is how fal's own clients use a proxy, so it wins over the tail; its query is the call's query. It
may name `fal.run`, `fal.ai` and hosts below them, over https, and nothing else: any caller can write it. What a
call is depends on the host, so its rows begin with a word for it: `run`, `stream`, `queue`, `ws`, `api`.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.model_tasks import TASKS, task_of
from penstock.providers.operation import Cacheable, Kind, Rows
from penstock.providers.operation_rows import cancels, makes, orders, reads, sessions, uploads, work
from penstock.providers.operation_table import OperationTable, segments
from penstock.wire.answer_dialect import Dialect

_TARGET_HEADER = "x-fal-target-url"
_TARGET = re.compile(
    r"https://((?:[a-z0-9-]+\.)*fal\.(?:run|ai))(/[^?#\\]*)?(?:\?([^#\\]*))?", re.IGNORECASE | re.ASCII
)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
_HOSTS = {"fal.run": "run", "queue.fal.run": "queue", "ws.fal.run": "ws"}  # others: `run` or `api`
_APPS = ("queue/{o}/{a}", "queue/workflows/{o}/{a}")


def _run(paths: str, kind: Kind, *, sure: bool) -> Rows:
    return work(paths, kind, Dialect.FAL, models="path", unit="units", sure=sure)


def _stream(paths: str, kind: Kind, *, sure: bool) -> Rows:
    return work(paths, kind, Dialect.FAL, models="path", cache=Cacheable.NEVER, unit="units", sure=sure)


def _of_each_app(*paths: str) -> str:
    return " ".join(app + path for app in _APPS for path in paths)


OPERATIONS = OperationTable(
    "fal",
    _run("run run/{x*}", Kind.IMAGE, sure=True),
    _stream("stream/{x*}", Kind.IMAGE, sure=True),
    *(_run(f"run/{task}/{{x*}}", kind, sure=False) for task, kind in TASKS.items()),
    *(_stream(f"stream/{task}/{{x*}}", kind, sure=False) for task, kind in TASKS.items()),
    orders("queue/{x*}", Kind.PREDICTION, Dialect.FAL, models="path", unit="units"),
    reads(
        _of_each_app("/requests/{id}/status", "/requests/{id}/status/stream"), Kind.PREDICTION, models="path"
    ),
    reads(_of_each_app("/requests/{id}"), Kind.PREDICTION, Dialect.FAL, models="path"),
    reads("queue/{x*}", Kind.PREDICTION, models="path", sure=False),
    cancels(_of_each_app("/requests/{id}/cancel"), Kind.PREDICTION, method="PUT", models="path"),
    sessions("run/{x*} ws/{x*}", Kind.REALTIME, models="path", unit="units"),
    uploads("api/storage/upload/initiate"),
    uploads("api/storage/upload/{x*}", sure=False),
    makes("api/tokens api/tokens/{x*}", Kind.SESSION, secret=True),
    reads("api/v1/models", Kind.MODELS, lists="models[].endpoint_id"),
    reads("api/v1/models/{m*}", Kind.MODELS),
    reads("api/v1/account/{x*}", Kind.ACCOUNT),
)


def _locate(tail: str, header: HeaderLookup) -> Location:
    target = header(_TARGET_HEADER)
    return Location("https://fal.run", f"/{tail}") if target is None else _from_target(target)


def _from_target(target: str) -> Location:
    printable = target.isascii() and target.isprintable() and " " not in target
    match = _TARGET.fullmatch(target) if printable else None
    path = "/" if match is None else match[2] or "/"
    if match is None or _DOT_SEGMENT.search(path):
        raise GatewayError(
            errors.BAD_REQUEST,
            f"{_TARGET_HEADER} must be an https URL on fal.run, fal.ai or a host below them, without a port",
        )
    return Location(f"https://{match[1].lower()}", path, match[3] or "")


def _operation_path(location: Location) -> str:
    host, path = location.origin.removeprefix("https://"), location.path
    word = _HOSTS.get(host) or ("run" if host.endswith(".fal.run") else "api")
    if word != "run":
        return word + path
    parts = segments(path)
    word = "stream" if len(parts) > 1 and parts[-1] == "stream" else word
    task = task_of(path)
    return f"{word}/{task}{path}" if task else word + path


PROVIDER = Provider(
    slug="fal",
    domains=("fal.run", ".fal.run", "fal.ai", ".fal.ai"),
    locate=_locate,
    key_header=("authorization", "Key "),
    tenant_hosts=(".fal.run", ".fal.ai"),
    static=False,
    consumed_headers=(_TARGET_HEADER,),
    operations=OPERATIONS,
    operation_path=_operation_path,
    model_address=re.compile(  # of an app; what follows is no part of its name
        r"//(?:[^/]+\.)?fal\.run/(.+?)(?:/requests(?:/.*)?|/stream|/realtime)?/*\Z"
    ),
    model_is_own=True,
)
