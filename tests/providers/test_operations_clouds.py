"""What each endpoint of the clouds is, and of a provider that is known by its address alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from penstock.providers.base import model_at, operations_at
from penstock.providers.operation import Bills, Cacheable, Effect, Kind, Operation
from penstock.providers.operation_table import UNKNOWN, UNKNOWN_OPERATION
from penstock.providers.registry import Registry, native
from penstock.providers.request_reading import Request, flagged, named_model

REGISTRY = Registry({"custom-own": "https://own.example/some/base"})

KEPT = Effect.GENERATE, Bills.WORK, Cacheable.ALWAYS
UNFLAGGED = Effect.GENERATE, Bills.WORK, Cacheable.UNFLAGGED
FLAGGED = WORK = Effect.GENERATE, Bills.WORK, Cacheable.NEVER
UNPRICED = Effect.GENERATE, Bills.UNKNOWN, Cacheable.NEVER
UNPRICED_KEPT = Effect.GENERATE, Bills.UNKNOWN, Cacheable.ALWAYS
COUNT = Effect.GENERATE, Bills.NOTHING, Cacheable.ALWAYS
ORDER = Effect.ORDER, Bills.LATER, Cacheable.NEVER
MADE = Effect.ORDER, Bills.NOTHING, Cacheable.NEVER
READ = Effect.READ, Bills.NOTHING, Cacheable.NEVER
CHANGE = Effect.CHANGE, Bills.NOTHING, Cacheable.NEVER
CANCEL = Effect.CANCEL, Bills.NOTHING, Cacheable.NEVER
DELETE = Effect.DELETE, Bills.NOTHING, Cacheable.NEVER
UPLOAD = Effect.UPLOAD, Bills.NOTHING, Cacheable.NEVER
NOBODY_KNOWS = Effect.ORDER, Bills.UNKNOWN, Cacheable.NEVER

Facts = tuple[Effect, Bills, Cacheable]
ANY = Kind.OTHER, NOBODY_KNOWS  # where nothing of it is looked at


class Case(NamedTuple):
    """Requests of one method that are the same kind of thing, each body naming the model `m`."""

    slug: str
    requests: str  # the method, and then tails, separated by blanks
    kind: Kind
    facts: Facts
    model: str | None
    body: bytes
    query: str


class Of(NamedTuple):
    """Writes the cases of a provider. `short` are beginnings of tails, and what they stand for."""

    slug: str
    short: tuple[tuple[str, str], ...] = ()

    def __call__(
        self,
        requests: str,
        kind: Kind,
        facts: Facts,
        model: str | None = None,
        body: bytes = b'{"model":"m"}',
        query: str = "",
    ) -> Case:
        for short, full in self.short:
            requests = requests.replace(f" {short}", f" {full}")
        return Case(self.slug, requests, kind, facts, model, body, query)


studio = Of("google-ai-studio")
vertex = Of(
    "google-vertex-ai",
    (
        ("P", "v1/projects/p/locations/eu"),
        ("G/", "v1beta1/projects/p/locations/us-central1/publishers/google/models/"),
    ),
)
bedrock = Of("aws-bedrock", (("R/", "bedrock-runtime/us-east-1/"), ("M/", "bedrock-mantle/eu-west-1/")))
azure = Of("azure-openai")
own = Of("custom-own")

STUDIO = [
    studio("POST v1beta/models/g:generateContent v1/models/g:generateContent", Kind.GENERATE, KEPT, "g"),
    studio("POST v1beta/v1beta/models/g:generateContent v1/v1alpha/models/g:streamGenerateContent",
           Kind.GENERATE, KEPT, "g"),
    studio("POST v1beta/models/g:streamGenerateContent v1beta/%6dodels/g:streamGenerateConten%74",
           Kind.GENERATE, KEPT, "g", query="alt=sse"),
    studio("POST v1beta/tunedModels/t:generateContent", Kind.GENERATE, KEPT, "tunedModels/t"),
    studio("POST v1beta/dynamic/d:generateContent", Kind.GENERATE, KEPT, "d"),
    studio("POST v1beta/models/e:embedContent v1/models/e:batchEmbedContents", Kind.EMBEDDINGS, KEPT, "e"),
    studio("POST v1/models/g:countTokens v1beta2/models/g:countTextTokens v1beta2/models/g:countMessageTokens",
           Kind.TOKEN_COUNT, COUNT, "g"),
    studio("POST v1beta/models/imagen-4:predict", Kind.IMAGE, KEPT, "imagen-4"),
    studio("POST v1beta/models/veo-3:predictLongRunning", Kind.VIDEO, ORDER, "veo-3"),
    studio("POST v1beta/models/g:batchGenerateContent v1beta/models/g:asyncBatchEmbedContent",
           Kind.BATCH, ORDER, "g"),
    studio("GET v1beta/batches v1beta/batches/b", Kind.BATCH, READ),
    studio("DELETE v1beta/batches/b", Kind.BATCH, DELETE),
    studio("POST v1beta/batches/b:cancel", Kind.BATCH, CANCEL),
    studio("GET v1beta/operations/o v1beta/models/m/operations/o", Kind.OTHER, READ),
    studio("POST v1beta/interactions", Kind.INTERACTION, UNFLAGGED, "m"),
    studio("POST v1beta/interactions", Kind.INTERACTION, UNFLAGGED, "deep", body=b'{"agent":"deep"}'),
    studio("POST v1beta/interactions", Kind.INTERACTION, ORDER, "m", body=b'{"model":"m","background":true}'),
    studio("POST v1beta/interactions", Kind.INTERACTION, FLAGGED, "m",
           body=b'{"model":"m","previous_interaction_id":"i"}'),
    studio("GET v1beta/interactions/i", Kind.INTERACTION, READ),
    studio("DELETE v1beta/interactions/i", Kind.INTERACTION, DELETE),
    studio("POST v1beta/interactions/i/cancel", Kind.INTERACTION, CANCEL),
    studio("POST v1beta/cachedContents", Kind.CACHED_CONTENT, ORDER, "m"),
    studio("GET v1beta/cachedContents v1/cachedContents/c", Kind.CACHED_CONTENT, READ),
    studio("PATCH v1beta/cachedContents/c", Kind.CACHED_CONTENT, CHANGE),
    studio("DELETE v1beta/cachedContents/c", Kind.CACHED_CONTENT, DELETE),
    studio("POST v1beta/files upload/v1beta/files v1beta/files:register", Kind.FILE, UPLOAD),
    studio("GET v1beta/files v1beta/files/f v1beta/files/f:download", Kind.FILE, READ),
    studio("DELETE v1beta/files/f", Kind.FILE, DELETE),
    studio("POST v1beta/fileSearchStores v1beta/fileSearchStores/s:importFile"
           " upload/v1beta/fileSearchStores/s:uploadToFileSearchStore", Kind.VECTOR_STORE, ORDER),
    studio("GET v1beta/fileSearchStores v1beta/fileSearchStores/s/documents/d", Kind.VECTOR_STORE, READ),
    studio("DELETE v1beta/fileSearchStores/s v1beta/fileSearchStores/s/documents/d", Kind.VECTOR_STORE, DELETE),
    studio("POST v1beta/corpora v1beta/corpora/c/documents v1beta/corpora/c/documents/d/chunks",
           Kind.VECTOR_STORE, MADE),
    studio("POST v1beta/corpora/c:query v1beta/corpora/c/documents/d:query", Kind.VECTOR_STORE, UNPRICED),
    studio("GET v1beta/corpora v1beta/corpora/c/documents/d/chunks/x", Kind.VECTOR_STORE, READ),
    studio("POST v1beta/tunedModels v1beta/tuningJobs", Kind.FINE_TUNE, ORDER, "base",
           body=b'{"baseModel":"base"}'),
    studio("PATCH v1beta/tunedModels/t", Kind.FINE_TUNE, CHANGE),
    studio("DELETE v1beta/tunedModels/t v1beta/tuningJobs/j", Kind.FINE_TUNE, DELETE),
    studio("GET v1beta/tunedModels v1beta/tunedModels/t v1beta/tuningJobs/j", Kind.FINE_TUNE, READ),
    studio("POST v1beta/models/a:generateAnswer v1beta2/models/a:generateText v1beta3/models/a:generateMessage",
           Kind.GENERATE, KEPT, "a"),
    studio("POST v1beta/agents v1beta/environments v1beta/triggers v1beta/webhooks"
           " v1beta/webhooks/w:rotateSigningSecret", Kind.AGENT, MADE),
    studio("GET v1beta/agents/a v1beta/webhooks", Kind.AGENT, READ),
    studio("PATCH v1beta/triggers/t v1beta/webhooks/w", Kind.AGENT, CHANGE),
    studio("DELETE v1beta/agents/a v1beta/webhooks/w", Kind.AGENT, DELETE),
    studio("POST v1alpha/auth_tokens", Kind.SESSION, MADE),
    studio("GET v1beta/models v1/models/g v1/models/g:x", Kind.MODELS, READ),
    studio("POST v1beta/openai/chat/completions", Kind.CHAT, UNFLAGGED, "m"),
    studio("POST v1beta/openai/chat/completions", Kind.CHAT, FLAGGED, "m", body=b'{"model":"m","store":true}'),
    studio("POST v1beta/openai/embeddings", Kind.EMBEDDINGS, KEPT, "m"),
    studio("POST v1beta/openai/images/generations", Kind.IMAGE, KEPT, "m"),
    studio("POST v1beta/openai/batches", Kind.BATCH, ORDER),
    studio("GET v1beta/openai/models", Kind.MODELS, READ),
    studio("WS ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", Kind.REALTIME, WORK),
    studio("POST v1beta/models/g:inventedLater models/g", Kind.OTHER, NOBODY_KNOWS, "m"),
    studio("POST v1beta/inventedLater/x:cancel", Kind.OTHER, CANCEL, "m"),
]  # fmt: skip

CLAUDE = "publishers/anthropic/models"
VERTEX = [
    vertex("POST G/g:generateContent G/g:streamGenerateContent v1/publishers/google/models/g:generateContent",
           Kind.GENERATE, KEPT, "g"),
    vertex("POST P/endpoints/e:generateContent P/endpoints/e:streamGenerateContent", Kind.GENERATE, KEPT, "e"),
    vertex("POST v1/v1/projects/p/locations/global/publishers/google/%6dodels/g:generateContent",
           Kind.GENERATE, KEPT, "g"),
    vertex(f"POST P/{CLAUDE}/claude@1:rawPredict v1/{CLAUDE}/claude@1:streamRawPredict",
           Kind.MESSAGES, UNFLAGGED, "claude@1"),
    vertex(f"POST P/{CLAUDE}/c:rawPredict", Kind.MESSAGES, FLAGGED, "c", body=b'{"mcp_servers":[]}'),
    vertex(f"POST P/{CLAUDE}/count-tokens:rawPredict", Kind.TOKEN_COUNT, COUNT, "m"),
    vertex("POST P/publishers/mistralai/models/x:rawPredict P/publishers/meta/models/x:streamRawPredict",
           Kind.CHAT, KEPT, "x"),
    vertex("POST P/endpoints/openapi/chat/completions", Kind.CHAT, UNFLAGGED, "m"),
    vertex("POST P/endpoints/openapi/embeddings", Kind.EMBEDDINGS, KEPT, "m"),
    vertex("POST G/imagen-4:predict v1/publishers/google/models/imagen-4:predict", Kind.OTHER, KEPT, "imagen-4"),
    vertex("POST P/endpoints/e:predict", Kind.OTHER, KEPT, "e"),
    vertex("POST G/gemini-embedding:embedContent", Kind.EMBEDDINGS, KEPT, "gemini-embedding"),
    vertex("POST G/veo:predictLongRunning", Kind.VIDEO, ORDER, "veo"),
    vertex("POST G/veo:fetchPredictOperation", Kind.VIDEO, READ),
    vertex("POST G/g:countTokens G/g:computeTokens", Kind.TOKEN_COUNT, COUNT, "g"),
    vertex("POST P/endpoints/e:rawPredict P/endpoints/e:streamRawPredict P/endpoints/e:directPredict"
           " P/endpoints/e:serverStreamingPredict P/endpoints/e:explain", Kind.OTHER, WORK, "e"),
    vertex("POST P/batchPredictionJobs", Kind.BATCH, ORDER, "m"),
    vertex("POST P/batchPredictionJobs/j:cancel", Kind.BATCH, CANCEL),
    vertex("GET P/batchPredictionJobs P/batchPredictionJobs/j", Kind.BATCH, READ),
    vertex("DELETE P/batchPredictionJobs/j", Kind.BATCH, DELETE),
    vertex("POST P/tuningJobs", Kind.FINE_TUNE, ORDER, "base", body=b'{"baseModel":"base"}'),
    vertex("POST P/customJobs P/pipelineJobs", Kind.FINE_TUNE, ORDER),
    vertex("POST P/tuningJobs/j:cancel P/customJobs/j:cancel", Kind.FINE_TUNE, CANCEL),
    vertex("GET P/tuningJobs P/tuningJobs/j P/customJobs/j", Kind.FINE_TUNE, READ),
    vertex("DELETE P/customJobs/j", Kind.FINE_TUNE, DELETE),
    vertex("POST P/cachedContents", Kind.CACHED_CONTENT, ORDER, "m"),
    vertex("GET P/cachedContents P/cachedContents/c", Kind.CACHED_CONTENT, READ),
    vertex("PATCH P/cachedContents/c", Kind.CACHED_CONTENT, CHANGE),
    vertex("DELETE P/cachedContents/c", Kind.CACHED_CONTENT, DELETE),
    vertex("POST P:retrieveContexts P:augmentPrompt P:corroborateContent", Kind.SEARCH, UNPRICED),
    vertex("POST P:askContexts", Kind.AGENT_RUN, UNPRICED),
    vertex("POST P:asyncRetrieveContexts P/reasoningEngines/r:asyncQuery", Kind.AGENT_RUN, ORDER),
    vertex("POST P/ragCorpora P/ragCorpora/c/ragFiles:import P/ragCorpora/c/ragFiles:upload"
           " upload/v1/projects/p/locations/eu/ragCorpora/c/ragFiles:upload", Kind.VECTOR_STORE, ORDER),
    vertex("GET P/ragCorpora P/ragCorpora/c/ragFiles/f", Kind.VECTOR_STORE, READ),
    vertex("PATCH P/ragCorpora/c", Kind.VECTOR_STORE, CHANGE),
    vertex("DELETE P/ragCorpora/c P/ragCorpora/c/ragFiles/f", Kind.VECTOR_STORE, DELETE),
    vertex("POST P:evaluateInstances", Kind.EVAL, UNPRICED),
    vertex("POST P/reasoningEngines/r:query P/reasoningEngines/r:streamQuery", Kind.AGENT_RUN, UNPRICED),
    vertex("POST P/endpoints", Kind.ACCOUNT, MADE),
    vertex("POST P/endpoints/e:deployModel P:deploy", Kind.ACCOUNT, ORDER),
    vertex("POST P/endpoints/e:undeployModel", Kind.ACCOUNT, CHANGE),
    vertex("PATCH P/endpoints/e", Kind.ACCOUNT, CHANGE),
    vertex("DELETE P/endpoints/e", Kind.ACCOUNT, DELETE),
    vertex("GET P/operations/o P/whatever/there/is", Kind.OTHER, READ),
    vertex("GET v1beta1/publishers/google/models G/g P/models", Kind.MODELS, READ),
    vertex("WS ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent", Kind.REALTIME, WORK),
    vertex("POST G/g:inventedLater", Kind.OTHER, NOBODY_KNOWS, "m"),
]  # fmt: skip

ARN = "arn%3Aaws%3Abedrock%3Aeu-west-3%3A1%3Ainference-profile%2Fx"
BEDROCK = [
    bedrock("POST R/model/a.b-v1%3A0/converse R/model/a.b-v1:0/converse-stream", Kind.CHAT, KEPT, "a.b-v1:0"),
    bedrock(f"POST R/model/{ARN}/converse", Kind.CHAT, KEPT, "arn:aws:bedrock:eu-west-3:1:inference-profile/x"),
    bedrock("POST R/model/x/invoke R/model/x/invoke-with-response-stream R/mode%6c/x/invoke",
            Kind.GENERATE, KEPT, "x"),
    bedrock("POST R/model/x/invoke-with-bidirectional-stream", Kind.REALTIME, WORK, "x"),
    bedrock("POST R/model/x/count-tokens", Kind.TOKEN_COUNT, COUNT, "x"),
    bedrock("POST R/async-invoke", Kind.PREDICTION, ORDER, "nova", body=b'{"modelId":"nova"}'),
    bedrock("GET R/async-invoke R/async-invoke/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aasync-invoke%2Fx",
            Kind.PREDICTION, READ),
    bedrock("POST R/guardrail/g/version/DRAFT/apply R/guardrail/g/version/1/apply", Kind.GUARDRAIL, KEPT),
    bedrock("POST R/guardrail-checks/invoke", Kind.GUARDRAIL, UNPRICED_KEPT),
    bedrock("POST R/openai/v1/chat/completions M/v1/chat/completions M/openai/v1/chat/completions",
            Kind.CHAT, UNFLAGGED, "m"),
    bedrock("POST R/openai/v1/responses M/v1/responses M/openai/v1/responses", Kind.RESPONSES, UNFLAGGED, "m"),
    bedrock("POST R/openai/v1/responses", Kind.RESPONSES, UNFLAGGED, "m", body=b'{"model":"m","background":true}'),
    bedrock("POST M/v1/responses", Kind.RESPONSES, ORDER, "m", body=b'{"model":"m","background":true}'),
    bedrock("GET M/v1/responses/r M/openai/v1/responses/r", Kind.RESPONSES, READ),
    bedrock("DELETE M/v1/responses/r", Kind.RESPONSES, DELETE),
    bedrock("POST M/v1/responses/r/cancel", Kind.RESPONSES, CANCEL),
    bedrock("POST M/anthropic/v1/messages", Kind.MESSAGES, UNFLAGGED, "m"),
    bedrock("POST M/anthropic/v1/messages", Kind.MESSAGES, FLAGGED, "m", body=b'{"model":"m","container":"c"}'),
    bedrock("POST M/anthropic/v1/messages/count_tokens", Kind.TOKEN_COUNT, COUNT, "m"),
    bedrock("GET M/v1/models", Kind.MODELS, READ),
    bedrock("POST R/v1/chat/completions M/model/x/converse", Kind.OTHER, NOBODY_KNOWS, "m"),
]  # fmt: skip

DEPLOYED = (
    "res/dep",
    "res/dep/openai/deployments/dep",
    "res/openai/deployments/dep",
    "res/dep/deployments/dep",
)


def deployed(path: str) -> str:
    return "POST " + " ".join(f"{root}/{path}" for root in DEPLOYED)


def beside(*paths: str) -> str:
    return " ".join(f"res/openai/{path} res/dep/openai/{path} res/openai/v1/{path}" for path in paths)


AZURE = [
    azure(deployed("chat/completions"), Kind.CHAT, UNFLAGGED, "dep"),
    azure(deployed("chat/completions"), Kind.CHAT, UNFLAGGED, "dep", body=b"{}"),
    azure(deployed("completions"), Kind.COMPLETION, KEPT, "dep"),
    azure(deployed("embeddings"), Kind.EMBEDDINGS, KEPT, "dep"),
    azure(deployed("images/generations"), Kind.IMAGE, KEPT, "dep"),
    azure(deployed("images/edits"), Kind.IMAGE_EDIT, KEPT, "dep"),
    azure(deployed("audio/speech"), Kind.SPEECH, KEPT, "dep"),
    azure(deployed("audio/transcriptions"), Kind.TRANSCRIPTION, KEPT, "dep"),
    azure(deployed("audio/translations"), Kind.TRANSLATION, KEPT, "dep"),
    azure("POST res/dep/extensions/chat/completions", Kind.CHAT, WORK, "dep"),
    azure("POST res/openai/v1/chat/completions", Kind.CHAT, UNFLAGGED, "m"),
    azure("POST res/openai/chat/completions", Kind.CHAT, UNFLAGGED, "openai"),
    azure("POST res/openai/v1/completions", Kind.COMPLETION, KEPT, "m"),
    azure("POST res/openai/v1/embeddings", Kind.EMBEDDINGS, KEPT, "m"),
    azure("POST res/openai/v1/images/generations", Kind.IMAGE, KEPT, "m"),
    azure("POST res/openai/v1/audio/transcriptions", Kind.TRANSCRIPTION, KEPT, "m"),
    azure("POST res/openai/v1/videos", Kind.VIDEO, ORDER, "m"),
    azure("POST res/openai/v1/realtime/client_secrets", Kind.SESSION, MADE, "m"),
    azure(f"POST {beside('responses')}", Kind.RESPONSES, UNFLAGGED, "m"),
    azure(f"POST {beside('responses')}", Kind.RESPONSES, ORDER, "m", body=b'{"model":"m","background":true}'),
    azure(f"GET {beside('responses/r')}", Kind.RESPONSES, READ),
    azure(f"POST {beside('responses/r/cancel')}", Kind.RESPONSES, CANCEL),
    azure("POST res/openai/images/generations:submit", Kind.IMAGE, ORDER),
    azure("GET res/openai/operations/images/i", Kind.IMAGE, READ),
    azure("DELETE res/openai/operations/images/i", Kind.IMAGE, DELETE),
    azure("POST res/openai/v1/video/generations/jobs", Kind.VIDEO, ORDER, "m"),
    azure("GET res/openai/v1/video/generations/jobs res/openai/v1/video/generations/jobs/j"
          " res/openai/v1/video/generations/g/content/video", Kind.VIDEO, READ),
    azure("DELETE res/openai/v1/video/generations/jobs/j", Kind.VIDEO, DELETE),
    azure(f"POST {beside('files')}", Kind.FILE, UPLOAD),
    azure(f"GET {beside('files', 'files/f/content')}", Kind.FILE, READ),
    azure(f"POST {beside('batches')}", Kind.BATCH, ORDER),
    azure(f"GET {beside('batches', 'batches/b')}", Kind.BATCH, READ),
    azure(f"POST {beside('batches/b/cancel')}", Kind.BATCH, CANCEL),
    azure(f"POST {beside('fine_tuning/jobs')}", Kind.FINE_TUNE, ORDER, "m"),
    azure(f"POST {beside('assistants')}", Kind.AGENT, MADE, "m"),
    azure(f"POST {beside('threads')}", Kind.THREAD, MADE),
    azure(f"POST {beside('threads/t/runs')}", Kind.AGENT_RUN, ORDER, "m"),
    azure(f"POST {beside('vector_stores')}", Kind.VECTOR_STORE, MADE),
    azure(f"POST {beside('evals')}", Kind.EVAL, MADE),
    azure(f"GET {beside('models', 'models/x')}", Kind.MODELS, READ),
    azure("WS res/openai/realtime res/dep/realtime", Kind.REALTIME, WORK, "d", query="api-version=1&deployment=d"),
    azure("WS res/openai/v1/realtime", Kind.REALTIME, WORK, "d", query="model=d"),
    azure("POST res/dep/inventedLater", Kind.OTHER, NOBODY_KNOWS, "m"),
]  # fmt: skip

OWN = [
    own("POST chat/completions v1/chat/completions any/v1/v1/chat/completion%73", Kind.CHAT, UNFLAGGED, "m"),
    own("POST v1/chat/completions", Kind.CHAT, FLAGGED, "m", body=b'{"model":"m","store":true}'),
    own("POST files/v1/chat/completions", Kind.CHAT, UNFLAGGED, "m"),
    own("POST v1/completions", Kind.COMPLETION, KEPT, "m"),
    own("POST v1/responses", Kind.RESPONSES, UNFLAGGED, "m"),
    own("POST v1/responses", Kind.RESPONSES, ORDER, "m", body=b'{"model":"m","background":true}'),
    own("POST v1/embeddings", Kind.EMBEDDINGS, KEPT, "m"),
    own("POST v1/images/generations", Kind.IMAGE, KEPT, "m"),
    own("POST v1/images/edits", Kind.IMAGE_EDIT, KEPT, "m"),
    own("POST v1/audio/speech", Kind.SPEECH, KEPT, "m"),
    own("POST v1/audio/transcriptions", Kind.TRANSCRIPTION, KEPT, "m"),
    own("POST v1/audio/translations", Kind.TRANSLATION, KEPT, "m"),
    own("POST v1/moderations", Kind.MODERATION, UNPRICED_KEPT, "m"),
    own("POST v1/messages anthropic/v1/messages", Kind.MESSAGES, UNFLAGGED, "m"),
    own("POST v1/messages/count_tokens", Kind.TOKEN_COUNT, COUNT, "m"),
    own("POST v1/rerank rerank", Kind.RERANK, KEPT, "m"),
    own("POST v1beta/models/g:generateContent v1beta/models/g:streamGenerateContent", Kind.GENERATE, KEPT, "g"),
    own("POST v1beta/models/g:countTokens", Kind.TOKEN_COUNT, COUNT, "g"),
    own("POST v1beta/models/g:embedContent", Kind.EMBEDDINGS, KEPT, "g"),
    own("POST v1/batches v1/messages/batches", Kind.BATCH, ORDER),
    own("POST v1/files", Kind.FILE, UPLOAD),
    own("POST v1/threads v1/threads/t/messages", Kind.THREAD, MADE),
    own("POST v1/threads/t/runs", Kind.AGENT_RUN, ORDER, "m"),
    own("POST v1/vector_stores", Kind.VECTOR_STORE, MADE),
    own("POST v1/fine_tuning/jobs", Kind.FINE_TUNE, ORDER, "m"),
    own("POST v1/videos", Kind.VIDEO, ORDER, "m"),
    own("POST v1/predictions", Kind.PREDICTION, ORDER, "m"),
    own("POST v1/predictions/p/cancel", Kind.PREDICTION, CANCEL),
    own("POST tokenize v1/detokenize", Kind.TOKEN_COUNT, COUNT, "m"),
    own("GET v1/models", Kind.MODELS, READ),
    own("GET v1/responses/r", Kind.RESPONSES, READ),
    own("GET v1/batches/b", Kind.BATCH, READ),
    own("GET anything/there/is", Kind.OTHER, READ, "m"),
    own("DELETE anything/there/is", Kind.OTHER, DELETE, "m"),
    own("POST chat", Kind.OTHER, NOBODY_KNOWS, "m"),
    own("POST jobs/j/cancel", Kind.OTHER, CANCEL, "m"),
]  # fmt: skip

CASES = [
    (method, tail, case)
    for case in (*STUDIO, *VERTEX, *BEDROCK, *AZURE, *OWN)
    for method, *tails in [case.requests.split()]
    for tail in tails
]
EACH = pytest.mark.parametrize(
    ("method", "tail", "case"), CASES, ids=[f"{c.slug} {m} {t}" for m, t, c in CASES]
)


def nothing(_name: str) -> None:
    """No header."""


def found(case: Case, method: str, tail: str) -> Operation:
    provider = REGISTRY.find(case.slug)
    assert provider is not None
    operation = operations_at(provider, native(provider, tail, nothing)).get(
        method.encode(), UNKNOWN_OPERATION
    )
    return flagged(operation, Request(case.query, nothing, "application/json", case.body))


def model_of(case: Case, operation: Operation, tail: str) -> str | None:
    """By the address where the operation goes by it, else by what the request says."""
    provider = REGISTRY.find(case.slug)
    assert provider is not None
    at = model_at(provider, tail, nothing) if "path" in operation.models else None
    return at or named_model(operation, Request(case.query, nothing, "application/json", case.body))


@EACH
def test_what_an_endpoint_is(method: str, tail: str, case: Case) -> None:
    operation = found(case, method, tail)
    assert operation.kind is case.kind
    assert (operation.effect, operation.bills, operation.cacheable) == case.facts
    assert (operation.name == UNKNOWN) == (case.kind is Kind.OTHER and case.model == "m")
    assert model_of(case, operation, tail) == case.model


def spelled_otherwise(tail: str) -> Iterator[str]:
    yield tail + "/"
    before, slash, last = tail.rpartition("/")
    if slash and not before.endswith("locations"):
        yield f"{before}//{last}"
    if tail[-3] != "%":
        yield f"{tail[:-1]}%{ord(tail[-1]):02x}"


@EACH
def test_spelling_changes_nothing(method: str, tail: str, case: Case) -> None:
    for other in spelled_otherwise(tail):
        assert found(case, method, other) == found(case, method, tail), other


@EACH
def test_head_is_a_read(method: str, tail: str, case: Case) -> None:
    operation = found(case, "HEAD", tail)
    assert (operation.effect, operation.bills, operation.cacheable) == READ
    if method == "GET":
        assert operation == found(case, method, tail)


@pytest.mark.parametrize(
    ("case", "headers"),
    [
        (
            bedrock("POST R/model/x/converse R/model/x/invoke R/openai/v1/chat/completions M/v1/responses", *ANY),
            {
                "accept", "content-type", "x-amzn-bedrock-trace", "x-amzn-bedrock-guardrailidentifier",
                "x-amzn-bedrock-guardrailversion", "x-amzn-bedrock-performanceconfig-latency",
                "x-amzn-bedrock-service-tier",
            },
        ),
        (
            vertex("POST G/g:generateContent P/endpoints/openapi/chat/completions", *ANY),
            {"x-vertex-ai-llm-request-type", "x-vertex-ai-llm-shared-request-type"},
        ),
    ],
)  # fmt: skip
def test_headers_that_steer_an_answer_are_told(case: Case, headers: set[str]) -> None:
    method, *tails = case.requests.split()
    for tail in tails:
        assert set(found(case, method, tail).vary) == headers


@pytest.mark.parametrize(
    "case",
    [
        studio("POST v1alpha/auth_tokens v1beta/webhooks v1beta/webhooks/w:rotateSigningSecret", *ANY),
        azure("POST res/openai/v1/realtime/client_secrets res/openai/realtimeapi/sessions", *ANY),
    ],
)
def test_credentials_are_secret(case: Case) -> None:
    method, *tails = case.requests.split()
    assert all(found(case, method, tail).secret for tail in tails)


@pytest.mark.parametrize(
    "case",
    [
        studio(
            "GET v1beta/batches/b v1beta/operations/o v1beta/models/m/operations/o v1beta/interactions/i",
            *ANY,
        ),
        vertex("POST G/veo:fetchPredictOperation", *ANY),
        vertex("GET P/operations/o P/batchPredictionJobs/j P/tuningJobs/j P/customJobs/j", *ANY),
        bedrock("GET R/async-invoke/a M/v1/responses/r M/openai/v1/responses/r", *ANY),
        azure("GET res/openai/responses/r res/openai/v1/batches/b res/openai/operations/images/i", *ANY),
        own("GET v1/responses/r v1/batches/b v1/predictions/p v1/threads/t/runs/r", *ANY),
    ],
)
def test_what_is_asked_for_until_it_is_done_settles_the_order(case: Case) -> None:
    method, *tails = case.requests.split()
    assert all(found(case, method, tail).settles for tail in tails)


@EACH
def test_what_is_guessed_is_called_so(method: str, tail: str, case: Case) -> None:
    operation = found(case, method, tail)
    if case.slug.startswith("custom-"):
        assert operation.name == UNKNOWN or operation.name.startswith("custom.")
        assert not operation.sure
