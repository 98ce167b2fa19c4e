"""The one call every gateway relays: a chat request of 260 bytes, an answer of 360, and stream events.

The same bytes go to every gateway; only path and headers differ. Where no two calls may be the same, the load
puts a number in place of `COUNTER`.
"""

from __future__ import annotations

import json

REQUEST = (
    b'{"model":"openai/gpt-4o-mini","messages":[{"role":"system","content":"You are a helpful assistant."},'
    b'{"role":"user","content":"Hello! Please tell me about the United Nations and when it was '
    b'established."}],"max_tokens":64}'
)
STREAM_REQUEST = REQUEST[:-1] + b',"stream":true}'
COUNTER = b"000000000000"
COUNTED_REQUEST = REQUEST[:-1] + b',"user":"' + COUNTER + b'"}'
COUNTED_PER_LOAD = 10**8
"""More calls than any one load makes; each load counts on from a multiple of it."""
SENTENCE = (
    "Hello! How can I help you today? The quick brown fox jumps over the lazy dog. "
    "The quick brown fox jumps over the lazy dog."
)
ANSWER = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1710000000,"model":"gpt-4o-mini","choices":'
    b'[{"index":0,"message":{"role":"assistant","content":"'
    + SENTENCE.encode()
    + b'"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}}'
)
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer sk-test-0123456789"}

EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1710000000,"model":"gpt-4o-mini",'
    b'"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}\n\n'
)
EVENTS = 100
EVENT_SECONDS = 0.02


def carries_answer(body: bytes) -> bool:
    """Whether a body is the upstream's answer, verbatim or rewritten by a gateway that parses it."""
    try:
        return bool(json.loads(body)["choices"][0]["message"]["content"] == SENTENCE)
    except (ValueError, KeyError, IndexError, TypeError):
        return False
