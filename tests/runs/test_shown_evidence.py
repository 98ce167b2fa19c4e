"""Fields with what is cited for them: each citation at its own field, and sums of all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.shown_evidence import CitationRecord, evidence_record
from support.kept_runs import basis, result_of
from support.known_runs import task
from support.parallel_documents import body


def test_each_field_has_its_own_citations() -> None:
    bases = [
        basis("x", "high", "https://a/1", "https://b/2"),
        basis("y", "low"),
        basis("x", "none", "https://c/3"),
    ]
    found = evidence_record(result_of(task(), type="json", content={"x": 1, "y": 2, "z": 3}, basis=bases))
    assert found is not None
    assert [(one.name, one.confidence, [cited.url for cited in one.citations]) for one in found.fields] == [
        ("x", "high", ["https://a/1", "https://b/2"]),
        ("y", "low", []),
        ("x", "none", ["https://c/3"]),
        ("z", "none", []),
    ]
    assert found.fields[0].citations[0] == CitationRecord(
        "https://a/1", "Title of https://a/1", ("as it is written",)
    )
    assert (found.counted, found.cited, found.uncited, found.domains) == (4, 3, 2, {"a": 1, "b": 1, "c": 1})
    assert found.confidences == {"high": 1, "low": 1, "none": 2}


def test_of_findall_all_candidates_count() -> None:
    candidates = [
        {"candidate_id": str(n), "basis": [basis("name", "high", f"https://{n}.org")]} for n in range(3)
    ]
    found = evidence_record(body({"candidates": candidates}))
    assert found is not None
    assert [field.citations[0].url for field in found.fields] == [
        "https://0.org",
        "https://1.org",
        "https://2.org",
    ]


def test_no_more_fields_are_told_than_are_wanted() -> None:
    bases = [basis(f"f{n}", "high", "https://a/1") for n in range(9)]
    found = evidence_record(result_of(task(), basis=bases, content=""), 2)
    assert found is not None
    assert (len(found.fields), found.counted) == (2, 10)


@pytest.mark.parametrize("result", [b"", b"{", b"[]", b"null", b"\xff", b'{"output":null}', b"[" * 10_000])
def test_what_tells_nothing_is_nothing(result: bytes) -> None:
    assert evidence_record(result) is None


@given(st.lists(st.lists(st.sampled_from(["https://a/1", "https://b/2", "", "//"]), max_size=3), max_size=6))
def test_citations_stay_in_their_fields(urls: list[list[str]]) -> None:
    bases = [basis(f"f{n}", "low", *some) for n, some in enumerate(urls)]
    content = json.dumps({f"f{n}": n for n in range(len(urls))})
    found = evidence_record(result_of(task(), type="json", content=content, basis=bases))
    assert [[one.url for one in field.citations] for field in found.fields] == urls if found else urls == []
