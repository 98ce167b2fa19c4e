"""Nouns of a control store with everything in them that is hard to keep, and more of a kind."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from penstock.stores.control_store import (
    Add,
    ControlStore,
    CustomProvider,
    Dataset,
    DynamicRoute,
    Evaluation,
    EvaluationResult,
    Noun,
    ProviderKey,
    RateLimit,
    RouteDeployment,
    RouteVersion,
    SecretHash,
    Snapshot,
    SpendLimit,
    StoredGateway,
    Token,
)
from penstock.stores.model_alias import ModelAlias

Store = TypeVar("Store", bound=ControlStore)

LABEL = b"\x01" + b"f" * 8
NASTY = "x'); DROP TABLE tokens; --\"\0%_\\ é\U0001f600"

TOKEN = Token(
    id="0123456789abcdef",
    name=NASTY,
    permissions=("run", "metadata_read"),
    accounts=(NASTY,),
    gateways=("local/prod", NASTY),
    secrets=(SecretHash(b"salt\0", b"\xff" * 32), SecretHash(b"", b"", 7)),
    created_us=1,
    expires_us=2**53,
    user=NASTY,
    team=NASTY,
    rate_limit=RateLimit(100, 60, "sliding"),
    spend_limit=SpendLimit(0.1, 86400),
    providers=("openai",),
    models=("openai/gpt-*", NASTY),
    operations=("chat", "parallel.tasks.*", NASTY),
    metadata={NASTY: NASTY, "n": 1, "f": 1.5, "b": True, "one": 1.0},
    max_estimate=0.3,
    max_active=2**53,
)
KEY = ProviderKey(
    id="k",
    account=NASTY,
    gateway=NASTY,
    provider=NASTY,
    alias=NASTY,
    sealed=LABEL + bytes(range(256)),
    preview=NASTY,
    hosts=(NASTY,),
    rate_limit=2**53,
    rate_limit_period=1,
    created_us=1,
    modified_us=2,
)
PROVIDER = CustomProvider(
    id="c",
    account="local",
    slug="acme",
    name=NASTY,
    base_url=NASTY,
    enable=False,
    allow_private=True,
    sealed_headers=LABEL + b"\0",
    about={NASTY: [NASTY, None, 1.5, {"deep": [True]}]},
    created_us=1,
    modified_us=2,
)
GATEWAY = StoredGateway(
    id="g",
    account="local",
    gateway="prod",
    fields={"cache_ttl": 60, NASTY: [NASTY, None, {"deep": {"deeper": 1.5}}]},
    sealed=LABEL + b"\0\xff",
    created_us=1,
    modified_us=2,
)
ROUTE = DynamicRoute(
    id="r",
    account="local",
    gateway="prod",
    name=NASTY,
    versions=(RouteVersion(id="v1", elements=[{"id": NASTY}, 1], comment=NASTY, created_us=1),),
    deployments=(RouteDeployment(id="d1", version_id="v1", created_us=1),),
    created_us=1,
    modified_us=2,
)
DATASET = Dataset(
    id="s",
    account="local",
    gateway="prod",
    name=NASTY,
    enable=True,
    filters=[{"key": "cost", "operator": "gt", "value": [0.5, NASTY]}],
    created_us=1,
    modified_us=2,
)
EVALUATION = Evaluation(
    id="e",
    account="local",
    gateway="prod",
    name=NASTY,
    dataset_ids=("s",),
    evaluation_type_ids=("cost", NASTY),
    processed=True,
    total_logs=7,
    results=(
        EvaluationResult(
            id="x",
            evaluation_type_id="cost",
            result=NASTY,
            status=1,
            status_description="",
            total_logs=7,
            created_us=3,
        ),
    ),
    created_us=1,
    modified_us=2,
)
MODEL_ALIAS = ModelAlias(
    id="m",
    account="local",
    name=NASTY,
    models=("anthropic/claude-sonnet-4-5", NASTY),
    created_us=1,
    modified_us=2,
)
EVERYTHING: tuple[Noun, ...] = (TOKEN, KEY, PROVIDER, GATEWAY, ROUTE, DATASET, EVALUATION, MODEL_ALIAS)
FILLED = Snapshot(1, (TOKEN,), (KEY,), (PROVIDER,), (GATEWAY,), (ROUTE,), (MODEL_ALIAS,))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = (
    texts | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
)
times = st.integers(0, 2**63 - 1)
tokens = st.builds(
    Token,
    id=texts,
    name=texts,
    permissions=st.lists(st.sampled_from(["read", "run", "edit", "metadata_read"])).map(tuple),
    accounts=st.lists(texts).map(tuple),
    gateways=st.lists(texts).map(tuple),
    secrets=st.lists(st.builds(SecretHash, st.binary(), st.binary(), st.none() | times)).map(tuple),
    created_us=times,
    expires_us=st.none() | times,
    user=texts,
    team=texts,
    rate_limit=st.none() | st.builds(RateLimit, st.integers(0, 2**53), st.integers(0, 2**53)),
    spend_limit=st.none() | st.builds(SpendLimit, st.floats(0, 1e12), st.integers(0, 2**53)),
    providers=st.lists(texts).map(tuple),
    models=st.lists(texts).map(tuple),
    operations=st.lists(texts).map(tuple),
    metadata=st.dictionaries(texts, values, max_size=5),
    max_estimate=st.none() | st.floats(0, 1e12),
    max_active=st.none() | st.integers(0, 2**53),
)


def filled(store: Store) -> Store:
    store.apply([Add(one) for one in EVERYTHING])
    return store


def token(number: int) -> Token:
    return msgspec.structs.replace(TOKEN, id=f"{number:016d}")


def key(number: int, sealed: bytes = LABEL) -> ProviderKey:
    return msgspec.structs.replace(KEY, id=str(number), sealed=sealed)


def provider(number: int, sealed: bytes | None = None) -> CustomProvider:
    return msgspec.structs.replace(PROVIDER, id=str(number), slug=f"s{number}", sealed_headers=sealed)
