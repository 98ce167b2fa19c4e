"""One frozen `Settings` from `penstock.toml`, the environment and the command line; and is it safe to serve?

Later layers win: defaults, file, environment, command line. The tables are in `server.py` and
`gateways.py`, the reading in `layers.py`, the check in `check.py`. Nobody else in
Penstock reads the file or these environment variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from penstock.config_place import DATA_VARIABLE, DEFAULT_FILE, named_file
from penstock.settings.check import ConfigError, Problem
from penstock.settings.gateways import EFFECTIVE_FIELDS, AccountId, AccountSettings, GatewaySettings
from penstock.settings.layers import (
    Layer,
    Variable,
    command_line_layers,
    environment_layers,
    file_layer,
    merged,
)
from penstock.settings.models import ModelTable, fault_in
from penstock.settings.server import (
    BreakerSettings,
    CacheSettings,
    IdempotencySettings,
    JournalSettings,
    Limits,
    PricingSettings,
    ProviderSettings,
    ProviderSlug,
    ServerSettings,
    Timeouts,
)
from penstock.settings.telemetry import (
    JobName,
    LogPushSettings,
    MetricsSettings,
    RetentionSettings,
    TelemetrySettings,
)
from penstock.settings.toml_position import lines
from penstock.settings.value_types import Table
from penstock_common.check import FieldError
from penstock_common.environment_proxy import is_loopback

__all__ = [
    "EFFECTIVE_FIELDS",
    "AccountSettings",
    "BreakerSettings",
    "CacheSettings",
    "ConfigError",
    "GatewaySettings",
    "IdempotencySettings",
    "JournalSettings",
    "Limits",
    "LogPushSettings",
    "MetricsSettings",
    "PricingSettings",
    "ProviderSettings",
    "RetentionSettings",
    "ServerSettings",
    "Settings",
    "TelemetrySettings",
    "Timeouts",
    "check_bind",
    "config_file",
    "is_loopback",
    "load",
    "unused",
    "unused_fields",
]

TOKEN_VARIABLE = "PENSTOCK_ADMIN_TOKEN"
SERVER_VARIABLES = (
    Variable("PENSTOCK_HOST", "server.host"),
    Variable("PENSTOCK_PORT", "server.port", is_number=True),
    Variable("PENSTOCK_WORKERS", "server.workers", is_number=True),
    Variable(DATA_VARIABLE, "server.data"),
)
_PATHS = ("server.data", "pricing.file", "log_push.*.folder.path")
_TOKEN = re.compile(r"[!-~]+")


def _default_accounts() -> dict[AccountId, AccountSettings]:
    return {"local": AccountSettings()}


class FileSettings(Table, frozen=True, kw_only=True):
    """What the file may say."""

    server: ServerSettings = msgspec.field(default_factory=ServerSettings)
    journal: JournalSettings = msgspec.field(default_factory=JournalSettings)
    cache: CacheSettings = msgspec.field(default_factory=CacheSettings)
    idempotency: IdempotencySettings = msgspec.field(default_factory=IdempotencySettings)
    breaker: BreakerSettings = msgspec.field(default_factory=BreakerSettings)
    pricing: PricingSettings = msgspec.field(default_factory=PricingSettings)
    log_push: Mapping[JobName, LogPushSettings] = msgspec.field(default_factory=dict)
    retention: RetentionSettings = msgspec.field(default_factory=RetentionSettings)
    metrics: MetricsSettings = msgspec.field(default_factory=MetricsSettings)
    telemetry: TelemetrySettings = msgspec.field(default_factory=TelemetrySettings)
    providers: Mapping[ProviderSlug, ProviderSettings] = msgspec.field(default_factory=dict)
    models: ModelTable = msgspec.field(default_factory=dict)
    accounts: Mapping[AccountId, AccountSettings] = msgspec.field(default_factory=_default_accounts)

    def __post_init__(self) -> None:
        fault = fault_in(self.models)
        if fault is not None:
            raise FieldError("models", fault.reason, *fault.path)


class Settings(FileSettings, frozen=True, kw_only=True):
    """Everything, with what only the environment may say. The token shows in no text of this object."""

    secrets: ClassVar[tuple[str, ...]] = ("admin_token",)

    admin_token: str | None = None
    names_accounts: bool = False  # the file does; otherwise there is the built-in one
    file: str | None = None
    model_lines: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Where the names of `models` stand in the file, for what is found wrong with them later."""


def load(path: Path | None, *, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Settings:
    """The settings of this process, or a `ConfigError` with all that is wrong.

    `path` goes before `PENSTOCK_CONFIG`; without both, `penstock.toml` in the working directory is read if it
    is there. Paths in the file are meant from where it is. `overrides` are the command line's: dotted names such
    as `server.port`; None means not given.
    """
    path = named_file(path, environ)
    file = file_layer(path or DEFAULT_FILE, is_required=path is not None, paths=_PATHS)
    layers = (
        file,
        *environment_layers(environ, SERVER_VARIABLES),
        *command_line_layers(overrides),
    )
    token = environ.get(TOKEN_VARIABLE) or None
    problems = [problem for layer in layers for problem in layer.problems(FileSettings)]
    problems += _token_problems(token)
    if problems:
        raise ConfigError(problems)
    return _settings(merged(layers), token, file)


def config_file(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The file that `load` reads with these arguments, whether it is there or not."""
    return named_file(path, environ) or DEFAULT_FILE


def _token_problems(token: str | None) -> list[Problem]:
    if token is None or _TOKEN.fullmatch(token):
        return []
    return [Problem(None, None, f"{TOKEN_VARIABLE}: allowed: visible ASCII characters, no blanks")]


def _settings(values: dict[str, object], token: str | None, file: Layer) -> Settings:
    said = msgspec.convert(values, FileSettings)
    tables = {name: getattr(said, name) for name in FileSettings.__struct_fields__}
    return Settings(
        **tables,
        admin_token=token,
        names_accounts="accounts" in values,
        file=file.path,
        model_lines=_model_lines(file) if said.models else {},
    )


def _model_lines(file: Layer) -> dict[str, int]:
    return {
        str(path[1]): line
        for path, line in lines(file.text).items()
        if path[0] == "models" and len(path) == 2
    }


def check_bind(settings: Settings, open_gateways: Sequence[str] | None = None) -> None:
    """Refuse to serve strangers. `open_gateways` ask nobody for a token; if not given, they are those of the file."""
    open_ = open_gateways
    if open_ is None:
        open_ = [name for name, gateway in _gateways(settings) if not gateway.authentication]
    if is_loopback(settings.server.host) or not open_:
        return
    reason = (
        f"refusing to listen on {settings.server.host or 'all addresses'} without authentication: "
        f"set `authentication = true` on {_named(open_)}, or bind to 127.0.0.1"
    )
    raise ConfigError([Problem(None, None, reason)])


def unused(settings: Settings) -> list[str]:
    """A line for each field of the file's gateways that is set but has no effect in this version."""
    return [
        f"gateway {name}: {field} has no effect in this version"
        for name, gateway in _gateways(settings)
        for field in unused_fields(gateway)
    ]


def unused_fields(gateway: GatewaySettings) -> list[str]:
    """The fields that differ from their defaults but have no effect in this version."""
    defaults = GatewaySettings()
    return [
        field.encode_name
        for field in msgspec.structs.fields(GatewaySettings)
        if field.name not in EFFECTIVE_FIELDS
        and getattr(gateway, field.name) != getattr(defaults, field.name)
    ]


def _gateways(settings: Settings) -> Iterator[tuple[str, GatewaySettings]]:
    for account_id, account in settings.accounts.items():
        for gateway_id, gateway in account.gateways.items():
            yield f"{account_id}/{gateway_id}", gateway


def _named(names: Sequence[str]) -> str:
    return f"gateway{'s' if len(names) > 1 else ''} {', '.join(names)}"
