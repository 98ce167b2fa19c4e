"""What a file of results has used: a sum over its lines, however they come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.result_lines import ResultLines, Uses
from penstock.wire.usage_counts import Usage

BODY, MESSAGE = "/response/body", "/result/message"
Json = dict[str, Any]


def line(usage: Json | None, model: str = "m", status: int = 200, **more: object) -> Json:
    body: Json = {"model": model, **more}
    if usage is not None:
        body["usage"] = usage
    return {"id": "b", "custom_id": "c", "response": {"status_code": status, "body": body}, "error": None}


def file_of(*lines: Json, end: str = "\n") -> bytes:
    return "".join(json.dumps(one) + end for one in lines).encode()


def read(body: bytes, where: str = BODY, cuts: tuple[int, ...] = ()) -> Uses | None:
    lines, start = ResultLines(where), 0
    for cut in (*cuts, len(body)):
        lines.feed(body[start:cut])
        start = max(start, cut)
    return lines.end()


CHAT = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


def test_lines_add_up() -> None:
    found = read(file_of(line(CHAT), line(CHAT), line(CHAT)))
    assert found == (("m", Usage(30, 6, 36, answers=3)),)


def test_each_model_has_a_sum_and_so_has_each_service_tier() -> None:
    found = read(file_of(line(CHAT), line(CHAT, "n"), line(CHAT), line(CHAT, service_tier="flex")))
    assert found is not None
    assert {(model, usage.service_tier): usage.answers for model, usage in found} == {
        ("m", None): 2, ("n", None): 1, ("m", "flex"): 1,
    }  # fmt: skip


def test_sizes_that_a_price_may_go_by_are_kept_apart() -> None:
    large = {"prompt_tokens": 300_000, "completion_tokens": 1, "total_tokens": 300_001}
    found = read(file_of(line(CHAT), line(large), line(large)))
    assert found is not None
    assert [usage.input_of_each for _, usage in found] == [10, 300_000]


def test_what_failed_has_used_nothing() -> None:
    failed = line(None, status=400, error={"message": "x"})
    nobody: Json = {"custom_id": "x", "response": None, "error": {"code": "batch_expired"}}
    assert read(file_of(failed, line(CHAT), nobody)) == (("m", Usage(10, 2, 12, answers=1)),)
    assert read(file_of(failed)) == ()


def test_messages() -> None:
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 5, "service_tier": "batch"}
    lines: list[Json] = [
        {"custom_id": "a", "result": {"type": "succeeded", "message": {"model": "c", "usage": usage}}},
        {"custom_id": "b", "result": {"type": "errored", "error": {"type": "x"}}},
        {"custom_id": "c", "result": {"type": "expired"}},
        {"custom_id": "d", "result": {"type": "succeeded", "message": {"model": "c", "usage": usage}}},
    ]
    (found,) = read(file_of(*lines), MESSAGE) or ()
    assert found == (
        "c",
        Usage(20, 4, 24, input_cached_tokens=10, service_tier="batch", answers=2, cache_apart=True),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n", b"%PDF-1.7\n\x00", b"a,b\n1,2\n", b'{"messages":[]}\n{"messages":[]}\n', b"[1]", b"\x00" * 99,
        b'{"id":"file","object":"file"}',
    ],
)  # fmt: skip
def test_other_files_are_none(body: bytes) -> None:
    assert read(body) is None


@pytest.mark.parametrize(
    "odd", [file_of(line(None)), b'{"custom_id":"x","response":{"body":{"us', b"{nonsense custom_id}\n"]
)
def test_a_line_that_does_not_tell_makes_the_sum_unknown(odd: bytes) -> None:
    """Never a part of it."""
    assert read(file_of(line(CHAT)) + odd) is None
    assert read(odd + file_of(line(CHAT))) is None


def test_odd_members_hide_no_counts() -> None:
    body = file_of(line(CHAT, logprobs=float("nan"), text="\ud83d"))
    assert read(body) == (("m", Usage(10, 2, 12, answers=1)),)


def test_a_line_that_never_ends_is_let_go() -> None:
    lines = ResultLines(BODY)
    for _ in range(40):
        lines.feed(b'{"custom_id":' + b" " * 1024 * 1024)
    assert lines.end() is None


def test_models_without_end_are_unknown() -> None:
    assert read(file_of(*(line(CHAT, f"m{number}") for number in range(1001)))) is None


counts = st.integers(0, 400_000)
usages = st.builds(
    lambda one, other: {"prompt_tokens": one, "completion_tokens": other, "total_tokens": one + other},
    counts,
    counts,
)
lines_ = st.lists(st.builds(line, st.none() | usages, st.sampled_from("mn")), min_size=1, max_size=8)


@given(lines_, st.sampled_from(["\n", "\r\n", "\n\n"]), st.data())
def test_any_split_tells_what_the_whole_tells(found: list[Json], end: str, data: st.DataObject) -> None:
    body = file_of(*found, end=end)
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=6).map(sorted))
    assert read(body, cuts=tuple(cuts)) == read(body)


@given(st.lists(st.builds(line, usages, st.sampled_from("mn")), min_size=1, max_size=8), st.randoms())
def test_no_order_changes_the_sum(found: list[Json], random: Any) -> None:  # noqa: ANN401 (hypothesis)
    again = list(found)
    random.shuffle(again)
    assert dict_of(read(file_of(*found))) == dict_of(read(file_of(*again)))


def dict_of(found: Uses | None) -> set[tuple[str | None, Usage]]:
    assert found is not None
    return set(found)
