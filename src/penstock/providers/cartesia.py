"""Cartesia: speech; no version in its paths, though its docs print one (Cloudflare 1.3.1, 1.3.2).

The API version travels in the `cartesia-version` header, which passes through like any other.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.operation import Flag, Kind
from penstock.providers.operation_rows import (
    changes,
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
from penstock.providers.paths import unversioned
from penstock.wire.answer_dialect import Dialect

_SAVED = Flag(("body:save=true",))  # the answer names a file that is kept there

OPERATIONS = OperationTable(
    "cartesia",
    work(
        "tts/bytes",
        Kind.SPEECH,
        Dialect.CARTESIA,
        models="body:model_id",
        flags=(_SAVED,),
        unit="characters",
    ),
    work("tts/sse", Kind.SPEECH, Dialect.CARTESIA, models="body:model_id", unit="characters"),
    work("infill/bytes", Kind.SPEECH, Dialect.CARTESIA, models="form:model_id", unit="characters"),
    work(
        "voice-changer/bytes voice-changer/sse", Kind.AUDIO_EDIT, Dialect.CARTESIA, models="", unit="seconds"
    ),
    work(
        "stt audio/transcriptions",
        Kind.TRANSCRIPTION,
        Dialect.OPENAI_TRANSCRIPTION,
        models="form:model",
        unit="seconds",
    ),
    uploads("voices/clone", Kind.VOICE),
    makes("voices/localize", Kind.VOICE),
    makes("voices", Kind.VOICE, sure=False),
    changes("voices/{id}", Kind.VOICE, method="PATCH"),
    deletes("voices/{id}", Kind.VOICE),
    orders("fine-tunes fine-tunes/{x*}", Kind.FINE_TUNE),
    reads("fine-tunes fine-tunes/{x*}", Kind.FINE_TUNE),
    deletes("fine-tunes/{x*}", Kind.FINE_TUNE),
    makes("datasets pronunciation-dicts", Kind.DATASET),
    uploads("datasets/{x*} pronunciation-dicts/{x*}", Kind.DATASET),
    changes("datasets/{x*} pronunciation-dicts/{x*}", Kind.DATASET, method="PATCH"),
    reads("datasets datasets/{x*} pronunciation-dicts pronunciation-dicts/{x*}", Kind.DATASET),
    deletes("datasets/{x*} pronunciation-dicts/{x*}", Kind.DATASET),
    makes("access-token", Kind.SESSION, secret=True),
    whatever("agents agents/{x*}", Kind.AGENT),
    reads("voices voices/{x*} accents /", Kind.MODELS),
    sessions(
        "tts/websocket stt/websocket stt/turns/websocket",
        Kind.REALTIME,
        models="query:model_id query:model",
        unit="seconds",
    ),
)

PROVIDER = Provider(
    slug="cartesia",
    domains=("api.cartesia.ai",),
    locate=unversioned("https://api.cartesia.ai"),
    credential_headers=("authorization", "x-api-key"),
    key_header=("x-api-key", ""),
    operations=OPERATIONS,
)
