"""Amazon Bedrock: service and region come first in the tail and make the host (Cloudflare 1.3.1, 1.3.3).

Signatures are made over AWS's own host and path, so everything behind the region goes out byte for byte:
model ARNs keep their colons and `%2F`. `bedrock-mantle` wants `x-api-key` on its Anthropic tree.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.aws_keys import aws_keys
from penstock.providers.base import REGION, ExtraHeaders, HeaderLookup, Location, Provider, bearer_as_api_key
from penstock.providers.openai_rows import (
    CHAT,
    CONTAINER,
    CONTINUED,
    CONVERSATION,
    COUNTED_MESSAGES,
    MODELS,
    RESPONSES,
    STORED_RESPONSES,
)
from penstock.providers.operation import Bills, Cacheable, Kind, Rows, Settles
from penstock.providers.operation_rows import below, counts, orders, reads, work
from penstock.providers.operation_table import OperationTable
from penstock.providers.signing import Signing
from penstock.providers.spoken import Speech, Spoken
from penstock.wire.answer_dialect import Dialect

_SERVICES = {
    "bedrock-runtime": ("https://bedrock-runtime.", ".amazonaws.com"),
    "bedrock-mantle": ("https://bedrock-mantle.", ".api.aws"),
}

_STEERED = (
    "accept",
    "content-type",
    "x-amzn-bedrock-trace",
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-guardrailversion",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
)
_INVOCATION_DONE = Settles(
    id="/invocationArn", status="/status", final=("Completed", "Failed"), usage=""
)  # what it made lies in the customer's own storage

_RUNTIME: Rows = (
    *work("model/{m}/converse model/{m}/converse-stream", Kind.CHAT, Dialect.BEDROCK_CONVERSE, models="path"),
    *work(
        "model/{m}/invoke model/{m}/invoke-with-response-stream",
        Kind.GENERATE,  # or any other: each model has a body of its own
        Dialect.BEDROCK_INVOKE,
        models="path",
    ),
    *work(
        "model/{m}/invoke-with-bidirectional-stream",
        Kind.REALTIME,
        Dialect.BEDROCK_INVOKE,
        models="path",
        cache=Cacheable.NEVER,
    ),
    *counts("model/{m}/count-tokens", models="path"),
    *orders(
        "async-invoke",
        Kind.PREDICTION,
        models="body:modelId",
        unit="seconds",
        once="body:clientRequestToken",
    ),
    *reads("async-invoke/{arn}", Kind.PREDICTION, settles=_INVOCATION_DONE),
    *reads("async-invoke", Kind.PREDICTION),
    *work(
        "guardrail/{g}/version/{version}/apply",
        Kind.GUARDRAIL,
        Dialect.BEDROCK_GUARDRAIL,
        models="",
        unit="units",
    ),
    *work(
        "guardrail-checks/invoke", Kind.GUARDRAIL, models="", bills=Bills.UNKNOWN, unit="units", sure=False
    ),
    *below("openai/v1/", CHAT),
    *work(
        "openai/v1/responses",
        Kind.RESPONSES,
        Dialect.OPENAI_RESPONSES,
        flags=(CONVERSATION, CONTINUED, *CONTAINER),  # never in the background here
    ),
)

_AS_OPENAI: Rows = (*CHAT, *RESPONSES, *below("", STORED_RESPONSES, MODELS, sure=False))
_MANTLE: Rows = (
    *below("v1/", _AS_OPENAI),
    *below("openai/v1/", _AS_OPENAI),  # for some models
    *below("anthropic/v1/", COUNTED_MESSAGES),
)

OPERATIONS = OperationTable(
    "aws-bedrock",
    below("runtime/", _RUNTIME, vary=_STEERED),
    below("mantle/", _MANTLE, vary=_STEERED),
)


def _operation_path(location: Location) -> str:
    """Both hosts have an `openai/v1/`, and not the same behind it."""
    service = "mantle" if location.origin.startswith(_SERVICES["bedrock-mantle"][0]) else "runtime"
    return service + location.path


def _locate(tail: str, _header: HeaderLookup) -> Location:
    service, _, after = tail.partition("/")
    region, _, rest = after.partition("/")
    host = _SERVICES.get(service)
    if host is None or REGION.fullmatch(region) is None:
        raise GatewayError(
            errors.BAD_REQUEST,
            "aws-bedrock paths begin with bedrock-runtime/{region}/ or bedrock-mantle/{region}/",
        )
    return Location(f"{host[0]}{region}{host[1]}", f"/{rest}")


_SIGNED_AS = {"bedrock-runtime": "bedrock", "bedrock-mantle": "bedrock-mantle"}


def _scope(tail: str) -> tuple[str, str]:
    """The region of the host, whatever region the keys name, and the service as signatures call it."""
    service, region, *_ = tail.lstrip("/").split("/")
    return region, _SIGNED_AS[service]


def _credentials(tail: str, header: HeaderLookup) -> ExtraHeaders:
    service, _, after = tail.partition("/")
    anthropic = service == "bedrock-mantle" and after.partition("/")[2].startswith("anthropic/")
    return bearer_as_api_key(header) if anthropic else ()


_CLAUDE = re.compile(r"(.*anthropic\.claude.*)")
_RUNTIME_MODEL = "bedrock-runtime/{region}/model/{model}/"

SPEECH = Speech(
    talk=(
        Spoken(
            dialect=Dialect.BEDROCK_CONVERSE,
            tail=_RUNTIME_MODEL + "converse",
            streamed=_RUNTIME_MODEL + "converse-stream",
            in_path="",
        ),
        Spoken(
            dialect=Dialect.ANTHROPIC,
            tail=_RUNTIME_MODEL + "invoke",
            streamed=_RUNTIME_MODEL + "invoke-with-response-stream",
            models=_CLAUDE,
            host="bedrock",
            in_path="",
        ),
    ),
    embed=(Spoken(dialect=Dialect.BEDROCK_INVOKE, tail=_RUNTIME_MODEL + "invoke", in_path=""),),
    count=(
        Spoken(
            dialect=Dialect.ANTHROPIC,
            tail=_RUNTIME_MODEL + "count-tokens",
            models=_CLAUDE,
            host="bedrock",
            in_path="",
        ),
        Spoken(dialect=Dialect.BEDROCK_CONVERSE, tail=_RUNTIME_MODEL + "count-tokens", in_path=""),
    ),
)
"""Claude is spoken to by Converse, too, but for who speaks its own dialect."""

PROVIDER = Provider(
    slug="aws-bedrock",
    aliases=("bedrock",),
    domains=(".amazonaws.com", ".api.aws"),
    locate=_locate,
    compat=("aws-bedrock", "bedrock"),
    credential_headers=("authorization", "x-api-key"),
    credentials=_credentials,
    signing=Signing(aws_keys, "us-east-1", scope=_scope, takes_environment=True),
    speech=SPEECH,
    operations=OPERATIONS,
    operation_path=_operation_path,
    model_address=re.compile(r"//[^/]+/model/([^/]+)/"),
)
