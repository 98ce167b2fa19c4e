"""Whether a call is one of the operations that its token is for, whatever its path is made to look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limit_calls import GATEWAY, new_call

from penstock.errors import FORBIDDEN, GatewayError
from penstock.providers.base import operations_at
from penstock.providers.registry import Registry, native
from penstock.proxy.call import Call, Route
from penstock.proxy.policies.operation_limit import check_operation
from penstock.stores.control_store import Token
from penstock.wire.surface import Surface

REGISTRY = Registry({})
TRICKS = [
    "/",
    "//",
    "%2f",
    "%2F",
    "%252f",
    "%5c",
    "\\",
    "%2e",
    ".",
    "..",
    "%2e%2e",
    ";",
    ":",
    "%3a",
    "?",
    "%",
]
WORDS_OF_PATHS = [
    "files", "file-1", "content", "batches", "chat", "completions", "responses", "cancel", "v1", "FILES", "%66iles",
]  # fmt: skip


def token(*operations: str) -> Token:
    return Token(id="0" * 16, name="x", permissions=("run",), secrets=(), created_us=0, operations=operations)


def call_to(
    provider: str, method: str, tail: str, *operations: str, headers: list[tuple[bytes, bytes]] | None = None
) -> tuple[Call, Route]:
    call = new_call(provider, tail, token=token(*operations), method=method.encode(), headers=headers)
    found = REGISTRY.find(provider)
    assert found is not None
    rows = operations_at(found, native(found, tail, call.header))
    return call, Route(GATEWAY, found, tail, "https://x.example", b"/", None, False, rows)


def why_not(provider: str, method: str, tail: str, *operations: str) -> str:
    """Why it is refused; empty where it may go on."""
    try:
        check_operation(*call_to(provider, method, tail, *operations))
    except GatewayError as error:
        return error.detail if error.fault is FORBIDDEN else "another fault"
    return ""


def test_no_limit_looks_at_nothing() -> None:
    assert why_not("openai", "TRACE", "..%252f\\//x") == ""


@pytest.mark.parametrize(
    ("method", "tail", "reason"),
    [
        ("GET", "files/file-1", ""),
        ("HEAD", "files/file-1", ""),
        ("get", "files/file-1", "no table knows"),
        ("DELETE", "files/file-1", "openai.files.delete"),
        ("GET", "files/file-1/content", "openai.files.content.list"),
        ("GET", "files/a%2Fcontent", "openai.files.content.list"),
        ("GET", "files/%2e%2e%2fbatches", "several ways"),
        ("GET", "files/a%2525252525252fcontent", "several ways"),
        ("GET", "files/..", "several ways"),
        ("GET", "files/..;x", "several ways"),
        ("GET", "files/..%253b", "several ways"),
        ("GET", "files/..x", ""),
        ("GET", "nothing/known", "no table knows"),
    ],
)
def test_reasons_are_told(method: str, tail: str, reason: str) -> None:
    why = why_not("openai", method, tail, "openai.files.get")
    assert reason in why
    assert bool(why) == bool(reason)


def test_words_are_told_as_far_as_they_are_few() -> None:
    words = [f"openai.files.{'*' * number}get" for number in range(1, 12)]
    why = why_not("openai", "POST", "batches", *words)
    assert words[7] in why
    assert words[8] not in why
    assert "and 3 more" in why


def test_what_was_asked_on_the_unified_endpoint_counts_but_for_its_method() -> None:
    call, route = call_to("anthropic", "POST", "v1/messages", "chat")
    with pytest.raises(GatewayError):
        check_operation(call, route)
    call.surface = Surface.CHAT
    check_operation(call, route)
    call.surface = Surface.MESSAGES
    with pytest.raises(GatewayError):
        check_operation(call, route)
    call, route = call_to(
        "openai", "POST", "chat/completions", "chat", headers=[(b"x-http-method-override", b"GET")]
    )
    call.surface = Surface.CHAT
    with pytest.raises(GatewayError, match="another method"):
        check_operation(call, route)


def test_every_question_of_the_unified_endpoint_has_a_word() -> None:
    for surface in Surface:
        call, route = call_to("openai", "POST", "moderations", "openai.files.get")
        call.surface = surface
        with pytest.raises(GatewayError):
            check_operation(call, route)


@given(
    parts=st.lists(
        st.one_of(st.sampled_from(TRICKS), st.sampled_from(WORDS_OF_PATHS)), min_size=1, max_size=7
    ),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
)
def test_what_goes_on_is_allowed_however_it_is_read(parts: list[str], method: str) -> None:
    """A provider may undo percent-encoding once more, or take a backslash for a slash."""
    tail = "".join(parts).partition("?")[0]
    if why_not("openai", method, tail, "openai.files.get", "chat"):
        return
    for _ in range(6):
        tail = _undone(tail)
        assert ".." not in tail.split("/")
        assert why_not("openai", method, tail, "openai.files.get", "chat") == "", tail


def _undone(tail: str) -> str:
    for code, sign in (("%25", "%"), ("%2f", "/"), ("%2e", "."), ("%5c", "\\"), ("%66", "f"), ("%3a", ":")):
        tail = tail.replace(code, sign).replace(code.upper(), sign)
    return tail.replace("\\", "/").replace("//", "/")
