"""What each endpoint of those with OpenAI's dialect is: their vendors' references, row by row."""

from __future__ import annotations

import pytest

from penstock.providers.operation import Bills, Cacheable, Effect, otel_name
from penstock.providers.registry import BUILT_IN
from penstock.providers.request_reading import Request, named_model
from support.asked_operations import Line, asked, assert_is, lines, operation

MISTRAL = """
POST v1/chat/completions | chat | y | gen | b:model | c!
POST v1/fim/completions | completion | y | gen | b:model | c
POST v1/agents/completions | agent run | y | gen | b:agent_id | c!
POST v1/embeddings | embeddings | y | gen | b:model | c
POST v1/moderations,v1/chat/moderations | moderation | ? | gen | b:model | c
POST v1/classifications,v1/chat/classifications | classify | ? | gen | b:model | c
POST v1/ocr | ocr | y | gen | b:model | c
POST v1/audio/transcriptions | transcription | y | gen | f:model | c
POST v1/audio/speech | speech | y | gen | b:model | c
POST v1/audio/voices | voice | n | upload | - | -
GET v1/audio/voices,v1/audio/voices/v1,v1/audio/voices/v1/sample | voice | n | read | - | -
PATCH v1/audio/voices/v1 | voice | n | change | - | -
PUT v1/audio/voices/v1 | voice | n | change | - | -
DELETE v1/audio/voices/v1 | voice | n | delete | - | -
POST v1/conversations | conversation | y | order | b:model | -
POST v1/conversations,v1/conversations/c1,v1/conversations/c1/restart | conversation | y | order | b:agent_id | -
GET v1/conversations,v1/conversations/c1,v1/conversations/c1/history | conversation | n | read | - | -
DELETE v1/conversations/c1 | conversation | n | delete | - | -
POST v1/agents | agent | n | order | b:model | -
POST v1/agents/a1 | agent | n | change | - | -
PATCH v1/agents/a1,v1/agents/a1/version | agent | n | change | - | -
PUT v1/agents/a1/aliases | agent | n | change | - | -
DELETE v1/agents/a1,v1/agents/a1/aliases | agent | n | delete | - | -
GET v1/agents,v1/agents/a1,v1/agents/a1/versions/2 | agent | n | read | - | -
POST v1/batch/jobs | batch | o | order | b:model | -
POST v1/batch/jobs | batch | o | order | b:agent_id | -
POST v1/batch/jobs/j1/cancel | batch | n | cancel | - | -
GET v1/batch/jobs,v1/batch/jobs/j1 | batch | n | read | - | -
POST v1/files | file | n | upload | - | -
GET v1/files,v1/files/f1,v1/files/f1/content | file | n | read | - | -
GET v1/files/f1/url | file | n | read | - | - secret
DELETE v1/files/f1 | file | n | delete | - | -
POST v1/fine_tuning/jobs | fine-tune | o | order | b:model | -
POST v1/fine_tuning/jobs/j1/cancel | fine-tune | n | cancel | - | -
POST v1/fine_tuning/jobs/j1/start,v1/fine_tuning/models/m1/archive | fine-tune | n | change | - | -
DELETE v1/fine_tuning/models/m1/archive | fine-tune | n | change | - | -
GET v1/fine_tuning/jobs,v1/fine_tuning/jobs/j1 | fine-tune | n | read | - | -
POST v1/libraries | library | n | order | - | -
POST v1/libraries/l1/documents,v1/libraries/l1/documents/d1/reprocess | library | o | order | - | -
PUT v1/libraries/l1,v1/libraries/l1/documents/d1,v1/libraries/l1/share | library | n | change | - | -
PATCH v1/libraries/l1,v1/libraries/l1/documents/d1 | library | n | change | - | -
GET v1/libraries,v1/libraries/l1/documents,v1/libraries/l1/share | library | n | read | - | -
GET v1/libraries/l1/documents/d1/signed-url | library | n | read | - | - secret
DELETE v1/libraries/l1,v1/libraries/l1/documents/d1,v1/libraries/l1/share | library | n | delete | - | -
POST v1/connectors/c1/tools/t1/call | tool | ? | gen | - | -
POST v1/connectors,v1/connectors/c1/user/credentials | account | n | order | - | - secret
GET v1/connectors,v1/connectors/c1/tools | account | n | read | - | - secret
PATCH v1/connectors/c1 | account | n | change | - | - secret
DELETE v1/connectors/c1/user/credentials/x | account | n | delete | - | -
POST v1/workflows/w1/execute,v1/workflows/registrations/r1/execute | workflow | ? | order | - | -
POST v1/workflows/executions/e1/cancel,v1/workflows/executions/terminate | workflow | n | cancel | - | -
POST v1/workflows/executions/e1/signals,v1/workflows/schedules/s1/pause | workflow | n | change | - | -
POST v1/workflows/w1/archive,v1/workflows/w1/unarchive | workflow | n | change | - | -
POST v1/workflows/executions/e1/queries | workflow | n | read | - | -
POST v1/workflows/schedules | workflow | n | order | - | -
GET v1/workflows,v1/workflows/executions/e1/trace/otel | workflow | n | read | - | -
DELETE v1/workflows/schedules/s1 | workflow | n | delete | - | -
POST v1/observability/traces/search,v1/observability/spans/evaluations/search | account | n | read | - | -
POST v1/observability/chat-completion-events/search-ids | account | n | read | - | -
POST v1/observability/judges/j1/live-judging | account | ? | order | - | -
POST v1/observability/datasets | account | n | order | - | -
GET v1/observability/datasets/d1/records | account | n | read | - | -
DELETE v1/observability/judges/j1 | account | n | delete | - | -
GET v1/models,v1/models/m1 | models | n | read | - | -
DELETE v1/models/ft:m1 | models | n | delete | - | -
PATCH v1/fine_tuning/models/m1 | models | n | change | - | -
WS v1/audio/transcriptions/realtime | realtime | y | gen | q:model | -
"""

GROQ = """
POST chat/completions | chat | y | gen | b:model | c!
POST responses | responses | y | gen | b:model | c!
POST embeddings | embeddings | y | gen | b:model | c
POST audio/transcriptions | transcription | y | gen | f:model | c
POST audio/translations | translation | y | gen | f:model | c
POST audio/speech | speech | y | gen | b:model | c
POST batches | batch | o | order | - | -
POST batches/b1/cancel | batch | n | cancel | - | -
GET batches,batches/b1 | batch | n | read | - | -
POST files | file | n | upload | - | -
GET files,files/f1,files/f1/content | file | n | read | - | -
DELETE files/f1 | file | n | delete | - | -
GET models,models/m1 | models | n | read | - | -
DELETE models/m1 | models | n | delete | - | -
POST fine_tunings | fine-tune | ? | order | - | -
GET fine_tunings,fine_tunings/f1 | fine-tune | n | read | - | -
DELETE fine_tunings/f1 | fine-tune | n | delete | - | -
"""

GROK = """
POST chat/completions | chat | y | gen | b:model | c!
GET chat/deferred-completion/d1 | chat | n | read | - | -
POST responses | responses | y | gen | b:model | c!
GET responses/r1 | responses | n | read | - | -
DELETE responses/r1 | responses | n | delete | - | -
POST messages,complete | messages | y | gen | b:model | c!
POST completions | completion | y | gen | b:model | c
POST embeddings | embeddings | y | gen | b:model | c
POST images/generations | image | y | gen | b:model | c
POST images/edits | image edit | y | gen | b:model | c
POST videos/generations,videos/edits,videos/extensions | video | o | order | b:model | -
GET videos/v1 | video | n | read | - | -
POST tts | speech | y | gen | - | c
GET tts/voices | models | n | read | - | -
POST stt | transcription | y | gen | - | c
GET custom-voices,custom-voices/v1 | voice | n | read | - | -
POST custom-voices | voice | n | order | - | -
PATCH custom-voices/v1 | voice | n | change | - | -
DELETE custom-voices/v1 | voice | n | delete | - | -
WS realtime,tts,stt | realtime | y | gen | q:model | -
POST realtime/client_secrets | session | n | order | - | - secret
POST documents/search | vector store | ? | gen | - | -
POST tokenize-text | token count | n | gen | b:model | c
POST batches | batch | o | order | - | -
POST batches/b1/requests | batch | o | order | b:batch_requests[].batch_request.chat_get_completion.model | -
POST batches/b1:cancel | batch | n | cancel | - | -
GET batches,batches/b1,batches/b1/requests,batches/b1/results | batch | n | read | - | -
POST files | file | n | upload | - | -
GET files,files/f1,files/f1/content | file | n | read | - | -
DELETE files/f1 | file | n | delete | - | -
GET models,language-models,language-models/m1,embedding-models,image-generation-models/m1 | models | n | read | - | -
GET video-generation-models | models | n | read | - | -
GET api-key | account | n | read | - | -
"""

DEEPSEEK = """
POST v1/chat/completions,chat/completions,beta/chat/completions | chat | y | gen | b:model | c
POST beta/completions | completion | y | gen | b:model | c
POST anthropic/v1/messages | messages | y | gen | b:model | c!
GET models,v1/models | models | n | read | - | -
GET user/balance | account | n | read | - | -
"""

CEREBRAS = """
POST chat/completions | chat | y | gen | b:model | c
POST completions | completion | y | gen | b:model | c
GET models,models/m1 | models | n | read | - | -
POST files | file | n | upload | - | -
GET files,files/f1/content | file | n | read | - | -
DELETE files/f1 | file | n | delete | - | -
POST batches | batch | o | order | - | -
GET batches,batches/b1 | batch | n | read | - | -
POST batches/b1/cancel | batch | n | cancel | - | -
"""

BASETEN = """
POST v1/chat/completions,chat/completions | chat | y | gen | b:model | c!
POST v1/messages | messages | y | gen | b:model | c!
POST v1/embeddings | embeddings | y | gen | b:model | c
POST v1/completions | completion | y | gen | b:model | c
GET v1/models | models | n | read | - | -
POST model/abc/production/predict,model/abc/development/predict | other | y | gen | p abc | c
POST model/abc/deployment/d1/predict,model/abc/environments/e1/predict | other | y | gen | p abc | c
POST model/abc/environments/production/sync/v1/chat/completions | chat | y | gen | b:model | c!
POST model/abc/production/sync/v1/completions | completion | y | gen | b:model | c
POST model/abc/production/sync/v1/embeddings | embeddings | y | gen | b:model | c
POST model/abc/deployment/d1/sync/v1/rerank | rerank | y | gen | b:model | c
POST model/abc/development/sync/v1/classify | classify | y | gen | b:model | c
POST model/abc/production/run_remote | other | y | gen | p abc | -
POST model/abc/production/async_predict,model/abc/development/async_run_remote | prediction | o | order | p abc | -
POST model/abc/environments/e1/async_predict | prediction | o | order | p abc | -
GET model/abc/async_request/r1 | prediction | n | read | p abc | -
DELETE model/abc/async_request/r1 | prediction | n | cancel | p abc | -
GET model/abc/production/async_queue_status | prediction | n | read | p abc | -
POST model/abc/production/wake,model/abc/deployment/d1/wake | account | n | change | p abc | -
WS model/abc/production/websocket,model/abc/environments/e1/websocket | realtime | ? | gen | p abc | -
"""

OPENROUTER = """
POST chat/completions | chat | y | gen | b:model | c!
POST chat/completions | chat | y | gen | b:models[] | c!
POST completions | completion | y | gen | b:model | c
POST responses | responses | y | gen | b:model | c!
POST messages | messages | y | gen | b:model | c!
POST embeddings | embeddings | y | gen | b:model | c
POST rerank | rerank | y | gen | b:model | c
POST images | image | y | gen | b:model | c
POST audio/speech | speech | y | gen | b:model | c
POST audio/transcriptions | transcription | y | gen | b:model | c
POST audio/transcriptions | transcription | y | gen | f:model | c
POST videos | video | o | order | b:model | -
GET videos/v1,videos/v1/content | video | n | read | - | -
GET generation?id=g1,generation/content?id=g1 | other | n | read | - | -
POST generation/feedback | account | n | change | - | -
POST presets/p1/chat/completions,presets/p1/messages,presets/p1/responses | account | n | order | - | -
POST files | file | n | upload | - | -
GET files,files/f1 | file | n | read | - | -
DELETE files/f1 | file | n | delete | - | -
POST analytics/query | account | n | read | - | -
POST keys,auth/keys,credits/coinbase,guardrails,workspaces,byok | account | n | order | - | - secret
GET keys,keys/k1,credits,observability/destinations,scim/users | account | n | read | - | - secret
PATCH keys/k1 | account | n | change | - | - secret
DELETE keys/k1 | account | n | delete | - | -
GET models,models/user,models/a/b/endpoints,model/a/b,embeddings/models | models | n | read | - | -
GET images/models,images/models/a/b,videos/models,endpoints/zdr,providers | models | n | read | - | -
GET presets,presets/p1,datasets/rankings,benchmarks,activity,key | account | n | read | - | -
POST batches | batch | o | order | b:model | -
GET batches,batches/b1 | batch | n | read | - | -
"""

FIREWORKS = """
POST chat/completions | chat | y | gen | b:model | c!
POST completions | completion | y | gen | b:model | c
POST responses | responses | y | gen | b:model | c!
GET responses,responses/r1 | responses | n | read | - | -
DELETE responses/r1 | responses | n | delete | - | -
POST messages | messages | y | gen | b:model | c!
POST embeddings | embeddings | y | gen | b:model | c
POST rerank | rerank | y | gen | b:model | c
POST workflows/accounts/fireworks/models/f1/text_to_image | image | y | gen | p accounts/fireworks/models/f1 | c
POST image_generation/accounts/fireworks/models/f1 | image | y | gen | p accounts/fireworks/models/f1 | c
POST image_generation/accounts/fireworks/models/f1/image_to_image | image | y | gen | p accounts/fireworks/models/f1 | c
POST workflows/accounts/fireworks/models/f1 | image edit | o | order | p accounts/fireworks/models/f1 | -
POST workflows/accounts/fireworks/models/f1/get_result | image edit | n | read | p accounts/fireworks/models/f1 | -
GET models,models/m1,models/accounts/fireworks/models/m1 | models | n | read | - | -
"""

PERPLEXITY = """
POST v1/agent,v1/responses | responses | y | gen | b:model | c!
POST v1/agent,v1/responses | responses | y | gen | b:preset | c!
GET v1/responses/r1,v1/responses/r1/files,v1/responses/r1/files/f1/content | responses | n | read | - | -
POST search | search | y | gen | b:search_type search-{} | c
POST v1/embeddings,v1/contextualizedembeddings | embeddings | y | gen | b:model | c
POST chat/completions | chat | y | gen | b:model | c
POST async/chat/completions | research | o | order | b:request.model | -
GET async/chat/completions,async/chat/completions/r1 | research | n | read | - | -
POST v1/browser/sessions | session | o | order | - | - secret
DELETE v1/browser/sessions/s1 | session | n | delete | - | -
GET v1/models | models | n | read | - | -
"""

COHERE = """
POST v2/chat | chat | y | gen | b:model | c!
POST v1/chat,chat | chat | y | gen | b:model | c!
POST v1/generate,v1/summarize | completion | y | gen | b:model | c
POST v1/embed,v2/embed,embed | embeddings | y | gen | b:model | c
POST v1/rerank,v2/rerank | rerank | y | gen | b:model | c
POST v1/classify | classify | y | gen | b:model | c
POST v1/tokenize,v1/detokenize | token count | n | gen | b:model | c
POST v2/audio/transcriptions | transcription | y | gen | f:model | c
POST v1/embed-jobs | batch | o | order | b:model | -
GET v1/embed-jobs,v1/embed-jobs/j1 | batch | n | read | - | -
POST v1/embed-jobs/j1/cancel | batch | n | cancel | - | -
POST v2/batches | batch | o | order | b:model | -
GET v2/batches,v2/batches/b1 | batch | n | read | - | -
POST v2/batches/b1:cancel | batch | n | cancel | - | -
POST v1/datasets | dataset | n | upload | - | -
GET v1/datasets,v1/datasets/d1,v1/datasets/usage | dataset | n | read | - | -
DELETE v1/datasets/d1 | dataset | n | delete | - | -
POST v1/finetuning/finetuned-models | fine-tune | o | order | - | -
PATCH v1/finetuning/finetuned-models/f1 | fine-tune | n | change | - | -
DELETE v1/finetuning/finetuned-models/f1 | fine-tune | n | delete | - | -
GET v1/finetuning/finetuned-models,v1/finetuning/finetuned-models/f1/events | fine-tune | n | read | - | -
POST v1/connectors,v1/connectors/c1/oauth/authorize | account | n | order | - | - secret
GET v1/connectors,v1/connectors/c1 | account | n | read | - | - secret
PATCH v1/connectors/c1 | account | n | change | - | - secret
DELETE v1/connectors/c1 | account | n | delete | - | -
POST v1/check-api-key | account | n | read | - | -
GET v1/models,v1/models/m1 | models | n | read | - | -
POST compatibility/v1/chat/completions | chat | y | gen | b:model | c!
POST compatibility/v1/embeddings | embeddings | y | gen | b:model | c
"""

TABLES = {
    "mistral": MISTRAL,
    "groq": GROQ,
    "grok": GROK,
    "deepseek": DEEPSEEK,
    "cerebras": CEREBRAS,
    "baseten": BASETEN,
    "openrouter": OPENROUTER,
    "fireworks": FIREWORKS,
    "perplexity-ai": PERPLEXITY,
    "cohere": COHERE,
}
PREFIXES = {
    "groq": "openai/v1/",
    "grok": "v1/",
    "cerebras": "v1/",
    "openrouter": "api/v1/",
    "fireworks": "inference/v1/",
}
TABLE = [line for provider, table in TABLES.items() for line in lines(provider, table)]


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_an_endpoint_is_what_its_vendor_says(line: Line) -> None:
    assert_is(line)


@pytest.mark.parametrize("line", [line for line in TABLE if line.provider in PREFIXES], ids=str)
def test_the_prefix_and_the_version_may_stand_there(line: Line) -> None:
    plain = operation(line.provider, line.method, line.tail)
    for tail in (PREFIXES[line.provider] + line.tail, f"v1/{line.tail}", f"v1/v1/{line.tail}"):
        assert operation(line.provider, line.method, tail) is plain


FLAGGED: list[tuple[str, str, object, Effect, Bills, bool]] = [
    ("mistral", "v1/chat/completions", {"store": True}, Effect.GENERATE, Bills.WORK, False),
    ("mistral", "v1/conversations", {"store": False}, Effect.GENERATE, Bills.WORK, True),
    ("mistral", "v1/conversations", {"store": True}, Effect.ORDER, Bills.WORK, False),
    ("mistral", "v1/conversations", {"store": None}, Effect.ORDER, Bills.WORK, False),
    ("mistral", "v1/conversations/c1", {"store": False}, Effect.GENERATE, Bills.WORK, False),
    ("mistral", "v1/conversations/c1/restart", {"store": False}, Effect.GENERATE, Bills.WORK, False),
    ("groq", "responses", {"previous_response_id": "r"}, Effect.GENERATE, Bills.WORK, False),
    ("grok", "chat/completions", {"deferred": True}, Effect.ORDER, Bills.LATER, False),
    ("grok", "chat/completions", {"deferred": False}, Effect.GENERATE, Bills.WORK, True),
    ("grok", "responses", {"previous_response_id": "r"}, Effect.GENERATE, Bills.WORK, False),
    ("grok", "messages", {"container": "c"}, Effect.GENERATE, Bills.WORK, False),
    ("deepseek", "chat/completions", {"store": True}, Effect.GENERATE, Bills.WORK, True),
    ("deepseek", "anthropic/v1/messages", {"mcp_servers": []}, Effect.GENERATE, Bills.WORK, False),
    ("baseten", "v1/messages", {"container": "c"}, Effect.GENERATE, Bills.WORK, False),
    ("baseten", "model/abc/production/sync/v1/responses", {"background": True}, Effect.ORDER, Bills.LATER, False),
    ("openrouter", "chat/completions", {"session_id": "s"}, Effect.GENERATE, Bills.WORK, True),
    ("openrouter", "responses", {"background": True}, Effect.ORDER, Bills.LATER, False),
    ("openrouter", "messages", {"mcp_servers": [{}]}, Effect.GENERATE, Bills.WORK, False),
    ("fireworks", "responses", {"conversation": "c"}, Effect.GENERATE, Bills.WORK, False),
    ("fireworks", "messages", {"container": "c"}, Effect.GENERATE, Bills.WORK, False),
    ("perplexity-ai", "v1/agent", {"background": True}, Effect.ORDER, Bills.LATER, False),
    ("perplexity-ai", "v1/responses", {"background": True}, Effect.ORDER, Bills.LATER, False),
    ("perplexity-ai", "v1/responses", {"previous_response_id": "r"}, Effect.GENERATE, Bills.WORK, False),
    ("cohere", "v1/chat", {"conversation_id": "c"}, Effect.GENERATE, Bills.WORK, False),
    ("cohere", "v2/chat", {"conversation_id": "c"}, Effect.GENERATE, Bills.WORK, True),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "tail", "body", "effect", "bills", "is_kept"), FLAGGED)
def test_a_flag_makes_another_thing_of_a_request(
    provider: str, tail: str, body: object, effect: Effect, bills: Bills, is_kept: bool
) -> None:
    row = asked(operation(provider, "POST", tail), body=body)
    assert (row.effect, row.bills) == (effect, bills)
    assert (row.cacheable is not Cacheable.NEVER) == is_kept


def test_a_conversation_that_is_not_kept_says_so_in_its_name() -> None:
    row = operation("mistral", "POST", "v1/conversations")
    assert asked(row, body={"store": False}).name == "mistral.conversations.create.no_store"
    assert asked(row, body={"store": True}).name == "mistral.conversations.create"


SETTLING: list[tuple[str, str, str, str, str]] = [
    ("mistral", "v1/batch/jobs/j1", "/id", "/status", ""),
    ("mistral", "v1/fine_tuning/jobs/j1", "/id", "/status", "/trained_tokens"),
    ("groq", "batches/b1", "/id", "/status", ""),
    ("cerebras", "batches/b1", "/id", "/status", ""),
    ("grok", "chat/deferred-completion/d1", "path", "", "/usage"),
    ("grok", "videos/v1", "path", "/status", "/usage"),
    ("grok", "responses/r1", "/id", "/status", "/usage"),
    ("baseten", "model/abc/async_request/r1", "/request_id", "/status", ""),
    ("openrouter", "videos/v1", "/id", "/status", "/usage"),
    ("openrouter", "batches/b1", "/id", "/status", "/usage"),
    ("openrouter", "generation", "/data/id", "", "/data"),
    ("fireworks", "responses/r1", "/id", "/status", "/usage"),
    ("perplexity-ai", "v1/responses/r1", "/id", "/status", "/usage"),
    ("perplexity-ai", "async/chat/completions/r1", "/id", "/status", "/response/usage"),
    ("cohere", "v1/embed-jobs/j1", "/job_id", "/status", "/meta/billed_units"),
    ("cohere", "v2/batches/b1", "/batch/id", "/batch/status", "/batch"),
]


@pytest.mark.parametrize(("provider", "tail", "where", "status", "usage"), SETTLING)
def test_a_read_tells_what_an_order_has_used(
    provider: str, tail: str, where: str, status: str, usage: str
) -> None:
    settles = operation(provider, "GET", tail).settles
    assert settles is not None
    assert (settles.id, settles.status, settles.usage) == (where, status, usage)


def test_fireworks_polls_by_post() -> None:
    settles = operation("fireworks", "POST", "workflows/accounts/a/models/m/get_result").settles
    assert settles is not None
    assert "Ready" in settles.final


@pytest.mark.parametrize(
    ("provider", "tail", "header"),
    [
        ("baseten", "v1/messages", "x-baseten-server-tools"),
        ("openrouter", "chat/completions", "x-openrouter-metadata"),
        ("openrouter", "chat/completions", "x-openrouter-cache"),
        ("openrouter", "messages", "x-openrouter-metadata"),
        ("openrouter", "audio/transcriptions", "x-openrouter-cache-ttl"),
        ("cohere", "v1/chat", "accept"),
    ],
)
def test_headers_that_change_an_answer_are_part_of_the_question(
    provider: str, tail: str, header: str
) -> None:
    assert header in operation(provider, "POST", tail).vary


@pytest.mark.parametrize(
    ("provider", "tail", "unit"),
    [
        ("mistral", "v1/ocr", "pages"),
        ("mistral", "v1/audio/transcriptions", "seconds"),
        ("groq", "audio/speech", "characters"),
        ("groq", "audio/transcriptions", "seconds"),
        ("grok", "images/generations", "images"),
        ("grok", "videos/generations", "seconds"),
        ("grok", "tts", "characters"),
        ("grok", "stt", "seconds"),
        ("baseten", "model/abc/production/predict", "compute-seconds"),
        ("openrouter", "rerank", "searches"),
        ("fireworks", "rerank", "tokens"),
        ("perplexity-ai", "search", "calls"),
        ("cohere", "v2/rerank", "searches"),
        ("cohere", "v2/audio/transcriptions", "seconds"),
    ],
)
def test_a_price_multiplies_what_the_vendor_counts(provider: str, tail: str, unit: str) -> None:
    assert operation(provider, "POST", tail).unit == unit


INFERRED = [
    ("mistral", "WS", "v1/audio/transcriptions/realtime"),
    ("groq", "POST", "fine_tunings"),
    ("baseten", "POST", "v1/completions"),
    ("baseten", "WS", "model/abc/production/websocket"),
    ("openrouter", "POST", "completions"),
    ("perplexity-ai", "GET", "v1/models"),
]


@pytest.mark.parametrize(("provider", "method", "tail"), INFERRED)
def test_what_is_inferred_says_so(provider: str, method: str, tail: str) -> None:
    assert not operation(provider, method, tail).sure


@pytest.mark.parametrize(
    ("method", "tail", "word"),
    [
        ("POST", "v1/agents/completions", "invoke_agent"),
        ("POST", "v1/conversations", "invoke_agent"),
        ("GET", "v1/conversations", None),
        ("POST", "v1/agents", "create_agent"),
        ("POST", "v1/connectors/c/tools/t/call", "execute_tool"),
        ("POST", "v1/workflows/w/execute", "invoke_workflow"),
        ("GET", "v1/workflows/w", None),
    ],
)
def test_telemetry_calls_mistral_s_work_by_the_registry_s_words(
    method: str, tail: str, word: str | None
) -> None:
    assert otel_name(operation("mistral", method, tail)) == word


def test_the_model_of_a_body_that_is_cut_short_is_read_from_its_beginning() -> None:
    row = operation("openrouter", "POST", "chat/completions")
    cut = Request("", lambda _name: None, "application/json", b'{"model": "a/b", "messages": [{"ro', True)
    assert named_model(row, cut) == "a/b"
    assert named_model(row, cut._replace(body=b'{"models": ["a/b"], "messages": [{"ro')) is None


def test_an_alias_has_the_same_operations() -> None:
    assert operation("xai", "POST", "chat/completions").name == "grok.chat.completions.create"
    assert {provider.slug for provider in BUILT_IN} >= TABLES.keys()


@pytest.mark.parametrize(
    ("provider", "tail"),
    [
        ("fireworks", "batches"),
        ("deepseek", "beta/nothing"),
        ("baseten", "model/abc/production/sync/anything"),
        ("baseten", "predict"),
        ("cohere", "v2/generate"),
        ("groq", "responses/compact"),
    ],
)
def test_what_no_row_knows_is_not_kept(provider: str, tail: str) -> None:
    row = asked(operation(provider, "POST", tail), body={"model": "m"})
    assert (row.effect, row.bills, row.cacheable) == (Effect.ORDER, Bills.UNKNOWN, Cacheable.NEVER)
