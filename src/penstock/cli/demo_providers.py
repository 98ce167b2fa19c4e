"""The providers of `penstock demo`: one server of this process, on loopback, that answers as several of them do.

What is asked is not looked at. How an answer turns out (how long it takes, its tokens, whether it is an error) the
demonstration says itself, in a header of each call; what it asks is in `demo_traffic.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

import msgspec

PROVIDERS: Final = ("openai", "anthropic", "google-ai-studio", "mistral")
HEADER: Final = "x-demo-answer"

_CREATED: Final = 1_760_000_000
_SECONDS: Final = 5.0
_to_json = msgspec.json.Encoder().encode


class DemoAnswer(msgspec.Struct, frozen=True):
    """How an answer turns out."""

    text: str = "This is a made-up answer of `penstock demo`."
    status: int = 200
    seconds: float = 0.0
    tokens_in: int = 10
    tokens_out: int = 10
    stream: bool = False


class _Asked(msgspec.Struct, frozen=True):
    model: str = "a-model"


@contextmanager
def demo_providers() -> Iterator[str]:
    """Serves for as long as this goes on. The address, below which each of `PROVIDERS` has a path."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who hangs up, as callers do, is no fault of this server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        answer = msgspec.json.decode(self.headers.get(HEADER) or b"{}", type=DemoAnswer)
        provider = self.path.split("/")[1]
        model = msgspec.json.decode(body, type=_Asked).model
        if provider == "google-ai-studio":
            model = self.path.rpartition("/")[2].partition(":")[0]
        time.sleep(answer.seconds / 2)
        if answer.status != 200:
            self._send(answer.status, "application/json", _error(provider, answer.status))
        elif self.path.endswith("/embeddings"):
            self._send(200, "application/json", _embedding(model, answer))
        elif answer.stream:
            self._stream(_events(provider, model, answer), answer.seconds / 2)
        else:
            time.sleep(answer.seconds / 2)
            self._send(200, "application/json", _whole(provider, model, answer))

    def _send(self, status: int, content_type: str, value: object) -> None:
        body = _to_json(value)
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: list[bytes], seconds: float) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(seconds / len(events))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the log of the gateway tells all there is."""


def _error(provider: str, status: int) -> Mapping[str, object]:
    kind = "rate_limit_error" if status == 429 else "overloaded_error" if status == 529 else "server_error"
    told = {"type": kind, "message": f"a made-up error {status} of `penstock demo`"}
    if provider == "anthropic":
        return {"type": "error", "error": told}
    return {"error": {**told, "code": status}}


def _embedding(model: str, answer: DemoAnswer) -> Mapping[str, object]:
    return {
        "object": "list",
        "model": model,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125, 0.0]}],
        "usage": {"prompt_tokens": answer.tokens_in, "total_tokens": answer.tokens_in},
    }


def _whole(provider: str, model: str, answer: DemoAnswer) -> Mapping[str, object]:
    if provider == "anthropic":
        return {
            **_message(model, answer),
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": "end_turn",
        }
    if provider == "google-ai-studio":
        content = {"role": "model", "parts": [{"text": answer.text}]}
        usage = {"promptTokenCount": answer.tokens_in, "candidatesTokenCount": answer.tokens_out}
        return {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {**usage, "totalTokenCount": answer.tokens_in + answer.tokens_out},
            "modelVersion": model,
        }
    message = {"role": "assistant", "content": answer.text}
    return {
        **_completion("chat.completion", model),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(answer),
    }


def _events(provider: str, model: str, answer: DemoAnswer) -> list[bytes]:
    """The events of a stream, a word in each."""
    words = [f"{word} " for word in answer.text.split()]
    if provider == "anthropic":
        parts = [{"type": "text_delta", "text": word} for word in words]
        events: list[Mapping[str, object]] = [
            {
                "type": "message_start",
                "message": {**_message(model, answer), "content": [], "stop_reason": None},
            },
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *({"type": "content_block_delta", "index": 0, "delta": part} for part in parts),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": answer.tokens_out},
            },
            {"type": "message_stop"},
        ]
        return [b"event: %s\ndata: %s\n\n" % (str(one["type"]).encode(), _to_json(one)) for one in events]
    chunk = _completion("chat.completion.chunk", model)
    deltas = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in words]
    chunks: list[Mapping[str, object]] = [
        *({**chunk, "choices": [delta]} for delta in deltas),
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**chunk, "choices": [], "usage": _usage(answer)},
    ]
    return [*(b"data: %s\n\n" % _to_json(one) for one in chunks), b"data: [DONE]\n\n"]


def _message(model: str, answer: DemoAnswer) -> Mapping[str, object]:
    usage = {"input_tokens": answer.tokens_in, "output_tokens": answer.tokens_out}
    return {"id": "msg_demo", "type": "message", "role": "assistant", "model": model, "usage": usage}


def _completion(kind: str, model: str) -> Mapping[str, object]:
    return {"id": "chatcmpl-demo", "object": kind, "created": _CREATED, "model": model}


def _usage(answer: DemoAnswer) -> Mapping[str, int]:
    total = answer.tokens_in + answer.tokens_out
    return {"prompt_tokens": answer.tokens_in, "completion_tokens": answer.tokens_out, "total_tokens": total}
