"""The providers of `penstock demo`: one server of this process, on loopback, that answers as several of them do.

How an answer turns out (how long it takes, its tokens, whether it is an error) the demonstration says itself, in a
header of each call; what it then says is in `demo_answers.py`. It plays two receivers of webhooks, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Final

import msgspec

from penstock.cli.demo_answers import STREAM, DemoAnswer, Said, said

HEADER: Final = "x-demo-answer"
TAKES: Final = "hooks/takes"
"""Below the address: a receiver of webhooks that takes them."""
FAILS: Final = "hooks/fails"
"""One that always fails."""

_SECONDS: Final = 5.0


@contextmanager
def demo_providers() -> Iterator[str]:
    """Serves for as long as this goes on. The address, below which each provider has a path."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._lock = Lock()
        self._words: set[str] = set()

    def is_first(self, word: str) -> bool:
        """Whether nobody has asked with this word before."""
        with self._lock:
            is_new = word not in self._words
            self._words.add(word)
            return is_new

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who hangs up, as callers do, is no fault of this server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.strip("/")
        if path in (TAKES, FAILS):
            self._send(Said(200 if path == TAKES else 500, "text/plain", [b"made up\n"]))
            return
        answer = msgspec.json.decode(self.headers.get(HEADER) or b"{}", type=DemoAnswer)
        provider = path.partition("/")[0]
        spared = answer.only_at not in ("", provider) or (
            answer.first and not self.server.is_first(answer.first)
        )
        if spared:
            answer = msgspec.structs.replace(answer, status=200)
        time.sleep(answer.seconds / 2)
        found = said(provider, path, body, answer)
        if found.content_type == STREAM:
            self._stream(found, answer.seconds / 2)
        else:
            time.sleep(answer.seconds / 2 if found.status == 200 else 0)
            self._send(found)

    def _send(self, found: Said) -> None:
        body = b"".join(found.pieces)
        self.send_response(found.status)
        self.send_header("content-type", found.content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, found: Said, seconds: float) -> None:
        self.send_response(found.status)
        self.send_header("content-type", found.content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in found.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(seconds / len(found.pieces))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the log of the gateway tells all there is."""
