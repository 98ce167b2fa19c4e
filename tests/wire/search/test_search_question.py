"""A caller's request is checked as Parallel does it, once (Parallel 2.1, 2.8; search and runs A1)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.search.domains import domain_fault, host_of, is_within, may_show, plain_domain
from penstock.wire.search.question import Misasked, SearchAsked, read_search

QUERY = {"search_queries": ["x"]}


def read(value: object) -> SearchAsked:
    return read_search(json.dumps(value).encode())[0]


def settings(**members: object) -> dict[str, object]:
    return {**QUERY, "advanced_settings": members}


def policy(**members: object) -> dict[str, object]:
    return settings(source_policy=members)


def test_the_least_that_may_be_asked() -> None:
    asked, model = read_search(b'{"search_queries":["x"]}')
    assert model == ""
    assert (asked.queries, asked.mode, asked.results, asked.session) == (("x",), "advanced", 10, "")
    assert asked.warnings == ()


def test_the_model_is_taken_out() -> None:
    asked, model = read_search(b'{"model":"exa/auto","search_queries":["x"]}')
    assert model == "exa/auto"
    assert [name for name, _ in asked.members] == ["search_queries"]
    assert read_search(b'{"model":null,"search_queries":["x"]}')[1] == ""


def test_null_is_nothing() -> None:
    everything = dict.fromkeys(
        ("objective", "mode", "max_chars_total", "session_id", "client_model", "advanced_settings")
    )
    assert msgless(read({**QUERY, **everything})) == msgless(read(QUERY))


def msgless(asked: SearchAsked) -> tuple[object, ...]:
    return tuple(getattr(asked, name) for name in asked.__struct_fields__ if name != "members")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "search_queries"),
        ({"search_queries": []}, "search_queries"),
        ({"search_queries": ["", "  "]}, "search_queries"),
        ({"search_queries": ["x"] * 6}, "search_queries"),
        ({"search_queries": ["x" * 201]}, "search_queries"),
        ({"search_queries": "x"}, "search_queries"),
        ({"search_queries": [1]}, "search_queries.0"),
        ({"objective": "only this"}, "search_queries"),
        ({**QUERY, "objective": "x" * 5001}, "objective"),
        ({**QUERY, "mode": "one-shot"}, "mode"),
        ({**QUERY, "max_results": 5}, "max_results"),
        ({**QUERY, "source_policy": {}}, "source_policy"),
        ({**QUERY, "processor": "base"}, "processor"),
        ({**QUERY, "max_chars_total": 0}, "max_chars_total"),
        ({**QUERY, "max_chars_total": True}, "max_chars_total"),
        ({**QUERY, "max_chars_total": 1.5}, "max_chars_total"),
        ({**QUERY, "session_id": "x" * 1001}, "session_id"),
        ({**QUERY, "model": ""}, "model"),
        ({**QUERY, "model": ["exa"]}, "model"),
        ({**QUERY, "model": "x" * 257}, "model"),
        (settings(unheard_of=1), "advanced_settings.unheard_of"),
        (settings(max_results=0), "advanced_settings.max_results"),
        (settings(max_results=-3), "advanced_settings.max_results"),
        (settings(max_results="3"), "advanced_settings.max_results"),
        (settings(excerpt_settings={"max_chars": 3}), "advanced_settings.excerpt_settings.max_chars"),
        (
            settings(excerpt_settings={"max_chars_per_result": 0}),
            "advanced_settings.excerpt_settings.max_chars_per_result",
        ),
        (settings(fetch_policy={"max_age_seconds": 599}), "advanced_settings.fetch_policy.max_age_seconds"),
        (settings(fetch_policy={"timeout_seconds": 0}), "advanced_settings.fetch_policy.timeout_seconds"),
        (policy(include_domains=["a.test"] * 201), "advanced_settings.source_policy"),
        (
            policy(include_domains=["a.test"] * 101, exclude_domains=["a.test"] * 100),
            "advanced_settings.source_policy",
        ),
        (policy(after_date="2026-02-30"), "advanced_settings.source_policy.after_date"),
        (policy(after_date="01/02/2026"), "advanced_settings.source_policy.after_date"),
        (policy(after_date="2026-W10-1"), "advanced_settings.source_policy.after_date"),
        (policy(after_date="２０２６-01-01"), "advanced_settings.source_policy.after_date"),
    ],
)
def test_what_parallel_refuses_is_refused(value: object, place: str) -> None:
    with pytest.raises(Misasked) as raised:
        read(value)
    assert raised.value.problems[0][0] == place


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"x"',
        b'{"search_queries":["x"]} x',
        b'{"search_queries":["\xff"]}',
        b'{"search_queries":' + b"[" * 10_000,
        b'{"search_queries":[' + b'"",' * 30_000 + b'"x"]}',
        b'{"search_queries":["x"],"a":' + b"9" * 100_000 + b"}",
    ],
    ids=["empty", "null", "list", "open", "text", "more", "bytes", "deep", "many", "long number"],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Misasked):
        read_search(body)


def test_more_results_than_there_are_is_a_warning() -> None:
    asked = read(settings(max_results=50))
    assert asked.results == 20
    assert [warning.partition(":")[0] for warning in asked.warnings] == ["advanced_settings.max_results"]


@pytest.mark.parametrize("location", ["uk", "deu", "germany", "d€"])
def test_what_is_no_country_is_ignored_with_a_warning(location: str) -> None:
    asked = read(settings(location=location))
    assert asked.country == ""
    assert [warning.partition(":")[0] for warning in asked.warnings] == ["advanced_settings.location"]


def test_what_is_included_goes_before_what_is_excluded() -> None:
    asked = read(policy(include_domains=["a.test"], exclude_domains=["b.test"]))
    assert (asked.include, asked.exclude) == (("a.test",), ())


# -- domains


@pytest.mark.parametrize(
    "text", ["example.com", "a.b.example.gov", ".gov", ".co.uk", "WWW.Example.com", "bücher.de"]
)
def test_domains(text: str) -> None:
    assert domain_fault(text) == ""


@pytest.mark.parametrize(
    "text",
    ["", ".", "com", "https://a.test", "a.test/x", "a.test:80", "*.a.test", "a b.test", "-a.test", "a..test",
     "a.test OR b", "a.test\nsite:b.test", "a" * 64 + ".test", "x." * 200 + "test"],
)  # fmt: skip
def test_what_is_no_domain(text: str) -> None:
    assert domain_fault(text) != ""


def test_a_leading_www_means_the_domain() -> None:
    assert plain_domain("WWW.Example.com.") == "example.com"


@pytest.mark.parametrize(
    ("host", "domain", "within"),
    [
        ("a.test", "a.test", True),
        ("x.a.test", "a.test", True),
        ("xa.test", "a.test", False),
        ("a.test.evil", "a.test", False),
        ("usa.gov", ".gov", True),
        ("gov", ".gov", False),
        ("a.test", "x.a.test", False),
    ],
)
def test_a_domain_stands_for_what_is_below_it(host: str, domain: str, within: bool) -> None:
    assert is_within(host, domain) is within


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.test/x", "a.test"),
        ("http://a.test:8080/", "a.test"),
        ("https://a.test./", "a.test"),
        ("https://user@a.test@b.test/", "b.test"),
        ("https://bücher.de/", "xn--bcher-kva.de"),
        ("ftp://a.test/", ""),
        ("javascript:alert(1)", ""),
        ("//a.test/", ""),
        ("a.test", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://a.test/\n", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


HOSTS = st.lists(st.sampled_from(["a", "b", "test", "example", "gov"]), min_size=1, max_size=4).map(".".join)
DOMAINS = st.lists(HOSTS.flatmap(lambda host: st.sampled_from([host, f".{host}"])), max_size=4)


@given(HOSTS, DOMAINS, DOMAINS)
def test_law_what_is_shown_is_within_the_lists(host: str, include: list[str], exclude: list[str]) -> None:
    own = [host.split(".", number)[-1] for number in range(host.count(".") + 1)]
    wanted = {*own, *(f".{one}" for one in own[1:])}
    if include:
        assert may_show(host, include, exclude) == bool(wanted & set(include))
    else:
        assert may_show(host, include, exclude) == (not wanted & set(exclude))
