"""OpenAI's Chat Completions, as OpenAI and some who speak like it take and answer it (dialects, A1, A8).

Requests are read in `chat_requests.py`. What a vendor does in another way is data at the end of this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from support.providers.chat_requests import RequestReader, Takes
from support.providers.checking import words
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

ID = "chatcmpl-fake"
CREATED = 1_790_000_000
REQUEST_ID = "req_fake"

_STATUS: dict[Kind, tuple[int, str, str | None]] = {
    "bad": (400, "invalid_request_error", None),
    "key": (401, "invalid_request_error", "invalid_api_key"),
    "model": (404, "invalid_request_error", "model_not_found"),
    "rate": (429, "rate_limit_error", "rate_limit_exceeded"),
    "inner": (500, "server_error", None),
    "overloaded": (503, "server_error", "overloaded"),
}
_FINISH = {"end": "stop", "stop": "stop", "length": "length", "calls": "tool_calls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """What one of them does in its own way."""

    takes: Takes
    thinks: bool = False  # says what it thought
    thought: Literal["reasoning_content", "reasoning"] = "reasoning_content"
    whole_calls: bool = False  # a call comes in one chunk
    usage_asked: bool = True  # the stream's usage comes only to who asks
    usage_place: Literal["usage", "x_groq"] = "usage"
    cached: Literal["details", "hits"] = "details"
    call_ids: str = "call_fake_{}"
    unknown_status: int = 400


def answer(request: Received, vendor: Vendor) -> Answer:
    """What one of them says to a request."""
    headers = {"x-request-id": REQUEST_ID}
    try:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise Failure("key", "Incorrect API key provided.")
        if request.method != "POST" or not request.path.endswith("/chat/completions"):
            raise Failure("model", f"Unknown request URL: {request.method} {request.path}.")
        body = request.json
        asked = RequestReader(vendor.takes).read(body)
        writer = _Writer(vendor, body["model"], said(asked))
    except Failure as failure:
        return failed(failure, vendor, headers)
    if not body.get("stream"):
        return whole(writer.completion(), headers=headers)
    options = body.get("stream_options") or {}
    chunks = list(writer.chunks(usage=bool(options.get("include_usage"))))
    error = data(
        {"error": {"message": "The server broke.", "type": "server_error", "param": None, "code": None}}
    )
    return streamed(chunks, writer.said, error, headers)


def failed(failure: Failure, vendor: Vendor, headers: dict[str, str]) -> Answer:
    """An error."""
    status, kind, code = _STATUS[failure.kind]
    if failure.kind == "bad":
        status = vendor.unknown_status
    if failure.kind == "rate":
        headers = {**headers, "retry-after": str(RETRY_AFTER)}
    error = {"message": failure.message, "type": kind, "param": failure.about or None, "code": code}
    return whole({"error": error}, status, headers)


class _Writer:
    """One answer, whole and in chunks."""

    def __init__(self, vendor: Vendor, model: str, said: Said) -> None:
        self._vendor = vendor
        self._model = model
        self.said = said
        self._thought = said.thought or ("Hm." if vendor.thinks else "")

    def completion(self) -> Json:
        """Whole."""
        said = self.said
        message: Json = {"role": "assistant", "content": said.text or None, "refusal": None}
        if said.calls:
            message["tool_calls"] = [
                self._call(number, call.name, call.text) for number, call in enumerate(said.calls)
            ]
        if self._vendor.thinks:
            message[self._vendor.thought] = self._thought
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": _FINISH[said.ending],
            "logprobs": None,
        }
        frame = self._frame("chat.completion")
        return {**frame, "choices": [choice], "usage": self._usage(), "service_tier": "default"}

    def chunks(self, *, usage: bool) -> Iterator[bytes]:
        """In pieces."""
        shown = usage and self._vendor.usage_asked
        chunk = partial(self._chunk, usage=shown)
        said = self.said
        yield chunk({"role": "assistant", "content": None if said.calls else "", "refusal": None})
        if self._vendor.thinks:
            yield chunk({self._vendor.thought: self._thought[:1]})
            yield chunk({self._vendor.thought: self._thought[1:]})
        for piece in said.pieces:
            yield chunk({"content": piece})
        for number, call in enumerate(said.calls):
            pieces = ("", *call.pieces) if not self._vendor.whole_calls else (call.text,)
            yield chunk({"tool_calls": [{"index": number, **self._call(number, call.name, pieces[0])}]})
            for piece in pieces[1:]:
                yield chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
        yield self._last(shown=shown)
        if shown:
            yield data({**self._frame(), "choices": [], "usage": self._usage()})
        yield b"data: [DONE]\n\n"

    def _last(self, *, shown: bool) -> bytes:
        choice = {"index": 0, "delta": {}, "finish_reason": _FINISH[self.said.ending], "logprobs": None}
        extra: Json = {"usage": None} if shown else {}
        if self._vendor.usage_place == "x_groq":
            extra["x_groq"] = {"id": REQUEST_ID, "usage": self._usage()}
        elif not self._vendor.usage_asked:
            extra["usage"] = self._usage()
        return data({**self._frame(), "choices": [choice], **extra})

    def _chunk(self, delta: Json, *, usage: bool) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}
        return data({**self._frame(), "choices": [choice], **({"usage": None} if usage else {})})

    def _frame(self, kind: str = "chat.completion.chunk") -> Json:
        return {
            "id": ID,
            "object": kind,
            "created": CREATED,
            "model": self._model,
            "system_fingerprint": "fp_fake",
        }

    def _call(self, number: int, name: str, arguments: str) -> Json:
        function = {"name": name, "arguments": arguments}
        return {"id": self._vendor.call_ids.format(number), "type": "function", "function": function}

    def _usage(self) -> Json:
        prompt, made = FRESH_TOKENS + CACHED_TOKENS, self.said.tokens
        if self._vendor.thinks and not self.said.thought:
            made += THINKING_TOKENS
        usage: Json = {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}
        if self._vendor.cached == "hits":
            usage |= {"prompt_cache_hit_tokens": CACHED_TOKENS, "prompt_cache_miss_tokens": FRESH_TOKENS}
        else:
            usage["prompt_tokens_details"] = {"cached_tokens": CACHED_TOKENS, "audio_tokens": 0}
        reasoning = THINKING_TOKENS if self.said.thought or self._vendor.thinks else 0
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        return usage


_COMMON = frozenset(
    words("""model messages max_tokens temperature top_p stop seed frequency_penalty presence_penalty n stream tools
    tool_choice parallel_tool_calls response_format stream_options user""")
)
_OPENAI = _COMMON | frozenset(
    words("""max_completion_tokens logprobs top_logprobs logit_bias functions function_call reasoning_effort verbosity
    modalities audio web_search_options prediction store metadata service_tier safety_identifier
    prompt_cache_key prompt_cache_retention prompt_cache_options""")
)

OPENAI = Vendor(
    takes=Takes(
        members=_OPENAI, roles=("developer", "system", "user", "assistant", "tool"), names=True, refusals=True
    )
)
GROQ = Vendor(
    takes=Takes(
        members=(
            _OPENAI - {"logprobs", "top_logprobs", "logit_bias", "n", "prediction", "audio", "modalities"}
        )
        | {"reasoning_format", "include_reasoning"},
        unknown="property '{name}' is unsupported, did you mean something else?",
        message_extras=("reasoning", "reasoning_content"),
    ),
    thinks=True,
    thought="reasoning",
    whole_calls=True,
    usage_place="x_groq",
)
MISTRAL = Vendor(
    takes=Takes(
        members=(_COMMON - {"seed", "user", "stream_options"})
        | {"random_seed", "safe_prompt", "prompt_mode", "prediction", "metadata"},
        unknown="{path}: Extra inputs are not permitted",
        any_word="any",
        short_ids=True,
        follows=True,
    ),
    whole_calls=True,
    usage_asked=False,
    call_ids="callfak{:02d}",
    unknown_status=422,
)
DEEPSEEK = Vendor(
    takes=Takes(
        members=(_COMMON - {"seed", "n", "user", "parallel_tool_calls"})
        | {"logprobs", "top_logprobs", "thinking"},
        unknown="Unrecognized argument: {path}",
        pictures=False,
        schemas=False,
        message_extras=("reasoning_content", "prefix"),
    ),
    thinks=True,
    cached="hits",
)


def fake_of(vendor: Vendor) -> partial[Answer]:
    """What `Fake` wants."""
    return partial(answer, vendor=vendor)
