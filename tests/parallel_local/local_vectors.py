"""Models for tests of the dense side: a static one of a few words, and a server that speaks OpenAI's embeddings."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from parallel_local.clock import SystemClock

MEANINGS = {  # two directions: vehicles, fruit
    "car": (1.0, 0.0),
    "automobile": (0.9, 0.1),
    "apple": (0.0, 1.0),
    "pear": (0.1, 0.9),
}


class Hasty(SystemClock):
    """No pause before another try; all else has its time."""

    async def wait(self, waiter: asyncio.Future[None], seconds: float) -> bool:
        return await super().wait(waiter, 0.0 if seconds in (1.0, 2.0) else seconds)


def vector(text: str) -> list[float]:
    """The sum of the directions of the known words."""
    known = [MEANINGS[word] for word in text.lower().replace(".", " ").split() if word in MEANINGS]
    return [sum(parts) for parts in zip(*known, strict=True)] if known else [0.0, 0.0]


def write_model(folder: Path, words: Sequence[str] = tuple(MEANINGS)) -> Path:
    """A static model in the form of `model2vec`."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: place for place, word in enumerate(("[UNK]", *words))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    rows = [(0.0, 0.0), *(MEANINGS[word] for word in words)]
    save_file({"embeddings": np.array(rows, dtype=np.float32)}, folder / "model.safetensors")
    return folder


Reply = Callable[[dict[str, object]], tuple[int, bytes]]


def honest(asked: dict[str, object]) -> tuple[int, bytes]:
    """What a good server answers, in any order."""
    texts = asked["input"]
    assert isinstance(texts, list)
    data = [{"index": place, "embedding": vector(text)} for place, text in enumerate(texts)]
    return 200, json.dumps({"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 1}}).encode()


class EmbeddingServer:
    """What it was asked, and how it answers from now on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.reply: Reply = honest
        self.asked: list[dict[str, object]] = []
        self.keys: list[str | None] = []


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """A server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.asked.append(json.loads(body))
            state.keys.append(self.headers.get("authorization"))
            status, content = state.reply(state.asked[-1]) if self.path == "/v1/embeddings" else (404, b"{}")
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that leaves is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = EmbeddingServer(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
