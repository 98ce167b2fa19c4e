"""The official Cloudflare library against a server of its own: logs, datasets, evaluations, dynamic routes (D4-D8).

Answers are checked strictly against the library's types, but for logs: there the type of `metadata` is wrong (C9).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypedDict, cast

import cloudflare
import pytest
from cloudflare import AsyncCloudflare

from conftest import Connect, Serve
from support.canned import chat_reply
from support.client import request
from support.configuration import gateways, providers
from support.gateway import Gateway
from support.replies import whole
from support.upstream import Upstream

TOKEN = "an-admin-token-for-tests"


class Place(TypedDict):
    """Where a thing is."""

    account_id: str
    gateway_id: str


PLACE: Place = {"account_id": "acct", "gateway_id": "gw"}


@pytest.fixture
async def gateway(serve: Serve, upstream: Upstream) -> Gateway:
    config = gateways(gw={}) + providers({"openai": upstream.url})
    return await serve(config, environ={"PENSTOCK_ADMIN_TOKEN": TOKEN})


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[AsyncCloudflare]:
    base_url = f"{gateway.url}/client/v4"
    async with AsyncCloudflare(api_token=TOKEN, base_url=base_url, max_retries=0) as one:
        yield one


@pytest.fixture
async def strict(gateway: Gateway) -> AsyncIterator[AsyncCloudflare]:
    base_url = f"{gateway.url}/client/v4"
    async with AsyncCloudflare(
        api_token=TOKEN, base_url=base_url, max_retries=0, _strict_response_validation=True
    ) as one:
        yield one


async def ask(gateway: Gateway, connect: Connect, model: str, *headers: tuple[str, str]) -> bytes:
    """One call; its body."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]}).encode()
    line = await connect(gateway.url)
    kind = ("content-type", "application/json")
    await line.send(request("POST", "/v1/acct/gw/openai/chat/completions", kind, *headers, body=body))
    await line.answer()
    return body


async def ids(client: AsyncCloudflare, **parameters: Any) -> list[str]:  # noqa: ANN401 (whatever the library takes)
    """The ids of all logs that the library finds, on whatever pages."""
    found = client.ai_gateway.logs.list("gw", account_id="acct", **parameters)
    return [row.id async for row in found]


def one(key: str, operator: str, *values: object) -> Any:  # noqa: ANN401 (the library has several types for it)
    return {"key": key, "operator": operator, "value": [*values]}


async def test_logs(gateway: Gateway, client: AsyncCloudflare, upstream: Upstream, connect: Connect) -> None:
    broken = whole(b'{"error":"no"}', status=500, headers=(("Content-Type", "application/json"),))
    upstream.will(chat_reply(), broken, chat_reply())
    first = await ask(gateway, connect, "gpt-5", ("cf-aig-metadata", '{"team":"a"}'))
    await ask(gateway, connect, "gpt-5")
    await ask(gateway, connect, "o3")
    oldest, second, third = [row.id for row in await gateway.logs(3)]
    logs = client.ai_gateway.logs

    # Both filters hold; the library sends them in columns, and asks until a page is empty.
    both = [one("model", "contains", "gpt"), one("success", "eq", True)]
    assert await ids(client, filters=both) == [oldest]
    assert await ids(client, filters=[one("model", "eq", "openai/o3", "openai/gpt-5")]) == [
        third,
        second,
        oldest,
    ]
    assert await ids(client, filters=[one("metadata.key", "eq", "team")], per_page=1) == [oldest]
    assert await ids(client, per_page=1, order_by="created_at", order_by_direction="asc") == [
        oldest,
        second,
        third,
    ]
    assert await ids(client, success=False, min_duration=0, start_date="2026-01-01T00:00:00Z") == [second]
    with pytest.raises(cloudflare.BadRequestError) as refused:
        await ids(client, per_page=100)
    assert refused.value.errors[0].code == 7001
    with pytest.raises(cloudflare.BadRequestError) as refused:
        await ids(client, filters=[one("colour", "eq", "red")])
    assert refused.value.errors[0].code == 7001

    log = await logs.get(oldest, **PLACE)
    assert (log.model, log.provider, log.success, log.cached) == ("openai/gpt-5", "openai", True, False)
    assert (log.tokens_in, log.tokens_out, log.ai_model_type) == (9, 3, "text generation")
    assert (log.request_head, log.request_head_complete) == (first.decode(), True)
    assert log.created_at.utcoffset() is not None

    await logs.edit(oldest, **PLACE, feedback=1, score=90, metadata={"a": "b"})
    log = await logs.get(oldest, **PLACE)
    assert (cast(Any, log).feedback, cast(Any, log).score, cast(Any, log).metadata) == (1, 90, {"a": "b"})
    assert await ids(client, feedback=1) == [oldest]
    assert await logs.request(oldest, **PLACE) == json.loads(first)
    answered = cast(dict[str, object], await logs.response(oldest, **PLACE))
    assert answered["object"] == "chat.completion"

    assert (await logs.delete("gw", account_id="acct", filters=[one("success", "eq", False)])).success is True
    assert await ids(client) == [third, oldest]
    with pytest.raises(cloudflare.NotFoundError) as missing:
        await logs.request(second, **PLACE)
    assert missing.value.errors[0].code == 7002
    assert "admin deleted 1 logs of acct/gw" in gateway.stderr


async def test_datasets_and_evaluations(
    gateway: Gateway, strict: AsyncCloudflare, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(chat_reply(), chat_reply())
    await ask(gateway, connect, "gpt-5")
    await ask(gateway, connect, "o3")
    await gateway.logs(2)
    datasets, evaluations = strict.ai_gateway.datasets, strict.ai_gateway.evaluations

    filters = [one("model", "contains", "gpt"), one("cached", "eq", False)]
    dataset = await datasets.create("gw", account_id="acct", name="gpt", enable=True, filters=filters)
    assert (dataset.name, [filter.key for filter in dataset.filters]) == ("gpt", ["model", "cached"])
    assert [row.id async for row in datasets.list("gw", account_id="acct")] == [dataset.id]
    assert (await datasets.get(dataset.id, **PLACE)).created_at == dataset.created_at
    changed = await datasets.update(
        dataset.id, **PLACE, name="new", enable=True, filters=cast(Iterable[Any], filters[:1])
    )
    assert (changed.id, changed.name) == (dataset.id, "new")

    types = [row async for row in strict.ai_gateway.evaluation_types.list(account_id="acct")]
    assert {row.type for row in types} == {"cost", "speed", "human_feedback"}
    wanted = [row.id for row in types if row.type != "human_feedback"]
    made = await evaluations.create(
        "gw", account_id="acct", name="e", dataset_ids=[dataset.id], evaluation_type_ids=wanted
    )
    assert (made.processed, made.total_logs, made.datasets[0].name) == (True, 1, "new")
    assert all(float(result.result) >= 0 and result.status == 1 for result in made.results)
    assert [row.id async for row in evaluations.list("gw", account_id="acct")] == [made.id]
    shown = await evaluations.get(made.id, **PLACE)
    assert [(one.id, one.result) for one in shown.results] == [(one.id, one.result) for one in made.results]
    assert (await evaluations.delete(made.id, **PLACE)).id == made.id
    assert (await datasets.delete(dataset.id, **PLACE)).id == dataset.id
    assert [row.id async for row in datasets.list("gw", account_id="acct")] == []


def elements(provider: str) -> Any:  # noqa: ANN401 (as `one`)
    """The elements of a simple route."""
    end = {"element_id": "e"}
    return [
        {"id": "s", "type": "start", "outputs": {"next": {"element_id": "m"}}},
        {
            "id": "m",
            "type": "model",
            "properties": {"provider": provider, "model": "x", "timeout": 1000, "retries": 0},
            "outputs": {"success": end, "fallback": end},
        },
        {"id": "e", "type": "end", "outputs": {}},
    ]


async def test_dynamic_routes(strict: AsyncCloudflare) -> None:
    routing = strict.ai_gateway.dynamic_routing
    made = await routing.create("gw", account_id="acct", name="support", elements=elements("openai"))
    assert (made.name, made.version.active, made.deployment.version_id) == (
        "support", "true", made.version.version_id,
    )  # fmt: skip
    assert json.loads(made.version.data)[1]["properties"]["provider"] == "openai"

    saved = await routing.create_version(made.id, **PLACE, elements=elements("anthropic"))
    assert saved.id == made.id
    versions = (await routing.list_versions(made.id, **PLACE)).data.versions
    assert [(one.active, one.version_id == made.version.version_id) for one in versions] == [
        ("false", False), ("true", True),
    ]  # fmt: skip
    await routing.create_deployment(made.id, **PLACE, version_id=versions[0].version_id)
    deployments = (await routing.list_deployments(made.id, **PLACE)).data.deployments
    assert [one.version_id for one in deployments] == [one.version_id for one in versions]
    assert (await routing.get_version(versions[0].version_id, **PLACE, id=made.id)).active == "true"
    assert (await routing.get(made.id, **PLACE)).version.version_id == versions[0].version_id

    assert (await routing.update(made.id, **PLACE, name="help")).route.name == "help"
    listed = await routing.list("gw", account_id="acct")
    assert [route.name for route in listed.data.routes] == ["help"]
    assert (await routing.delete(made.id, **PLACE)).name == "help"
    assert (await routing.list("gw", account_id="acct")).data.routes == []

    wrong = elements("openai")
    wrong[1]["outputs"]["success"] = {"element_id": "gone"}
    with pytest.raises(cloudflare.BadRequestError) as refused:
        await routing.create("gw", account_id="acct", name="wrong", elements=wrong)
    (problem,) = cast(Any, refused.value.response.json())["errors"]
    assert (problem["code"], problem["path"][1:3]) == (7001, ["elements", "1"])
