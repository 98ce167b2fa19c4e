"""Google Vertex AI: the host follows from `locations/{region}` in the path (Cloudflare 1.3.1, 1.3.3).

`global`, and a path without a location, go to the host without a region; `us` and `eu` are Google's
multi-region endpoints. Access tokens are made of the keys of service accounts, which never go there themselves.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import REGION, HeaderLookup, Location, Provider
from penstock.providers.google_accounts import sent_account, service_account
from penstock.providers.google_credentials import QUERY_CREDENTIALS, unfit_as_it_is
from penstock.providers.openai_rows import CHAT, EMBEDDINGS, MESSAGE_FLAGS
from penstock.providers.operation import Bills, Cacheable, Kind, Rows, Settles
from penstock.providers.operation_rows import (
    below,
    cancels,
    changes,
    counts,
    deletes,
    makes,
    orders,
    reads,
    sessions,
    work,
)
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import from_version
from penstock.providers.signing import GOOGLE_TOKENS, Signing
from penstock.providers.spoken import Speech, Spoken
from penstock.wire.answer_dialect import Dialect

_LOCATION = re.compile(r"(?:\A|/)locations/([^/:]*)")  # `locations/us-central1:retrieveContexts`, too
_SPECIAL = {
    "global": "https://aiplatform.googleapis.com",
    "us": "https://aiplatform.us.rep.googleapis.com",
    "eu": "https://aiplatform.eu.rep.googleapis.com",
}

_PLACE = "{v}/projects/{p}/locations/{l}"
_BY_REQUEST_TYPE = ("x-vertex-ai-llm-request-type", "x-vertex-ai-llm-shared-request-type")
_OPERATION_DONE = Settles(id="/name", status="/done", final=("true",), usage="")
_FINAL = tuple(
    f"JOB_STATE_{word}" for word in ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED")
)
_JOB_DONE = Settles(id="/name", status="/state", final=_FINAL, usage="")
_TUNING_DONE = Settles(
    id="/name",
    status="/state",
    final=_FINAL,
    usage="/tuningDataStats/supervisedTuningDataStats/totalBillableTokenCount",
)


def _at_place(*ends: str) -> str:
    return " ".join(_PLACE + end for end in ends)


def _of_publisher(publisher: str, *verbs: str, model: str = "{m}") -> str:
    """The paths of verbs of a publisher's model: in a project, or without one (express mode)."""
    roots = (_PLACE, "{v}")
    return " ".join(
        f"{root}/publishers/{publisher}/models/{model}:{verb}" for verb in verbs for root in roots
    )


def _of_models(*verbs: str) -> str:
    """The paths of verbs of anybody's model, and of an endpoint of one's own."""
    own = (_PLACE + tree + verb for verb in verbs for tree in ("/models/{m}:", "/endpoints/{e}:"))
    return " ".join((_of_publisher("{publisher}", *verbs), *own))


_VERBS_OF_OWN = (
    "rawPredict",
    "streamRawPredict",
    "directPredict",
    "directRawPredict",
    "serverStreamingPredict",
    "explain",
)  # what a deployment of one's own does with them only its owner knows

_GENERATED: Rows = (
    *work(
        _of_models("generateContent", "streamGenerateContent"), Kind.GENERATE, Dialect.GOOGLE, models="path"
    ),
    *counts(_of_publisher("anthropic", "rawPredict", model="count-tokens")),
    *work(
        _of_publisher("anthropic", "rawPredict", "streamRawPredict"),
        Kind.MESSAGES,
        Dialect.ANTHROPIC,
        models="path",
        flags=MESSAGE_FLAGS,
    ),
    *work(
        _of_publisher("{publisher}", "rawPredict", "streamRawPredict"),
        Kind.CHAT,
        Dialect.OPENAI_CHAT,
        models="path",
        sure=False,
    ),
    *work(_of_models("predict"), Kind.OTHER, Dialect.GOOGLE_PREDICT, models="path"),
    *work(_of_models("embedContent"), Kind.EMBEDDINGS, Dialect.GOOGLE, models="path"),
    *counts(_of_models("countTokens", "computeTokens"), models="path"),
    *work(
        _at_place(*(f"/endpoints/{{e}}:{verb}" for verb in _VERBS_OF_OWN)),
        Kind.OTHER,
        models="path",
        cache=Cacheable.NEVER,
    ),
    *below(f"{_PLACE}/endpoints/{{e}}/", CHAT, EMBEDDINGS),
)

_ORDERED: Rows = (
    *orders(_of_models("predictLongRunning"), Kind.VIDEO, models="path", unit="seconds"),
    *reads(_of_models("fetchPredictOperation"), Kind.VIDEO, method="POST", settles=_OPERATION_DONE),
    *orders(_at_place("/batchPredictionJobs"), Kind.BATCH, models="body:model"),
    *cancels(_at_place("/batchPredictionJobs/{id}:cancel"), Kind.BATCH),
    *reads(_at_place("/batchPredictionJobs/{id}"), Kind.BATCH, settles=_JOB_DONE),
    *reads(_at_place("/batchPredictionJobs"), Kind.BATCH),
    *deletes(_at_place("/batchPredictionJobs/{id}"), Kind.BATCH),
    *orders(
        _at_place("/tuningJobs", "/tuningJobs:rebaseTunedModel"), Kind.FINE_TUNE, models="body:baseModel"
    ),
    *reads(_at_place("/tuningJobs/{id}"), Kind.FINE_TUNE, settles=_TUNING_DONE),
    *reads(_at_place("/tuningJobs"), Kind.FINE_TUNE),
    *cancels(_at_place("/tuningJobs/{id}:cancel"), Kind.FINE_TUNE),
)


def _jobs(noun: str) -> Rows:
    """Training of other kinds, all with the same verbs."""
    one = f"/{noun}/{{id}}"
    return (
        *orders(_at_place(f"/{noun}"), Kind.FINE_TUNE),
        *cancels(_at_place(f"{one}:cancel"), Kind.FINE_TUNE),
        *reads(_at_place(one), Kind.FINE_TUNE, settles=_JOB_DONE),
        *reads(_at_place(f"/{noun}"), Kind.FINE_TUNE),
        *deletes(_at_place(one), Kind.FINE_TUNE),
    )


_KEPT: Rows = (
    *orders(_at_place("/cachedContents"), Kind.CACHED_CONTENT, models="body:model"),
    *reads(_at_place("/cachedContents", "/cachedContents/{id}"), Kind.CACHED_CONTENT),
    *changes(_at_place("/cachedContents/{id}"), Kind.CACHED_CONTENT, method="PATCH"),
    *deletes(_at_place("/cachedContents/{id}"), Kind.CACHED_CONTENT),
    *work(
        _at_place(":retrieveContexts", ":augmentPrompt", ":corroborateContent"),
        Kind.SEARCH,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="searches",
        sure=False,
    ),
    *orders(
        _at_place("/ragCorpora", "/ragCorpora/{c}/ragFiles:import", "/ragCorpora/{c}/ragFiles:upload"),
        Kind.VECTOR_STORE,
    ),
    *orders(f"upload/{_PLACE}/ragCorpora/{{c}}/ragFiles:upload", Kind.VECTOR_STORE),
    *reads(_at_place("/ragCorpora", "/ragCorpora/{x*}"), Kind.VECTOR_STORE),
    *changes(_at_place("/ragCorpora/{x*}"), Kind.VECTOR_STORE, method="PATCH"),
    *deletes(_at_place("/ragCorpora/{x*}"), Kind.VECTOR_STORE),
)

_RUN: Rows = (
    *work(
        _at_place(":askContexts", "/reasoningEngines/{r}:query", "/reasoningEngines/{r}:streamQuery"),
        Kind.AGENT_RUN,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        unit="compute-seconds",
        sure=False,
    ),
    *orders(_at_place(":asyncRetrieveContexts", "/reasoningEngines/{r}:asyncQuery"), Kind.AGENT_RUN),
    *work(
        _at_place(":evaluateInstances"),
        Kind.EVAL,
        models="",
        bills=Bills.UNKNOWN,
        cache=Cacheable.NEVER,
        sure=False,
    ),
)

_ACCOUNT: Rows = (
    *makes(_at_place("/endpoints"), Kind.ACCOUNT),
    *orders(_at_place("/endpoints/{e}:deployModel", ":deploy"), Kind.ACCOUNT, unit="compute-seconds"),
    *changes(_at_place("/endpoints/{e}:undeployModel", "/endpoints/{e}:mutateDeployedModel"), Kind.ACCOUNT),
    *changes(_at_place("/endpoints/{e}"), Kind.ACCOUNT, method="PATCH"),
    *reads(_at_place("/endpoints", "/endpoints/{e}"), Kind.ACCOUNT),
    *deletes(_at_place("/endpoints/{e}"), Kind.ACCOUNT),
    *reads(
        f"{{v}}/publishers/{{publisher}}/models {_PLACE}/publishers/{{publisher}}/models {_PLACE}/models",
        Kind.MODELS,
        lists="publisherModels[].name models[].name",
    ),
    *reads(
        "{v}/publishers/{publisher}/models/{m}"
        f" {_PLACE}/publishers/{{publisher}}/models/{{m}} {_PLACE}/models/{{m}}",
        Kind.MODELS,
    ),
    *reads(_at_place("/operations/{id}"), Kind.OTHER, settles=_OPERATION_DONE),
    *reads("{v}/{x*}", Kind.OTHER),
)

OPERATIONS = OperationTable(
    "google-vertex-ai",
    below("", _GENERATED, vary=_BY_REQUEST_TYPE),
    _ORDERED,
    _jobs("customJobs"),
    _jobs("hyperparameterTuningJobs"),
    _jobs("dataLabelingJobs"),
    _jobs("nasJobs"),
    _jobs("pipelineJobs"),
    _KEPT,
    _RUN,
    _ACCOUNT,
    sessions(
        "ws/{service}/BidiGenerateContent", Kind.REALTIME, models=""
    ),  # its first message names the model
)


def _locate(tail: str, _header: HeaderLookup) -> Location:
    match = _LOCATION.search(tail)
    region = "global" if match is None else match[1]
    if REGION.fullmatch(region) is None:
        raise GatewayError(
            errors.BAD_REQUEST, "locations/{region} must name a region such as us-central1 or global"
        )
    origin = _SPECIAL.get(region) or f"https://{region}-aiplatform.googleapis.com"
    return Location(origin, f"/{from_version(tail) or tail}")


_GEMINI = re.compile(r"(?:google/|publishers/google/models/)?([^/]+)")
_CLAUDE = re.compile(r"(?:anthropic/|publishers/anthropic/models/)([^/]+)")
_WHOLE_NAME = re.compile(r"(projects/[^/]+/locations/[^/]+/(?:publishers/google/models|endpoints)/[^/]+)")
_OTHERS = re.compile(r"((?!anthropic/|google/)[^/]+/[^/]+)")  # `meta/llama-…`; Claude is not served there


def _of_gemini(verb: str, streamed: str = "") -> tuple[Spoken, ...]:
    """At a verb of Google's models, and of one by its whole name."""
    return tuple(
        Spoken(
            dialect=Dialect.GOOGLE,
            tail=f"{root}{{model}}:{verb}",
            streamed=streamed and f"{root}{{model}}:{streamed}",
            stream_query=b"?alt=sse",
            models=models,
            host="vertex",
        )
        for root, models in (("{place}/publishers/google/models/", _GEMINI), ("v1/", _WHOLE_NAME))
    )


def _of_claude(verb: str, streamed: str = "", model: str = "{model}") -> Spoken:
    root = f"{{place}}/publishers/anthropic/models/{model}:"
    return Spoken(
        dialect=Dialect.ANTHROPIC,
        tail=root + verb,
        streamed=streamed and root + streamed,
        models=_CLAUDE,
        host="vertex",
    )


SPEECH = Speech(
    talk=(
        *_of_gemini("generateContent", "streamGenerateContent"),
        _of_claude("rawPredict", "streamRawPredict"),
        Spoken(
            dialect=Dialect.OPENAI_CHAT,
            tail="{place}/endpoints/openapi/chat/completions",
            models=_OTHERS,
        ),
    ),
    embed=_of_gemini("{verb}"),
    count=(*_of_gemini("countTokens"), _of_claude("rawPredict", model="count-tokens")),
)

PROVIDER = Provider(
    slug="google-vertex-ai",
    aliases=("google-vertex",),
    domains=(
        "aiplatform.googleapis.com",
        "-aiplatform.googleapis.com",
        "aiplatform.us.rep.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
    ),
    locate=_locate,
    compat=("google-vertex-ai", "google-vertex"),
    speech=SPEECH,
    operations=OPERATIONS,
    query_credentials=QUERY_CREDENTIALS,
    unfit=unfit_as_it_is,
    signing=Signing(service_account, "global", sent=sent_account, token_url=GOOGLE_TOKENS),
    model_address=re.compile(r"/([^/:]+):[^/:]*/*\Z"),  # {model}:generateContent, {endpoint}:predict
)
