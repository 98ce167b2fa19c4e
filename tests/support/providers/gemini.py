"""Google's `generateContent`, as AI Studio and Vertex take and answer it, with embeddings (dialects, A4, A7).

Requests are read in `gemini_requests.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from support.providers.gemini_requests import SIGNATURE, embedded, is_signed, read
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
from support.providers.responses import WIDTH, vector
from support.providers.serving import Answer, Received
from support.providers.sse import data, streamed, whole

ID = "gemini-fake"
COUNTED_TOKENS = 42
CALL_ID = "fake{}"

_STATUS: dict[Kind, tuple[int, str]] = {
    "bad": (400, "INVALID_ARGUMENT"),
    "key": (400, "INVALID_ARGUMENT"),
    "model": (404, "NOT_FOUND"),
    "rate": (429, "RESOURCE_EXHAUSTED"),
    "inner": (500, "INTERNAL"),
    "overloaded": (503, "UNAVAILABLE"),
}
_FINISH = {"end": "STOP", "stop": "STOP", "length": "MAX_TOKENS", "calls": "STOP"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where Gemini is asked."""

    models: re.Pattern[str]
    header: str
    key: str


AI_STUDIO = Service(
    models=re.compile(r"/v1(?:beta)?/models/([\w.-]+):(\w+)"), header="x-goog-api-key", key=KEY
)
VERTEX = Service(
    models=re.compile(
        r"/v1(?:beta1)?/projects/[\w-]+/locations/[\w-]+/publishers/google/models/([\w.-]+):(\w+)"
    ),
    header="authorization",
    key=f"Bearer {KEY}",
)


def answer(request: Received, service: Service) -> Answer:
    """What Google says."""
    sse = "alt=sse" in request.query
    try:
        _check_key(request, service)
        match = service.models.fullmatch(request.path)
        if match is None or request.method != "POST":
            raise Failure("model", f"models at {request.path} are not found")
        model, verb = match.groups()
        if verb == "countTokens":
            read(request.json.get("generateContentRequest", request.json), model, vertex=service is VERTEX)
            return whole({"totalTokens": COUNTED_TOKENS})
        if verb in ("embedContent", "batchEmbedContents", "predict"):
            return whole(_embeddings(request.json, verb))
        asked = read(request.json, model, vertex=service is VERTEX)
        writer = _Writer(model, said(asked))
    except Failure as failure:
        return _failed(failure)
    if verb == "generateContent":
        return whole(writer.response())
    pieces = [data(piece, end="\r\n\r\n") for piece in writer.pieces()]
    if not sse:
        raise AssertionError("a stream as an array was asked for, which nobody should want")
    broken = data(_error(500, "The server broke.", "INTERNAL"), end="\r\n\r\n")
    return streamed(pieces, writer.said, broken)


def _check_key(request: Received, service: Service) -> None:
    found = request.headers.get(service.header)
    if found != service.key:
        raise Failure("key", "API key not valid. Please pass a valid API key.")
    other = "authorization" if service is AI_STUDIO else "x-goog-api-key"
    if other in request.headers:
        raise Failure("key", "Multiple authentication credentials received. Please pass only one.")


def _failed(failure: Failure) -> Answer:
    code, status = _STATUS[failure.kind]
    error = _error(code, failure.message, status)
    if failure.kind == "rate":
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{RETRY_AFTER}s"}
        error["error"]["details"] = [info]
    if failure.kind == "key":
        reason = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        error["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **reason}]
    return whole(error, code)


def _error(code: int, message: str, status: str) -> Json:
    return {"error": {"code": code, "message": message, "status": status}}


class _Writer:
    """One answer."""

    def __init__(self, model: str, said: Said) -> None:
        self._model = model
        self.said = said

    def response(self) -> Json:
        """Whole."""
        return self._piece([*self._thoughts(), *self._texts(self.said.text), *self._calls()], last=True)

    def pieces(self) -> Iterator[Json]:
        """In pieces: text in increments, calls whole, the reason with the last of them."""
        if self.said.thought:
            yield self._piece(list(self._thoughts()))
        *before, last = [*([part] for part in self._calls())] or [
            list(self._texts(piece)) for piece in self.said.pieces or [""]
        ]
        for parts in before:
            yield self._piece(parts)
        yield self._piece(last, last=True)

    def _thoughts(self) -> Iterator[Json]:
        if self.said.thought:
            yield {"text": self.said.thought, "thought": True}

    def _texts(self, text: str) -> Iterator[Json]:
        if text:
            yield {"text": text}

    def _calls(self) -> Iterator[Json]:
        for number, call in enumerate(self.said.calls):
            function: Json = {"name": call.name, "args": call.arguments}
            part: Json = {"functionCall": function}
            if is_signed(self._model):
                function["id"] = CALL_ID.format(number)
                if number == 0:
                    part["thoughtSignature"] = SIGNATURE
            yield part

    def _piece(self, parts: list[Json], *, last: bool = False) -> Json:
        candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
        usage: Json = {
            "promptTokenCount": FRESH_TOKENS + CACHED_TOKENS,
            "cachedContentTokenCount": CACHED_TOKENS,
        }
        if last:
            candidate["finishReason"] = _FINISH[self.said.ending]
            thought = THINKING_TOKENS if self.said.thought else 0
            usage["candidatesTokenCount"] = self.said.tokens - thought
            if thought:
                usage["thoughtsTokenCount"] = thought
            usage["totalTokenCount"] = usage["promptTokenCount"] + self.said.tokens
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": self._model,
            "responseId": ID,
        }


def _embeddings(body: Json, verb: str) -> Json:
    texts, widths = embedded(body, verb)
    vectors = [vector(text, width or WIDTH) for text, width in zip(texts, widths, strict=True)]
    if verb == "predict":
        statistics = {"token_count": FRESH_TOKENS, "truncated": False}
        return {"predictions": [{"embeddings": {"values": one, "statistics": statistics}} for one in vectors]}
    if verb == "embedContent":
        return {"embedding": {"values": vectors[0]}}
    return {"embeddings": [{"values": one} for one in vectors]}


def fake_of(service: Service) -> partial[Answer]:
    """What `Fake` wants."""
    return partial(answer, service=service)
