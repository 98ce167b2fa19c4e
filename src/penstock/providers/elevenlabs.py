"""ElevenLabs: speech, version in the tail (Cloudflare 1.3.1, 1.3.3).

Pure pass-through; its key has a header of its own. No answer states what was used but in headers.
"""

from __future__ import annotations

from penstock.providers.base import Provider
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
    whatever,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.wire.answer_dialect import Dialect

_MODEL = "body:model_id"
_FORM_MODEL = "form:model_id"
_TOLD_LATER = Flag(("form:webhook=true",), Effect.ORDER)
_DUBBED = Settles(id="/dubbing_id", final=("dubbed", "failed"), usage="/media_metadata/duration")
_TALKED = Settles(id="/conversation_id", final=("done", "failed"), usage="/metadata")


def _sound(paths: str, kind: Kind, unit: str, models: str = _MODEL) -> Rows:
    return work(paths, kind, Dialect.ELEVENLABS, models=models, unit=unit)


SPEECH: Rows = (
    *_sound(
        "v1/text-to-speech/{v} v1/text-to-speech/{v}/stream v1/text-to-speech/{v}/with-timestamps"
        " v1/text-to-speech/{v}/stream/with-timestamps v1/text-to-dialogue v1/text-to-dialogue/stream"
        " v1/text-to-dialogue/with-timestamps v1/text-to-dialogue/stream/with-timestamps",
        Kind.SPEECH,
        "characters",
    ),
    *work(
        "v1/speech-to-text",
        Kind.TRANSCRIPTION,
        Dialect.ELEVENLABS,
        models=_FORM_MODEL,
        flags=(_TOLD_LATER,),
        unit="seconds",
    ),
    *reads("v1/speech-to-text/transcripts/{id}", Kind.TRANSCRIPTION, Dialect.ELEVENLABS),
    *deletes("v1/speech-to-text/transcripts/{id}", Kind.TRANSCRIPTION),
    *_sound("v1/forced-alignment", Kind.TRANSCRIPTION, "seconds", models=""),
    *sessions(
        "v1/text-to-speech/{v}/stream-input v1/text-to-speech/{v}/multi-stream-input",
        Kind.REALTIME,
        models="query:model_id",
        unit="characters",
    ),
    *sessions(
        "v1/speech-to-text/realtime v1/convai/conversation",
        Kind.REALTIME,
        models="query:model_id",
        unit="seconds",
    ),
    *makes("v1/single-use-token/{t}", Kind.SESSION, secret=True),
)

SOUND: Rows = (
    *_sound(
        "v1/speech-to-speech/{v} v1/speech-to-speech/{v}/stream", Kind.AUDIO_EDIT, "seconds", _FORM_MODEL
    ),
    *_sound("v1/audio-isolation v1/audio-isolation/stream", Kind.AUDIO_EDIT, "seconds", models=""),
    *_sound("v1/sound-generation", Kind.AUDIO_EDIT, "calls"),
    *_sound(
        "v1/music v1/music/detailed v1/music/stream v1/music/detailed/stream v1/music/video-to-music"
        " v1/music/stem-separation",
        Kind.AUDIO_EDIT,
        "seconds",
        models=f"{_MODEL} {_FORM_MODEL}",
    ),
    *counts("v1/music/plan", Kind.COMPLETION, models=_MODEL),
    *uploads("v1/music/upload", Kind.UPLOAD),
    *orders("v1/music/finetunes v1/music/finetunes/{x*}", Kind.FINE_TUNE, unit="runs"),
    *reads("v1/music/finetunes v1/music/finetunes/{x*}", Kind.FINE_TUNE),
    *changes("v1/music/finetunes/{x*}", Kind.FINE_TUNE, method="PATCH"),
    *deletes("v1/music/finetunes/{x*}", Kind.FINE_TUNE),
)

VOICES: Rows = (
    *work(
        "v1/text-to-voice/design v1/text-to-voice/create-previews v1/text-to-voice/{v}/remix",
        Kind.VOICE,
        Dialect.ELEVENLABS,
        models=_MODEL,
        cache=Cacheable.NEVER,
        unit="characters",
    ),
    *makes(
        "v1/text-to-voice v1/text-to-voice/create-voice-from-preview v1/voices/add v1/voices/add/{x*}"
        " v1/voices/pvc v1/voices/pvc/{x*}",
        Kind.VOICE,
    ),
    *changes("v1/voices/{v}/edit v1/voices/{v}/settings/edit", Kind.VOICE),
    *deletes("v1/voices/{x*}", Kind.VOICE),
    *reads("v1/similar-voices", Kind.VOICE, method="POST"),
    *reads("v1/voices/{x*}", Kind.VOICE),
    *reads("v1/models", Kind.MODELS, lists="[].model_id"),
    *reads("v1/voices v2/voices v1/shared-voices", Kind.MODELS),
)

STUDIO: Rows = (
    *orders(
        "v1/dubbing v1/dubbing/project v1/dubbing/project/{x*} v1/dubbing/resource/{d}/dub"
        " v1/dubbing/resource/{d}/render/{l} v1/dubbing/resource/{d}/transcribe"
        " v1/dubbing/resource/{d}/translate",
        Kind.VIDEO,
        unit="seconds",
    ),
    *changes("v1/dubbing/{x*}", Kind.VIDEO, sure=False),
    *changes("v1/dubbing/{x*}", Kind.VIDEO, method="PATCH"),
    *reads("v1/dubbing/{id}", Kind.VIDEO, settles=_DUBBED),
    *reads("v1/dubbing v1/dubbing/{x*}", Kind.VIDEO),
    *deletes("v1/dubbing/{x*}", Kind.VIDEO),
    *orders(
        "v1/studio/projects/{p}/convert v1/studio/projects/{p}/chapters/{c}/convert",
        Kind.SPEECH,
        unit="characters",
    ),
    *orders("v1/studio/podcasts", Kind.SPEECH, models=_MODEL, unit="characters"),
    *reads(
        "v1/studio/projects/{p}/snapshots/{s}/stream v1/studio/projects/{p}/snapshots/{s}/archive"
        " v1/studio/projects/{p}/chapters/{c}/snapshots/{s}/stream"
        " v1/studio/projects/{p}/chapters/{c}/snapshots/{s}/archive",
        Kind.SPEECH,
        method="POST",
    ),
    *makes("v1/studio/projects", Kind.SPEECH, models="form:default_model_id body:default_model_id"),
    *makes("v1/studio/projects/{p}/chapters", Kind.SPEECH),
    *changes("v1/studio/projects/{x*}", Kind.SPEECH),
    *reads("v1/studio/{x*}", Kind.SPEECH),
    *deletes("v1/studio/{x*}", Kind.SPEECH),
    *makes("v1/audio-native", Kind.SPEECH, models="form:model_id body:model_id"),
    *changes("v1/audio-native/{x*}", Kind.SPEECH),
    *reads("v1/audio-native v1/audio-native/{x*}", Kind.SPEECH),
    *reads("v1/history/download", Kind.SPEECH, method="POST"),
    *reads("v1/history v1/history/{x*}", Kind.SPEECH),
    *deletes("v1/history/{x*}", Kind.SPEECH),
    *orders("v1/productions/orders v1/productions/orders/{x*}", Kind.OTHER, unit="calls"),
    *reads("v1/productions/orders v1/productions/orders/{x*}", Kind.OTHER),
)

AGENTS: Rows = (
    *makes("v1/convai/agents/create", Kind.AGENT),
    *work(
        "v1/convai/agents/{a}/simulate-conversation v1/convai/agents/{a}/simulate-conversation/stream"
        " v1/convai/agents/{a}/run-tests v1/convai/test-invocations/{t}/resubmit"
        " v1/convai/conversations/{c}/analysis/run v1/convai/conversations/{c}/analysis/rerun",
        Kind.AGENT_RUN,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
    ),
    *orders(
        "v1/convai/twilio/outbound-call v1/convai/sip-trunk/outbound-call v1/convai/exotel/outbound-call"
        " v1/convai/whatsapp/outbound-call v1/convai/whatsapp/outbound-message"
        " v1/convai/batch-calling/submit",
        Kind.AGENT_RUN,
        unit="seconds",
    ),
    *orders("v1/convai/batch-calling/{b}/retry", Kind.AGENT_RUN, unit="seconds", sure=False),
    *cancels("v1/convai/batch-calling/{b}/cancel", Kind.AGENT_RUN),
    *reads("v1/convai/conversations/{c}", Kind.AGENT_RUN, settles=_TALKED),
    *reads("v1/convai/conversations v1/convai/conversations/{x*}", Kind.AGENT_RUN),
    *reads(
        "v1/convai/llm-usage/calculate v1/convai/agent/{a}/llm-usage/calculate", Kind.ACCOUNT, method="POST"
    ),
    *makes(
        "v1/convai/conversation/get-signed-url v1/convai/conversation/get_signed_url"
        " v1/convai/conversation/token",
        Kind.SESSION,
        method="GET",
        secret=True,
    ),
    *whatever(
        "v1/convai/secrets v1/convai/secrets/{x*} v1/convai/auth-connections v1/convai/auth-connections/{x*}"
        " v1/convai/phone-numbers v1/convai/phone-numbers/{x*} v1/convai/mcp-servers v1/convai/mcp-servers/{x*}",
        Kind.AGENT,
        secret=True,
    ),
    *whatever("v1/convai/{x*}", Kind.AGENT),
)

ACCOUNT: Rows = (
    *uploads("v1/pronunciation-dictionaries/add-from-file", Kind.DATASET),
    *makes("v1/pronunciation-dictionaries/add-from-rules", Kind.DATASET),
    *changes("v1/pronunciation-dictionaries/{x*}", Kind.DATASET),
    *changes("v1/pronunciation-dictionaries/{x*}", Kind.DATASET, method="PATCH"),
    *reads("v1/pronunciation-dictionaries v1/pronunciation-dictionaries/{x*}", Kind.DATASET),
    *deletes("v1/pronunciation-dictionaries/{x*}", Kind.DATASET),
    *reads("v1/workspace/analytics/{x*}", Kind.ACCOUNT, method="POST", secret=True),
    *whatever(
        "v1/workspace v1/workspace/{x*} v1/service-accounts v1/service-accounts/{x*} v1/user v1/user/{x*}"
        " v1/usage/{x*} v1/speech-engine v1/speech-engine/{x*}",
        Kind.ACCOUNT,
        secret=True,
    ),
)

OPERATIONS = OperationTable("elevenlabs", SPEECH, SOUND, VOICES, STUDIO, AGENTS, ACCOUNT)

PROVIDER = Provider(
    slug="elevenlabs",
    domains=("api.elevenlabs.io",),
    locate=as_is("https://api.elevenlabs.io"),
    credential_headers=("xi-api-key", "authorization"),
    key_header=("xi-api-key", ""),
    operations=OPERATIONS,
)
