"""The official SDKs against an engine on a loopback socket: only the base URL is changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pydantic
from local_engine import served
from openai import AsyncOpenAI
from parallel import AsyncParallel


class Company(pydantic.BaseModel):
    """What to find out about a company."""

    ceo_name: str = pydantic.Field(description="Name of the chief executive")
    employees: int


@asynccontextmanager
async def parallel_sdk(base: Path) -> AsyncIterator[AsyncParallel]:
    async with served(base) as url, AsyncParallel(api_key="k", base_url=url, max_retries=0) as client:
        yield client


async def test_search_and_extract(tmp_path: Path) -> None:
    async with parallel_sdk(tmp_path) as client:
        found = await client.search(search_queries=["Amber River length"], mode="basic")
        taken = await client.extract(urls=[found.results[0].url], objective="tributaries")
    assert found.results[0].title == "Rivers of Veldland"
    assert "Stone Brook" in taken.results[0].excerpts[0]


async def test_execute_with_text_and_with_a_model(tmp_path: Path) -> None:
    async with parallel_sdk(tmp_path) as client:
        text = await client.task_run.execute(
            input="How long is the Amber River?", processor="base", output="a short answer"
        )
        parsed = await client.task_run.execute(input="Acme Robotics", processor="core", output=Company)
    assert "412 kilometers" in str(text.output.content)
    assert parsed.output.parsed == Company(ceo_name="Ada Fairweather", employees=45)


async def test_events_of_a_run(tmp_path: Path) -> None:
    async with parallel_sdk(tmp_path) as client:
        run = await client.task_run.create(input="Amber River", processor="pro-fast", enable_events=True)
        stream = await client.task_run.events(run.run_id)
        kinds = [event.type async for event in stream]
    assert kinds[0] == kinds[-1] == "task_run.state"
    assert "task_run.progress_msg.search" in kinds


async def test_groups(tmp_path: Path) -> None:
    async with parallel_sdk(tmp_path) as client:
        group = await client.task_group.create()
        inputs = [{"input": text, "processor": "lite"} for text in ("Amber River", "Acme Robotics")]
        added = await client.task_group.add_runs(group.task_group_id, inputs=inputs)  # type: ignore[arg-type]
        states = [event async for event in await client.task_group.events(group.task_group_id)]
        runs = [
            event
            async for event in await client.task_group.get_runs(group.task_group_id, include_output=True)
        ]
        status = (await client.task_group.retrieve(group.task_group_id)).status
    assert len(added.run_ids) == len(runs) == 2
    assert states[-1].type == "task_group_status"
    assert status.task_run_status_counts == {"completed": 2}


async def test_findall(tmp_path: Path) -> None:
    async with parallel_sdk(tmp_path) as client:
        objective = "Find robotics companies that recently raised money and get their CEO name"
        schema = await client.beta.findall.ingest(objective=objective)
        run = await client.beta.findall.create(
            objective=schema.objective,
            entity_type=schema.entity_type,
            match_conditions=[
                {"name": condition.name, "description": condition.description}
                for condition in schema.match_conditions
            ],
            generator="base",
            match_limit=5,
        )
        kinds = [event.type async for event in await client.beta.findall.events(run.findall_id)]
        result = await client.beta.findall.result(run.findall_id)
    assert "findall.candidate.matched" in kinds
    assert [item.name for item in result.candidates if item.match_status == "matched"] == ["Acme Robotics"]


async def test_openai_sdk(tmp_path: Path) -> None:
    question = "When was the Amber River dammed?"
    async with (
        served(tmp_path) as url,
        AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client,
    ):
        whole = await client.chat.completions.create(
            model="speed", messages=[{"role": "user", "content": question}]
        )
        pieces = await client.chat.completions.create(
            model="base", messages=[{"role": "user", "content": question}], stream=True
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in pieces])
    assert "3 May 1961" in (whole.choices[0].message.content or "")
    assert text == whole.choices[0].message.content
