"""The tables of what becomes of recorded calls: `[log_push.*]`, `[retention]`, `[metrics]`, `[telemetry]`.

Only shapes, ranges and defaults live here. What may be set per gateway (`otel`, `logpush`, `log_management`) is
in `gateways.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

from penstock.settings.server import FilePath
from penstock.settings.value_types import Bytes, Count, HttpUrl, Seconds, Secret, Table
from penstock_common.check import FieldError

UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

JobName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z", description="up to 64 letters, digits, _ and -")
]
GatewayPath = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}/[a-z0-9_]+(?:-[a-z0-9_]+)*\Z",
        max_length=129,
        description="account/gateway",
    ),
]
FOREVER: Final = "forever"
Age = Annotated[
    str,
    Meta(
        pattern=rf"^(?:[1-9][0-9]{{0,4}}[smhdw]|{FOREVER})\Z",
        description=f"a number with its unit, like 12h, 30d or 8w, or {FOREVER}",
    ),
]
Bucket = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}\Z", description="the name of a bucket")
]
ObjectPrefix = Annotated[
    str,
    Meta(pattern=r"^(?:[A-Za-z0-9._=-]+(?:/[A-Za-z0-9._=-]+)*)?\Z", description="names with / between them"),
]
VariableName = Annotated[
    str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z", description="the name of an environment variable")
]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~]*")


def age_seconds(text: str) -> int | None:
    """The seconds of an `Age`; None: for ever."""
    return None if text == FOREVER else int(text[:-1]) * UNIT_SECONDS[text[-1]]


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise FieldError("headers", "must be header names with values of one line")


class FolderDestination(Table, frozen=True, kw_only=True):
    """A folder of this machine."""

    path: FilePath


class HttpDestination(Table, frozen=True, kw_only=True):
    """A server that takes each batch as one POST."""

    secrets: ClassVar[tuple[str, ...]] = ("headers",)

    url: HttpUrl
    headers: Mapping[str, Secret] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_headers(self.headers)


class S3Destination(Table, frozen=True, kw_only=True):
    """A bucket of S3, or of a store that speaks its protocol. The credentials stand in environment variables."""

    endpoint: HttpUrl
    bucket: Bucket
    prefix: ObjectPrefix = ""
    region: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]+\Z", description="the name of a region")] = (
        "us-east-1"
    )
    key_id_variable: VariableName = "AWS_ACCESS_KEY_ID"
    secret_variable: VariableName = "AWS_SECRET_ACCESS_KEY"
    session_variable: VariableName = "AWS_SESSION_TOKEN"


class LogPushSettings(Table, frozen=True, kw_only=True):
    """One job that sends recorded calls away, in batches. Without `gateways`: all with `logpush = true`."""

    gateways: tuple[GatewayPath, ...] = ()
    max_records: Annotated[int, Meta(ge=1, le=100_000)] = 10_000
    max_bytes: Bytes = 8_388_608
    max_interval: Seconds = 60.0
    folder: FolderDestination | None = None
    http: HttpDestination | None = None
    s3: S3Destination | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.folder, self.http, self.s3)) != 1:
            raise FieldError("", 'allowed: exactly one of the tables "folder", "http" and "s3"')


class RetentionSettings(Table, frozen=True, kw_only=True):
    """How long calls and their bodies are kept."""

    logs: Age = "400d"
    bodies: Age = "90d"
    gateways: Mapping[GatewayPath, Age] = msgspec.field(default_factory=dict)
    undelivered: Count = 1_000_000


class MetricsSettings(Table, frozen=True, kw_only=True):
    """What `/metrics` tells."""

    models: Annotated[int, Meta(ge=0, le=1000)] = 100


class OtlpMetricsSettings(Table, frozen=True, kw_only=True):
    """A receiver of metrics over OTLP/HTTP, with the time between two reports in seconds."""

    secrets: ClassVar[tuple[str, ...]] = ("headers",)

    url: HttpUrl
    headers: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    interval: Annotated[float, Meta(ge=1, le=86_400)] = 60.0

    def __post_init__(self) -> None:
        _check_headers(self.headers)


class TelemetrySettings(Table, frozen=True, kw_only=True):
    """What the whole installation tells others by itself."""

    otlp_metrics: OtlpMetricsSettings | None = None
