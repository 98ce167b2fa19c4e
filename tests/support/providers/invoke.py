"""Claude behind Bedrock's `InvokeModel`: Anthropic's dialect in Amazon's frames (dialects, A3, on other hosts)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence

from support.golden_exchanges import converse_frame
from support.providers.messages import MessageWriter
from support.providers.messages_requests import VERSIONS, read
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS, Failure, Json, Said, said
from support.providers.serving import Answer
from support.providers.sse import whole

REQUEST_ID = "0c0ffee0-0000-4000-8000-000000000000"

_VERSIONS = {"bedrock-2023-05-31": VERSIONS[0], "2026-10-21": VERSIONS[1]}
_BETAS = ("interleaved-thinking-2025-05-14", "token-efficient-tools-2025-02-19", "context-1m-2025-08-07")
_HEADERS = {"x-amzn-requestid": REQUEST_ID}
_BINARY = {"content-type": "application/vnd.amazon.eventstream", **_HEADERS}


def answer(body: Json, model: str, *, streams: bool) -> Answer:
    """What Claude says there. Raises `Failure`."""
    if "claude" not in model:
        raise Failure("bad", "Malformed input request, please reformat your input and try again.")
    asked = dict(body)
    version = asked.pop("anthropic_version", None)
    if version not in _VERSIONS:
        raise Failure("bad", "anthropic_version: Field required")
    for flag in asked.pop("anthropic_beta", []):
        if flag not in _BETAS:
            raise Failure("bad", f"invalid beta flag: {flag}")
    for name in ("model", "stream", "cache_control"):
        if name in asked:
            raise Failure("bad", f"{name}: Extra inputs are not permitted")
    writer = MessageWriter(model, said(read({**asked, "model": model}, _VERSIONS[version])))
    if not streams:
        return whole(writer.message(), headers=_HEADERS)
    return framed(list(_frames(writer)), writer.said)


def framed(frames: Sequence[bytes], said: Said) -> Answer:
    """A binary stream: all of it, or its first half and then an exception, or without an end."""
    if said.cut:
        broken = converse_frame("!internalServerException", {"message": "The server broke."})
        return Answer(headers=_BINARY, pieces=(*frames[: len(frames) // 2], broken))
    if said.slow:
        return Answer(headers=_BINARY, pieces=tuple(frames[: len(frames) // 2]), endless=True)
    return Answer(headers=_BINARY, pieces=tuple(frames))


def _frames(writer: MessageWriter) -> Iterator[bytes]:
    metrics = {"inputTokenCount": FRESH_TOKENS, "outputTokenCount": writer.said.tokens}
    metrics |= {"cacheReadInputTokenCount": CACHED_TOKENS, "invocationLatency": 12}
    for event in writer.events():
        last = {"amazon-bedrock-invocationMetrics": metrics} if event["type"] == "message_stop" else {}
        text = json.dumps({**event, **last}).encode()
        yield converse_frame("chunk", {"bytes": base64.b64encode(text).decode(), "p": "abcdefgh"})
