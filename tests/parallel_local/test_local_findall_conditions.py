"""FindAll's conditions one by one: numbers, dates, denials, plans, other subjects, contradictions, faults."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_engine import Caller, engine

from parallel_local.answers.fill import Filler
from parallel_local.findall.clauses import clauses
from parallel_local.findall.conditions import Judge
from parallel_local.findall.names import NameFinder
from parallel_local.findall.periods import times
from parallel_local.findall.quantities import Span, quantities
from parallel_local.findall.wording import tokens

RUNS = "/v1beta/findall/runs"


def page(folder: Path, name: str, text: str, date: str = "2025-06-01") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name.lower()}.md").write_text(f"---\ndate: {date}\n---\n{text}\n")


async def run(call: Caller, kind: str, *conditions: str) -> tuple[str, list[dict[str, object]]]:
    body = {
        "objective": f"Find {kind}",
        "entity_type": kind,
        "match_conditions": [{"name": f"c{n}", "description": text} for n, text in enumerate(conditions)],
        "generator": "core",
        "match_limit": 20,
    }
    findall_id = (await call.post(RUNS, body)).json()["findall_id"]
    await call.events(f"{RUNS}/{findall_id}/events")
    result = (await call.get(f"{RUNS}/{findall_id}/result")).json()
    assert result["run"]["status"]["status"] == "completed"
    return findall_id, result["candidates"]


async def verdict(base: Path, said: str, condition: str, kind: str = "companies") -> str:
    """What a run makes of one company of which `said` is said."""
    page(base / "docs", "acme", f"# Acme\n\nAcme is a company in Norwick.\n\n{said}")
    async with engine(base, docs=base / "docs") as call:
        _, candidates = await run(call, kind, condition)
    return next(str(candidate["match_status"]) for candidate in candidates if candidate["name"] == "Acme")


NUMBERS = [
    ("Acme has 51 employees.", "more than 50 employees", True),
    ("Acme has 50 employees.", "more than 50 employees", False),
    ("Acme has 50 employees.", "at least 50 employees", True),
    ("Acme has 1,200 employees.", "over 1,000 employees", True),
    ("Acme has 60 chairs and 12 employees.", "more than 50 employees", False),
    ("The staff numbers 60.", "50+ employees", True),
    ("Acme has more than 40 employees.", "more than 50 employees", False),
    ("Acme has over 500 employees.", "more than 50 employees", True),
    ("Acme employs nearly 50 people.", "fewer than 50 employees", True),
    ("Acme has 40 to 60 employees.", "at least 40 employees", True),
    ("Acme has 40 to 60 employees.", "at least 50 employees", False),
    ("Acme had 40 employees in 2020 and 75 employees in 2024.", "more than 50 employees", True),
    ("Acme had 75 employees in 2020 and 40 employees in 2024.", "more than 50 employees", False),
    ("A ticket costs €12.", "costs less than 20 euros", True),
    ("A ticket costs $12.", "costs less than 20 euros", False),
    ("Revenue was 3.5 million euros.", "revenue between 1 and 10 million euros", True),
    ("Revenue was 800,000 euros.", "revenue between 1 and 10 million euros", False),
    ("Its pipe is 1.5 km long.", "pipe longer than 1,000 m", True),
    ("Its pipe is 900 m long.", "pipe longer than 1 km", False),
    ("55 percent of its power is solar.", "more than 50% solar power", True),
    ("Acme is ISO 9001 certified and has 12 staff.", "ISO 9001 certified", True),
    ("Acme is ISO 14001 certified.", "ISO 9001 certified", False),
]
DATES = [
    ("Acme was founded in 2016.", "founded after 2015", True),
    ("Acme was founded in 2015.", "founded after 2015", False),
    ("Acme was founded in 2015.", "founded in or after 2015", True),
    ("Acme was founded in 2012 and moved to Bern in 2018.", "founded after 2015", False),
    ("Founded in March 2016, Acme makes pumps.", "founded since 2016", True),
    ("Acme was founded in 1996.", "founded in the 1990s", True),
    ("Acme was founded in 1996.", "older than 20 years", True),
    ("Acme was founded in 2015.", "older than 20 years", False),
    ("Acme was founded on 3 May 2019.", "founded before June 2019", True),
    ("Acme was founded on 3 July 2019.", "founded before June 2019", False),
    ("The contract ends on 2026-03-31.", "contract ends before 2027", True),
    ("Acme was founded in 1999.", "founded between 1990 and 2000", True),
]
CLAIMS = [
    ("Acme ships to Norway.", "ships to Norway", True),
    ("Acme ships to Norway and Sweden.", "ships to Sweden", True),
    ("Acme delivers to Norway.", "Company must ship to Norway.", True),
    ("Acme ships from Norway.", "ships to Norway", False),
    ("Acme does not ship to Norway.", "ships to Norway", False),
    ("Acme doesn't ship to Norway.", "does not ship to Norway", True),
    ("Acme no longer ships to Norway.", "ships to Norway", False),
    ("Acme shipped to Norway until 2019.", "ships to Norway", False),
    ("Acme plans to ship to Norway.", "ships to Norway", False),
    ("Acme is seeking a partner that ships to Norway.", "ships to Norway", False),
    ("Acme may ship to Norway next year.", "ships to Norway", False),
    ("Acme ships everywhere except Norway.", "ships to Norway", False),
    ("Acme ships to Norway without extra fees.", "ships to Norway", True),
    ("Acme has no debt and ships to Norway.", "ships to Norway", True),
    ("Acme, which does not ship to Sweden, ships to Norway.", "ships to Norway", True),
    ("Unlike Acme, Zenith Ltd ships to Norway.", "ships to Norway", False),
    ("Its rival Zenith ships to Norway.", "ships to Norway", False),
    ("Zenith Ltd opened in Oslo. It ships to Norway.", "ships to Norway", False),
    ("Acme works with Zenith Ltd, which ships to Norway.", "ships to Norway", False),
    ("While Acme ships to Sweden, Zenith Ltd ships to Norway.", "ships to Norway", False),
    ("Competitors ship to Norway.", "ships to Norway", False),
    ("Acme was acquired by Zenith Ltd.", "was acquired by Zenith", True),
    ("Acme was acquired by Zenith Ltd.", "acquired Zenith", False),
    ("Does Acme ship to Norway?", "ships to Norway", False),
    ("Acme ships to Norway.", "ships to Norway or Iceland", True),
    ("Acme ships to Norway.", "ships to Norway and Iceland", False),
    ("Acme liefert nach Norwegen.", "liefert nach Norwegen", True),
    ("Acme liefert nicht nach Norwegen.", "liefert nach Norwegen", False),
    ("The company moved from Bern to Kiel.", "is based in Kiel", True),
    ("The company moved from Bern to Kiel.", "is based in Bern", False),
    ("Acme has a warehouse in Kiel.", "is based in Kiel", False),
]


@pytest.mark.parametrize(("said", "condition", "met"), [*NUMBERS, *DATES, *CLAIMS])
async def test_a_condition_is_met_by_what_is_said_of_the_thing(
    tmp_path: Path, said: str, condition: str, met: bool
) -> None:
    assert await verdict(tmp_path, said, condition) == ("matched" if met else "unmatched")


async def test_the_newest_of_two_contradicting_documents_wins_and_is_not_sure(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    page(
        docs, "old", "# Acme\n\nAcme is a company. Acme ships to Norway. Acme has 40 employees.", "2023-01-01"
    )
    page(docs, "new", "# Acme today\n\nAcme does not ship to Norway. Acme has 60 employees.", "2025-01-01")
    async with engine(tmp_path, docs=docs) as call:
        _, ships = await run(call, "companies", "ships to Norway")
        _, large = await run(call, "companies", "more than 50 employees")
    assert (ships[0]["match_status"], large[0]["match_status"]) == ("unmatched", "matched")
    entry = large[0]["basis"][0]  # type: ignore[index]
    assert entry["confidence"] == "medium"
    assert "40 employees" in entry["reasoning"]
    assert entry["citations"][0]["excerpts"] == ["Acme has 60 employees."]


async def test_two_names_of_one_thing_are_one_candidate(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    page(docs, "acme", "# Acme\n\nAcme Robotics GmbH is a company in Kiel. Acme ships to Norway.")
    page(docs, "list", "# Companies\n\n- Acme Robotics: arms\n- Brill: lenses\n")
    async with engine(tmp_path, docs=docs) as call:
        _, candidates = await run(call, "companies", "ships to Norway")
    assert sorted(str(item["name"]) for item in candidates) == ["Acme Robotics GmbH", "Brill"]


async def test_a_name_that_looks_like_several_things_is_one(tmp_path: Path) -> None:
    text = (
        "# Suppliers\n\n### Foo Metals\n\nFoo Metals ships to Norway.\n\n"
        "### Bar Plastics\n\nBar Plastics cannot ship to Norway.\n"
    )
    page(tmp_path / "docs", "suppliers", text)
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        _, candidates = await run(call, "suppliers", "ships to Norway")
    states = {item["name"]: item["match_status"] for item in candidates}
    assert states == {"Foo Metals": "matched", "Bar Plastics": "unmatched"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("lighthouses", "# Trip\n\nWe saw two lighthouses: Cape Grey and Storm Rock."),
        ("lighthouses", "# Lighthouses\n\n- Cape Grey\n- Storm Rock\n"),
        (
            "lighthouses",
            "# Coast\n\n## Lighthouses\n\n### Cape Grey\n\nBuilt in 1871.\n\n### Storm Rock\n\nTall.\n",
        ),
        (
            "lighthouses",
            "# Coast\n\n| Lighthouse | Built |\n| --- | --- |\n| Cape Grey | 1871 |\n| Storm Rock | 1902 |\n",
        ),
        ("lighthouses", "# Coast\n\nCape Grey is a lighthouse. Storm Rock, a lighthouse from 1902, is red."),
        ("lighthouses", "# Coast\n\nLighthouses such as Cape Grey and Storm Rock are open."),
        ("lighthouses", "# Coast\n\nThe lighthouses of the coast are Cape Grey and Storm Rock."),
        ("sheep breeds", "# Wool\n\n## Sheep breeds\n\n- Cape Grey: long wool\n- Storm Rock: short wool\n"),
        ("Leuchttürme", "# Küste\n\nCape Grey und Storm Rock sind Leuchttürme."),
    ],
)
async def test_a_kind_nobody_listed_is_found_by_its_own_noun(tmp_path: Path, kind: str, text: str) -> None:
    page(tmp_path / "docs", "coast", text)
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        _, candidates = await run(call, kind, f"Must be one of the {kind}.")
    assert sorted(str(item["name"]) for item in candidates) == ["Cape Grey", "Storm Rock"]
    assert {item["match_status"] for item in candidates} == {"matched"}


async def test_a_fault_in_one_condition_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(tmp_path / "docs", "acme", "# Acme\n\nAcme is a company. Acme ships to Norway.")
    page(tmp_path / "docs", "brill", "# Brill\n\nBrill is a company. Brill ships to Norway.")
    answer = Judge.answer

    def faulty(self: Judge, nominee: object, condition: object) -> object:
        if nominee.entity.name == "Acme":  # type: ignore[attr-defined]
            raise KeyError("when")
        return answer(self, nominee, condition)  # type: ignore[arg-type]

    monkeypatch.setattr(Judge, "answer", faulty)
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        _, candidates = await run(call, "companies", "ships to Norway")
    states = {item["name"]: item["match_status"] for item in candidates}
    assert states == {"Acme": "unmatched", "Brill": "matched"}
    acme = next(item for item in candidates if item["name"] == "Acme")
    assert "KeyError" in acme["basis"][0]["reasoning"]  # type: ignore[index]


@pytest.mark.parametrize("name", ["when", "who", "value", "the", "is", "42", "_", "wann", "なに"])
async def test_a_field_may_have_any_name(tmp_path: Path, name: str) -> None:
    page(tmp_path / "docs", "acme", "# Acme\n\nAcme is a company. Acme ships to Norway.")
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        findall_id, _ = await run(call, "companies", "ships to Norway")
        schema = {"type": "object", "properties": {name: {"type": "string"}, "website": {"type": "string"}}}
        body = {"output_schema": {"type": "json", "json_schema": schema}}
        assert (await call.post(f"{RUNS}/{findall_id}/enrich", body)).status_code == 200
        await call.events(f"{RUNS}/{findall_id}/events")
        result = (await call.get(f"{RUNS}/{findall_id}/result")).json()
    assert result["run"]["status"]["status"] == "completed"
    assert [item["match_status"] for item in result["candidates"]] == ["matched"]
    assert {name, "website"} <= set(result["candidates"][0]["output"])


async def test_a_fault_in_one_field_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(tmp_path / "docs", "acme", "# Acme\n\nAcme is a company.\n\n- Phone: 0431 5\n- Ships to: Norway\n")
    field = Filler.field

    def faulty(self: Filler, name: str, raw: object, above: str = "", depth: int = 0) -> object:
        if name == "when":
            raise KeyError(name)
        return field(self, name, raw, above, depth)

    monkeypatch.setattr(Filler, "field", faulty)
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        findall_id, _ = await run(call, "companies", "ships to Norway")
        schema = {"type": "object", "properties": {"when": {"type": "string"}, "phone": {"type": "string"}}}
        await call.post(f"{RUNS}/{findall_id}/enrich", {"output_schema": {"json_schema": schema}})
        await call.events(f"{RUNS}/{findall_id}/events")
        result = (await call.get(f"{RUNS}/{findall_id}/result")).json()
    output = result["candidates"][0]["output"]
    assert output["phone"]["value"] == "0431 5"
    assert output["when"]["type"] == "enrichment"
    reasons = {entry["field"]: entry["reasoning"] for entry in result["candidates"][0]["basis"]}
    assert "KeyError" in reasons["when"]


HOSTILE = {
    "brackets": "[" * 200_000,
    "names": "Acme and " + "Brill Cobalt Dune and " * 10_000,
    "commas": "Acme, " * 30_000,
    "labels": "\n".join(f"Label {number}: value" for number in range(5000)),
    "items": "\n".join(f"- Thing {number} ships, ships and ships" for number in range(3000)),
    "columns": "| " + "a | " * 20_000 + "\n|" + " --- |" * 20_000 + "\n| " + "Acme | " * 20_000,
    "quotes": "\"'" * 50_000 + "(" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_documents_that_nobody_wrote_by_hand(tmp_path: Path, text: str) -> None:
    page(tmp_path / "docs", "hostile", text)
    page(tmp_path / "docs", "acme", "# Acme\n\nAcme is a company. Acme ships to Norway.")
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        _, candidates = await run(call, "companies", "ships to Norway")
    assert [item["name"] for item in candidates if item["match_status"] == "matched"] == ["Acme"]


ends = st.floats(-1e6, 1e6)
spans = st.builds(
    lambda low, width, left, right: Span(low, low + width, left, right),
    ends,
    st.floats(0, 1e6),
    st.booleans(),
    st.booleans(),
).filter(lambda span: span.low < span.high or not (span.low_open or span.high_open))


@given(spans, spans)
def test_spans_within_each_other_are_not_apart(one: Span, other: Span) -> None:
    assert one.within(one)
    assert one.apart(other) == other.apart(one)
    assert not (one.within(other) and one.apart(other))


@given(st.integers(2, 999), st.integers(2, 999))  # larger ones may be years
def test_a_number_meets_a_bound_as_arithmetic_says(stated: int, bound: int) -> None:
    (said,) = quantities(f"It has {stated} goats.")
    for words, meets in (
        ("more than", stated > bound),
        ("at least", stated >= bound),
        ("fewer than", stated < bound),
        ("at most", stated <= bound),
    ):
        (asked,) = quantities(f"{words} {bound} goats", asked=True)
        assert said.span.within(asked.span) == meets
        assert said.span.apart(asked.span) == (not meets)


@given(st.integers(1950, 2049), st.integers(1950, 2049))
def test_a_year_meets_a_bound_as_arithmetic_says(stated: int, bound: int) -> None:
    (said,) = times(f"It was built in {stated}.")
    for words, meets in (("after", stated > bound), ("before", stated < bound), ("since", stated >= bound)):
        (asked,) = times(f"built {words} {bound}", asked=True)
        assert said.span.within(asked.span) == meets


@given(st.text(max_size=200))
def test_clauses_and_names_of_any_text(text: str) -> None:
    for clause in clauses(text):
        assert clause.text
    finder = NameFinder({("acme",): ("acme",), ("acme", "north", "sea"): ("acme", "north", "sea")})
    found = finder.find(tokens(f"{text} Acme North"))
    assert all(mention.start < mention.end for mention in found)
    assert found[-1].key == ("acme",)
