"""The raw client's reading of answers: lengths, chunks that come in pieces, and what counts as the answer.

A real socket serves the last test.
"""

from __future__ import annotations

import json
import socket
import threading

import pytest
from bench.http1 import Http1, content_length, dechunk, encode

from bench import payload

FRAMED = b"5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n"


def test_content_length_in_any_case() -> None:
    assert content_length(b"HTTP/1.1 200 OK\r\nCONTENT-Length: 42\r\nA: b") == 42
    assert content_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked") is None


def test_chunks_are_a_body_only_when_the_last_one_is_there() -> None:
    assert dechunk(FRAMED) == b"hello world"
    assert [dechunk(FRAMED[:cut]) for cut in range(len(FRAMED))] == [None] * len(FRAMED)


def test_the_common_call_has_the_size_the_guide_says() -> None:
    assert 200 < len(payload.REQUEST) < 280
    assert 330 < len(payload.ANSWER) < 390
    assert json.loads(payload.STREAM_REQUEST)["stream"] is True


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"choices":[]}', b'{"error":{"message":"no"}}'])
def test_other_bodies_are_not_the_answer(body: bytes) -> None:
    assert payload.carries_answer(payload.ANSWER)
    assert not payload.carries_answer(body)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 201 Created\r\ncontent-length: 11\r\n\r\nhello world",
        b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n" + FRAMED,
    ],
)
def test_two_calls_on_one_connection_that_dribbles(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        served = threading.Thread(target=_dribble, args=(server, answer, 2))
        served.start()
        with Http1(server.getsockname()[1]) as client:
            for _ in range(2):
                assert client.call(encode("POST", "/x", {}, b"body")) == (201, b"hello world")
        served.join(5)


def _dribble(server: socket.socket, answer: bytes, calls: int) -> None:
    connection, _ = server.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(calls):
            connection.recv(65536)
            for at in range(0, len(answer), 7):
                connection.sendall(answer[at : at + 7])
