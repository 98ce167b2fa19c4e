"""Whose price a call has in its row; that explaining and repricing it agree; and what an order's end is worth."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from priced_calls import row

from penstock.calls.costing import UNKNOWN, cost_again
from penstock.calls.derive import derive
from penstock.calls.explain import price_story
from penstock.journal.record import CallRecord, ToldOrder
from penstock.pricing.supplement import SOURCE as SUPPLEMENT
from penstock.pricing.units import to_nano, to_usd
from penstock.stores.ledger import FREE, CallRow, Derived
from support.journal_kit import record
from support.listed_prices import Listed

SSE = "text/event-stream"
USED = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
CHAT = b'{"model":"openrouter/auto","messages":[]}'
Json = dict[str, Any]


LISTED = Listed()


def told(
    provider: str,
    path: str,
    request: Json | bytes,
    answer: Json | list[Json],
    prices: Listed = LISTED,
    **changes: object,
) -> Derived:
    """What the row of a call gets. A list is a stream of events."""
    asked = request if isinstance(request, bytes) else json.dumps(request).encode()
    if isinstance(answer, list):
        changes = {"response_type": SSE, **changes}
        body = (
            b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in answer) + b"data: [DONE]\n\n"
        )
    else:
        body = json.dumps(answer).encode()
    call = msgspec.structs.replace(
        record(provider=provider, path=path, method=str(changes.get("method", "POST"))),
        request_size=len(asked),
        **changes,
    )
    derived = derive(call, asked, body, prices)
    if not derived.orders:
        assert_agreed(stored(call, derived), derived, prices)
    return derived


def stored(call: CallRecord, derived: Derived) -> CallRow:
    return row(
        provider=call.provider, path=call.path, method=call.method, model=derived.model, cost_nano=derived.cost_nano,
        answered_model=derived.answered_model, price_source=derived.price_source, controls=call.controls,
        usage_metadata=None if derived.usage is None else msgspec.json.decode(derived.usage),
        created_us=call.created_us, custom_cost=derived.custom_cost, operation=derived.operation,
        tokens_in=derived.tokens_in, tokens_out=derived.tokens_out, status_code=call.status,
    )  # fmt: skip


def assert_agreed(kept: CallRow, derived: Derived, prices: Listed) -> None:
    """Explaining and repricing find what was found at first; a call of Parallel's would need its request."""
    if kept.provider == "parallel":
        return
    again = cost_again(kept, None, prices)
    assert (again.nano, again.source) == (derived.cost_nano, derived.price_source)
    if derived.cost_nano is not None:
        story = price_story(kept, None, prices)
        assert (story.today_usd, story.today_source) == (to_usd(derived.cost_nano), derived.price_source)


def cost(derived: Derived) -> tuple[float | None, str | None]:
    return None if derived.cost_nano is None else to_usd(derived.cost_nano), derived.price_source


# -- what the provider says

SAID: Json = {"model": "deepseek/deepseek-chat", "choices": [], "usage": {**USED, "cost": 0.0123}}


@pytest.mark.parametrize("model", ["openrouter/auto", "deepseek/deepseek-chat", "nobody/knows-it"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_what_openrouter_charges_goes_before_every_list(model: str, is_streamed: bool) -> None:
    answer: Json | list[Json] = [{**SAID, "usage": None}, SAID] if is_streamed else SAID
    derived = told("openrouter", "chat/completions", {"model": model}, answer)
    assert cost(derived) == (0.0123, "reported by openrouter")
    assert (derived.tokens_in, derived.tokens_out) == (1000, 100)


@pytest.mark.parametrize(
    ("provider", "path", "answer", "usd"),
    [
        ("openrouter", "responses", {"usage": {"input_tokens": 1, "output_tokens": 2, "cost": 0.01}}, 0.01),
        ("openrouter", "embeddings", {"usage": {"prompt_tokens": 1, "total_tokens": 1, "cost": 0.01}}, 0.01),
        ("openrouter", "rerank", {"usage": {"search_units": 1, "total_tokens": 1, "cost": 0.01}}, 0.01),
        ("openrouter", "images", {"data": [{}], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "cost": 0}}, 0),
        ("openrouter", "audio/transcriptions", {"text": "x", "usage": {"seconds": 3, "cost": 0.001}}, 0.001),
        ("perplexity-ai", "chat/completions", {"usage": {**USED, "cost": {"total_cost": 0.006}}}, 0.006),
        ("perplexity-ai", "v1/embeddings", {"usage": {"prompt_tokens": 4, "cost": {"total_cost": 0.1}}}, 0.1),
        ("perplexity-ai", "v1/responses", {"usage": {"input_tokens": 1, "output_tokens": 1,
                                                     "cost": {"currency": "USD", "total_cost": 0.2}}}, 0.2),
        ("grok", "v1/chat/completions", {"usage": {**USED, "cost_in_usd_ticks": 5_000_000}}, 0.0005),
        ("grok", "v1/images/generations", {"data": [{}], "usage": {"cost_in_usd_ticks": 700_000_000}}, 0.07),
        ("grok", "v1/responses", [{"type": "response.completed",
                                   "response": {"usage": {"input_tokens": 1, "output_tokens": 1,
                                                          "cost_in_usd_ticks": 10_000_000}}}], 0.001),
        ("custom-router", "v1/chat/completions", SAID, 0.0123),
    ],
)  # fmt: skip
def test_whoever_says_it_and_wherever(
    provider: str, path: str, answer: Json | list[Json], usd: float
) -> None:
    assert cost(told(provider, path, {"model": "sonar"}, answer)) == (usd, f"reported by {provider}")


def test_the_caller_and_the_operator_go_before_it() -> None:
    own = Listed('["openrouter/auto"]\ninput = 1\noutput = 1\n')
    controls = {"cf-aig-custom-cost": '{"total_cost": 0.5}'}
    assert cost(told("openrouter", "chat/completions", CHAT, SAID, own)) == (0.0011, "prices.toml")
    assert cost(told("openrouter", "chat/completions", CHAT, SAID, own, controls=controls)) == (
        0.5,
        "cf-aig-custom-cost",
    )


@pytest.mark.parametrize("odd", [-1, "0.1", None, [], True, {"total_cost": -1}])
def test_what_is_no_price_leaves_it_to_the_list(odd: object) -> None:
    answer = {**SAID, "usage": {**USED, "cost": odd}}
    derived = told("openrouter", "chat/completions", {"model": "deepseek/deepseek-chat"}, answer)
    assert derived.cost_nano is not None
    assert (derived.price_source or "").startswith("genai-prices")


def test_who_has_no_such_word_is_not_believed() -> None:
    derived = told("openai", "v1/chat/completions", {"model": "gpt-4o-mini"}, {"usage": {**USED, "cost": 7}})
    assert derived.cost_nano == to_nano("0.00021")
    assert "reported" not in (derived.usage or "")


# -- the model that answered


@pytest.mark.parametrize("deployment", ["prod-chat", "gpt-4o-mini", "claude-sonnet-4-5"])
@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("is_named", [False, True])
def test_a_deployment_costs_what_answered_costs(deployment: str, is_streamed: bool, is_named: bool) -> None:
    first: Json = {"model": "", "choices": [], "prompt_filter_results": []}
    named: Json = {"model": "gpt-4o-2024-08-06", "choices": []}
    whole = {**named, "usage": USED}
    answer: Json | list[Json] = [first, named, {**named, "usage": None}, whole] if is_streamed else whole
    path = f"res/{deployment}/chat/completions?api-version=2024-10-21"
    request = {"messages": [], **({"model": deployment} if is_named else {})}
    derived = told("azure-openai", path, request, answer)
    assert derived.cost_nano == to_nano("0.0035")
    assert derived.answered_model == "azure-openai/gpt-4o-2024-08-06"


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_any_chunk_of_a_stream_may_name_the_model(place: int) -> None:
    chunks: list[Json] = [{"model": "", "choices": []} for _ in range(3)] + [{"model": "", "usage": USED}]
    chunks[place]["model"] = "gpt-4o-2024-08-06"
    derived = told("azure-openai", "res/prod/chat/completions", {"model": "prod"}, chunks)
    assert derived.cost_nano == to_nano("0.0035")


@pytest.mark.parametrize(
    ("provider", "path", "request_", "answer", "usd"),
    [
        ("openrouter", "chat/completions", {"model": "openrouter/auto"},
         {"model": "openai/gpt-4o", "usage": USED}, "0.0035"),
        ("azure-openai", "res/model-router/chat/completions", {"model": "model-router"},
         {"model": "gpt-4o-mini", "usage": USED}, "0.00021"),
        ("openai", "v1/chat/completions", {"model": "gpt-4o-mini"}, {"model": "gpt-4o", "usage": USED}, "0.00021"),
        ("openai", "v1/chat/completions", {"model": "alias"}, {"model": "gpt-4o", "usage": USED}, "0.0035"),
        ("openai", "v1/chat/completions", {"model": "gpt-4o"}, {"model": "unheard-of", "usage": USED}, "0.0035"),
    ],
)  # fmt: skip
def test_a_name_without_a_price_leaves_it_to_the_answers(
    provider: str, path: str, request_: Json, answer: Json, usd: str
) -> None:
    assert told(provider, path, request_, answer).cost_nano == to_nano(usd)


# -- units without a price of their own

HEARD = {
    "prompt_tokens": 100,
    "completion_tokens": 200,
    "total_tokens": 300,
    "prompt_tokens_details": {"audio_tokens": 80, "text_tokens": 20},
    "completion_tokens_details": {"audio_tokens": 150, "text_tokens": 50},
}


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("openai", "gpt-4o-audio-preview", "0.01575"),
        ("openai", "gpt-4o-audio-preview-2025-06-03", "0.01575"),
        ("openai", "gpt-4o-audio-preview-2024-10-01", "0.03855"),
        ("openai", "gpt-4o-mini-audio-preview", "0.003833"),
        ("azure-openai", "gpt-4o-audio-preview", "0.01575"),
        ("openai", "gpt-4o", None),
        ("openai", "gpt-4o-mini", None),
        ("openrouter", "openai/gpt-4o-audio-preview", None),
    ],
)
def test_audio_is_not_priced_as_text(provider: str, model: str, usd: str | None) -> None:
    path = f"res/{model}/chat/completions" if provider == "azure-openai" else "v1/chat/completions"
    derived = told(provider, path, {"model": model}, {"model": model, "usage": HEARD})
    assert derived.cost_nano == (None if usd is None else to_nano(usd))
    assert usd is None or (derived.price_source or "").endswith(SUPPLEMENT)
    assert (derived.tokens_in, derived.tokens_out) == (100, 200)


def test_who_lists_one_price_for_all_kinds_is_priced_by_it() -> None:
    usage = {
        "promptTokenCount": 1000,
        "candidatesTokenCount": 100,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 900}],
    }
    path = "v1beta/models/gemini-2.5-pro:generateContent"
    answer = {"modelVersion": "gemini-2.5-pro", "usageMetadata": usage}
    assert told("google-ai-studio", path, {}, answer).cost_nano == to_nano("0.00225")


def test_an_operators_price_is_for_all_kinds() -> None:
    own = Listed('["openai/gpt-4o"]\ninput = 1\noutput = 1\n')
    derived = told("openai", "v1/chat/completions", {"model": "gpt-4o"}, {"usage": HEARD}, own)
    assert cost(derived) == (0.0003, "prices.toml")


@pytest.mark.parametrize(
    ("model", "usd"), [("rerank-v3.5", "0.004"), ("rerank-multilingual-v3.0", "0.004"), ("rerank-v9", None)]
)
def test_searches_of_reranking_are_shown_and_priced_or_unknown(model: str, usd: str | None) -> None:
    answer = {"results": [], "meta": {"billed_units": {"search_units": 2}}}
    derived = told("cohere", "v2/rerank", {"model": model}, answer)
    assert derived.cost_nano == (None if usd is None else to_nano(usd))
    assert json.loads(derived.usage or "{}") == {"search_units": 2}


@pytest.mark.parametrize(
    ("info", "usd"),
    [
        ({"pages_processed": 3}, "0.006"),
        ({"pages_processed": 3, "pages_processed_annotation": 2}, "0.008"),
        ({"doc_size_bytes": 9}, None),
        ({"pages_processed": -1}, None),
    ],
)
def test_pages_that_are_told_have_a_price(info: Json, usd: str | None) -> None:
    answer = {"model": "mistral-ocr-2512", "pages": [], "usage_info": info}
    derived = told("mistral", "v1/ocr", {"model": "mistral-ocr-2512"}, answer)
    assert derived.cost_nano == (None if usd is None else to_nano(usd))


# -- orders


def ended(
    provider: str, path: str, answer: Json | list[Json], prices: Listed = LISTED, **changes: object
) -> Derived:
    changes = {"method": "GET", **changes}
    return told(provider, path, b"", answer, prices, **changes)


@pytest.mark.parametrize(
    ("provider", "model", "full"),
    [
        ("openai", "gpt-4o", "0.0035"),
        ("openai", "gpt-4o-mini", "0.00021"),
        ("azure-openai", "gpt-4o", "0.0035"),
    ],
)
def test_a_batch_costs_half(provider: str, model: str, full: str) -> None:
    batch = {"id": "batch_1", "status": "completed", "model": model,
             "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}}  # fmt: skip
    path = "v1/batches/batch_1" if provider == "openai" else "res/openai/v1/batches/batch_1"
    derived = ended(provider, path, batch)
    assert derived.orders == (ToldOrder("batch_1", is_final=True),)
    assert derived.cost_nano is not None
    assert derived.cost_nano * 2 == to_nano(full)
    kept = stored(record(provider=provider, path=path, method="GET"), derived)
    assert_agreed(kept, derived, LISTED)


def test_a_batch_of_a_model_without_a_price_for_batches_costs_half() -> None:
    own = Listed('["openai/mine"]\ninput = 2\noutput = 10\n["openrouter/mine"]\ninput = 2\noutput = 10\n')
    batch = {
        "id": "b",
        "status": "completed",
        "model": "mine",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }
    assert ended("openai", "v1/batches/b", batch, own).cost_nano == to_nano("0.0015")
    assert ended("openrouter", "batches/b", batch, own).cost_nano == to_nano("0.003")


@pytest.mark.parametrize("status", ["in_progress", "validating", None])
def test_an_order_that_has_not_ended_tells_nothing(status: str | None) -> None:
    batch = {
        "id": "b",
        "status": status,
        "model": "gpt-4o",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
    }
    derived = ended("openai", "v1/batches/b", batch)
    assert (derived.orders, derived.tokens_in) == ((), None)
    assert cost(derived) == (0, FREE)


def test_the_path_may_name_what_is_read_and_an_answer_be_its_end() -> None:
    path = "v1/chat/deferred-completion/req-7?x=1"
    answer = {"model": "grok-4", "choices": [], "usage": {**USED, "cost_in_usd_ticks": 5_000_000}}
    derived = ended("grok", path, answer)
    assert derived.orders == (ToldOrder("req-7", is_final=True),)
    assert cost(derived) == (0.0005, "reported by grok")
    assert ended("grok", path, answer, status=202).orders == ()


def test_the_path_names_it_and_the_answer_tells_its_status() -> None:
    answer = {"status": "done", "model": "grok-imagine-video", "usage": {"cost_in_usd_ticks": 100_000_000}}
    derived = ended("grok", "v1/videos/vid_1", answer)
    assert derived.orders == (ToldOrder("vid_1", is_final=True),)
    assert cost(derived) == (0.01, "reported by grok")
    assert ended("grok", "v1/videos/vid_1", {**answer, "status": "pending"}).orders == ()


@pytest.mark.parametrize(
    ("provider", "path", "answer", "order", "tokens", "source"),
    [
        ("perplexity-ai", "async/chat/completions/a1",
         {"id": "a1", "status": "COMPLETED",
          "response": {"model": "sonar-deep-research", "usage": {**USED, "cost": {"total_cost": 0.4}}}},
         "a1", (1000, 100), "reported by perplexity-ai"),
        ("openrouter", "generation?id=gen-1",
         {"data": {"id": "gen-1", "model": "openai/gpt-4o", "total_cost": 0.01, "usage": 0.01, "is_byok": False,
                   "tokens_prompt": 1, "native_tokens_prompt": 1000, "native_tokens_completion": 100}},
         "gen-1", (1000, 100), "reported by openrouter"),
        ("openrouter", "videos/v1", {"id": "v1", "status": "completed", "usage": {"cost": 0.25}},
         "v1", (None, None), "reported by openrouter"),
        ("cohere", "v2/batches/b1",
         {"batch": {"id": "b1", "status": "BATCH_STATUS_COMPLETED", "model": "command-a-03-2025",
                    "input_tokens": "1000", "output_tokens": "100"}},
         "b1", (1000, 100), None),
        ("cohere", "v1/embed-jobs/j1",
         {"job_id": "j1", "status": "complete", "model": "embed-v4.0",
          "meta": {"billed_units": {"input_tokens": 1000}}},
         "j1", (1000, None), None),
        ("replicate", "v1/predictions/p1",
         {"id": "p1", "status": "succeeded", "metrics": {"input_token_count": 1000, "output_token_count": 100}},
         "p1", (1000, 100), None),
        ("openai", "v1/responses/r1",
         {"id": "r1", "status": "completed", "model": "gpt-4o", "usage": {"input_tokens": 1000, "output_tokens": 100}},
         "r1", (1000, 100), "genai-prices"),
        ("openai", "v1/fine_tuning/jobs/f1", {"id": "f1", "status": "succeeded", "trained_tokens": 9},
         "f1", (None, None), FREE),
        ("openai", "v1/videos/w1", {"id": "w1", "status": "completed", "usage": {**USED}}, "w1", (None, None), FREE),
    ],
)  # fmt: skip
def test_use_is_read_where_the_operation_has_it(
    provider: str,
    path: str,
    answer: Json,
    order: str,
    tokens: tuple[int | None, int | None],
    source: str | None,
) -> None:
    derived = ended(provider, path, answer)
    assert derived.orders == (ToldOrder(order, is_final=True),)
    assert (derived.tokens_in, derived.tokens_out) == tokens
    assert source is None or (derived.price_source or "").startswith(source)


def test_a_replayed_stream_of_a_response_tells_its_end() -> None:
    response = {"id": "r1", "status": "completed", "model": "gpt-4o",
                "usage": {"input_tokens": 1000, "output_tokens": 100}}  # fmt: skip
    events: list[Json] = [
        {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": response},
    ]
    derived = ended("openai", "v1/responses/r1?stream=true", events)
    assert derived.orders == (ToldOrder("r1", is_final=True),)
    assert derived.cost_nano == to_nano("0.0035")


@pytest.mark.parametrize(
    ("provider", "path", "request_", "answer", "made"),
    [
        ("grok", "v1/chat/completions", {"model": "grok-4", "deferred": True}, {"request_id": "q"}, "q"),
        ("cohere", "v1/embed-jobs", {"model": "embed-v4.0"}, {"job_id": "j", "meta": {}}, "j"),
        ("cohere", "v2/batches", {"model": "m"}, {"batch": {"id": "b"}}, "b"),
        ("parallel", "v1beta/findall/runs", {"generator": "base", "match_limit": 5}, {"findall_id": "f"}, "f"),
        ("parallel", "v1/tasks/runs", {"processor": "lite"}, {"run_id": "t", "status": "queued"}, "t"),
        ("openai", "v1/responses", {"model": "gpt-4o", "background": True}, {"id": "r", "usage": None}, "r"),
        ("openai", "v1/responses", {"model": "gpt-4o", "background": True, "stream": True},
         [{"type": "response.queued", "response": {"id": "r", "usage": None}}], "r"),
    ],
)  # fmt: skip
def test_what_an_order_has_made_is_named(
    provider: str, path: str, request_: Json, answer: Json | list[Json], made: str
) -> None:
    assert told(provider, path, request_, answer).orders == (ToldOrder(made, is_final=False),)


def test_an_orders_cost_that_another_call_has_told_stays() -> None:
    kept = row(
        operation="openai.responses.create.background", usage_metadata=None, cost_nano=5, price_source="x"
    )
    assert cost_again(kept, None, LISTED).nano == 5
    assert (
        cost_again(row(operation="openai.chat.completions.create", usage_metadata=None), None, LISTED)
        == UNKNOWN
    )


# -- this machine's own engine


@pytest.mark.parametrize("path", ["v1/search", "v1/tasks/runs", "v1beta/findall/runs", "v1/decisions"])
def test_what_the_local_engine_answers_costs_nothing(path: str) -> None:
    request = {"processor": "ultra8x", "generator": "pro", "match_limit": 9}
    derived = told("parallel", path, request, {"run_id": "t"}, local=True)
    assert cost(derived) == (0, "local")
    kept = stored(record(provider="parallel", path=path), derived)
    assert cost_again(kept, b"{}", LISTED).source == "local"
    assert price_story(kept, b"{}", LISTED).remark == "answered on this machine"
    assert told("parallel", path, request, {"run_id": "t"}).price_source != "local"


def test_a_local_call_that_fails_has_no_cost_and_own_prices_go_before() -> None:
    request = {"processor": "lite"}
    own = Listed('["parallel/*"]\nrequest = 2\n')
    assert told("parallel", "v1/tasks/runs", request, {}, local=True, status=422).cost_nano is None
    assert cost(told("parallel", "v1/tasks/runs", request, {}, own, local=True)) == (2, "prices.toml")
