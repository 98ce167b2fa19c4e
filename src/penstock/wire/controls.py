"""The `cf-aig-*` request headers: what the caller asks of the gateway (Cloudflare 2.1, 2.3, 2.4).

Pure. A malformed control header is ignored, as the contract says of metadata and leaves open for the rest.
Headers whose feature this version does not have are kept as text, so that the log shows what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from penstock.metadata import MetadataValue
from penstock.wire.control_values import (
    Backoff,
    parse_alias,
    parse_asking,
    parse_attempts,
    parse_backoff,
    parse_boolean,
    parse_cache_key,
    parse_delay,
    parse_event_id,
    parse_metadata,
    parse_models,
    parse_seconds,
    parse_ttl,
    parse_unless_false,
    parse_wait,
    parse_yielding,
)

AUTHORIZATION = b"cf-aig-authorization"

_T = TypeVar("_T")
ControlValue = bool | int | float | str | bytes | tuple[str, ...] | dict[str, MetadataValue]


class Controls(msgspec.Struct):
    """What one request, or one step, asks of the gateway. `None` or empty: not said, the gateway's setting holds."""

    authorization: bytes = b""
    event_id: str = ""
    metadata: dict[str, MetadataValue] = {}
    collect_log: bool | None = None
    collect_payload: bool = True
    timeout: float | None = None  # seconds to the first byte
    cache_ttl: int | None = None  # seconds; 0: do not cache
    skip_cache: bool | None = None
    cache_key: bytes = b""
    max_attempts: int | None = None
    retry_delay: int | None = None  # milliseconds
    backoff: Backoff | None = None
    byok_alias: str = ""
    no_wholesale: bool | None = None
    custom_cost: bytes = b""  # JSON as sent, unread
    fallback: tuple[str, ...] = ()  # models that are tried where the one that is asked fails
    thinking_yields: bool = False  # it is switched off where the history lacks what it needs
    stream_usage: bool | None = None  # a stream is asked for its usage, or is not
    wait: int | None = None  # seconds that who orders a run waits for its result
    seen: dict[str, str] = {}  # every control header but credentials, as sent

    @property
    def steer(self) -> bool:
        """Whether more may be wanted than one plain attempt at one address."""
        return (
            self.cache_ttl is not None
            or self.cache_key != b""
            or self.max_attempts is not None
            or self.byok_alias != ""
            or self.no_wholesale is True
            or self.stream_usage is True
        )

    @property
    def tells_attempts(self) -> bool:
        """Whether it has a word on how often, and how long, a provider is asked."""
        return (
            self.max_attempts is not None
            or self.retry_delay is not None
            or self.backoff is not None
            or self.timeout is not None
        )


NO_CONTROLS = Controls()
"""Of a request without any control header. Shared: nobody changes it."""

_FIELDS: dict[bytes, tuple[str, Callable[[bytes], ControlValue | None]]] = {
    b"cf-aig-event-id": ("event_id", parse_event_id),
    b"cf-aig-metadata": ("metadata", parse_metadata),
    b"cf-aig-collect-log": ("collect_log", parse_boolean),
    b"cf-aig-collect-log-payload": ("collect_payload", parse_unless_false),
    b"cf-aig-request-timeout": ("timeout", parse_seconds),
    b"cf-aig-cache-ttl": ("cache_ttl", parse_ttl),
    b"cf-aig-skip-cache": ("skip_cache", parse_boolean),
    b"cf-aig-cache-key": ("cache_key", parse_cache_key),
    b"cf-aig-max-attempts": ("max_attempts", parse_attempts),
    b"cf-aig-retry-delay": ("retry_delay", parse_delay),
    b"cf-aig-backoff": ("backoff", parse_backoff),
    b"cf-aig-byok-alias": ("byok_alias", parse_alias),
    b"cf-aig-no-wholesale": ("no_wholesale", parse_boolean),
    b"cf-aig-custom-cost": ("custom_cost", bytes.strip),
    b"cf-aig-fallback": ("fallback", parse_models),
    b"cf-aig-thinking": ("thinking_yields", parse_yielding),
    b"cf-aig-stream-usage": ("stream_usage", parse_asking),
    b"cf-aig-wait": ("wait", parse_wait),
}
_OLDER_TTL = b"cf-cache-ttl"
_OLDER_SKIP = b"cf-skip-cache"


def parse_controls(headers: Iterable[tuple[bytes, bytes]]) -> Controls:
    """Reads control headers (lower-case names). Of a repeated header the last one counts.

    A name of today wins over its older form, wherever the two stand, unless its value is malformed.
    """
    controls = Controls()
    seen = controls.seen
    older_ttl = older_skip = b""
    for name, value in headers:
        if name == AUTHORIZATION:
            controls.authorization = value
            continue
        seen[name.decode("latin-1")] = value.decode("latin-1")
        field = _FIELDS.get(name)
        if field is not None:
            setattr(controls, field[0], field[1](value))
        elif name == _OLDER_TTL:
            older_ttl = value
        elif name == _OLDER_SKIP:
            older_skip = value
    if older_ttl and controls.cache_ttl is None:
        controls.cache_ttl = parse_ttl(older_ttl)
    if older_skip and controls.skip_cache is None:
        controls.skip_cache = parse_boolean(older_skip)
    return controls


def merged(request: Controls, step: Controls) -> Controls:
    """What holds for one step of a request: the step's word, or else the request's (Cloudflare 2.3).

    Four exceptions. The caller is known before the steps are, so `authorization` is always the request's. All
    steps share one event id: the request's own comes first. `no_wholesale` only tightens: true in either place
    is true. Bodies are kept only when neither forbids it. Metadata is replaced as a whole, not entry by entry.
    """
    if step is NO_CONTROLS:
        return request
    return Controls(
        request.authorization,
        request.event_id or step.event_id,
        step.metadata or request.metadata,
        _said(step.collect_log, request.collect_log),
        request.collect_payload and step.collect_payload,
        _said(step.timeout, request.timeout),
        _said(step.cache_ttl, request.cache_ttl),
        _said(step.skip_cache, request.skip_cache),
        step.cache_key or request.cache_key,
        _said(step.max_attempts, request.max_attempts),
        _said(step.retry_delay, request.retry_delay),
        step.backoff or request.backoff,
        step.byok_alias or request.byok_alias,
        request.no_wholesale or _said(step.no_wholesale, request.no_wholesale),
        step.custom_cost or request.custom_cost,
        step.fallback or request.fallback,
        step.thinking_yields or request.thinking_yields,
        _said(step.stream_usage, request.stream_usage),
        _said(step.wait, request.wait),
        {**request.seen, **step.seen},
    )


def _said(first: _T | None, second: _T | None) -> _T | None:
    return second if first is None else first
