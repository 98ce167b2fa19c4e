"""What the results of Parallel rest on: fields, confidence, citations, domains; of any document, and none too large."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.evidence import (
    CONFIDENCES,
    MOST_FIELDS,
    Cited,
    Evidence,
    FieldEvidence,
    FieldTexts,
    domain,
    evidence,
    field_texts,
)
from support.parallel_documents import body, ended, output


def sources(*urls: str, excerpts: object = None) -> list[dict[str, object]]:
    return [{"url": url, "title": None, "excerpts": excerpts} for url in urls]


def basis(field: object, confidence: object = "high", **said: object) -> dict[str, object]:
    known = {"field": field, "citations": [], "reasoning": "So it is said.", "confidence": confidence}
    return known | said


def result(**said: object) -> bytes:
    return body({"run": ended(), "output": output(**said)})


def test_a_text_rests_on_one_basis() -> None:
    found = evidence(
        result(
            basis=[
                basis(
                    "output", citations=sources("https://www.a.org/x", "https://b.org", excerpts=["1", "2"])
                )
            ]
        )
    )
    field = FieldEvidence("output", "high", 2, ("a.org", "b.org"), 4, has_reasoning=True)
    assert found == Evidence(
        fields=(field,),
        counted=1,
        confidences={"high": 1},
        citations=2,
        excerpts=4,
        uncited=0,
        domains={"a.org": 1, "b.org": 1},
    )


@pytest.mark.parametrize("as_text", [False, True])
def test_the_fields_of_json_and_those_without_basis(as_text: bool) -> None:
    content: object = {"founded": 1999, "people": ["a", "b"], "silent": None, "x.y": 1}
    found = evidence(
        result(
            type="json",
            content=json.dumps(content) if as_text else content,
            basis=[
                basis("founded", "low", citations=sources("https://a.org")),
                basis("people.0", "medium", citations=sources("https://a.org/1", "https://A.org:8080/2")),
                basis("people.1", "", reasoning=""),
            ],
        )
    )
    assert [(field.name, field.confidence, field.citations) for field in found.fields] == [
        ("founded", "low", 1),
        ("people.0", "medium", 2),
        ("people.1", "none", 0),
        ("silent", "none", 0),
        ("x.y", "none", 0),
    ]
    assert found.confidences == {"medium": 1, "low": 1, "none": 3}
    assert list(found.confidences) == ["medium", "low", "none"]
    assert found.domains == {"a.org": 3}
    assert found.uncited == 3
    assert not found.fields[2].has_reasoning


def test_a_text_without_basis_is_a_field_that_rests_on_nothing() -> None:
    assert evidence(result()).fields == (FieldEvidence("output"),)
    assert evidence(result(type="auto")).fields == ()


@pytest.mark.parametrize(
    ("word", "confidence"),
    [
        ("high", "high"),
        ("Medium ", "medium"),
        ("LOW", "low"),
        ("", "none"),
        (None, "none"),
        ("none", "none"),
        ("certain", "none"),
        (0.9, "none"),
        ([], "none"),
    ],
)
def test_a_confidence_is_one_of_four_words(word: object, confidence: str) -> None:
    (field,) = evidence(result(basis=[basis("output", word)])).fields
    assert field.confidence == confidence
    assert confidence in CONFIDENCES


def test_a_chat_rests_on_its_basis() -> None:
    chat = {
        "choices": [{"message": {"content": "x"}}],
        "basis": [basis("output", citations=sources("https://a.org"))],
    }
    assert evidence(body(chat)).domains == {"a.org": 1}
    assert evidence(body(chat | {"basis": []})) == evidence(body(chat | {"basis": None})) == Evidence()


def test_findall_rests_on_what_its_candidates_do() -> None:
    candidates = [
        {
            "candidate_id": "1",
            "match_status": "matched",
            "basis": [basis("a", citations=sources("https://a.org"))],
        },
        {"candidate_id": "2", "match_status": "unmatched", "basis": [basis("a", "low")]},
        {"candidate_id": "3", "match_status": "generated", "basis": None},
    ]
    found = evidence(body({"run": {}, "candidates": candidates}))
    assert [field.name for field in found.fields] == ["a", "a"]
    assert found.confidences == {"high": 1, "low": 1}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Example.ORG/a?b=c", "example.org"),
        ("http://user:pass@example.org:81/", "example.org"),
        ("example.org/page", "example.org"),
        ("//example.org", "example.org"),
        ("https://example.org.", "example.org"),
        ("https://www.example.org", "example.org"),
        ("https://www2.example.org", "www2.example.org"),
        ("https://docs.local/3#chunk", "docs.local"),
        ("https://bücher.example/", "bücher.example"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        ("https://[nonsense/", ""),
        ("https://", ""),
        ("", ""),
        ("https://a b/", ""),
        ("https://" + "a" * 300 + ".org", ""),
        ("https://example.org/" + "a" * 10_000, ""),
    ],
)
def test_the_domain_of_a_citation(url: str, host: str) -> None:
    assert domain(url) == host


@given(st.text(max_size=60))
def test_any_url_has_a_domain_or_none(url: str) -> None:
    found = domain(url)
    assert len(found) <= 253
    assert found == found.lower() or not found.isascii()
    assert found.isprintable()


def test_citations_without_a_place_count_and_have_no_domain() -> None:
    citations = [{"url": None}, {"url": 7}, {}, {"url": "https://a.org", "excerpts": "no list"}]
    (field,) = evidence(result(basis=[basis("output", citations=citations)])).fields
    assert (field.citations, field.domains, field.excerpts) == (4, ("a.org",), 0)


@pytest.mark.parametrize("odd", [7, "x", [], {}, None, True, [7], [[]], [{"field": 7}]])
@pytest.mark.parametrize("member", ["type", "content", "basis"])
def test_one_odd_member_spoils_no_other(member: str, odd: object) -> None:
    found = evidence(result(**{"type": "json", "content": {"a": 1}, "basis": [basis("a")], member: odd}))
    assert found.counted == len(found.fields) <= 2


def test_a_result_with_parts_that_are_no_json_tells_the_rest() -> None:
    document = result(content="SHARE", basis=[basis("output")])
    for odd in (b"NaN", b'"\\ud800"', b"1e999"):
        assert evidence(document.replace(b'"SHARE"', odd)).confidences == {"high": 1}


def test_of_many_fields_all_are_counted_and_some_told() -> None:
    found = evidence(result(basis=[basis(f"f.{at}") for at in range(MOST_FIELDS + 200)]))
    assert len(found.fields) == MOST_FIELDS
    assert found.counted == MOST_FIELDS + 201
    urls = [f"https://{at}.org" for at in range(2000)]
    found = evidence(result(basis=[basis("output", citations=sources(*urls))]))
    assert (found.citations, len(found.domains), len(found.fields[0].domains)) == (2000, 1000, 50)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[",
        b"[" * 100_000,
        b'{"output":' * 50_000,
        b"{}" * 10,
        b'{"basis":[' + b"{}," * 300_000 + b"{}]}",
        b'{"output":{"type":"json","content":' + b"[" * 100_000 + b"}}",
        b'{"output":{"type":"json","content":"{\\"a\\":"}}',
    ],
)
def test_what_is_no_result_rests_on_nothing(document: bytes) -> None:
    assert evidence(document) == Evidence()
    assert field_texts(document) == []


@given(st.binary(max_size=300))
def test_any_bytes_are_read(document: bytes) -> None:
    evidence(document)
    field_texts(document)


def test_citations_are_shown_with_their_texts() -> None:
    citations = [
        {"url": "https://a.org/1", "title": "A", "excerpts": ["one", "two"]},
        {"url": "https://b.org", "title": None, "excerpts": None},
    ]
    document = result(
        basis=[basis("output", "low", citations=citations), basis("other", "?", citations=citations)]
    )
    first, second = Cited("https://a.org/1", "A", ("one", "two")), Cited("https://b.org", "", ())
    assert field_texts(document, 3) == [
        FieldTexts("So it is said.", (first, second)),
        FieldTexts("So it is said.", (first,)),
    ]
    long = [{"url": "x" * 10_000, "title": "x" * 10_000, "excerpts": ["x" * 20_000] * 50}]
    (told,) = field_texts(result(basis=[basis("x" * 1000, citations=long, reasoning="x" * 20_000)]))
    (one,) = told.citations
    assert [len(told.reasoning), len(one.url), len(one.title), len(one.excerpts), len(one.excerpts[0])] == [
        10_000,
        8192,
        500,
        20,
        10_000,
    ]


NAMES = st.sampled_from(
    [
        "output",
        "basis",
        "candidates",
        "type",
        "content",
        "field",
        "citations",
        "url",
        "excerpts",
        "confidence",
    ]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=6) | st.sampled_from(["json", "text", "high"]),
    lambda inner: st.dictionaries(NAMES, inner, max_size=5) | st.lists(inner, max_size=4),
    max_leaves=20,
)


@given(ANY)
def test_the_sums_of_any_document_agree_with_its_fields(document: object) -> None:
    found = evidence(body(document))
    assert found.counted == len(found.fields) == sum(found.confidences.values())
    assert found.citations == sum(field.citations for field in found.fields)
    assert found.excerpts == sum(field.excerpts for field in found.fields)
    assert found.uncited == sum(not field.citations for field in found.fields)
    assert (
        sum(found.domains.values())
        <= found.citations
        == sum(len(told.citations) for told in field_texts(body(document)))
    )
    assert set(found.domains) == {name for field in found.fields for name in field.domains}
