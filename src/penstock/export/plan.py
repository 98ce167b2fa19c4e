"""From settings to exporters: which there are, for which gateways, and what each is made of.

The only place that knows all kinds of receivers. What runs them is `processes/keeper.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from penstock.clock import Clock
from penstock.exits.sender import Sender, host_of
from penstock.export.cursors import CursorFile
from penstock.export.delivery import Outlet
from penstock.export.destinations import Folder, HttpServer, S3Bucket
from penstock.export.exporter import Batching, Exporter
from penstock.export.log_encryption import KeyBroken, LogEncryption, Random
from penstock.export.log_push import Destination, LogPush
from penstock.export.otlp_traces import BATCHING, OtlpTraces
from penstock.settings import GatewaySettings, LogPushSettings
from penstock.settings.gateways import OtelExporter

log = logging.getLogger("penstock.keeper")

GatewayPath = tuple[str, str]
Gateways = Mapping[GatewayPath, GatewaySettings]


class Planned(NamedTuple):
    """One exporter to be. Equal to another one when nothing about it has changed."""

    name: str
    gateways: tuple[GatewayPath, ...]
    receiver: OtelExporter | LogPushSettings
    keys: tuple[tuple[GatewayPath, str], ...] = ()  # public keys, of those gateways that have one
    guarded: bool = False  # the receiver is not the operator's choice


@dataclass(frozen=True, slots=True)
class Means:
    """What exporters work with."""

    cursors: CursorFile
    sender: Sender
    clock: Clock
    environ: Mapping[str, str]
    random: Random


def planned(
    jobs: Mapping[str, LogPushSettings], gateways: Gateways, guarded: Collection[GatewayPath] = ()
) -> list[Planned]:
    """All exporters; a log push job without any gateway is left out.

    The receivers of `guarded` gateways were not named by the operator; those of log push always are.
    """
    return [*_traces(gateways, guarded), *_pushes(jobs, gateways)]


def build(plan: Planned, means: Means) -> Exporter:
    """The exporter, ready to `begin`."""
    if isinstance(plan.receiver, OtelExporter):
        outlet: Outlet = OtlpTraces(plan.receiver, means.sender, guarded=plan.guarded)
        batching = BATCHING
    else:
        job = plan.receiver
        outlet = LogPush(
            plan.name.partition(" ")[2], _destination(job, means), _encryption(plan, means.random)
        )
        batching = Batching(job.max_records, job.max_bytes, job.max_interval)
    return Exporter(plan.name, plan.gateways, outlet, batching, means.cursors, means.clock)


def _traces(gateways: Gateways, guarded: Collection[GatewayPath]) -> Iterator[Planned]:
    """One for each receiver of each gateway: receivers may be the same server with other headers."""
    for (account, gateway), fields in gateways.items():
        seen: dict[str, int] = {}
        for receiver in fields.otel or ():
            name = f"otel {account}/{gateway} {_shown(receiver.url)}"
            seen[name] = seen.get(name, 0) + 1
            number = f" #{seen[name]}" if seen[name] > 1 else ""
            path = account, gateway
            yield Planned(name + number, (path,), receiver, guarded=path in guarded)


def _pushes(jobs: Mapping[str, LogPushSettings], gateways: Gateways) -> Iterator[Planned]:
    for name, job in jobs.items():
        wanted = set(job.gateways)
        unknown = wanted - {f"{account}/{gateway}" for account, gateway in gateways}
        for path in sorted(unknown):
            log.error("[log_push.%s]: there is no gateway %s", name, path)
        chosen = tuple(
            sorted(
                path
                for path, fields in gateways.items()
                if ("/".join(path) in wanted if wanted else fields.logpush)
            )
        )
        pairs = ((path, gateways[path].logpush_public_key) for path in chosen)
        if chosen:
            yield Planned(f"log_push {name}", chosen, job, tuple((path, key) for path, key in pairs if key))


def _destination(job: LogPushSettings, means: Means) -> Destination:
    if job.folder is not None:
        return Folder(Path(job.folder.path))
    if job.http is not None:
        return HttpServer(job.http, means.sender)
    assert job.s3 is not None, "the settings have exactly one of them"
    return S3Bucket(job.s3, means.environ, means.sender, means.clock)


def _encryption(plan: Planned, random: Random) -> dict[GatewayPath, LogEncryption | None]:
    found: dict[GatewayPath, LogEncryption | None] = {}
    for path, key in plan.keys:
        try:
            found[path] = LogEncryption(key, random)
        except KeyBroken as error:
            log.error("%s sends nothing of gateway %s: %s", plan.name, "/".join(path), error)
            found[path] = None
    return found


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{host_of(url)}{parts.path}"
