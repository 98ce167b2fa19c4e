"""What each endpoint of OpenAI, Anthropic and Parallel is: their vendors' references, row by row."""

from __future__ import annotations

import pytest

from penstock.providers.operation import Bills, Cacheable, Effect, otel_name
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.request_reading import Request, named_model
from support.asked_operations import (
    Line,
    asked,
    assert_is,
    lines,
    operation,
)

OPENAI = """
POST chat/completions | chat | y | gen | b:model | c!
GET chat/completions,chat/completions/c1,chat/completions/c1/messages | chat | n | read | - | -
POST chat/completions/c1 | chat | n | change | - | -
DELETE chat/completions/c1 | chat | n | delete | - | -
POST completions | completion | y | gen | b:model | c
POST responses | responses | y | gen | b:model | c!
GET responses/r1 | responses | n | read | - | -
GET responses/r1/input_items | responses | n | read | - | -
POST responses/r1/cancel | responses | n | cancel | - | -
DELETE responses/r1 | responses | n | delete | - | -
POST responses/input_tokens | token count | n | gen | b:model | c
POST responses/compact | responses | y | gen | b:model | c
POST embeddings | embeddings | y | gen | b:model | c
POST moderations | moderation | n | gen | b:model | c
POST images/generations | image | y | gen | b:model | c
POST images/edits | image edit | y | gen | f:model | c
POST images/edits | image edit | y | gen | b:model | c
POST images/variations | image edit | y | gen | f:model | c
POST audio/speech | speech | y | gen | b:model | c
POST audio/transcriptions | transcription | y | gen | f:model | c
POST audio/translations | translation | y | gen | f:model | c
POST audio/voices,audio/voice_consents | voice | n | upload | - | -
GET audio/voices/v1,audio/voice_consents,audio/voice_consents/v1 | voice | n | read | - | -
POST audio/voice_consents/v1 | voice | n | change | - | -
DELETE audio/voices/v1,audio/voice_consents/v1 | voice | n | delete | - | -
WS realtime | realtime | y | gen | q:model | -
WS realtime?call_id=c1,realtime?intent=transcription | realtime | y | gen | - | -
POST realtime/client_secrets,realtime/sessions | session | n | order | b:session.model | - secret
POST realtime/transcription_sessions | session | n | order | - | - secret
POST realtime/translations/client_secrets | session | n | order | b:session.model | - secret
POST realtime/calls | realtime | o | order | f:session.model | -
POST realtime/calls/c1/accept,realtime/calls/c1/refer | realtime | n | change | - | -
POST realtime/calls/c1/hangup,realtime/calls/c1/reject | realtime | n | cancel | - | -
POST batches | batch | o | order | - | -
GET batches,batches/b1 | batch | n | read | - | -
POST batches/b1/cancel | batch | n | cancel | - | -
POST files | file | n | upload | - | -
GET files,files/f1,files/f1/content | file | n | read | - | -
DELETE files/f1 | file | n | delete | - | -
POST uploads | upload | n | order | - | -
POST uploads/u1/parts | upload | n | upload | - | -
POST uploads/u1/complete | upload | n | change | - | -
POST uploads/u1/cancel | upload | n | cancel | - | -
POST fine_tuning/jobs | fine-tune | o | order | b:model | -
GET fine_tuning/jobs,fine_tuning/jobs/j1,fine_tuning/jobs/j1/events | fine-tune | n | read | - | -
GET fine_tuning/jobs/j1/checkpoints | fine-tune | n | read | - | -
POST fine_tuning/jobs/j1/cancel | fine-tune | n | cancel | - | -
POST fine_tuning/jobs/j1/pause,fine_tuning/jobs/j1/resume | fine-tune | n | change | - | -
GET fine_tuning/checkpoints/c1/permissions | account | n | read | - | -
POST fine_tuning/checkpoints/c1/permissions | account | n | order | - | -
DELETE fine_tuning/checkpoints/c1/permissions/p1 | account | n | delete | - | -
POST fine_tuning/alpha/graders/run | eval | y | gen | b:grader.model | -
POST fine_tuning/alpha/graders/validate | eval | n | gen | - | c
POST evals | eval | n | order | - | -
POST evals/e1 | eval | n | change | - | -
POST evals/e1/runs | eval | o | order | b:data_source.model | -
POST evals/e1/runs/r1 | eval | n | cancel | - | -
GET evals,evals/e1,evals/e1/runs,evals/e1/runs/r1,evals/e1/runs/r1/output_items | eval | n | read | - | -
DELETE evals/e1,evals/e1/runs/r1 | eval | n | delete | - | -
POST vector_stores,vector_stores/v/files,vector_stores/v/file_batches | vector store | n | order | - | -
POST vector_stores/v,vector_stores/v/files/f1 | vector store | n | change | - | -
POST vector_stores/v/file_batches/b1/cancel | vector store | n | cancel | - | -
POST vector_stores/v/search | vector store | ? | gen | - | -
GET vector_stores,vector_stores/v,vector_stores/v/files/f1/content | vector store | n | read | - | -
DELETE vector_stores/v,vector_stores/v/files/f1 | vector store | n | delete | - | -
POST conversations,conversations/c1/items | conversation | n | order | - | -
POST conversations/c1 | conversation | n | change | - | -
GET conversations/c1,conversations/c1/items,conversations/c1/items/i1 | conversation | n | read | - | -
DELETE conversations/c1,conversations/c1/items/i1 | conversation | n | delete | - | -
POST containers | container | o | order | - | -
POST containers/c1/files | container | n | upload | - | -
GET containers,containers/c1,containers/c1/files/f1/content | container | n | read | - | -
DELETE containers/c1,containers/c1/files/f1 | container | n | delete | - | -
POST videos,videos/edits,videos/extensions,videos/characters | video | o | order | b:model | -
POST videos,videos/v1/remix | video | o | order | f:model | -
GET videos,videos/v1,videos/v1/content,videos/characters/c1 | video | n | read | - | -
DELETE videos/v1 | video | n | delete | - | -
POST assistants | agent | n | order | b:model | -
POST assistants/a1 | agent | n | change | - | -
GET assistants,assistants/a1 | agent | n | read | - | -
DELETE assistants/a1 | agent | n | delete | - | -
POST threads,threads/t1/messages | thread | n | order | - | -
POST threads/t1,threads/t1/messages/m1 | thread | n | change | - | -
POST threads/runs,threads/t1/runs | agent run | o | order | b:model | -
POST threads/t1/runs/r1/submit_tool_outputs | agent run | o | order | - | -
POST threads/t1/runs/r1/cancel | agent run | n | cancel | - | -
GET threads/t1,threads/t1/messages,threads/t1/runs,threads/t1/runs/r1/steps | thread | n | read | - | -
GET threads/t1/runs/r1 | agent run | n | read | - | -
DELETE threads/t1,threads/t1/messages/m1 | thread | n | delete | - | -
POST skills,skills/s1/versions | skill | n | upload | - | -
GET skills,skills/s1,skills/s1/content | skill | n | read | - | -
DELETE skills/s1,skills/s1/versions/1 | skill | n | delete | - | -
POST chatkit/sessions | session | n | order | - | - secret
POST chatkit/sessions/s1/cancel | session | n | cancel | - | - secret
GET chatkit/threads,chatkit/threads/t1,chatkit/threads/t1/items | thread | n | read | - | -
DELETE chatkit/threads/t1 | thread | n | delete | - | -
POST content_provenance_checks | image read | ? | gen | - | -
GET models,models/gpt-4o | models | n | read | - | -
DELETE models/ft:gpt-4o:acme::abc | models | n | delete | - | -
GET organization/usage/completions,organization/costs | account | n | read | - | - secret
POST organization/admin_api_keys,projects/p1/service_accounts | account | n | order | - | - secret
DELETE organization/users/u1 | account | n | delete | - | -
"""

ANTHROPIC = """
POST v1/messages,v1/messages?beta=true | messages | y | gen | b:model | c!
POST v1/messages/count_tokens | token count | n | gen | b:model | c
POST v1/messages/batches | batch | o | order | b:requests[].params.model | -
GET v1/messages/batches,v1/messages/batches/b1,v1/messages/batches/b1/results | batch | n | read | - | -
POST v1/messages/batches/b1/cancel | batch | n | cancel | - | -
DELETE v1/messages/batches/b1 | batch | n | delete | - | -
GET v1/models,v1/models/claude-x | models | n | read | - | -
POST v1/files | file | n | upload | - | -
GET v1/files,v1/files/f1,v1/files/f1/content | file | n | read | - | -
DELETE v1/files/f1 | file | n | delete | - | -
POST v1/skills,v1/skills/s1/versions | skill | n | upload | - | -
GET v1/skills,v1/skills/s1/versions/1 | skill | n | read | - | -
DELETE v1/skills/s1 | skill | n | delete | - | -
POST v1/agents | agent | n | order | b:model | -
POST v1/agents/a1,v1/agents/a1/archive | agent | n | change | - | -
GET v1/agents,v1/agents/a1,v1/agents/a1/versions | agent | n | read | - | -
POST v1/environments,v1/memory_stores,v1/vaults | account | n | order | - | - secret
POST v1/user_profiles,v1/tunnels,v1/vaults/v1/credentials | account | n | order | - | - secret
POST v1/vaults/v1,v1/vaults/v1/archive,v1/environments/e1 | account | n | change | - | - secret
POST v1/vaults/v1/credentials/c1,v1/memory_stores/m1/memories/m2 | account | n | change | - | - secret
POST v1/tunnels/t1/rotate_token | account | n | change | - | - secret
POST v1/tunnels/t1/reveal_token | account | n | read | - | - secret
GET v1/environments,v1/memory_stores/m1,v1/vaults/v1/credentials | account | n | read | - | - secret
DELETE v1/vaults/v1,v1/vaults/v1/credentials/c1,v1/user_profiles/u1 | account | n | delete | - | -
POST v1/sessions | agent run | o | order | b:agent | -
POST v1/sessions/s1,v1/sessions/s1/archive,v1/sessions/s1/resources | agent run | n | change | - | -
DELETE v1/sessions/s1,v1/sessions/s1/resources/r1 | agent run | n | delete | - | -
POST v1/sessions/s1/events | agent run | o | order | - | -
GET v1/sessions,v1/sessions/s1,v1/sessions/s1/events | agent run | n | read | - | -
GET v1/sessions/s1/events/stream,v1/sessions/s1/threads/t1/stream | agent run | n | read | - | -
POST v1/deployments | agent run | n | order | - | -
POST v1/deployments/d1,v1/deployments/d1/pause,v1/deployments/d1/unpause | agent run | n | change | - | -
POST v1/deployments/d1/run | agent run | o | order | - | -
GET v1/deployments,v1/deployment_runs,v1/deployment_runs/r1 | agent run | n | read | - | -
POST v1/dreams | agent run | o | order | - | -
POST v1/dreams/d1/cancel | agent run | n | cancel | - | -
POST v1/dreams/d1/archive | agent run | n | change | - | -
GET v1/dreams,v1/dreams/d1 | agent run | n | read | - | -
POST v1/complete | completion | y | gen | b:model | c
GET v1/organizations/usage_report/messages | account | n | read | - | - secret
POST v1/organizations/invites | account | n | order | - | - secret
"""

PARALLEL = """
POST v1/search | search | y | gen | b:mode search-{} | c
POST v1/search | search | y | gen | - search-advanced | c
POST v1beta/search | search | y | gen | b:mode search-{} | c
POST v1beta/search | search | y | gen | b:processor search-{} | c
POST v1beta/search | search | y | gen | - search-one-shot | c
POST v1/extract,v1beta/extract | extract | y | gen | - extract | c
POST v1/images/search | search | y | gen | b:mode image-search-{} | c
POST v1/images/search | search | y | gen | - image-search-advanced | c
POST v1/places/search | search | y | gen | b:mode place-search-{} | c
POST v1/places/search | search | y | gen | - place-search-advanced | c
POST v1/decisions | classify | y | gen | b:model decisions-{} | c
POST v1beta/chat/completions,chat/completions | chat | y | gen | b:model | c!
POST v1/responses | responses | y | gen | b:reasoning.effort responses-{} | c!
POST v1/responses | responses | y | gen | - responses-medium | c!
POST v1/tasks/runs,v1beta/tasks/runs,v1/tasks/runs?beta=true | research | o | order | b:processor | -
GET v1/tasks/runs/r1,v1/tasks/runs/r1/result,v1/tasks/runs/r1/input | research | n | read | - | -
GET v1/tasks/runs/r1/events,v1beta/tasks/runs/r1/events | research | n | read | - | -
GET v1/tasks/runs/r1/result?timeout=60 | research | n | read | - | -
POST v1/tasks/groups,v1beta/tasks/groups | research | n | order | - | -
GET v1/tasks/groups/g1,v1beta/tasks/groups/g1 | research | n | read | - | -
POST v1/tasks/groups/g1/runs,v1beta/tasks/groups/g1/runs | research | o | order | b:inputs[].processor | -
GET v1/tasks/groups/g1/runs,v1/tasks/groups/g1/runs/r1,v1/tasks/groups/g1/events | research | n | read | - | -
GET v1beta/tasks/groups/g1/runs,v1beta/tasks/groups/g1/runs/r1 | research | n | read | - | -
POST v1beta/tasks/suggest,v1beta/tasks/suggest-processor | research | n | gen | - | c
POST v1beta/findall/ingest | findall | n | gen | - | -
POST v1beta/findall/runs | findall | o | order | b:generator findall-{} | -
POST v1beta/findall/runs/f1/enrich | findall | o | order | b:processor findall-enrich-{} | -
POST v1beta/findall/runs/f1/enrich | findall | o | order | - findall-enrich-core | -
POST v1beta/findall/runs/f1/extend | findall | o | order | - findall-extend | -
POST v1beta/findall/runs/f1/cancel | findall | n | cancel | - | -
GET v1beta/findall/runs/f1,v1beta/findall/runs/f1/result | findall | n | read | - | -
GET v1beta/findall/runs/f1/schema,v1beta/findall/runs/f1/events | findall | n | read | - | -
POST v1beta/findall/entity-search,v1beta/findall/candidates | search | y | gen | - entity-search | c
POST v1/monitors,v1alpha/monitors | monitor | o | order | b:processor monitor-{} | -
POST v1/monitors | monitor | o | order | - monitor-lite | -
GET v1/monitors,v1/monitors/m1,v1/monitors/m1/events,v1alpha/monitors | monitor | n | read | - | -
GET v1alpha/monitors/list,v1alpha/monitors/m1/event_groups/e1 | monitor | n | read | - | -
POST v1/monitors/m1/update,v1alpha/monitors/m1 | monitor | n | change | - | -
POST v1/monitors/m1/cancel | monitor | n | cancel | - | -
DELETE v1alpha/monitors/m1 | monitor | n | delete | - | -
POST v1/monitors/m1/trigger | monitor | o | order | - monitor-trigger | -
POST v1alpha/monitors/m1/simulate_event | monitor | n | change | - | -
POST v1beta/memory/retrieve | memory | n | read | - | -
POST v1beta/memory/clear,v1beta/memory/evict | memory | n | delete | - | -
GET account/service/v1/balance,account/service/v1/apps | account | n | read | - | - secret
POST account/service/v1/balance/add,account/service/v1/keys | account | n | order | - | - secret
DELETE account/service/v1/keys | account | n | delete | - | -
"""

TABLE = [
    *lines("openai", OPENAI),
    *lines("anthropic", ANTHROPIC),
    *lines("parallel", PARALLEL),
]


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_an_endpoint_is_what_its_vendor_says(line: Line) -> None:
    assert_is(line)


@pytest.mark.parametrize("line", lines("openai", OPENAI), ids=str)
def test_openai_s_version_may_be_left_out_and_doubled(line: Line) -> None:
    plain = operation("openai", line.method, line.tail)
    for tail in (f"v1/{line.tail}", f"v1/v1/{line.tail}", f"/v1/{line.tail}"):
        assert operation("openai", line.method, tail) is plain


FLAGGED: list[tuple[str, str, object, str, Effect, Bills]] = [
    ("openai", "responses", {"background": True}, "responses.create.background", Effect.ORDER, Bills.LATER),
    ("openai", "responses", {"conversation": "c"}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("openai", "responses", {"conversation": {"id": "c"}}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("openai", "responses", {"previous_response_id": "r"}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("openai", "responses", {"container": "c"}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("openai", "responses", {"container_id": "c"}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("openai", "responses/compact", {"previous_response_id": "r"},
     "responses.compact.create", Effect.GENERATE, Bills.WORK),
    ("openai", "chat/completions", {"store": True}, "chat.completions.create", Effect.GENERATE, Bills.WORK),
    ("anthropic", "v1/messages", {"container": "c"}, "messages.create", Effect.GENERATE, Bills.WORK),
    ("anthropic", "v1/messages", {"container": {"skills": []}}, "messages.create", Effect.GENERATE, Bills.WORK),
    ("anthropic", "v1/messages", {"mcp_servers": [{}]}, "messages.create", Effect.GENERATE, Bills.WORK),
    ("parallel", "v1/responses", {"previous_response_id": "r"}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("parallel", "v1/responses", {"previous_interaction_id": "r"}, "responses.create", Effect.GENERATE, Bills.WORK),
    ("parallel", "chat/completions", {"previous_interaction_id": "r"},
     "chat.completions.create", Effect.GENERATE, Bills.WORK),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "tail", "body", "name", "effect", "bills"), FLAGGED)
def test_a_flag_makes_another_thing_of_a_request(
    provider: str, tail: str, body: object, name: str, effect: Effect, bills: Bills
) -> None:
    row = asked(operation(provider, "POST", tail), body=body)
    assert (row.name, row.effect, row.bills) == (f"{provider}.{name}", effect, bills)
    assert not row.is_kept


@pytest.mark.parametrize(
    "body",
    [
        {"background": False},
        {"background": None, "conversation": None, "previous_response_id": None},
        {"input": [{"background": True}]},
        {"store": True},
        {"background": "true or not"},
        b"question",
    ],
)
def test_what_only_looks_like_a_flag_makes_nothing_of_a_response(body: object) -> None:
    row = asked(operation("openai", "POST", "responses"), body=body)
    assert (row.name, row.effect) == ("openai.responses.create", Effect.GENERATE)
    assert row.is_kept


@pytest.mark.parametrize("tail", ["responses", "chat/completions"])
def test_a_body_that_may_hide_a_flag_is_not_kept(tail: str) -> None:
    row = asked(operation("openai", "POST", tail), body=b'{"a": NaN, "background": true, "store": true}')
    assert not row.is_kept


SETTLING: list[tuple[str, str, str, str, str]] = [
    ("openai", "responses/r1", "/id", "/status", "/usage"),
    ("openai", "batches/b1", "/id", "/status", "/usage"),
    ("openai", "fine_tuning/jobs/j1", "/id", "/status", "/trained_tokens"),
    ("openai", "evals/e1/runs/r1", "/id", "/status", "/per_model_usage"),
    ("openai", "videos/v1", "/id", "/status", ""),
    ("openai", "threads/t1/runs/r1", "/id", "/status", "/usage"),
    ("anthropic", "v1/sessions/s1", "/id", "/status", "/usage"),
    ("parallel", "v1/tasks/runs/r1", "/run_id", "/status", ""),
    ("parallel", "v1/tasks/runs/r1/result", "/run/run_id", "/run/status", ""),
    ("parallel", "v1/tasks/groups/g1/runs/r1", "/run_id", "/status", ""),
    ("parallel", "v1beta/tasks/groups/g1/runs/r1", "/run_id", "/status", ""),
    ("parallel", "v1beta/findall/runs/f1", "/findall_id", "/status/status", "/status/metrics"),
    (
        "parallel", "v1beta/findall/runs/f1/result", "/run/findall_id", "/run/status/status", "/run/status/metrics",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "tail", "where", "status", "usage"), SETTLING)
def test_a_read_tells_what_an_order_has_used(
    provider: str, tail: str, where: str, status: str, usage: str
) -> None:
    settles = operation(provider, "GET", tail).settles
    assert settles is not None
    assert (settles.id, settles.status, settles.usage) == (where, status, usage)


@pytest.mark.parametrize(
    ("provider", "tail"),
    [
        ("openai", "batches"),
        ("openai", "files/f1"),
        ("openai", "chat/completions/c1"),
        ("anthropic", "v1/messages/batches/b1"),
        ("parallel", "v1/tasks/groups/g1"),
        ("parallel", "v1/tasks/runs/r1/input"),
        ("parallel", "v1/monitors/m1"),
    ],
)
def test_other_reads_settle_nothing(provider: str, tail: str) -> None:
    assert operation(provider, "GET", tail).settles is None


def test_the_profile_that_anthropic_answers_for_is_part_of_the_question() -> None:
    for tail in ("v1/messages", "v1/complete"):
        assert "anthropic-user-profile-id" in operation("anthropic", "POST", tail).vary


@pytest.mark.parametrize("session", ["v=0 o=- 4 2", '{"model": 4', "[]", '{"type": "realtime"}', ""])
def test_a_call_whose_session_names_no_model_names_none(session: str) -> None:
    row = operation("openai", "POST", "realtime/calls")
    form = f'--B\r\ncontent-disposition: form-data; name="session"\r\n\r\n{session}\r\n--B--\r\n'
    told = Request("", lambda _name: None, "multipart/form-data; boundary=B", form.encode())
    assert named_model(row, told) is None


@pytest.mark.parametrize(
    ("provider", "method", "tail", "word"),
    [
        ("openai", "POST", "vector_stores/v/search", "retrieval"),
        ("openai", "POST", "vector_stores", None),
        ("openai", "POST", "assistants", "create_agent"),
        ("openai", "POST", "assistants/a1", None),
        ("openai", "POST", "threads/t1/runs", "invoke_agent"),
        ("openai", "POST", "conversations", None),
        ("anthropic", "POST", "v1/messages", "chat"),
        ("anthropic", "POST", "v1/messages/count_tokens", None),
        ("parallel", "POST", "v1/search", "retrieval"),
        ("parallel", "POST", "v1/tasks/runs", "invoke_agent"),
        ("parallel", "GET", "v1/tasks/runs/r1", None),
    ],
)
def test_telemetry_calls_work_by_the_registry_s_words(
    provider: str, method: str, tail: str, word: str | None
) -> None:
    assert otel_name(operation(provider, method, tail)) == word


@pytest.mark.parametrize(
    ("provider", "method", "tail", "effect"),
    [
        ("openai", "POST", "nothing/known", Effect.ORDER),
        ("openai", "POST", "responses/r1/archive", Effect.CHANGE),
        ("openai", "GET", "Chat/Completions", Effect.READ),
        ("openai", "DELETE", "chat/completions", Effect.DELETE),
        ("anthropic", "POST", "v2/messages", Effect.ORDER),
        ("parallel", "POST", "v1/tasks/runs/r1/cancel", Effect.CANCEL),
    ],
)
def test_what_no_row_knows_is_what_its_method_says(
    provider: str, method: str, tail: str, effect: Effect
) -> None:
    row = operation(provider, method, tail)
    assert (row.name, row.effect, row.cacheable) == (UNKNOWN, effect, Cacheable.NEVER)
