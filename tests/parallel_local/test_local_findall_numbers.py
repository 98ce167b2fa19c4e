"""Numbers in many words, in documents and in conditions: what is found is what arithmetic says."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from local_engine import Caller, engine

LEAST_RECALL = 0.9
Test = Callable[[float], bool]


class Measure(msgspec.Struct, frozen=True):
    """How documents say a value (`v`) of a company (`n`), the values, and conditions with what they demand."""

    name: str
    said: tuple[str, ...]
    values: tuple[tuple[float, str], ...]
    conditions: tuple[tuple[str, Test], ...]


EMPLOYEES = Measure(
    "employees",
    (
        "{n} has {v} employees.",
        "The company employs {v} people.",
        "It has a staff of {v}.",
        "With {v} employees, {n} is well known.",
        "Its {v} employees work in shifts.",
        "- Employees: {v}",
        "Some {v} people work at {n}.",
        "{n} is a {v}-person company.",
        "The firm counts {v} employees worldwide.",
    ),
    ((12, "12"), (49, "49"), (51, "51"), (1200, "1,200"), (300, "300")),
    (
        ("has more than 50 employees", lambda v: v > 50),
        ("Company must have at least 300 employees.", lambda v: v >= 300),
        ("fewer than 50 employees", lambda v: v < 50),
        ("has between 40 and 400 employees", lambda v: 40 <= v <= 400),
        ("employs over 1,000 people", lambda v: v > 1000),
        ("50+ employees", lambda v: v >= 50),
        ("The number of employees exceeds 100", lambda v: v > 100),
        ("staff of 50 or more", lambda v: v >= 50),
        ("has 300 employees", lambda v: v == 300),
    ),
)
REVENUE = Measure(
    "revenue",
    (
        "Revenue was {v} in 2024.",
        "{n} had revenue of {v}.",
        "Annual revenue: {v}.",
        "- Revenue: {v}",
        "Its turnover is {v}.",
        "Sales reached {v}.",
    ),
    (
        (3.5e6, "€3.5 million"),
        (12e6, "12 million euros"),
        (8e5, "800,000 euros"),
        (2e9, "€2bn"),
        (5e6, "EUR 5 million"),
    ),
    (
        ("revenue above 5 million euros", lambda v: v > 5e6),
        ("has annual revenue of at least €5 million", lambda v: v >= 5e6),
        ("revenue of less than 1 million euros", lambda v: v < 1e6),
        ("Must have revenue between 1 and 10 million euros", lambda v: 1e6 <= v <= 10e6),
        ("revenue exceeds €1 billion", lambda v: v > 1e9),
    ),
)
FOUNDED = Measure(
    "founded",
    (
        "{n} was founded in {v}.",
        "Founded in {v}, it makes pumps.",
        "The company was established in {v} by two sisters.",
        "It has been in business since {v}.",
        "- Founded: {v}",
        "Since its founding in {v}, {n} has grown.",
        "The firm dates back to {v}.",
    ),
    ((1964, "1964"), (1999, "1999"), (2015, "2015"), (2016, "March 2016"), (2021, "2021")),
    (
        ("founded after 2015", lambda v: v > 2015),
        ("was founded before 2000", lambda v: v < 2000),
        ("founded in or after 2015", lambda v: v >= 2015),
        ("established between 1990 and 2015", lambda v: 1990 <= v <= 2015),
        ("Company must have been founded in 2021.", lambda v: v == 2021),
        ("founded in the 1990s", lambda v: 1990 <= v <= 1999),
        ("founding year is 2016 or later", lambda v: v >= 2016),
        ("older than 20 years", lambda v: v <= 2004),
    ),
)
PRICE = Measure(
    "price",
    (
        "A ticket costs {v}.",
        "Price: {v}",
        "The price is {v} per month.",
        "It is sold for {v}.",
        "{n} charges {v} a month.",
        "Prices start at {v}.",
    ),
    ((12, "€12"), (19.5, "19.50 euros"), (20, "20 euros"), (150, "150 EUR")),
    (
        ("costs less than 20 euros", lambda v: v < 20),
        ("price under €20", lambda v: v < 20),
        ("costs at most 20 euros", lambda v: v <= 20),
        ("is cheaper than 100 euros", lambda v: v < 100),
        ("price between 15 and 30 euros", lambda v: 15 <= v <= 30),
    ),
)
SIZE = Measure(
    "size",
    (
        "Its hall measures {v}.",
        "The hall covers {v}.",
        "- Hall: {v}",
        "It has a hall of {v}.",
    ),
    ((80, "80 square metres"), (120, "120 sqm"), (2000, "2,000 square metres")),
    (
        ("hall larger than 100 square metres", lambda v: v > 100),
        ("has a hall of at least 120 sqm", lambda v: v >= 120),
    ),
)
# Numbers of other things, and of somebody else, on every page.
BESIDE = "It has 3 dogs and 77 chairs. Its rival Zuza has 999 employees and was founded in 1901."


def written(measure: Measure, base: Path) -> tuple[Path, dict[str, float]]:
    """A page for each way to say each value, and the value of each company."""
    docs = base / "docs"
    docs.mkdir()
    truth: dict[str, float] = {}
    pairs = [(said, value) for said in measure.said for value in measure.values]
    for place, (said, (value, spelled)) in enumerate(pairs):
        name = f"K{chr(97 + place // 26)}{chr(97 + place % 26)}ro Works"
        truth[name] = value
        gap = "\n\n" if said.startswith("-") else " "
        text = f"{name} is a company in Norwick.{gap}{said.format(n=name, v=spelled)}\n\n{BESIDE}"
        (docs / f"{place}.md").write_text(f"---\ndate: 2025-01-01\n---\n# {name}\n\n{text}\n")
    return docs, truth


async def matched(call: Caller, condition: str) -> set[str]:
    body = {
        "objective": "Find companies",
        "entity_type": "companies",
        "match_conditions": [{"name": "asked", "description": condition}],
        "generator": "core",
        "match_limit": 1000,
    }
    run = (await call.post("/v1beta/findall/runs", body)).json()["findall_id"]
    await call.events(f"/v1beta/findall/runs/{run}/events")
    candidates = (await call.get(f"/v1beta/findall/runs/{run}/result")).json()["candidates"]
    return {item["name"] for item in candidates if item["match_status"] == "matched"}


@pytest.mark.parametrize(
    "measure", [EMPLOYEES, REVENUE, FOUNDED, PRICE, SIZE], ids=lambda measure: measure.name
)
async def test_what_is_found_is_what_arithmetic_says(measure: Measure, tmp_path: Path) -> None:
    docs, truth = written(measure, tmp_path)
    right = missed = 0
    async with engine(tmp_path, docs=docs) as call:
        for condition, test in measure.conditions:
            wanted = {name for name, value in truth.items() if test(value)}
            found = await matched(call, condition)
            assert found <= wanted, condition
            right += len(found)
            missed += len(wanted - found)
    assert right / (right + missed) >= LEAST_RECALL
