"""What came of a run, for reading: a task's output and the values of its fields, and FindAll's candidates."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.candidates import FindingRecord, candidates, evidence_of
from penstock.runs.output import content_text, field_values
from support.kept_runs import basis, result_of
from support.known_runs import task
from support.parallel_documents import body

CONTENT = {
    "capital": "Lisbon",
    "people": 10,
    "rivers": ["Tagus", {"name": "Douro"}],
    "a.b": None,
    "long": "x" * 99,
}
NAMES = (
    "capital",
    "people",
    "rivers",
    "rivers.0",
    "rivers.1",
    "rivers.2",
    "rivers.x",
    "a.b",
    "nothing",
    "long",
)


@pytest.mark.parametrize("as_text", [False, True])
def test_the_values_of_fields_as_texts(as_text: bool) -> None:
    content = json.dumps(CONTENT) if as_text else CONTENT
    found = field_values(result_of(task(), type="json", content=content), NAMES, 40)
    assert {name: text.replace(" ", "") for name, text in found.items()} == {
        "capital": "Lisbon",
        "people": "10",
        "rivers": '["Tagus",{"name":"Douro"}]',
        "rivers.0": "Tagus",
        "rivers.1": '{"name":"Douro"}',
        "a.b": "null",
        "long": "x" * 40,
    }


def test_the_content_of_an_output_and_of_what_has_none_all_of_it() -> None:
    assert content_text(result_of(task(), content='a "text"\n')) == 'a "text"\n'
    assert json.loads(content_text(result_of(task(), type="json", content=CONTENT))) == CONTENT
    assert content_text(b"no \xff json") == "no \ufffd json"
    assert content_text(b'{"candidates":[]}') == '{"candidates":[]}'


def _candidate(number: int, match: object = "matched", **changes: object) -> dict[str, object]:
    plain = {"candidate_id": f"c{number}", "name": f"N{number}", "url": f"https://{number}.example"}
    return {**plain, "match_status": match, **changes}


def test_candidates_are_counted_and_told_in_their_order() -> None:
    result = body({"candidates": [_candidate(n, "matched" if n % 3 else "unmatched") for n in range(10)]})
    found = candidates(result, "", 2, 3)
    assert (found.counts, found.number) == ({"matched": 6, "unmatched": 4}, 10)
    assert [one.id for one in found.shown] == ["c2", "c3", "c4"]
    found = candidates(result, "unmatched", 1, 9)
    assert ([one.id for one in found.shown], found.number) == (["c3", "c6", "c9"], 4)
    assert candidates(result, "discarded", 0, 9).shown == ()


def test_what_is_known_of_a_candidate_newer_and_older_documents_alike() -> None:
    output = {
        "old": {"value": "yes", "type": "match_condition", "is_matched": True},
        "size": {"value": 12, "type": "enrichment"},
        "bare": "yes",
    }
    (one,) = candidates(
        body({"candidates": [_candidate(1, output=output, description="d" * 900)]}), "", 0, 9
    ).shown
    assert one.output == {
        "old": FindingRecord("yes", True), "size": FindingRecord("12", None), "bare": FindingRecord("yes", None),
    }  # fmt: skip
    assert (one.name, one.url, len(one.description)) == ("N1", "https://1.example", 500)


def test_what_makes_no_sense_spoils_nothing_else() -> None:
    odd = [_candidate(1, 7, name=None, url=["x"], output=[1]), _candidate(2)]
    found = candidates(body({"candidates": odd}), "", 0, 9)
    assert found.counts == {"unknown": 1, "matched": 1}
    assert [(one.id, one.name, one.url, one.output) for one in found.shown] == [
        ("c1", "", "", {}), ("c2", "N2", "https://2.example", {}),
    ]  # fmt: skip


def test_the_evidence_of_one_candidate() -> None:
    both = [_candidate(n, basis=[basis(f"f{n}", "high", f"https://{n}.org")]) for n in range(2)]
    found = evidence_of(body({"candidates": both}), "c1", 9)
    assert found is not None
    assert [(one.name, one.reasoning) for one in found.fields] == [("f1", "It is said so.")]
    assert evidence_of(body({"candidates": both}), "c2", 9) is None
    assert evidence_of(body({"candidates": [_candidate(1)]}), "c1", 9) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read(result: bytes) -> None:
    assert isinstance(content_text(result), str)
    assert isinstance(field_values(result, NAMES, 9), dict)
    candidates(result, "", 0, 9)
    evidence_of(result, "c1", 9)
