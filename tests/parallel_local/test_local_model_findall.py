"""FindAll with a language model: what it judges counts as far as documents show it."""

import asyncio
from pathlib import Path

import pytest
from local_engine import Caller, engine
from local_model import Answer, LeapingClock, Prompt, Raw, Said, Silence, fake_model

from parallel_local.model.budget import judging_budget

DOCS = {
    "list.md": """# Companies

| Company | Seat |
| --- | --- |
| Acme Robotics | Norwick |
| Borealis Arms | Eastham |
| Cinder Motion | Veldland |
""",
    "news.md": """# News

Acme Robotics posted a net profit of 3 million crowns for 2025.

Borealis Arms plans to become profitable in 2027.

Cinder Motion has never been profitable.
""",
}
CONDITION = {"name": "profit", "description": "Company must be profitable."}


def order(generator: str = "base", match_limit: int = 10) -> dict[str, object]:
    return {
        "objective": "Find companies that are profitable",
        "entity_type": "companies",
        "match_conditions": [CONDITION],
        "generator": generator,
        "match_limit": match_limit,
    }


def write(folder: Path, docs: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in docs.items():
        (folder / name).write_text(text)
    return folder


def verdicts(
    prompt: Prompt, quotes: dict[str, str], refuted: dict[str, str] | None = None
) -> dict[str, object]:
    """A model that has a quote for some candidates, and one that speaks against others; it names none."""
    if prompt.kind == "candidates":
        return {"candidates": []}
    candidates = prompt.data["candidates"]
    assert isinstance(candidates, list)
    listed = []
    for candidate in candidates:
        against = (refuted or {}).get(candidate["name"])
        quote = quotes.get(candidate["name"], against)
        found = prompt.quote(quote) if quote else None
        listed.append(
            {
                "candidate": candidate["candidate"],
                "condition": "profit",
                "met": quote is not None and against is None,
                "quotes": [found] if found else [],
            }
        )
    return {"verdicts": listed}


async def judged(call: Caller, wanted: dict[str, object]) -> dict[str, dict[str, object]]:
    """The candidates of a run by name, once it has ended."""
    created = (await call.post("/v1beta/findall/runs", wanted)).json()
    path = f"/v1beta/findall/runs/{created['findall_id']}"
    is_active = True
    while is_active:  # a stream may end before the run does: time leaps under it
        await call.get(f"{path}/events")
        result = (await call.get(f"{path}/result")).json()
        is_active = result["run"]["status"]["is_active"]
    assert result["run"]["status"]["status"] == "completed"
    return {candidate["name"]: candidate for candidate in result["candidates"]}


async def test_it_judges_by_what_is_said_of_each(tmp_path: Path) -> None:
    quotes = {"Acme Robotics": "net profit"}
    refuted = {"Borealis Arms": "plans to become", "Cinder Motion": "never been"}
    docs = write(tmp_path / "docs", DOCS)
    async with (
        fake_model(lambda prompt: verdicts(prompt, quotes, refuted)) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        found = await judged(call, order())
    assert {name: one["match_status"] for name, one in found.items()} == {
        "Acme Robotics": "matched",
        "Borealis Arms": "unmatched",
        "Cinder Motion": "unmatched",
    }
    basis = found["Acme Robotics"]["basis"]
    assert isinstance(basis, list)
    assert basis[0]["citations"][0]["excerpts"] == [
        "Acme Robotics posted a net profit of 3 million crowns for 2025."
    ]
    assert model.kinds() == ["candidates", "verdicts"], "candidates are judged together"


@pytest.mark.parametrize(
    "lie",
    [
        {"Cinder Motion": "net profit"},  # somebody else's
        {"Cinder Motion": "is a profitable company"},  # invented
        {"Cinder Motion": "| Cinder Motion"},  # says nothing of it
        {"Cinder Motion": "never been"},  # the contrary
    ],
)
async def test_lies_match_nobody(tmp_path: Path, lie: dict[str, str]) -> None:
    docs = write(tmp_path / "docs", DOCS)
    async with (
        fake_model(lambda prompt: verdicts(prompt, lie)) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        found = await judged(call, order())
    assert all(found[name]["match_status"] == "unmatched" for name in lie)


@pytest.mark.parametrize(
    "answer", [Raw(500, b""), Said("I cannot judge."), Said('{"verdicts": [5, {"candidate": "x"}]}')]
)
async def test_a_useless_model_changes_nothing(tmp_path: Path, answer: Answer) -> None:
    docs = write(tmp_path / "docs", DOCS)
    async with engine(tmp_path / "plain", docs=docs) as call:
        plain = await judged(call, order())
    async with (
        fake_model(lambda _: answer) as model,
        engine(tmp_path / "model", docs=docs, clock=LeapingClock(), model=model.settings) as call,
    ):
        found = await judged(call, order())
    same = {name: (one["match_status"], one["output"], one["basis"]) for name, one in plain.items()}
    assert {name: (one["match_status"], one["output"], one["basis"]) for name, one in found.items()} == same


@pytest.mark.parametrize(("generator", "most"), [("preview", 10), ("base", 60)])
async def test_no_generator_asks_more_often_than_its_budget(
    tmp_path: Path, generator: str, most: int
) -> None:
    rows = "\n".join(f"| Zorblax {number} Works | Norwick |" for number in range(60))
    docs = write(
        tmp_path / "docs", {"list.md": f"# Companies\n\n| Company | Seat |\n| --- | --- |\n{rows}\n"}
    )
    async with (
        fake_model(lambda prompt: verdicts(prompt, {})) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        found = await judged(call, order(generator, most))
    assert len(found) == most
    assert 1 <= len(model.asked) <= judging_budget(generator).calls


async def test_tokens_are_counted(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", DOCS)
    said = Said('{"verdicts": []}', judging_budget("base").tokens)
    rows = "\n".join(f"| Zorblax {number} Works | Norwick |" for number in range(30))
    (docs / "more.md").write_text(f"# Companies\n\n| Company | Seat |\n| --- | --- |\n{rows}\n")
    async with fake_model(lambda _: said) as model, engine(tmp_path, docs=docs, model=model.settings) as call:
        await judged(call, order())
    assert len(model.asked) == 1


async def test_cancelling_a_run_cancels_its_calls(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", DOCS)
    async with (
        fake_model(lambda _: Silence()) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        created = (await call.post("/v1beta/findall/runs", order())).json()
        await model.came.wait()
        await call.post(f"/v1beta/findall/runs/{created['findall_id']}/cancel")
        async with asyncio.timeout(60):
            await model.left.wait()
        run = (await call.get(f"/v1beta/findall/runs/{created['findall_id']}")).json()
    assert run["status"]["status"] == "cancelled"


async def test_matches_are_enriched_by_what_is_shown(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", DOCS)

    def say(prompt: Prompt) -> Answer:
        if prompt.kind == "verdicts":
            return verdicts(prompt, {"Acme Robotics": "net profit"})
        profit = {"field": "profit_crowns", "value": 3_000_000, "quotes": [prompt.quote("net profit")]}
        owner = {"field": "owner", "value": "Edwina Marsh", "quotes": [prompt.quote("net profit")]}
        return {"fields": [profit, owner]}

    schema = {
        "type": "object",
        "properties": {"profit_crowns": {"type": ["number", "null"]}, "owner": {"type": ["string", "null"]}},
        "required": ["profit_crowns", "owner"],
        "additionalProperties": False,
    }
    async with fake_model(say) as model, engine(tmp_path, docs=docs, model=model.settings) as call:
        created = (await call.post("/v1beta/findall/runs", order())).json()
        path = f"/v1beta/findall/runs/{created['findall_id']}"
        await call.post(f"{path}/enrich", {"output_schema": {"type": "json", "json_schema": schema}})
        await call.get(f"{path}/events")
        candidates = (await call.get(f"{path}/result")).json()["candidates"]
    found = next(one for one in candidates if one["name"] == "Acme Robotics")
    assert found["output"]["profit_crowns"] == {"value": 3_000_000, "type": "enrichment"}
    assert found["output"]["owner"]["value"] != "Edwina Marsh"
    shown = [entry for entry in found["basis"] if entry["field"] == "profit_crowns"]
    assert len(shown) == 1
    assert "3 million crowns" in shown[0]["citations"][0]["excerpts"][0]


LOG = {
    "log.md": """# Log of May

Rain all week. In the yard of Zorblax the crane stood still.

Zorblax posted a net profit of 3 million crowns for 2025. Quimby is no company at all.
""",
}


def naming(prompt: Prompt, named: dict[str, str], profit: str) -> dict[str, object]:
    """A model that names things with a quote each, and judges all of them by one other quote."""
    if prompt.kind == "candidates":
        return {
            "candidates": [{"name": name, "quotes": [prompt.quote(text)]} for name, text in named.items()]
        }
    return verdicts(prompt, dict.fromkeys(named, profit))


async def test_it_names_what_only_a_reader_finds(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", LOG)
    async with (
        fake_model(lambda prompt: naming(prompt, {"Zorblax": "In the yard of"}, "net profit")) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        found = await judged(call, order())
    assert {name: one["match_status"] for name, one in found.items()} == {"Zorblax": "matched"}


@pytest.mark.parametrize(
    ("name", "quote"),
    [
        ("Vantablue", "In the yard of"),  # the quotation does not have the name
        ("Zorblax", "Zorblax owns all the cranes of the coast"),  # nobody wrote that
        ("Quimby", "Quimby is no company"),
        ("rain all week", "Rain all week"),  # not as it is written
    ],
)
async def test_what_it_names_without_a_quotation_is_dropped(tmp_path: Path, name: str, quote: str) -> None:
    docs = write(tmp_path / "docs", LOG)
    async with (
        fake_model(lambda prompt: naming(prompt, {name: quote}, "net profit")) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        assert await judged(call, order()) == {}


async def test_what_is_excluded_is_not_named_again(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", LOG)
    async with (
        fake_model(lambda prompt: naming(prompt, {"Zorblax": "In the yard of"}, "net profit")) as model,
        engine(tmp_path, docs=docs, model=model.settings) as call,
    ):
        out = {"exclude_list": [{"name": "Zorblax", "url": "https://zorblax.example"}]}
        assert await judged(call, {**order(), **out}) == {}
