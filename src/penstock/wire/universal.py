"""The body of a universal request: an array of steps, tried in order (Cloudflare 1.7).

Pure. Each step's headers are sorted into those for the provider and those for the gateway; what is to be sent
(`query`) keeps its bytes. Which providers there are, and what becomes of a step, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.errors import BAD_REQUEST, GatewayError
from penstock.pieces import Pieces, finished
from penstock.wire.control_values import Backoff, parse_attempts, parse_backoff, parse_delay, parse_seconds
from penstock.wire.controls import NO_CONTROLS, Controls, parse_controls
from penstock.wire.headers import (
    CONTENT_TYPE,
    CONTROL,
    COOKIE,
    CREDENTIAL,
    FORWARD,
    IDEMPOTENCY_KEY,
    SECRET,
    USER_AGENT,
    Header,
    request_kind,
)
from penstock.wire.json_outline import SMALL_BYTES, outline, readable
from penstock.wire.target import check_path, split_target

_LONE_STEP = re.compile(rb"[ \t\r\n]*\{")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_MEMBER_BYTES = 65536
_A_STEP = 16384  # reading one takes as long as looking at so many bytes
_SCALAR_STARTS = b"-0123456789tf"
_PASSING = frozenset({FORWARD, CREDENTIAL, COOKIE, SECRET, CONTENT_TYPE, USER_AGENT, IDEMPOTENCY_KEY})
_CONTENT_TYPE: Final = b"content-type"
_AUTHORIZATION: Final = b"authorization"


MAX_STEPS: Final = 1000  # of a list without end somebody would have to wait for the reading alone


class StepConfig(msgspec.Struct, frozen=True):
    """The `config` of a step. `None` means: not said there."""

    timeout: float | None = None  # seconds to the first byte
    max_attempts: int | None = None
    retry_delay: int | None = None  # milliseconds
    backoff: Backoff | None = None


NO_CONFIG = StepConfig()
"""Of a step without `config`."""


class Step(msgspec.Struct, frozen=True):
    """One step: a call to one provider, and what it asks of the gateway."""

    provider: str  # a slug, not looked up yet
    endpoint: str  # the tail, with its query string if it has one; no leading slash
    headers: list[Header]  # for the provider; names in lower case, each once
    controls: Controls  # of the step alone; see `controls.merged`
    config: StepConfig
    query: bytes  # the body for the provider, as it was sent


class _Members(msgspec.Struct, frozen=True):
    """A step as it stands in the body."""

    provider: str
    endpoint: str
    query: msgspec.Raw
    headers: dict[str, msgspec.Raw] | None = None
    authorization: str | None = None
    config: dict[str, msgspec.Raw] | None = None


_well_formed = msgspec.json.Decoder(msgspec.Raw).decode
_raw_steps = msgspec.json.Decoder(list[msgspec.Raw]).decode
_members = msgspec.json.Decoder(_Members).decode
_text = msgspec.json.Decoder(str).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def reading_steps(body: bytes) -> Pieces[tuple[Step, ...]]:
    """The steps of a body; a lone object is one step. Raises `GatewayError` 400 saying which step is wrong, and how.

    A piece at a time: each tells how many bytes it has looked at.
    """
    raw = yield from _raw(body)
    if len(raw) > MAX_STEPS:
        raise GatewayError(BAD_REQUEST, f"the array has {len(raw)} steps; {MAX_STEPS} are enough")
    if not raw:
        raise GatewayError(BAD_REQUEST, "the array must have at least one step")
    steps = []
    for index, one in enumerate(raw):
        try:
            if len(one) > SMALL_BYTES:
                yield from _check_sizes(bytes(one))
            steps.append(_step(_members(one)))
        except _UNREADABLE as error:
            raise GatewayError(BAD_REQUEST, f"step {index}: {error}") from None
        except GatewayError as error:
            raise GatewayError(BAD_REQUEST, f"step {index}: {error.detail}") from None
        yield len(one) + _A_STEP
    return tuple(steps)


def parse_steps(body: bytes) -> tuple[Step, ...]:
    """`reading_steps`, at once."""
    return finished(reading_steps(body))


def _raw(body: bytes) -> Pieces[Sequence[msgspec.Raw | bytes]]:
    """Each step as it stands in the body."""
    if _LONE_STEP.match(body):
        return [body]
    try:
        if len(body) <= SMALL_BYTES:
            return _raw_steps(body)
        yield from readable(body)
        _well_formed(body)
        yield len(body)
        parts = yield from outline(body)
    except (*_UNREADABLE, ValueError) as error:
        raise GatewayError(BAD_REQUEST, f"the body must be a JSON array of steps: {error}") from None
    return [body[part.start : part.end] for part in parts]


def _check_sizes(step: bytes) -> Pieces[None]:
    """Only `query` may be large. Raises `GatewayError`."""
    try:
        parts = yield from outline(step)
    except ValueError as error:
        raise GatewayError(BAD_REQUEST, str(error)) from None
    for part in parts:
        if part.name != "query" and part.end - part.start > _MOST_MEMBER_BYTES:
            raise GatewayError(BAD_REQUEST, f"{part.name[:64]} may have {_MOST_MEMBER_BYTES} bytes")


def _step(members: _Members) -> Step:
    if not _SLUG.fullmatch(members.provider):
        raise GatewayError(BAD_REQUEST, "provider must be a provider's name, for example openai")
    query = bytes(members.query)
    if query == b"null":
        raise GatewayError(BAD_REQUEST, "query must be the body for the provider, not null")
    headers, controls = _headers(members.headers or {}, members.authorization)
    config = NO_CONFIG if members.config is None else _config(members.config)
    return Step(members.provider, _endpoint(members.endpoint), headers, controls, config, query)


def _endpoint(text: str) -> str:
    endpoint = text.lstrip("/")
    path, _ = split_target(b"/" + endpoint.encode())
    check_path(path)
    return endpoint


def _headers(given: Mapping[str, msgspec.Raw], authorization: str | None) -> tuple[list[Header], Controls]:
    """Headers for the provider and for the gateway. Of one name in two spellings the later counts."""
    forward: dict[bytes, bytes] = {}
    controls: list[Header] = []
    if authorization is not None:
        forward[_AUTHORIZATION] = _value("authorization", authorization)
    for text, raw in given.items():
        if not _NAME.fullmatch(text):
            raise GatewayError(BAD_REQUEST, "headers has a name that no header can have")
        name = text.lower().encode("ascii")
        value = _value(text, _plain(text, bytes(raw)))
        kind = request_kind(name)
        if kind == CONTROL:
            controls.append((name, value))
        elif kind in _PASSING:
            forward[name] = value
    forward.setdefault(_CONTENT_TYPE, b"application/json")
    return list(forward.items()), parse_controls(controls) if controls else NO_CONTROLS


def _plain(name: str, value: bytes) -> str:
    """A header's value as text: numbers and booleans as they are written."""
    if value.startswith(b'"'):
        return _text(value)
    if value[:1] not in _SCALAR_STARTS:
        raise GatewayError(BAD_REQUEST, f"header {name} must be a string")
    return value.decode("ascii")


def _value(name: str, text: str) -> bytes:
    if _CONTROL_CHARACTER.search(text):
        raise GatewayError(BAD_REQUEST, f"header {name} has a control character in its value")
    return text.strip(" \t").encode()


def _config(members: Mapping[str, msgspec.Raw]) -> StepConfig:
    """Members are read as the headers of the same meaning are; malformed ones are ignored."""

    def text(name: str) -> bytes:
        return bytes(members.get(name, b"")).strip(b'"')

    return StepConfig(
        parse_seconds(text("requestTimeout")),
        parse_attempts(text("maxAttempts")),
        parse_delay(text("retryDelay")),
        parse_backoff(text("backoff")),
    )
