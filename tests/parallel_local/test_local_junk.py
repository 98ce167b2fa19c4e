"""Junk at every endpoint of the contract: whatever comes, the answer is one that the contract has, and never a 500."""

import json
import re
from pathlib import Path

import pytest
from local_engine import engine

CONTRACT = Path(__file__).parent / "contract"
BODIES = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"5",
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"a":1}{"b":2}',
    b'{"input": {"a": [[[[[[[[[[]]]]]]]]]]}, "processor": "lite", "model": "parallel"}',
    b'{"input": [{"role": "user", "content": [null]}], "model": "parallel"}',
    b'{"search_queries": ["\\ud800"], "urls": ["\\ud800"], "objective": "\\ud800", "query": "\\u0000"}',
    b'{"search_queries": [1], "urls": {"a": 1}, "objective": [], "query": {}, "kind": 5, "id": []}',
    b'{"user_intent": "find the \\u0000", "task_spec": {"output_schema": {"properties": []}}}',
    b'{"task_spec": {"output_schema": {"type": "json"}}, "choose_processors_from": [""]}',
    b'{"model": "fast", "state": [], "questions": {"\\u0000": {"type": "score", "criteria": []}}}',
    b'{"objective": "x", "entity_type": "\\u0000", "match_conditions": [{"name": "", "description": ""}],'
    b' "generator": "base", "match_limit": 5e300}',
    b'{"limit": 1e999, "match_limit": 99999999999999999999999, "since": "9999-99-99T00:00:00Z"}',
    b'{"since": "0001-01-01T00:00:00+23:59", "query": "a"}',
    b'{"memory_scope_key": "\\n", "kind": "task", "id": "\\n", "frequency": "0h", "type": "snapshot"}',
]
QUERIES = [
    "",
    "?timeout=x",
    "?timeout=-1",
    "?last_event_id=%00",
    "?limit=0&cursor=x",
    "?beta=true&beta=false",
]


def endpoints() -> list[str]:
    files = [json.loads(path.read_text()) for path in sorted(CONTRACT.glob("*.json"))]
    return sorted({endpoint for file in files for endpoint in file["endpoints"]})


@pytest.mark.parametrize("endpoint", endpoints())
async def test_junk(tmp_path: Path, endpoint: str) -> None:
    method, _, path = endpoint.partition(" ")
    odd = [re.sub(r"\{\w+\}", name, path) for name in ("trun_1", "tgrp_x", "findall_x", "%00", "monitor_x")]
    async with engine(tmp_path, workers=0) as call:
        for place in dict.fromkeys(odd):
            for query in QUERIES:
                answer = await call.client.request(method, place + query, content=b"{}")
                assert answer.status_code < 500, (place, query)
            for body in BODIES if method == "POST" else ():
                answer = await call.client.request(method, place, content=body)
                assert answer.status_code < 500, (place, body)
