"""Bedrock's Converse with its binary event stream, as Amazon takes and answers it (dialects, A5).

Requests are read in `converse_requests.py`. A caller signs, or shows a key of Bedrock's as a bearer token; signatures
are not verified here, only that they are of the right form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from support.golden_exchanges import converse_frame
from support.providers import invoke
from support.providers.converse_requests import SIGNATURE, read
from support.providers.invoke import REQUEST_ID
from support.providers.mind import (
    CACHED_TOKENS,
    FRESH_TOKENS,
    KEY,
    Failure,
    Json,
    Kind,
    Said,
    said,
)
from support.providers.serving import Answer, Received
from support.providers.sse import whole

ACCESS_KEY = "AKIAFAKEFAKEFAKEFAKE"

_PATH = re.compile(
    r"/model/([^/]+)/(converse|converse-stream|count-tokens|invoke|invoke-with-response-stream)"
)
_SIGNED = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/\d{{8}}/[\w-]+/bedrock/aws4_request, ?"
    r"SignedHeaders=[\w;-]+, ?Signature=\w{64}"
)
_STATUS: dict[Kind, tuple[int, str]] = {
    "bad": (400, "ValidationException"),
    "key": (403, "UnrecognizedClientException"),
    "model": (404, "ResourceNotFoundException"),
    "rate": (429, "ThrottlingException"),
    "inner": (500, "InternalServerException"),
    "overloaded": (503, "ServiceUnavailableException"),
}
_STOP = {"end": "end_turn", "stop": "stop_sequence", "length": "max_tokens", "calls": "tool_use"}


def answer(request: Received) -> Answer:
    """What Bedrock says."""
    try:
        authorization = request.headers.get("authorization", "")
        if authorization != f"Bearer {KEY}" and not _SIGNED.fullmatch(authorization):
            raise Failure("key", "The security token included in the request is invalid.")
        match = _PATH.fullmatch(request.path)
        if match is None or request.method != "POST":
            raise Failure("model", f"Could not resolve the path {request.path}")
        model, call = unquote(match[1]), match[2]
        if call == "count-tokens":
            return whole({"inputTokens": 42}, headers={"x-amzn-requestid": REQUEST_ID})
        if call.startswith("invoke"):
            return invoke.answer(request.json, model, streams=call != "invoke")
        writer = _Writer(said(read(request.json, model)))
    except Failure as failure:
        status, name = _STATUS[failure.kind]
        headers = {"x-amzn-requestid": REQUEST_ID, "x-amzn-errortype": f"{name}:http://internal.amazon.com/"}
        return whole({"message": failure.message}, status, headers)
    if call == "converse":
        return whole(writer.response(), headers={"x-amzn-requestid": REQUEST_ID})
    return invoke.framed(list(writer.frames()), writer.said)


class _Writer:
    """One answer."""

    def __init__(self, said: Said) -> None:
        self.said = said

    def response(self) -> Json:
        """Whole."""
        message = {"role": "assistant", "content": list(self._blocks())}
        ending = {"stopReason": _STOP[self.said.ending], "metrics": {"latencyMs": 12}}
        return {"output": {"message": message}, **ending, "usage": self._usage()}

    def _blocks(self) -> Iterator[Json]:
        if self.said.thought:
            text = {"text": self.said.thought, "signature": SIGNATURE}
            yield {"reasoningContent": {"reasoningText": text}}
        if self.said.text:
            yield {"text": self.said.text}
        for number, call in enumerate(self.said.calls):
            yield {
                "toolUse": {"toolUseId": f"tooluse_fake{number}", "name": call.name, "input": call.arguments}
            }

    def frames(self) -> Iterator[bytes]:
        """In pieces: text and thinking begin with their first delta, usage comes behind the stop."""
        yield _frame("messageStart", role="assistant")
        index = 0
        for deltas in self._said():
            for delta in deltas:
                yield _frame("contentBlockDelta", contentBlockIndex=index, delta=delta)
            yield _frame("contentBlockStop", contentBlockIndex=index)
            index += 1
        for number, call in enumerate(self.said.calls):
            start = {"toolUse": {"toolUseId": f"tooluse_fake{number}", "name": call.name}}
            yield _frame("contentBlockStart", contentBlockIndex=index, start=start)
            for piece in call.pieces:
                yield _frame(
                    "contentBlockDelta", contentBlockIndex=index, delta={"toolUse": {"input": piece}}
                )
            yield _frame("contentBlockStop", contentBlockIndex=index)
            index += 1
        yield _frame("messageStop", stopReason=_STOP[self.said.ending])
        yield _frame("metadata", usage=self._usage(), metrics={"latencyMs": 12})

    def _said(self) -> Iterator[list[Json]]:
        if self.said.thought:
            yield [
                {"reasoningContent": {"text": self.said.thought}},
                {"reasoningContent": {"signature": SIGNATURE}},
            ]
        if self.said.text:
            yield [{"text": piece} for piece in self.said.pieces]

    def _usage(self) -> Json:
        made = self.said.tokens
        return {
            "inputTokens": FRESH_TOKENS,
            "outputTokens": made,
            "totalTokens": FRESH_TOKENS + CACHED_TOKENS + made,
            "cacheReadInputTokens": CACHED_TOKENS,
            "cacheWriteInputTokens": 0,
        }


def _frame(name: str, **members: object) -> bytes:
    return converse_frame(name, {**members, "p": "abcdefgh"})
