"""Bedrock's binary event streams, of both kinds, whole and damaged."""

from __future__ import annotations

import base64
import json
import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.usage import Answer, Usage, read_answer

KIND = "application/vnd.amazon.eventstream"


def frame(payload: object, headers: bytes = b"\x0b:event-type\x07\x00\x05chunk") -> bytes:
    """A message of the event stream encoding, checksums included."""
    data = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(data), len(headers))
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    return head + headers + data + struct.pack(">I", zlib.crc32(head + headers + data))


def wrapped(event: object) -> bytes:
    return frame({"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abcd"})


CONVERSE = b"".join(
    [
        frame({"role": "assistant"}),
        *[frame({"delta": {"text": "usage"}}) for _ in range(100)],
        frame({"stopReason": "end_turn"}),
        frame(
            {"metrics": {"latencyMs": 5}, "usage": {"inputTokens": 30, "outputTokens": 10, "totalTokens": 40}}
        ),
    ]
)
CLAUDE = b"".join(
    [
        wrapped(
            {
                "type": "message_start",
                "message": {"model": "claude-x", "usage": {"input_tokens": 9, "output_tokens": 1}},
            }
        ),
        *[wrapped({"type": "content_block_delta", "delta": {"text": "x\ny"}}) for _ in range(100)],
        wrapped({"type": "message_delta", "usage": {"output_tokens": 44}}),
        wrapped({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 9}}),
    ]
)


def test_a_stream_of_converse() -> None:
    assert read_answer(KIND, "", CONVERSE) == Answer(None, Usage(30, 10, 40, cache_apart=True))


def test_a_stream_of_a_models_own_events() -> None:
    assert read_answer(KIND, "", CLAUDE) == Answer("claude-x", Usage(9, 44, 53))


def test_a_stream_that_breaks_off_has_no_usage() -> None:
    assert read_answer(KIND, "", CONVERSE[:-1]) == Answer()
    assert read_answer(KIND, "", b"\x00\x00\x00\x10\x00\x00\x00\xff" + bytes(8)) == Answer()
    assert read_answer(KIND, "", bytes(64)) == Answer()


def test_frames_that_are_not_what_they_should_be_are_passed_over() -> None:
    odd = frame([1]) + frame({"bytes": "%%%"}) + frame({"bytes": 7}) + frame("x")
    assert read_answer(KIND, "", odd + CONVERSE).usage == Usage(30, 10, 40, cache_apart=True)


@given(st.binary(max_size=80), st.integers(0, len(CLAUDE)))
def test_no_damage_can_break_it(noise: bytes, place: int) -> None:
    read_answer(KIND, "", CLAUDE[:place] + noise + CLAUDE[place:])
