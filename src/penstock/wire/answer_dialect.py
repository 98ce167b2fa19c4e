"""The dialects in which answers tell what was used, that they are whole, and that they failed.

Names and facts only: which operation answers in which of them is in the providers' tables, how usage is read in
`usage.py`, how a stream's end is told in `stream_end.py`.
"""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    """Of an answer, whole and streamed."""

    OPENAI_CHAT = "openai-chat"  # `usage`; `data: [DONE]`
    OPENAI_RESPONSES = "openai-responses"  # `response.usage`; `response.completed` and its like
    OPENAI_EMBEDDINGS = "openai-embeddings"  # `usage`; not streamed
    OPENAI_IMAGES = "openai-images"  # `usage`; `image_generation.completed` and its like
    OPENAI_SPEECH = "openai-speech"  # bytes; as events `speech.audio.done`
    OPENAI_TRANSCRIPTION = "openai-transcription"  # `usage` or `duration`; `transcript.text.done`
    OPENAI_RUNS = "openai-runs"  # assistants: `thread.run.completed`; `event: done`
    ANTHROPIC = "anthropic-messages"  # `usage`; `message_start` and `message_delta`; `message_stop`
    GOOGLE = "google-generate"  # `usageMetadata`; a `finishReason`, and then the end
    GOOGLE_INTERACTIONS = "google-interactions"  # `usage`; `interaction.completed`
    GOOGLE_PREDICT = "google-predict"  # `predictions`, each with its count; not streamed
    BEDROCK_CONVERSE = "bedrock-converse"  # `usage`; frames `messageStop` and `metadata`
    BEDROCK_INVOKE = "bedrock-invoke"  # headers, or the model's own; `amazon-bedrock-invocationMetrics`
    BEDROCK_GUARDRAIL = "bedrock-guardrail"  # `usage`, units of each policy; not streamed
    COHERE_V1 = "cohere-v1"  # `meta.billed_units`; `stream-end`
    COHERE_V2 = "cohere-v2"  # `usage.billed_units`; `message-end`
    REPLICATE = "replicate"  # `metrics`; `event: done`
    WORKERS_AI = "workers-ai"  # `result.usage`; `data: [DONE]`; `success: false` under 200
    PARALLEL = "parallel"  # `usage`, a list of counts; events end with the connection
    MISTRAL_CONVERSATIONS = "mistral-conversations"  # `usage`; `conversation.response.done`
    MISTRAL_OCR = "mistral-ocr"  # `usage_info.pages_processed`; not streamed
    DEEPGRAM = "deepgram"  # `metadata.duration` times `metadata.channels`; headers for speech
    ELEVENLABS = "elevenlabs"  # `audio_duration_secs`; header `character-cost` for speech
    FAL = "fal"  # header `x-fal-billable-units`; events end with the connection
    CARTESIA = "cartesia"  # bytes; as events `done`
    EXA = "exa"  # `costDollars`; not streamed, nor is what follows up to the last
    TAVILY = "tavily"  # `usage.credits`
    BRAVE = "brave"  # tells nothing, nor do those that follow
    BRAVE_CONTEXT = "brave-context"
    PERPLEXITY_SEARCH = "perplexity-search"
    SEARXNG = "searxng"
    NONE = "none"  # tells nothing; the end of its bytes is its end
