"""Every method of the Parallel SDK for Python against an engine on a socket; a method that is new fails here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import parallel
import pytest
from local_engine import served
from parallel import AsyncParallel
from parallel.types.beta import FindAllRun

QUESTION = "How long is the Amber River?"
RIVERS = "https://geo.example/rivers"
UNKNOWN = "trun_00000000000000000000000000000000"
BOUND = 120  # true seconds, for a test that hangs
# Driven where monitors are tested.
MONITORS = {
    f"monitor.{name}" for name in ["cancel", "create", "events", "list", "retrieve", "trigger", "update"]
}
# The client's own: requests by hand, and settings.
OWN = {
    *("close", "copy", "get_api_list", "is_closed", "request", "with_options"),
    *("delete", "get", "patch", "post", "put"),
}
Drive = Callable[[AsyncParallel], Awaitable[None]]
DRIVES: dict[str, Drive] = {}


def drives(*names: str) -> Callable[[Drive], Drive]:
    """A function that calls these methods, and says what they are to answer."""

    def keep(drive: Drive) -> Drive:
        DRIVES.update(dict.fromkeys(names, drive))
        return drive

    return keep


def methods(thing: object, prefix: str = "") -> Iterator[str]:
    """The public methods of the client and of all resources below it."""
    for name in dir(type(thing)):
        if name.startswith("_") or name.startswith("with_raw") or name.startswith("with_streaming"):
            continue
        found = getattr(thing, name)
        if type(found).__module__.startswith("parallel.resources"):
            yield from methods(found, f"{prefix}{name}.")
        elif asyncio.iscoroutinefunction(found) or (
            callable(found) and "resources" in type(thing).__module__
        ):
            yield prefix + name


@drives("search")
async def search(client: AsyncParallel) -> None:
    found = await client.search(search_queries=["Amber River length"], objective=QUESTION, mode="fast")
    assert found.results[0].url == RIVERS
    assert found.usage
    assert found.usage[0].name == "sku_search"


@drives("extract")
async def extract(client: AsyncParallel) -> None:
    taken = await client.extract(urls=[RIVERS, "https://docs.local/nope.md"], objective="length")
    assert "412 kilometers" in taken.results[0].excerpts[0]
    assert taken.errors[0].error_type == "not_found"


@drives("task_run.create", "task_run.retrieve", "task_run.result", "task_run.retrieve_input")
async def run(client: AsyncParallel) -> None:
    made = await client.task_run.create(input=QUESTION, processor="base", metadata={"team": "a"})
    result = await client.task_run.result(made.run_id, api_timeout=30)
    assert result.run.status == "completed"
    assert "412 kilometers" in str(result.output.content)
    assert (await client.task_run.retrieve(made.run_id)).metadata == {"team": "a"}
    assert (await client.task_run.retrieve_input(made.run_id)).input == QUESTION
    with pytest.raises(parallel.NotFoundError):
        await client.task_run.result(UNKNOWN)
    with pytest.raises(parallel.PermissionDeniedError):
        await client.task_run.create(input=QUESTION, processor="no-such")


@drives("task_run.execute")
async def execute(client: AsyncParallel) -> None:
    result = await client.task_run.execute(input=QUESTION, processor="lite", output="one sentence")
    assert "412 kilometers" in str(result.output.content)
    assert result.output.basis[0].citations


@drives("task_run.events")
async def run_events(client: AsyncParallel) -> None:
    made = await client.task_run.create(input=QUESTION, processor="pro-fast", enable_events=True)
    events = [event async for event in await client.task_run.events(made.run_id)]
    assert events[0].type == events[-1].type == "task_run.state"


@drives(
    *(
        f"task_group.{name}"
        for name in ["create", "add_runs", "events", "get_runs", "retrieve", "retrieve_run"]
    )
)
async def group(client: AsyncParallel) -> None:
    made = await client.task_group.create(metadata={"team": "a"})
    id_ = made.task_group_id
    added = await client.task_group.add_runs(
        id_,
        inputs=[{"input": QUESTION, "processor": "lite"}, {"input": "Acme Robotics", "processor": "lite"}],
    )
    events = [event.type async for event in await client.task_group.events(id_)]
    assert events[-1] == "task_group_status"
    runs = [
        one async for one in await client.task_group.get_runs(id_, include_input=True, include_output=True)
    ]
    assert {one.type for one in runs} == {"task_run.state"}
    assert (await client.task_group.retrieve(id_)).status.task_run_status_counts == {"completed": 2}
    one = await client.task_group.retrieve_run(added.run_ids[0], task_group_id=id_)
    assert one.task_group_id == id_


async def findall(client: AsyncParallel) -> FindAllRun:
    """A FindAll run that has been followed to its end."""
    schema = await client.beta.findall.ingest(objective="Find robotics companies that raised money")
    made = await client.beta.findall.create(
        objective=schema.objective,
        entity_type=schema.entity_type,
        match_conditions=[
            {"name": one.name, "description": one.description} for one in schema.match_conditions
        ],
        generator="base",
        match_limit=5,
    )
    events = [event.type async for event in await client.beta.findall.events(made.findall_id)]
    assert "findall.candidate.matched" in events
    return made


@drives(
    *(
        f"beta.findall.{name}"
        for name in ["ingest", "create", "events", "retrieve", "result", "schema", "enrich"]
    )
)
async def findall_to_its_end(client: AsyncParallel) -> None:
    id_ = (await findall(client)).findall_id
    found = await client.beta.findall.retrieve(id_)
    assert found.status.status == "completed"
    assert found.status.metrics.matched_candidates_count
    fields: dict[str, object] = {
        "type": "object",
        "properties": {"ceo": {"type": "string"}},
        "required": ["ceo"],
    }
    enriched = await client.beta.findall.enrich(
        id_, output_schema={"type": "json", "json_schema": fields}, processor="lite"
    )
    assert enriched.enrichments
    assert (await client.beta.findall.schema(id_)).enrichments
    assert [event.type async for event in await client.beta.findall.events(id_)][-1] == "findall.status"
    matches = [
        one for one in (await client.beta.findall.result(id_)).candidates if one.match_status == "matched"
    ]
    assert "Acme Robotics" in {one.name for one in matches}


@drives("beta.findall.extend", "beta.findall.cancel")
async def findall_that_has_ended(client: AsyncParallel) -> None:
    """A run that found fewer than it may can be neither extended nor cancelled."""
    id_ = (await findall(client)).findall_id
    with pytest.raises(parallel.UnprocessableEntityError):
        await client.beta.findall.extend(id_, additional_match_limit=5)
    with pytest.raises(parallel.ConflictError):
        await client.beta.findall.cancel(id_)


@drives("beta.findall.entity_search")
async def entity_search(client: AsyncParallel) -> None:
    found = await client.beta.findall.entity_search(
        entity_type="companies", objective="robotics companies that raised money", match_limit=5
    )
    assert found.entity_set_id.startswith("entity_set_")
    assert "Acme Robotics" in {one.name for one in found.entities}


@drives("beta.memory.retrieve", "beta.memory.evict", "beta.memory.clear")
async def memory(client: AsyncParallel) -> None:
    kept = [
        await client.task_run.execute(input=text, processor="lite", output="x") for text in (QUESTION, "Acme")
    ]
    found = await client.beta.memory.retrieve(query="Amber", kind="task", limit=5)
    assert [one.id for one in found.results] == [kept[0].run.run_id]
    await client.beta.memory.evict(kind="task", id=kept[0].run.run_id)
    assert [one.id for one in (await client.beta.memory.retrieve()).results] == [kept[1].run.run_id]
    await client.beta.memory.clear()
    assert (await client.beta.memory.retrieve()).results == []


def test_every_method_is_driven() -> None:
    client = AsyncParallel(api_key="k", base_url="http://127.0.0.1:1")
    assert set(methods(client)) - OWN == set(DRIVES) | MONITORS


@pytest.mark.parametrize("drive", dict.fromkeys(DRIVES.values()), ids=lambda drive: drive.__name__)
async def test_methods(tmp_path: Path, drive: Drive) -> None:
    async with (
        asyncio.timeout(BOUND),
        served(tmp_path) as url,
        AsyncParallel(api_key="k", base_url=url, max_retries=0) as client,
    ):
        await drive(client)


async def test_the_client_that_blocks(tmp_path: Path) -> None:
    def searched(url: str) -> str:
        with parallel.Parallel(api_key="k", base_url=url, max_retries=0) as client:
            return client.search(search_queries=["Amber River length"]).results[0].url

    async with asyncio.timeout(BOUND), served(tmp_path) as url:
        assert await asyncio.to_thread(searched, url) == RIVERS
