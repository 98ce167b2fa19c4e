"""Embeddings: one request, the calls it takes at each provider, and one answer of all of them (C 146, C 147, C 148)."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.embeddings import (
    BEDROCK,
    COHERE,
    COMPATIBLE,
    GEMINI,
    VERTEX,
    EmbeddingCall,
    EmbeddingsAsked,
    EmbeddingsOutbound,
    Miscounted,
    read_embeddings_request,
    write_embeddings_answer,
)
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused


def asked(given: Json = "a", **more: Json) -> EmbeddingsAsked:
    return read_embeddings_request({"model": "m", "input": given, **more}, Dropped())


def target(model: str = "m") -> Target:
    return Target(provider="p", model=model)


def calls(
    outbound: EmbeddingsOutbound, conversation: EmbeddingsAsked, model: str = "m"
) -> tuple[Sequence[EmbeddingCall], tuple[str, ...]]:
    dropped = Dropped()
    return outbound.write_calls(conversation, target(model), dropped), dropped.paths


def answered(
    outbound: EmbeddingsOutbound,
    conversation: EmbeddingsAsked,
    answers: Sequence[object],
    model: str = "m",
    headers: Mapping[str, str] | None = None,
) -> tuple[Object, tuple[str, ...]]:
    made, _ = calls(outbound, conversation, model)
    parts = [
        outbound.read_answer(json.dumps(answer).encode(), headers or {}, call)
        for call, answer in zip(made, answers, strict=True)
    ]
    written = write_embeddings_answer(parts, conversation)
    found = json.loads(written.body)
    assert isinstance(found, dict)
    return found, written.dropped


@pytest.mark.parametrize(
    ("given", "texts", "tokens"),
    [
        ("a", ("a",), ()),
        (["a", "b"], ("a", "b"), ()),
        ([1, 2], (), ((1, 2),)),
        ([[1, 2], [3]], (), ((1, 2), (3,))),
    ],
)
def test_inputs(given: Json, texts: tuple[str, ...], tokens: tuple[tuple[int, ...], ...]) -> None:
    found = asked(given)
    assert (found.texts, found.tokens, found.count) == (texts, tokens, len(texts or tokens))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (None, "input"),
        ("", "input[0]"),
        ([], "input"),
        (["a", ""], "input[1]"),
        (["a", 1], "input[0]"),
        ([[1], "a"], "input[1]"),
        ([[]], "input[0]"),
        ([[True]], "input[0]"),
        ([-1], "input[0]"),
        ({"text": "a"}, "input"),
        (["a"] * 2049, "input"),
    ],
)
def test_inputs_that_are_none(given: Json, path: str) -> None:
    with pytest.raises(Refused) as refused:
        asked(given)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("member", "value"), [("dimensions", 0), ("encoding_format", "int8"), ("model", None), ("input_type", 1)]
)
def test_members_of_another_kind(member: str, value: Json) -> None:
    with pytest.raises(Refused) as refused:
        asked(**{member: value})
    assert refused.value.path == member


def test_providers_of_the_same_dialect_get_what_was_written() -> None:
    written: Object = {"encoding_format": "base64", "user": "u", "unknown": [1]}
    (call,), dropped = calls(COMPATIBLE, asked([[1, 2], [3]], **written), "text-embedding-3-small")
    assert call.body == {"model": "text-embedding-3-small", "input": [[1, 2], [3]], **written}
    assert (call.operation, dropped) == ("embeddings", ())


def test_their_answers_are_put_in_order() -> None:
    answer = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 1, "embedding": [2.5]},
            {"object": "embedding", "index": 0, "embedding": [1e-7]},
        ],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    found, dropped = answered(COMPATIBLE, asked(["a", "b"]), [answer])
    assert found == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [1e-7]},
            {"object": "embedding", "index": 1, "embedding": [2.5]},
        ],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    assert dropped == ()


def test_ai_studio_gets_a_hundred_at_once() -> None:
    texts: list[Json] = [f"t{number}" for number in range(250)]
    found, dropped = calls(
        GEMINI, asked(texts, dimensions=768, task_type="CLUSTERING", user="u"), "gemini-embedding-001"
    )
    assert [call.count for call in found] == [100, 100, 50]
    assert {call.operation for call in found} == {"batchEmbedContents"}
    assert found[2].body["requests"][49] == {  # type: ignore[index]
        "model": "models/gemini-embedding-001",
        "content": {"parts": [{"text": "t249"}]},
        "taskType": "CLUSTERING",
        "outputDimensionality": 768,
    }
    assert dropped == ("user",)


def test_answers_of_several_calls_become_one() -> None:
    texts: list[Json] = [f"t{number}" for number in range(101)]
    answers: list[object] = [
        {
            "embeddings": [{"values": [float(number)]} for number in range(100)],
            "usageMetadata": {"promptTokenCount": 7},
        },
        {"embeddings": [{"values": [100.0]}], "usageMetadata": {"promptTokenCount": 1}},
    ]
    found, dropped = answered(GEMINI, asked(texts), answers)
    assert [one["index"] for one in found["data"]] == list(range(101))  # type: ignore[union-attr,index,call-overload]
    assert [one["embedding"] for one in found["data"]] == [[float(number)] for number in range(101)]  # type: ignore[union-attr,index,call-overload]
    assert found["usage"] == {"prompt_tokens": 8, "total_tokens": 8}
    assert dropped == ()


def test_counts_that_nobody_told_are_zero_and_told() -> None:
    found, dropped = answered(GEMINI, asked(), [{"embeddings": [{"values": [1.0]}]}])
    assert found["usage"] == {"prompt_tokens": 0, "total_tokens": 0}
    assert found["model"] == "m"
    assert dropped == ("usage",)


@pytest.mark.parametrize(
    ("model", "operation", "counts"),
    [
        ("gemini-embedding-001", "predict", [1, 1, 1, 1, 1, 1]),
        ("publishers/google/models/gemini-embedding-001", "predict", [1, 1, 1, 1, 1, 1]),
        ("gemini-embedding-2", "embedContent", [1, 1, 1, 1, 1, 1]),
        ("text-embedding-005", "predict", [5, 1]),
    ],
)
def test_vertex(model: str, operation: str, counts: list[int]) -> None:
    found, _ = calls(VERTEX, asked(list("abcdef"), dimensions=8, task_type="X"), model)
    assert [(call.operation, call.count) for call in found] == [(operation, count) for count in counts]
    wanted: Object = {
        "instances": [{"content": "f", "task_type": "X"}],
        "parameters": {"outputDimensionality": 8},
    }
    if operation == "embedContent":
        wanted = {"content": {"parts": [{"text": "f"}]}, "taskType": "X", "outputDimensionality": 8}
    assert found[-1].body == wanted


def test_answers_of_vertex() -> None:
    predicted = {
        "predictions": [
            {"embeddings": {"values": [number], "statistics": {"token_count": 2, "truncated": False}}}
            for number in (1.5, 2.5)
        ]
    }
    found, _ = answered(VERTEX, asked(["a", "b"]), [predicted], "text-embedding-005")
    assert [one["embedding"] for one in found["data"]] == [[1.5], [2.5]]  # type: ignore[union-attr,index,call-overload]
    assert found["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    one = {"embedding": {"values": [3.5]}, "usageMetadata": {"promptTokenCount": 9}}
    found, _ = answered(VERTEX, asked(), [one], "gemini-embedding-2")
    assert found["usage"] == {"prompt_tokens": 9, "total_tokens": 9}


def test_cohere() -> None:
    texts: list[Json] = [f"t{number}" for number in range(97)]
    found, dropped = calls(
        COHERE,
        asked(texts, dimensions=512, input_type="search_query", truncate="END", task_type="X"),
        "embed-v4.0",
    )
    assert [call.count for call in found] == [96, 1]
    assert found[1].body == {
        "model": "embed-v4.0",
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 512,
        "truncate": "END",
        "texts": ["t96"],
    }
    assert dropped == ("task_type",)
    (plain,), _ = calls(COHERE, asked(), "embed-english-v3.0")
    assert plain.body["input_type"] == "search_document"


def test_answers_of_cohere() -> None:
    answer = {
        "id": "x",
        "embeddings": {"float": [[1.0], [2.0]]},
        "texts": ["a", "b"],
        "meta": {"billed_units": {"input_tokens": 4}},
    }
    found, _ = answered(COHERE, asked(["a", "b"]), [answer])
    assert [one["embedding"] for one in found["data"]] == [[1.0], [2.0]]  # type: ignore[union-attr,index,call-overload]
    assert found["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


def test_bedrock() -> None:
    titan, _ = calls(BEDROCK, asked(["a", "b"], dimensions=256), "us.amazon.titan-embed-text-v2:0")
    assert [call.body for call in titan] == [
        {"inputText": "a", "dimensions": 256},
        {"inputText": "b", "dimensions": 256},
    ]
    (cohere,), _ = calls(BEDROCK, asked(["a", "b"]), "cohere.embed-multilingual-v3")
    assert cohere.body == {"input_type": "search_document", "embedding_types": ["float"], "texts": ["a", "b"]}
    assert {call.operation for call in (*titan, cohere)} == {"invoke"}


def test_answers_of_bedrock() -> None:
    titan: list[object] = [
        {"embedding": [1.0], "inputTextTokenCount": 3},
        {"embedding": [2.0], "inputTextTokenCount": 4},
    ]
    found, _ = answered(BEDROCK, asked(["a", "b"]), titan, "amazon.titan-embed-text-v1")
    assert found["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    headers = {"x-amzn-bedrock-input-token-count": "5"}
    for embeddings in ([[1.0]], {"float": [[1.0]]}):
        found, _ = answered(BEDROCK, asked(), [{"embeddings": embeddings}], "cohere.embed-v4:0", headers)
        assert found["usage"] == {"prompt_tokens": 5, "total_tokens": 5}


@pytest.mark.parametrize(
    ("outbound", "model"),
    [
        (COHERE, "embed-english-v3.0"),
        (BEDROCK, "cohere.embed-multilingual-v3"),
        (BEDROCK, "amazon.titan-embed-text-v1"),
    ],
)
def test_models_of_one_width(outbound: EmbeddingsOutbound, model: str) -> None:
    with pytest.raises(Refused) as refused:
        calls(outbound, asked(dimensions=256), model)
    assert refused.value.path == "dimensions"


@pytest.mark.parametrize("outbound", [GEMINI, VERTEX, COHERE, BEDROCK])
def test_tokens_go_to_no_other_dialect(outbound: EmbeddingsOutbound) -> None:
    with pytest.raises(Refused) as refused:
        calls(outbound, asked([1, 2]))
    assert refused.value.path == "input"


@pytest.mark.parametrize(
    ("outbound", "answer"),
    [
        (COMPATIBLE, {"data": []}),
        (GEMINI, {"embeddings": [{"values": [1.0]}, {"values": [1.0]}]}),
        (GEMINI, {}),
        (VERTEX, {"predictions": []}),
        (COHERE, {"embeddings": {"int8": [[1]]}}),
        (COHERE, {"embeddings": []}),
    ],
)
def test_an_answer_has_to_have_as_many_as_were_asked_for(
    outbound: EmbeddingsOutbound, answer: object
) -> None:
    with pytest.raises(Miscounted):
        answered(outbound, asked(), [answer])


@pytest.mark.parametrize("outbound", [COMPATIBLE, GEMINI, VERTEX, COHERE, BEDROCK])
@pytest.mark.parametrize("answer", [[], 1, {"embeddings": 1}, {"data": 1}, {"predictions": [1]}])
def test_an_answer_of_another_shape(outbound: EmbeddingsOutbound, answer: object) -> None:
    with pytest.raises((msgspec.MsgspecError, Miscounted)):
        answered(outbound, asked(), [answer], "cohere.embed-v4:0")


FLOATS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=8)


@given(FLOATS)
def test_base64_is_float32_little_endian(values: list[float]) -> None:
    encoded = base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
    answer = {"data": [{"embedding": values, "index": 0}]}
    found, _ = answered(COMPATIBLE, asked(encoding_format="base64"), [answer])
    assert found["data"] == [{"object": "embedding", "index": 0, "embedding": encoded}]
    for form, wanted in (("base64", encoded), ("float", values)):
        answer = {"data": [{"embedding": encoded, "index": 0}]}
        found, _ = answered(COMPATIBLE, asked(encoding_format=form), [answer])
        assert found["data"] == [{"object": "embedding", "index": 0, "embedding": wanted}]


@pytest.mark.parametrize(
    ("form", "vector"),
    [
        ("float", "AAA"),
        ("float", "AAAA"),
        ("float", "%%%%"),
        ("float", {"a": 1}),
        ("float", None),
        ("base64", ["x"]),
        ("base64", {"a": 1}),
        ("base64", None),
    ],
)
def test_vectors_that_are_none(form: str, vector: object) -> None:
    with pytest.raises(msgspec.MsgspecError):
        answered(COMPATIBLE, asked(encoding_format=form), [{"data": [{"embedding": vector, "index": 0}]}])
