"""Providers of web search: what their endpoints are, where each kind is asked, and secrets in their bodies."""

from __future__ import annotations

import pytest

from penstock.pieces import finished
from penstock.providers.operation import Effect, Kind
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.registry import BUILT_IN, Registry
from penstock.providers.spoken import MODES, chosen
from penstock.providers.tavily import redact
from penstock.wire.search.providers import SEARCH
from penstock.wire.surface import Surface
from support.asked_operations import Line, asked, lines, model_of, operation

EXA = """
POST search | search | y | gen | b:type search-{} | c
POST search | search | y | gen | - search-auto | c
POST findSimilar | search | y | gen | - find-similar | c
POST contents | extract | y | gen | - contents | c
POST answer | responses | y | gen | - answer | c
POST research/v1 | research | o | order | b:model | -
GET research/v1,research/v1/r1 | research | n | read | - | -
"""
TAVILY = """
POST search | search | y | gen | b:search_depth search-{} | c
POST search | search | y | gen | - search-basic | c
POST extract | extract | y | gen | - extract | c
POST crawl,map | extract | y | gen | - crawl | c
POST research | research | o | order | b:model | -
GET research/r1 | research | n | read | - | -
GET usage | account | n | read | - | -
"""
BRAVE = """
GET res/v1/web/search | search | y | gen | - search-web | c
GET res/v1/llm/context | search | y | gen | - search-llm-context | c
POST res/v1/llm/context | search | y | gen | - search-llm-context | c
GET res/v1/news/search,res/v1/images/search | search | y | gen | - search-other | c
GET res/v1/suggest/search | search | y | gen | - suggest | c
POST res/v1/chat/completions | chat | y | gen | b:model | c
"""
LINES = [*lines("exa", EXA), *lines("tavily", TAVILY), *lines("brave", BRAVE)]


@pytest.mark.parametrize("line", LINES, ids=str)
def test_an_endpoint_is_what_its_vendor_says(line: Line) -> None:
    row = operation(line.provider, line.method, line.tail)
    assert (row.kind.value, row.bills, row.effect) == (line.kind, line.bills, line.effect)
    assert asked(row, line.tail).is_kept == line.is_kept
    assert model_of(line) == line.model


@pytest.mark.parametrize(
    ("provider", "method", "tail"), [("exa", "POST", "websets/v0/websets"), ("brave", "POST", "x")]
)
def test_what_nobody_has_looked_at_may_cost_something(provider: str, method: str, tail: str) -> None:
    assert operation(provider, method, tail).name == UNKNOWN


def test_every_mode_is_a_search_that_is_known_and_read() -> None:
    for provider in BUILT_IN:
        if not provider.speech.search:
            assert provider.speech.modes == ()
            continue
        registry = Registry({provider.slug: "http://127.0.0.1:1"})
        for mode in MODES:
            found = chosen(provider.speech, Surface.SEARCH, provider.speech.kind_for(mode))
            assert found is not None
            spoken, kind = found
            assert spoken.dialect in SEARCH
            assert registry.find_compat(provider.compat[0]) is not None
            row = provider.operations.at(spoken.path(kind))
            assert any(one.kind is Kind.SEARCH and one.effect is Effect.GENERATE for one in row.values())


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        (b'{"query":"x"}', b'{"query":"x"}'),
        (b'{"api_key":"tvly-1","query":"x"}', b'{"api_key":"[redacted]","query":"x"}'),
        (b'{"api_key" : "tvly\\"1" }', b'{"api_key" : "[redacted]" }'),
        (b'{"query":"x","api_key":"tvly-cut of', b'{"query":"x","api_key":"[redacted]"'),
        (b"", b""),
    ],
)
def test_a_key_in_a_body_of_tavily_is_in_no_record(body: bytes, clean: bytes) -> None:
    assert finished(redact(body)) == clean
