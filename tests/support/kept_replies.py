"""Answers to keep, and when: for tests of kept answers in whatever engine."""

from __future__ import annotations

from penstock.stores.replies import Reply, Scope

NOW = 1_760_000_000_000_000
SECOND = 1_000_000
LEASE = 10 * SECOND
LATER = NOW + 3600 * SECOND
MIB = 1024 * 1024
SCOPE = Scope("local", "main", "openai")


def key(number: int) -> bytes:
    return number.to_bytes(4, "big") * 8


def reply(body: bytes = b"{}", created_us: int = NOW) -> Reply:
    head = b"content-type: application/json\r\nx-a: b\r\n"
    return Reply(200, head, b"application/json", b"gzip", body, created_us, "openai", "gpt-4o")


def large(size: int, seed: int = 7) -> bytes:
    """So many bytes, no two chunks of them alike."""
    return b"".join((seed * 1_000_003 + n).to_bytes(8, "big") for n in range(size // 8 + 1))[:size]
