"""FindAll and the ways in which the same is said: what a rule has to find, and what it must not take for that."""

from pathlib import Path

import pytest
from local_engine import Caller, engine

RUNS = "/v1beta/findall/runs"

# condition, what meets it, what does not
RULES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "has more than 100 employees",
        ("There are 112 people on the payroll.", "The firm gives work to 130.", "Headcount: 240."),
        (
            "A staff of 90 is joined by 40 helpers.",
            "There are 80 saddlers and 30 other staff.",
            "It sold 900 saddles.",
        ),
    ),
    (
        "has been acquired",
        (
            "In 2023 the Danish group Lydhus bought the company.",
            "It was taken over in 2019.",
            "It was sold to Lydhus in 2020.",
        ),
        ("It bought a mill in 2019.", "It acquired two rivals.", "Lydhus hopes to buy it."),
    ),
    (
        "has acquired another company",
        ("It bought the mill of Lydhus in 2019.", "It acquired Yarrow."),
        ("It was bought by Lydhus.", "It was taken over in 2019."),
    ),
    (
        "was founded before 1990",
        (
            "It was set up in 1974.",
            "The firm goes back to 1921.",
            "Founded: 1987.",
            "It came into being in 1988.",
        ),
        (
            "It was set up in 1994.",
            "Since 1980 it has been certified. It was founded in 2001.",
            "It opened a shop in 1980.",
        ),
    ),
    (
        "was founded in the 20th century",
        ("It was founded in 1998.",),
        ("It was founded in 2003.", "Founded: 1893."),
    ),
    (
        "is no longer family-owned",
        ("It used to be family-owned.", "It is not family-owned any more."),
        ("It is family-owned.", "It is family-owned and no longer small."),
    ),
    (
        "is no longer active",
        ("It was dissolved in 2019.", "It ceased trading last year.", "It has been shut down."),
        ("It stopped the sale of pumps.", "The canteen is closed on Mondays.", "It is active in Spain."),
    ),
    (
        "has several branches",
        ("It has three branches.", "Branches: 5."),
        ("It has one branch.", "Branches: 1."),
    ),
    (
        "has no fixed deadline (rolling)",
        ("There is no deadline.", "It pays at any time."),
        ("Its deadline is in May.",),
    ),
    (
        "offers free tours",
        ("Tours cost nothing.", "It offers tours free of charge."),
        ("It offers tours; children go free.", "Tours are free on Mondays.", "Tours cost 5 euros."),
    ),
    (
        "is wheelchair accessible",
        ("The house is step-free.", "Accessible: yes."),
        ("Only the ground floor can be reached by wheelchair.", "It is not suitable for wheelchairs."),
    ),
    (
        "has annual revenue above 10 million euros",
        ("Sales came to 31 million euros in 2024.", "With a turnover of 22 million euros it is not small."),
        ("Sales came to 3 million euros.", "It raised 31 million euros."),
    ),
    (
        "tiene más de 1.000 socios",
        ("Cuenta con 2.100 socios.", "Socios: 1.240."),
        ("Tiene 900 socios.", "Socios: 1.000."),
    ),
    (
        "fue fundada antes de 1970",
        ("Nació en 1923.", "Fundación: 1958."),
        ("Nació en 1985.", "Va a cerrar en 1969."),
    ),
    ("ya no existe", ("Se disolvió en 2019.",), ("No existe otra igual.", "Existe desde 1950.")),
    (
        "hat mehr als 1.000 Mitglieder",
        ("Mitglieder: 1.240.", "Sie zählt 2.100 Mitglieder."),
        ("Mitglieder: 310.",),
    ),
    (
        "liegt in Ulm",
        ("Sitz: Ulm.", "Sie arbeitet in Ulm, wo sie ihren Sitz hat."),
        ("Sie liefert nach Ulm.",),
    ),
    (
        "steht unter Denkmalschutz",
        ("Denkmalschutz: ja.", "Unter Denkmalschutz seit 1991."),
        ("Denkmalschutz: nein.",),
    ),
)


async def matched(call: Caller, condition: str) -> set[str]:
    body = {
        "objective": "Find companies",
        "entity_type": "companies",
        "match_conditions": [{"name": "asked", "description": condition}],
        "generator": "pro",
        "match_limit": 1000,
    }
    run = (await call.post(RUNS, body)).json()["findall_id"]
    await call.events(f"{RUNS}/{run}/events")
    candidates = (await call.get(f"{RUNS}/{run}/result")).json()["candidates"]
    return {item["name"] for item in candidates if item["match_status"] == "matched"}


@pytest.mark.parametrize(("condition", "meeting", "others"), RULES, ids=[rule[0] for rule in RULES])
async def test_what_is_said_in_other_words(
    tmp_path: Path, condition: str, meeting: tuple[str, ...], others: tuple[str, ...]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for place, said in enumerate((*meeting, *others)):
        name = f"K{chr(97 + place)}ro Works"
        (docs / f"{place}.md").write_text(f"# {name}\n\n{name} is a company.\n\n{said}\n")
    async with engine(tmp_path, docs=docs) as call:
        found = await matched(call, condition)
    assert found == {f"K{chr(97 + place)}ro Works" for place in range(len(meeting))}
