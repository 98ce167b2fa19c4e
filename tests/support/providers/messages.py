"""Anthropic's Messages, as Anthropic takes and answers them (dialects, A3).

Both versions of the dialect are served: the long-lived one, and that of the official library 2.x. Requests are read in
`messages_requests.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from support.providers.messages_requests import SIGNATURE, VERSIONS, read
from support.providers.mind import (
    CACHED_TOKENS,
    FRESH_TOKENS,
    KEY,
    RETRY_AFTER,
    THINKING_TOKENS,
    Failure,
    Json,
    Kind,
    Said,
    said,
)
from support.providers.serving import Answer, Received
from support.providers.sse import data, streamed, whole

ID = "msg_fake"
REQUEST_ID = "req_fake"
COUNTED_TOKENS = 42

_STATUS: dict[Kind, tuple[int, str]] = {
    "bad": (400, "invalid_request_error"),
    "key": (401, "authentication_error"),
    "model": (404, "not_found_error"),
    "rate": (429, "rate_limit_error"),
    "inner": (500, "api_error"),
    "overloaded": (529, "overloaded_error"),
}
_STOP = {"end": "end_turn", "stop": "stop_sequence", "length": "max_tokens", "calls": "tool_use"}


def answer(request: Received) -> Answer:
    """What Anthropic says."""
    headers = {"request-id": REQUEST_ID}
    try:
        if not _is_known(request.headers):
            raise Failure("key", "invalid x-api-key")
        version = request.headers.get("anthropic-version")
        if version not in VERSIONS:
            raise Failure("bad", "anthropic-version: header is required")
        counts = request.path == "/v1/messages/count_tokens"
        if request.method != "POST" or (request.path != "/v1/messages" and not counts):
            raise Failure("model", "Not Found")
        body = request.json
        asked = read(body, version, counts=counts)
        if counts:
            return whole({"input_tokens": COUNTED_TOKENS}, headers=headers)
        writer = MessageWriter(body["model"], said(asked))
    except Failure as failure:
        return _failed(failure, headers)
    if not body.get("stream"):
        return whole(writer.message(), headers=headers)
    error = data(_error("api_error", "The server broke."), "error")
    pieces = [data(event, event["type"]) for event in writer.events()]
    return streamed(pieces, writer.said, error, headers)


def _is_known(headers: Mapping[str, str]) -> bool:
    """The official library shows its key as a bearer token since 2.0, and in a header of its own before."""
    bearer, own = headers.get("authorization"), headers.get("x-api-key")
    return (bearer or own) is not None and bearer in (None, f"Bearer {KEY}") and own in (None, KEY)


def _failed(failure: Failure, headers: dict[str, str]) -> Answer:
    status, kind = _STATUS[failure.kind]
    if failure.kind == "rate":
        headers = {**headers, "retry-after": str(RETRY_AFTER)}
    return whole(_error(kind, failure.message), status, headers)


def _error(kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": REQUEST_ID}


class MessageWriter:
    """One answer."""

    def __init__(self, model: str, said: Said) -> None:
        self._model = model
        self.said = said

    def message(self) -> Json:
        """Whole."""
        usage = {**self._usage(), "output_tokens": self.said.tokens}
        return {**self._frame(), **self._ending(), "content": list(self._blocks()), "usage": usage}

    def _frame(self) -> Json:
        return {"id": ID, "type": "message", "role": "assistant", "model": self._model}

    def _ending(self) -> Json:
        return {"stop_reason": _STOP[self.said.ending], "stop_sequence": self.said.stopped_by}

    def _usage(self) -> Json:
        return {
            "input_tokens": FRESH_TOKENS,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": CACHED_TOKENS,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 1,
            "service_tier": "standard",
        }

    def _blocks(self) -> Iterator[Json]:
        if self.said.thought:
            yield {"type": "thinking", "thinking": self.said.thought, "signature": SIGNATURE}
        if self.said.text:
            yield {"type": "text", "text": self.said.text}
        for number, call in enumerate(self.said.calls):
            yield {
                "type": "tool_use",
                "id": f"toolu_fake_{number}",
                "name": call.name,
                "input": call.arguments,
            }

    def events(self) -> Iterator[Json]:
        """In pieces."""
        begun = {**self._frame(), "content": [], "stop_reason": None, "stop_sequence": None}
        yield {"type": "message_start", "message": {**begun, "usage": self._usage()}}
        yield {"type": "ping"}
        for index, block in enumerate(self._blocks()):
            start, deltas = self._pieces(block)
            yield {"type": "content_block_start", "index": index, "content_block": start}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        usage: Json = {"output_tokens": self.said.tokens}
        if self.said.thought:
            usage["output_tokens_details"] = {"thinking_tokens": THINKING_TOKENS}
        yield {"type": "message_delta", "delta": self._ending(), "usage": usage}
        yield {"type": "message_stop"}

    def _pieces(self, block: Json) -> tuple[Json, list[Json]]:
        match block["type"]:
            case "thinking":
                pieces = [block["thinking"][:8], block["thinking"][8:]]
                thoughts: list[Json] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
                signed = {"type": "signature_delta", "signature": block["signature"]}
                return {**block, "thinking": "", "signature": ""}, [*thoughts, signed]
            case "text":
                return {**block, "text": ""}, [
                    {"type": "text_delta", "text": piece} for piece in self.said.pieces
                ]
            case _:
                call = next(
                    call for number, call in enumerate(self.said.calls) if block["id"].endswith(f"_{number}")
                )
                texts = ("", *call.pieces)
                return {**block, "input": {}}, [
                    {"type": "input_json_delta", "partial_json": text} for text in texts
                ]
