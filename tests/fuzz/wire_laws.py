"""Readers of what comes over the wire: any bytes are read soundly, or refused with the gateway's own error."""

from __future__ import annotations

import gzip
import json
import re
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from penstock.errors import GatewayError
from penstock.pricing.asked import asked_model
from penstock.providers.operation import Bills
from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.providers.registry import as_shipped
from penstock.providers.request_reading import Request, flagged
from penstock.wire.content_encoding import PIECE_BYTES, CodingError, decoder, plain
from penstock.wire.controls import parse_controls
from penstock.wire.headers import Header, HeaderSorter
from penstock.wire.json_members import members, with_member, without_member
from penstock.wire.sse import Event, EventSplitter
from penstock.wire.target import check_path, redact_query, split_target
from penstock.wire.universal import MAX_STEPS, parse_steps
from penstock.wire.usage import read_answer

_CODINGS: Final = ("gzip", "deflate", "br", "zstd", "identity", "x-gzip")
_KINDS: Final = (
    "application/json",
    "text/event-stream",
    "application/vnd.amazon.eventstream",
    "application/x-ndjson",
)
_PROVIDERS: Final = ("openai", "google-ai-studio", "aws-bedrock", "azure-openai", "parallel", "replicate")
_MOST: Final = 1024 * 1024
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOP: Final = frozenset({b"connection", b"host", b"keep-alive", b"te", b"transfer-encoding", b"upgrade"})
_KEPT: Final = "fuzzed-secret"


def targets_stay_below_their_provider(data: bytes) -> None:
    """A target that passes has no dot segment and no control character, however often it is decoded once."""
    try:
        path, _ = split_target(data)
        check_path(path)
    except GatewayError:
        return
    for form in (path, unquote_to_bytes(path)):
        parts = re.split(rb"[/\\]", form)
        assert not {b".", b".."} & {part.partition(b";")[0] for part in parts}
        assert all(byte >= 0x20 and byte != 0x7F for byte in form)


def queries_lose_their_secrets(data: bytes) -> None:
    """Whatever stands around it, the value of a parameter named as a secret is not kept."""
    text = data.decode("latin-1")
    before, _, behind = text.partition("|")
    query = f"?{before}&key={_KEPT}&{behind}"
    assert _KEPT not in redact_query(query)
    assert redact_query(redact_query(query)) == redact_query(query)


def heads_are_sorted_soundly(data: bytes) -> None:
    """What goes on to a provider has none of the headers of this hop, and adds no line."""
    headers = _headers(data)
    head = HeaderSorter().request(headers)
    again = HeaderSorter().request(headers)
    assert head.forward == again.forward
    forwarded = b"".join(head.forward)
    lines = forwarded.split(b"\r\n")[:-1]
    assert len(head.forward) == 4 * len(lines)
    for line in lines:
        name, colon, _ = line.partition(b": ")
        assert colon
        assert name.lower() not in _HOP
        assert not name.lower().startswith(b"cf-aig-")


def controls_are_read_or_refused(data: bytes) -> None:
    """Control headers with any value are understood or passed over; only the gateway's own error is raised."""
    headers = [(b"cf-aig-" + name.lower(), value) for name, value in _headers(data)]
    try:
        parse_controls(headers)
    except GatewayError as error:
        assert error.fault.status in range(400, 500)


def _headers(data: bytes) -> list[Header]:
    """Lines as the parser gives them: names are tokens, values have no line's end."""
    found = []
    for line in data.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name) and not re.search(rb"[\r\0]", value):
            digits = re.sub(rb"\D", b"", value)[:18] or b"0"
            found.append((name, digits if name.lower() == b"content-length" else value.strip(b" \t")))
    return found


def members_keep_their_places(data: bytes) -> None:
    """Every member is where it is said to be; one is changed or taken out, and the others stay."""
    try:
        found = members(data)
    except ValueError:
        return
    values = _values(data)
    assert list(found) == list(values)
    changed = with_member(data, found, "model", b'"m"')
    assert _values(changed) == {**values, "model": "m"}
    for name in found:
        rest = _values(without_member(data, found, name))
        assert rest == {key: value for key, value in values.items() if key != name}


def _values(data: bytes) -> dict[str, object]:
    """Texts that are not UTF-8 pass as they are, inside of a value: they are the provider's to read."""
    values: dict[str, object] = json.loads(data.decode("utf-8", "surrogateescape"))
    return values


def events_keep_every_byte(data: bytes) -> None:
    """A stream cut anywhere has the same events, and together they are the stream."""
    whole = EventSplitter()
    events = whole.feed(data)
    rest = whole.finish()
    assert b"".join(events) + rest == data
    pieces = EventSplitter()
    cut: list[bytes] = []
    for at in range(0, len(data), 3):
        cut += pieces.feed(data[at : at + 3])
    assert b"".join(cut) + pieces.finish() == data
    assert _ended(cut) == _ended(events)
    for event in events:
        read = Event(event)
        assert Event(read.with_data(read.data)).data == read.data


def _ended(events: list[bytes]) -> list[bytes]:
    """The events without the LF of a last CRLF, which may come as a piece of its own."""
    return [event[:-1] if event.endswith(b"\r\n") else event for event in events if event != b"\n"]


def codings_are_undone_piece_by_piece(data: bytes) -> None:
    """Piece by piece, whole, and in one go come to the same; no piece is larger than it may be."""
    if not data:
        return
    coding, body = _CODINGS[data[0] % len(_CODINGS)], data[1:]
    at_once = plain(body, coding, _MOST)
    streamed = _streamed(body, coding)
    if at_once is not None and streamed is not None and len(streamed) <= _MOST:
        assert streamed.startswith(at_once)


def _streamed(body: bytes, coding: str) -> bytes | None:
    reading = decoder(coding)
    found: list[bytes] = []
    size = 0
    try:
        for at in range(0, len(body), 5):
            reading.feed(body[at : at + 5])
            while piece := reading.read():
                assert len(piece) <= 32 * PIECE_BYTES
                size += len(piece)
                if size > _MOST:
                    return None
                found.append(piece)
        reading.end()
    except CodingError:
        return None
    return b"".join(found)


def answers_are_read_or_unknown(data: bytes) -> None:
    """What an answer used is known or unknown; nothing is raised, and no count is below zero."""
    if not data:
        return
    kind, body = _KINDS[data[0] % len(_KINDS)], data[1:]
    answer = read_answer(kind, "", body)
    assert read_answer(kind, "gzip", gzip.compress(body)) == answer
    if answer.usage is not None:
        counts = msgspec.to_builtins(answer.usage)
        assert all(count >= 0 for count in counts.values() if isinstance(count, int))


def models_are_read_or_unknown(data: bytes) -> None:
    """A model out of any path and body is a text or unknown."""
    if not data:
        return
    tail, _, body = data[1:].partition(b"\n")
    slug, path = _PROVIDERS[data[0] % len(_PROVIDERS)], tail.decode("latin-1")
    provider = as_shipped(slug)
    assert provider is not None
    operation = provider.operations.at(path).get(b"POST", UNKNOWN_OPERATION)
    request = Request(path.partition("?")[2], lambda _name: None, "", body)
    assert flagged(operation, request).bills in Bills
    model = asked_model(slug, operation, path, request)
    assert model is None or isinstance(model, str)


def steps_are_sound_or_refused(data: bytes) -> None:
    """Steps of a universal request can do no harm on the wire."""
    try:
        steps = parse_steps(data)
    except GatewayError as error:
        assert error.fault.status == 400
        return
    assert 0 < len(steps) <= MAX_STEPS
    for step in steps:
        assert re.fullmatch(r"[!-~]*", step.endpoint)
        assert not step.endpoint.startswith("/")
        _values(b'{"query":%b}' % step.query)
        for name, value in step.headers:
            assert _NAME.fullmatch(name)
            assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value)
            assert name not in _HOP
