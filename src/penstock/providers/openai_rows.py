"""What the OpenAI dialect's endpoints are, for OpenAI itself and for everybody who has the same paths.

In groups, since others have some of them: what is generated, what is stored, jobs, assistants. Paths are below the
version. Anthropic's one generation is here too: half of those who have the others have it beside them.
"""

from __future__ import annotations

from penstock.providers.operation import Bills, Cacheable, Effect, Flag, Kind, Rows, Settles
from penstock.providers.operation_rows import (
    cancels,
    changes,
    counts,
    deletes,
    makes,
    orders,
    reads,
    sessions,
    uploads,
    work,
)
from penstock.wire.answer_dialect import Dialect

BACKGROUND = Flag(("body:background=true",), Effect.ORDER)
STORED = Flag(("body:store=true",))
CONVERSATION = Flag(("body:conversation",))
CONTINUED = Flag(("body:previous_response_id",))
CONTAINER = (Flag(("body:container",)), Flag(("body:container_id",)))
TOOL_SERVERS = Flag(("body:mcp_servers",))
STORED_PROMPT = Flag(("body:prompt",))
STATE = (BACKGROUND, CONVERSATION, CONTINUED, STORED_PROMPT, *CONTAINER)
"""What makes an answer depend on what is kept at the provider, or leaves something there."""

RESPONSE_DONE = Settles(final=("completed", "incomplete", "failed", "cancelled"))
RUN_DONE = Settles(final=("completed", "failed", "cancelled", "expired", "incomplete"))
_JOB_DONE = Settles(final=("succeeded", "failed", "cancelled"), usage="/trained_tokens")
_BATCH_DONE = Settles(final=("completed", "failed", "expired", "cancelled"), results="/output_file_id")
_BATCH_ENDED = Settles(final=_BATCH_DONE.final, usage="", results="/output_file_id")
_RESULTS = Settles("path", status="", lines="/response/body")
_VIDEO_DONE = Settles(final=("completed", "failed"), usage="", seconds="/seconds")
_EVAL_DONE = Settles(final=("completed", "failed", "canceled"), usage="/per_model_usage")

_FORM_FIRST = "form:model body:model"

CHAT: Rows = work("chat/completions", Kind.CHAT, Dialect.OPENAI_CHAT, flags=(STORED,))
COMPLETIONS: Rows = work("completions", Kind.COMPLETION, Dialect.OPENAI_CHAT)
EMBEDDINGS: Rows = work("embeddings", Kind.EMBEDDINGS, Dialect.OPENAI_EMBEDDINGS)
MODEL_LIST = "data[].id data[].aliases models[].id models[].name models[].model"
"""Where those name models who have the dialect: some have their own list beside OpenAI's."""

MODELS: Rows = (
    *reads("models", Kind.MODELS, lists=MODEL_LIST),
    *reads("models/{m}", Kind.MODELS),
)

MESSAGE_FLAGS = (*CONTAINER, TOOL_SERVERS)
MESSAGES: Rows = work("messages", Kind.MESSAGES, Dialect.ANTHROPIC, flags=MESSAGE_FLAGS)
COUNTED_MESSAGES: Rows = (*MESSAGES, *counts("messages/count_tokens"))

RESPONSE: Rows = work("responses", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, flags=STATE)
RESPONSES: Rows = (
    *RESPONSE,
    *counts("responses/input_tokens"),
    *work("responses/compact", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, flags=(CONTINUED,)),
)

STORED_RESPONSES: Rows = (
    *reads("responses/{id}", Kind.RESPONSES, Dialect.OPENAI_RESPONSES, settles=RESPONSE_DONE),
    *reads("responses/{id}/input_items", Kind.RESPONSES),
    *cancels(
        "responses/{id}/cancel", Kind.RESPONSES, dialect=Dialect.OPENAI_RESPONSES, settles=RESPONSE_DONE
    ),
    *deletes("responses/{id}", Kind.RESPONSES),
)

IMAGES: Rows = (
    *work("images/generations", Kind.IMAGE, Dialect.OPENAI_IMAGES),
    *work("images/edits", Kind.IMAGE_EDIT, Dialect.OPENAI_IMAGES, models=_FORM_FIRST),
    *work("images/variations", Kind.IMAGE_EDIT, Dialect.OPENAI_IMAGES, models=_FORM_FIRST, unit="images"),
)

SPEECH: Rows = work("audio/speech", Kind.SPEECH, Dialect.OPENAI_SPEECH, unit="characters")
TRANSCRIPTIONS: Rows = work(
    "audio/transcriptions",
    Kind.TRANSCRIPTION,
    Dialect.OPENAI_TRANSCRIPTION,
    models=_FORM_FIRST,
    unit="seconds",
)
AUDIO: Rows = (
    *SPEECH,
    *TRANSCRIPTIONS,
    *work(
        "audio/translations",
        Kind.TRANSLATION,
        Dialect.OPENAI_TRANSCRIPTION,
        models=_FORM_FIRST,
        unit="seconds",
    ),
)

MODERATIONS: Rows = counts("moderations", Kind.MODERATION)

GENERATED: Rows = (*CHAT, *COMPLETIONS, *RESPONSES, *EMBEDDINGS, *IMAGES, *AUDIO)
"""What is answered out of the request itself."""

FILES: Rows = (
    *uploads("files"),
    *reads("files files/{id}", Kind.FILE),
    *reads("files/{id}/content", Kind.FILE, settles=_RESULTS),
    *deletes("files/{id}", Kind.FILE),
)

_BATCHES: Rows = (
    *orders("batches", Kind.BATCH),
    *reads("batches", Kind.BATCH),
    *cancels("batches/{id}/cancel", Kind.BATCH),
)
BATCHES: Rows = (
    *_BATCHES,
    *reads("batches/{id}", Kind.BATCH, Dialect.OPENAI_RESPONSES, settles=_BATCH_DONE),
)
UNPRICED_BATCHES: Rows = (*_BATCHES, *reads("batches/{id}", Kind.BATCH, settles=_BATCH_ENDED))
"""Of those whose batches tell usage in the file of results only."""

FINE_TUNING: Rows = (
    *orders("fine_tuning/jobs", Kind.FINE_TUNE, models="body:model"),
    *reads("fine_tuning/jobs/{id}", Kind.FINE_TUNE, settles=_JOB_DONE),
    *reads("fine_tuning/jobs fine_tuning/jobs/{id}/events fine_tuning/jobs/{id}/checkpoints", Kind.FINE_TUNE),
    *cancels("fine_tuning/jobs/{id}/cancel", Kind.FINE_TUNE),
    *changes("fine_tuning/jobs/{id}/pause fine_tuning/jobs/{id}/resume", Kind.FINE_TUNE),
)

VECTOR_STORES: Rows = (
    *makes("vector_stores vector_stores/{id}/files vector_stores/{id}/file_batches", Kind.VECTOR_STORE),
    *changes("vector_stores/{id} vector_stores/{id}/files/{f}", Kind.VECTOR_STORE),
    *cancels("vector_stores/{id}/file_batches/{b}/cancel", Kind.VECTOR_STORE),
    *work(
        "vector_stores/{id}/search",
        Kind.VECTOR_STORE,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="searches",
        sure=False,
    ),
    *reads("vector_stores vector_stores/{x*}", Kind.VECTOR_STORE),
    *deletes("vector_stores/{x*}", Kind.VECTOR_STORE),
)

_RUN_PATHS = "threads/runs threads/{id}/runs threads/{id}/runs/{r}/submit_tool_outputs"

ASSISTANTS: Rows = (
    *makes("assistants", Kind.AGENT, models="body:model"),
    *changes("assistants/{id}", Kind.AGENT),
    *reads("assistants assistants/{id}", Kind.AGENT),
    *deletes("assistants/{id}", Kind.AGENT),
    *makes("threads threads/{id}/messages", Kind.THREAD),
    *changes("threads/{id} threads/{id}/messages/{m} threads/{id}/runs/{r}", Kind.THREAD),
    *orders(
        _RUN_PATHS,
        Kind.AGENT_RUN,
        Dialect.OPENAI_RUNS,
        models="body:model",
    ),
    *cancels("threads/{id}/runs/{r}/cancel", Kind.AGENT_RUN),
    *reads("threads/{id}/runs/{r}", Kind.AGENT_RUN, Dialect.OPENAI_RUNS, settles=RUN_DONE),
    *reads("threads/{x*}", Kind.THREAD),
    *deletes("threads/{x*}", Kind.THREAD),
)

EVALS: Rows = (
    *makes("evals", Kind.EVAL),
    *changes("evals/{id}", Kind.EVAL),
    *orders("evals/{id}/runs", Kind.EVAL, models="body:data_source.model"),
    *cancels("evals/{id}/runs/{r}", Kind.EVAL),
    *reads("evals/{id}/runs/{r}", Kind.EVAL, settles=_EVAL_DONE),
    *reads("evals evals/{x*}", Kind.EVAL),
    *deletes("evals/{x*}", Kind.EVAL),
)

VIDEOS: Rows = (
    *orders(
        "videos videos/edits videos/extensions videos/{id}/remix videos/characters",
        Kind.VIDEO,
        models=_FORM_FIRST,
        unit="seconds",
    ),
    *reads("videos/{id}", Kind.VIDEO, settles=_VIDEO_DONE),
    *reads("videos videos/{id}/content videos/characters/{id}", Kind.VIDEO),
    *deletes("videos/{id}", Kind.VIDEO),
)

REALTIME: Rows = (
    *sessions("realtime", Kind.REALTIME),
    *makes(
        "realtime/client_secrets realtime/sessions realtime/transcription_sessions"
        " realtime/translations/client_secrets",
        Kind.SESSION,
        models="body:session.model body:model",
        secret=True,
    ),
    *orders("realtime/calls", Kind.REALTIME, models="form:session.model"),
    *changes("realtime/calls/{id}/accept realtime/calls/{id}/refer", Kind.REALTIME),
    *cancels("realtime/calls/{id}/hangup realtime/calls/{id}/reject", Kind.REALTIME),
)
