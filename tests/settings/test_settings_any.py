"""Any settings survive the way through TOML; nothing gets anything but a `ConfigError` out of `load`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.settings import ConfigError, FileSettings, Settings, load
from penstock.settings.gateways import Dlp, SpendKey, SpendLimits, SpendRule
from penstock.settings.models import ModelTable
from penstock.settings.parallel_rules import ParallelWebhook
from penstock.settings.server import FilePath, ProviderSettings
from penstock.settings.telemetry import (
    FolderDestination,
    HttpDestination,
    LogPushSettings,
    OtlpMetricsSettings,
    S3Destination,
)


def toml(value: object) -> str:
    """`value` as a TOML value, tables inline."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in value) + '"'
        case Mapping():
            pairs = (f"{toml(key)} = {toml(item)}" for key, item in value.items() if item is not None)
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(toml, value)) + "]"
    raise TypeError(value)


def document(file: msgspec.Struct) -> str:
    """As TOML: headers for the upper tables, inline tables below."""
    text = ""
    for name, table in msgspec.to_builtins(file).items():
        nested = {key: item for key, item in table.items() if isinstance(item, dict)}
        text += f"[{name}]\n"
        text += "".join(
            f"{toml(key)} = {toml(item)}\n"
            for key, item in table.items()
            if key not in nested and item is not None
        )
        for key, item in nested.items():
            text += f'[{name}."{key}"] # {key}\n' + "".join(
                f"{toml(k)} = {toml(v)}\n" for k, v in item.items() if v is not None
            )
    return text


PATHS = st.sampled_from(["/srv/kept", "/a b/ü"])  # others are seen from where the file is
VISIBLE = st.characters(min_codepoint=33, max_codepoint=126)
URLS = st.sampled_from(["http://127.0.0.1:9100", "https://[::1]/v1", "http+unix://%2Frun%2Fx.sock/v1"])
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
DLP = st.builds(Dlp, enabled=st.booleans(), policies=st.just(())) | st.just(
    Dlp(enabled=True, action="FLAG", profiles=("a",))
)
HEADERS = st.dictionaries(st.sampled_from(["x-team", "Authorization"]), st.sampled_from(["", "a b", "k\t1"]))
PROVIDERS = st.builds(ProviderSettings, base_url=URLS, headers=HEADERS)
SPEND_KEY = st.sampled_from([SpendKey(mode="partition"), SpendKey(mode="filter", values=("a", "b"))])

WEB = st.sampled_from(["http://127.0.0.1:9100/in", "https://logs.example"])
FOLDER = st.builds(FolderDestination, path=st.just("/srv/logs"))
HTTP = st.builds(HttpDestination, url=WEB, headers=HEADERS)
BUCKET = st.builds(
    S3Destination, endpoint=WEB, bucket=st.just("my-logs"), prefix=st.sampled_from(["", "a/b"])
)
PUSH = st.one_of(
    st.builds(LogPushSettings, folder=FOLDER, max_records=st.integers(1, 100_000)),
    st.builds(LogPushSettings, http=HTTP, gateways=st.just(("a/b", "a/c-d"))),
    st.builds(LogPushSettings, s3=BUCKET),
)
MODELS = st.dictionaries(
    st.sampled_from(["a", "b/c", "*", "d:e"]),
    st.sampled_from(["openai/x", "custom-y/@z"]) | st.just(("openai/x", "openai/y")),
)
WEBHOOK_SECRETS = st.sampled_from(["whsec_c2VjcmV0", "whsec_b3RoZXI=", "********"])
WEBHOOK = st.builds(
    ParallelWebhook,
    account_secrets=st.lists(WEBHOOK_SECRETS | st.just("whsec_%"), min_size=1, max_size=2).map(tuple),
    signing_secret=WEBHOOK_SECRETS,
    url=WEB,
    observe=st.booleans(),
)
METRICS = st.builds(OtlpMetricsSettings, url=WEB, headers=HEADERS, interval=st.floats(1, 86_400))


def any_of(kind: object) -> st.SearchStrategy[object]:
    """Values of a type of the settings, by its own ranges."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind == FilePath:
        return PATHS
    if kind is Dlp:
        return DLP
    if kind is SpendKey:
        return SPEND_KEY
    if kind is ProviderSettings:
        return PROVIDERS
    if kind is LogPushSettings:
        return PUSH
    if kind is OtlpMetricsSettings:
        return METRICS
    if kind is ParallelWebhook:
        return WEBHOOK
    if kind == ModelTable:
        return MODELS
    if kind is SpendLimits:
        return st.builds(SpendLimits, enabled=st.booleans(), rules=spend_rules())
    if origin in (Union, UnionType):
        return st.one_of([st.none() if part is type(None) else any_of(part) for part in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(any_of(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(any_of(arguments[0]), any_of(arguments[1]), max_size=2)
    if origin is Annotated and isinstance(arguments[1], msgspec.Meta):
        return in_range(arguments[0], arguments[1])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return tables(kind)
    return st.booleans() if kind is bool else TEXT


def spend_rules() -> st.SearchStrategy[tuple[SpendRule, ...]]:
    """Two rules may not have one id; without one they are told apart by their places."""
    rules = st.builds(
        SpendRule, **{field.name: field_of(field) for field in msgspec.structs.fields(SpendRule)}
    )
    return st.lists(rules, max_size=2, unique_by=lambda rule: rule.id or object()).map(tuple)


def in_range(kind: object, meta: msgspec.Meta) -> st.SearchStrategy[object]:
    if kind is int:
        return st.integers(int(meta.ge or 0), int(meta.le or 0))
    if kind is float:
        return st.floats(meta.ge or 0, meta.le, exclude_min=meta.gt is not None)
    if meta.pattern:
        pattern = re.compile(meta.pattern.replace(r"\Z", "$"), re.ASCII)
        texts = st.from_regex(pattern, fullmatch=True, alphabet=VISIBLE)
        return texts.filter(lambda text: len(text) <= (meta.max_length or len(text)))
    if get_origin(kind) in (tuple, Mapping):
        return any_of(kind)
    return st.text("abc", min_size=meta.min_length or 0, max_size=20)


def tables(kind: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    fields = {field.name: field_of(field) for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


def field_of(field: msgspec.structs.FieldInfo) -> st.SearchStrategy[object]:
    """Without None where that is not the default: TOML cannot say it."""
    values = any_of(field.type)
    return values if field.default is None else values.filter(lambda value: value is not None)


def load_bytes(data: bytes) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "penstock.toml")
        path.write_bytes(data)
        return load(path, environ={}, overrides={})


@settings(max_examples=60, deadline=None)
@given(tables(FileSettings))
def test_settings_survive_toml(file: msgspec.Struct) -> None:
    found = load_bytes(document(file).encode())
    own = {"admin_token": None, "names_accounts": True, "file": found.file, "model_lines": found.model_lines}
    assert msgspec.to_builtins(found) == {**msgspec.to_builtins(file), **own}


WORDS = st.sampled_from(
    [
        *[
            "[server]",
            "[[",
            "]]",
            "\n",
            "\n",
            "=",
            " = ",
            "port",
            "host",
            '"',
            "'''",
            "{",
            "}",
            "[accounts.a]",
        ],
        *[
            ".",
            ",",
            "1",
            "inf",
            "1979-05-27",
            "#",
            "gateways",
            "default",
            "otel",
            "\\u0000",
            "limits",
            "\r",
            "é",
        ],
    ]
)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=15).map("".join).map(str.encode) | st.binary() | st.text().map(str.encode))
def test_garbage_gets_a_config_error_or_settings(data: bytes) -> None:
    with suppress(ConfigError):
        load_bytes(data)


NAMES = st.lists(st.sampled_from(["server", "port", "accounts", "x y", ""]), max_size=3).map(".".join)


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.none() | st.integers() | st.text() | st.lists(st.integers()), max_size=3))
def test_any_command_line_gets_a_config_error_or_settings(overrides: dict[str, object]) -> None:
    with suppress(ConfigError):
        load(None, environ={}, overrides=overrides)
