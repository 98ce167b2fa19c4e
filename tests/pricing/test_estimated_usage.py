"""What a call used whose answer does not tell: what is told stays, what is missing is counted from text and marked."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.pricing.estimated_usage import AT_LEISURE, IN_A_HURRY, Effort, SeenBody, estimated_usage
from penstock.providers.base import operations_at
from penstock.providers.base_url import parse_base_url
from penstock.providers.custom import custom_provider
from penstock.providers.operation import Operation
from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.providers.registry import as_shipped, operation_named
from penstock.wire.usage import read_answer
from penstock.wire.usage_counts import Usage, from_metadata, to_metadata
from support.ended_streams import SSE, sse, typed

JSON = "application/json"
CHAT = operation_named("openai", "openai.chat.completions.create", b"POST", "chat/completions")
MESSAGES = operation_named("anthropic", "anthropic.messages.create", b"POST", "v1/messages")
EMBEDDINGS = operation_named("openai", "openai.embeddings.create", b"POST", "embeddings")
ASKED = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Who goes there?"}]}).encode()
IN = 8  # tokens of it
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "br, gzip": lambda data: gzip.compress(brotli.compress(data)),
}


def chunk(text: str, **more: object) -> bytes:
    return sse({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}], **more})


WORD = chunk(" potato")  # two tokens


def body(data: bytes, encoding: str = "", size: int | None = None, last: bytes = b"") -> SeenBody:
    return SeenBody(data, len(data) if size is None else size, encoding, last)


def used(
    answer: SeenBody | bytes,
    told: Usage | None = None,
    *,
    operation: Operation = CHAT,
    asked: SeenBody | bytes = ASKED,
    kind: str = SSE,
    is_whole: bool = True,
    effort: Effort = AT_LEISURE,
) -> Usage | None:
    answer = answer if isinstance(answer, SeenBody) else body(answer)
    asked = asked if isinstance(asked, SeenBody) else body(asked)
    return estimated_usage(operation, told, asked, answer, kind, effort, is_whole=is_whole)


def both(tokens_in: int, tokens_out: int) -> Usage:
    """All of it estimated."""
    total = tokens_in + tokens_out
    return Usage(
        tokens_in, tokens_out, total, estimated_input_tokens=tokens_in, estimated_output_tokens=tokens_out
    )


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_nobody_tells_is_counted_from_text(is_whole: bool) -> None:
    assert used(WORD * 100, is_whole=is_whole) == both(IN, 141)


def test_what_is_told_stays() -> None:
    told = Usage(1000, 100, 1100)
    assert used(WORD * 9, told) is told
    assert used(b"", told, is_whole=False) is told


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (Usage(7), Usage(7, 2, 9, estimated_output_tokens=2)),
        (Usage(None, 9), Usage(IN, 9, IN + 9, estimated_input_tokens=IN)),
        (Usage(7, None, 19), Usage(7, 12, 19)),
        (Usage(None, 9, 19), Usage(10, 9, 19)),
        (Usage(reported_nano_usd=5), replace(both(IN, 2), reported_nano_usd=5)),
    ],
)  # fmt: skip
def test_only_what_is_missing_is(told: Usage, usage: Usage) -> None:
    assert used(WORD, told) == usage


@pytest.mark.parametrize("told", [Usage(7, unreadable=1), Usage(unreadable=2)])
def test_what_makes_no_sense_is_not_made_up_for(told: Usage) -> None:
    assert used(WORD, told) is told


@pytest.mark.parametrize("said", ["much", [], -1, {"prompt_tokens": -1}, {"spent": {"a": 1}}])
def test_nor_is_usage_that_nobody_understands(said: object) -> None:
    assert used(chunk("Hello", usage=said)) is None


@pytest.mark.parametrize("said", [None, {}, {"prompt_tokens": None, "completion_tokens": None}])
def test_usage_without_counts_is_none(said: object) -> None:
    assert used(chunk("Hello", usage=said)) == both(IN, 2)


@pytest.mark.parametrize(
    "answer", [b"", b"rubbish", b'{"error":{"message":"no"}}', chunk(""), b'{"choices":[]}']
)
@pytest.mark.parametrize("is_whole", [True, False])
def test_who_has_shown_nothing_is_unknown(answer: bytes, is_whole: bool) -> None:
    """It may have thought for an hour."""
    assert used(answer, is_whole=is_whole) is None


def test_messages_that_are_left_have_what_was_told_and_what_came_since() -> None:
    told = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}
    start = typed("message_start", message={"id": "m", "content": [], "model": "m", "usage": told})
    word = typed("content_block_delta", index=0, delta={"type": "text_delta", "text": " potato"})
    left = start + word * 10
    usage = used(left, read_answer(SSE, "", left).usage, operation=MESSAGES, is_whole=False)
    assert usage is not None
    assert (usage.input_tokens, usage.input_cached_tokens, usage.cache_apart) == (10, 90, True)
    assert (usage.output_tokens, usage.estimated_output_tokens, usage.total_tokens) == (16, 15, 116)
    assert usage.estimated_input_tokens is None
    whole = left + typed("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 40})
    usage = used(whole, read_answer(SSE, "", whole).usage, operation=MESSAGES, is_whole=False)
    assert usage is not None
    assert (usage.output_tokens, usage.is_estimated) == (40, False)


def test_counts_in_each_chunk_are_of_all_up_to_it() -> None:
    body_ = b"".join(
        chunk(" potato", usage={"prompt_tokens": 5, "completion_tokens": 2 * at}) for at in range(1, 5)
    )
    told = read_answer(SSE, "", body_).usage
    assert used(body_, told, is_whole=False) is told
    usage = used(body_ + WORD, told, is_whole=False)
    assert usage is not None
    assert (usage.output_tokens, usage.estimated_output_tokens) == (10, 2)


def test_embeddings_have_no_output() -> None:
    asked = json.dumps({"model": "m", "input": "Who goes there?"}).encode()
    answer = b'{"data":[{"embedding":[0.5]}]}'
    assert used(answer, operation=EMBEDDINGS, asked=asked, kind=JSON) == Usage(
        4, total_tokens=None, estimated_input_tokens=4
    )
    assert used(answer, Usage(8, None, 8), operation=EMBEDDINGS, asked=asked, kind=JSON) == Usage(8, None, 8)
    assert used(answer, Usage(total_tokens=8), operation=EMBEDDINGS, asked=asked, kind=JSON) == Usage(
        8, None, 8
    )
    assert used(answer, operation=EMBEDDINGS, asked=asked, kind=JSON, is_whole=False) is None


@pytest.mark.parametrize(
    "asked",
    [
        b'{"model":"m","images":["data:image/png;base64,iVBORw0KGgo="]}',
        b'{"model":"m","inputs":[{"content":[{"type":"image_url","image_url":{"url":"https://x.test/a"}}]}]}',
        b'{"model":"m"}',
    ],
)
def test_an_embedding_of_no_text_is_unknown_and_not_nothing(asked: bytes) -> None:
    answer = b'{"embeddings":{"float":[[0.5]]},"meta":{"billed_units":{"images":2}}}'
    assert used(answer, operation=EMBEDDINGS, asked=asked, kind=JSON) is None
    assert used(answer, Usage(web_searches=1), operation=EMBEDDINGS, asked=asked, kind=JSON) == Usage(
        web_searches=1
    )


# -- codings, and what is not all at hand


@pytest.mark.parametrize("encoding", PACKERS)
def test_codings_are_undone(encoding: str) -> None:
    packed = PACKERS[encoding]
    asked = body(packed(ASKED), encoding)
    assert used(body(packed(WORD * 100), encoding), asked=asked) == both(IN, 141)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_of_a_coded_one_that_is_cut_what_came_counts(encoding: str) -> None:
    text = "".join(f"{number} " for number in range(40_000))
    packed = PACKERS[encoding](b"".join(chunk(text[at : at + 9]) for at in range(0, len(text), 9)))
    whole, half = (
        used(body(packed, encoding)),
        used(body(packed[: len(packed) // 2], encoding), is_whole=False),
    )
    assert whole is not None
    assert half is not None
    assert 0.1 < (half.output_tokens or 0) / (whole.output_tokens or 1) < 0.9


@pytest.mark.parametrize("effort", [IN_A_HURRY, AT_LEISURE], ids=["worker", "shipper"])
def test_of_a_long_one_the_rest_is_taken_to_be_alike(effort: Effort) -> None:
    many = 5 * effort.bytes // len(WORD)
    answer = WORD * many
    kept = body(answer[: effort.bytes + 99], size=len(answer), last=answer[-65536:])
    found = [used(one, is_whole=True, effort=effort) for one in (kept, body(answer))]
    assert found[0] == found[1]
    assert found[0] is not None
    assert found[0].output_tokens == pytest.approx(1.41 * many, rel=0.01)


def test_of_very_many_small_events_the_rest_is_taken_to_be_alike() -> None:
    operation = operation_named("workers-ai", "workers-ai.run.create", b"POST", "run/@cf/meta/m")
    found = used(sse({"response": " a"}) * 9000, operation=operation, effort=IN_A_HURRY)
    assert found is not None
    assert found.output_tokens == pytest.approx(9000 * 0.26, rel=0.01)


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
def test_what_a_long_one_tells_behind_what_is_looked_at_was_told(encoding: str) -> None:
    start = typed("message_start", message={"usage": {"input_tokens": 10, "output_tokens": 1}, "content": []})
    word = typed("content_block_delta", index=0, delta={"type": "text_delta", "text": " potato"})
    end = typed("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9000})
    answer = start + word * 9000 + end
    told = read_answer(SSE, "", answer).usage
    packed = body(PACKERS[encoding](answer), encoding)
    found = used(packed, told, operation=MESSAGES, is_whole=False, effort=IN_A_HURRY)
    assert found is not None
    assert (found.output_tokens, found.is_estimated) == (9000, False)


def test_a_long_one_that_told_at_its_end_was_told() -> None:
    end = chunk("", usage={"prompt_tokens": 5, "completion_tokens": 9})
    told = Usage(5, 9, 14)
    kept = body(WORD * 100, size=10_000_000, last=WORD * 9 + end)
    assert used(kept, told, is_whole=False) is told


def test_of_a_request_that_is_not_all_there_the_rest_is_taken_to_be_alike() -> None:
    asked = json.dumps({"messages": [{"role": "user", "content": " potato" * 10_000}]}).encode()
    whole, part = used(WORD, asked=asked), used(WORD, asked=body(asked[:10_000], size=len(asked)))
    assert whole is not None
    assert part is not None
    assert part.input_tokens == pytest.approx(whole.input_tokens, rel=0.01)


@pytest.mark.parametrize("asked", [SeenBody(b"", 10_000), body(ASKED, "dcb")])
def test_of_a_request_that_is_not_at_hand_nothing_is_known(asked: SeenBody) -> None:
    assert used(WORD, asked=asked) == Usage(None, 2, estimated_output_tokens=2)


texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=8)


@settings(deadline=None)
@given(texts, st.lists(st.integers(0, 200), max_size=8), st.sampled_from(sorted(PACKERS)))
def test_any_split_is_estimated_as_the_whole(pieces: list[str], cuts: list[int], encoding: str) -> None:
    text = "".join(pieces)
    places = sorted({0, *(cut % (len(text) + 1) for cut in cuts), len(text)})
    others = [text[start:end] for start, end in pairwise(places)]
    streams = [b"".join(map(chunk, some)) + sse("[DONE]") for some in (pieces, others, [text])]
    document = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
    packed = PACKERS[encoding]
    found = [used(body(packed(one), encoding)) for one in streams]
    found.append(used(body(packed(document), encoding), kind=JSON))
    assert all(one == found[0] for one in found)
    assert (found[0] is None) == (text == "")


# -- what it is asked for, and how it is kept


@pytest.mark.parametrize(
    ("slug", "method", "tail", "wanted"),
    [
        ("openai", b"POST", "chat/completions", True),
        ("openai", b"POST", "responses", True),
        ("openai", b"POST", "completions", True),
        ("openai", b"POST", "embeddings", True),
        ("anthropic", b"POST", "v1/messages", True),
        ("google-ai-studio", b"POST", "v1beta/models/m:streamGenerateContent", True),
        ("google-ai-studio", b"POST", "v1beta/models/m:countTokens", False),
        ("cohere", b"POST", "v2/chat", True),
        ("cohere", b"POST", "v2/rerank", False),
        ("workers-ai", b"POST", "@cf/meta/llama-3.1-8b-instruct", True),
        ("mistral", b"POST", "v1/agents/completions", True),
        ("parallel", b"POST", "v1/chat/completions", False),
        ("openai", b"POST", "images/generations", False),
        ("openai", b"POST", "audio/speech", False),
        ("openai", b"GET", "responses/r", False),
        ("openai", b"POST", "responses/r/cancel", False),
        ("openai", b"POST", "who/knows", False),
        ("custom-own", b"POST", "v1/chat/completions", True),
        ("custom-own", b"POST", "api/chat", True),
    ],
)
def test_only_language_models_are_estimated(slug: str, method: bytes, tail: str, wanted: bool) -> None:
    provider = as_shipped(slug) or custom_provider(slug, parse_base_url("http://own.test"))
    found = operations_at(provider, provider.locate(tail, lambda _name: None)).get(method, UNKNOWN_OPERATION)
    assert found.shows_tokens is wanted, found


def test_it_comes_back_as_it_was_kept() -> None:
    usage = both(8, 141)
    assert from_metadata(to_metadata(usage)) == usage
    assert usage.told == Usage()
    assert Usage(10, 16, 116, estimated_output_tokens=15).told == Usage(10, 1)
    assert Usage(1, 2, 3).told == Usage(1, 2, 3)
