"""Deepgram: speech, version in the tail (Cloudflare 1.3.1, 1.3.3).

Credentials come as `Authorization: Token …`, or in a header named `token`. All options stand in the query; one of
them has the answer sent elsewhere.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.operation import Effect, Flag, Kind
from penstock.providers.operation_rows import makes, reads, sessions, whatever, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import as_is
from penstock.wire.answer_dialect import Dialect

_LISTED = "stt[].name stt[].canonical_name tts[].name tts[].canonical_name"
_CALLED_BACK = Flag(("query:callback",), Effect.ORDER)

OPERATIONS = OperationTable(
    "deepgram",
    work(
        "v1/listen",
        Kind.TRANSCRIPTION,
        Dialect.DEEPGRAM,
        models="query:model",
        flags=(_CALLED_BACK,),
        unit="seconds",
    ),
    work("v1/read", Kind.CLASSIFY, Dialect.DEEPGRAM, models="", flags=(_CALLED_BACK,)),
    work(
        "v1/speak v2/speak",
        Kind.SPEECH,
        Dialect.DEEPGRAM,
        models="query:model",
        flags=(_CALLED_BACK,),
        unit="characters",
    ),
    makes("v1/auth/grant", Kind.SESSION, secret=True),
    reads("v1/models v1/projects/{p}/models", Kind.MODELS, lists=_LISTED),
    reads("v1/models/{m*} v1/projects/{p}/models/{m*}", Kind.MODELS),
    reads("v1/agent/settings/think/models", Kind.MODELS, lists="models[].id"),
    whatever("v1/projects v1/projects/{x*}", Kind.ACCOUNT, secret=True),
    sessions("v1/listen v2/listen", Kind.REALTIME, unit="seconds"),
    sessions("v1/speak v2/speak", Kind.REALTIME, unit="characters"),
    sessions("v1/agent/converse", Kind.REALTIME, unit="seconds"),
)

PROVIDER = Provider(
    slug="deepgram",
    domains=("api.deepgram.com",),
    locate=as_is("https://api.deepgram.com"),
    credential_headers=("authorization", "token"),
    key_header=("authorization", "Token "),
    operations=OPERATIONS,
)
