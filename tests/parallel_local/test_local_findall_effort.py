"""What FindAll reads and judges: no more than the generator and the words of the documents ask for, and all of that."""

import time
from pathlib import Path

import local_findall_more
import local_findall_sets
import local_findall_texts
import local_findall_traps
import msgspec
import pytest
from local_engine import Caller, engine
from local_findall_sets import Folder

from parallel_local.findall.declarations import page_names
from parallel_local.findall.effort import effort_of
from parallel_local.findall.pages import sections
from parallel_local.findall.prefilter import may_name, seen
from parallel_local.findall.read_pages import Pages
from parallel_local.retrieval.index import Card

FOLDERS = (
    *local_findall_sets.FOLDERS,
    *local_findall_more.FOLDERS,
    *local_findall_traps.FOLDERS,
    *local_findall_texts.FOLDERS,
)
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "parallel-local.md"
MOST_SECONDS = 10.0  # a tenth of a second is usual; the square would be minutes
KINDS = (*{question.kind for folder in FOLDERS for question in folder.questions if question.kind}, "people")


def card(path: str, text: str) -> Card:
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), path)
    return Card(0, path, f"https://docs.local/{path}", title, None, (), {})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_document_is_passed_over_that_names_one(folder: Folder) -> None:
    for path, text in folder.files.items():
        one = card(path, text)
        declared = page_names(one, sections(text)).declared
        for kind in KINDS:
            if any(item.of_kind(kind) for item in declared):
                assert may_name(one, seen(one, text), kind), (path, kind)


def test_documents_about_something_else_are_passed_over() -> None:
    text = "# Frost\n\nCold air sinks. Blossoms that open early freeze in a clear night of April."
    one = card("frost.md", text)
    assert not any(
        may_name(one, seen(one, text), kind) for kind in ("companies", "wineries", "people", "ships")
    )


@pytest.mark.parametrize(
    "text", ["a" * 300_000, "a.b" * 100_000, "A-" * 150_000, "With A " * 40_000, "**A" * 100_000]
)
def test_no_text_takes_its_square(text: str) -> None:
    one = card("long.md", text)
    begun = time.process_time()
    may_name(one, seen(one, text), "companies")
    page_names(one, sections(text))
    assert time.process_time() - begun < MOST_SECONDS


def test_a_document_is_read_again_when_it_has_changed_and_not_before() -> None:
    pages, text = Pages(), "# Brill\n\nBrill is a brewery in Bern."
    first = pages.names(card("a.md", text), text)
    moved = msgspec.structs.replace(card("a.md", text), id=7)
    assert pages.names(moved, text) is first
    other = text.replace("brewery", "bakery")
    assert pages.names(moved, other).declared[0].kinds != first.declared[0].kinds


async def ended(call: Caller, generator: str, limit: int) -> dict[str, object]:
    """The status of a run whose condition nobody meets."""
    body = {
        "objective": "Find mills that grind salt",
        "entity_type": "mills",
        "match_conditions": [{"name": "salt", "description": "grinds salt"}],
        "generator": generator,
        "match_limit": limit,
    }
    run = (await call.post("/v1beta/findall/runs", body)).json()["findall_id"]
    await call.events(f"/v1beta/findall/runs/{run}/events")
    status: dict[str, object] = (await call.get(f"/v1beta/findall/runs/{run}")).json()["status"]
    return status


@pytest.mark.parametrize(
    ("generator", "limit", "judged", "reason"),
    [
        ("preview", 5, 5, "match_limit_met"),
        ("base", 5, 100, "low_match_rate"),
        ("base", 20, 120, "candidates_exhausted"),
        ("core", 5, 120, "candidates_exhausted"),
        ("pro", 5, 120, "candidates_exhausted"),
    ],
)
async def test_a_generator_gives_up_after_so_many_candidates(
    tmp_path: Path, generator: str, limit: int, judged: int, reason: str
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    rows = "\n".join(f"- Alder{place} Works: grinds rye" for place in range(120))
    (docs / "mills.md").write_text(f"# Mills\n\n{rows}\n")
    async with engine(tmp_path, docs=docs) as call:
        status = await ended(call, generator, limit)
    assert status["termination_reason"] == reason
    assert status["metrics"] == {"generated_candidates_count": judged, "matched_candidates_count": 0}


async def test_a_thing_that_many_documents_name_is_judged_by_the_newest(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    most = effort_of("base").documents
    (docs / "brill.md").write_text("# Brill Mills\n\nBrill Mills is a mill in Bern.\n")
    for place in range(most + 5):
        said = "It grinds salt." if place < 3 else "It was painted."
        text = f"---\ndate: 20{10 + place:02}-01-01\n---\n# Note {place}\n\nWe saw Brill Mills. {said}\n"
        (docs / f"note{place:02}.md").write_text(text)
    body = {
        "objective": "Find mills that grind salt",
        "entity_type": "mills",
        "match_conditions": [{"name": "salt", "description": "grinds salt"}],
        "match_limit": 5,
    }
    async with engine(tmp_path, docs=docs) as call:
        states = {}
        for generator in ("base", "pro"):
            run = (await call.post("/v1beta/findall/runs", {**body, "generator": generator})).json()[
                "findall_id"
            ]
            await call.events(f"/v1beta/findall/runs/{run}/events")
            result = (await call.get(f"/v1beta/findall/runs/{run}/result")).json()
            states[generator] = [one["match_status"] for one in result["candidates"]]
    assert states == {"base": ["unmatched"], "pro": ["matched"]}


def test_the_guide_has_all_efforts() -> None:
    guide = GUIDE.read_text()
    for name in ("base", "core"):
        one = effort_of(name)
        row = f"| `{name}` | {one.candidates}, or {one.per_match} for each wanted match | {one.documents} |"
        assert row in guide
