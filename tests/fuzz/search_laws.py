"""Searches: any request is checked or refused, and what any provider answers is Parallel's in the end, or no answer."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from penstock.providers.registry import BUILT_IN
from penstock.wire.search.answer import write_answer
from penstock.wire.search.domains import host_of, may_show
from penstock.wire.search.errors import failure, failure_body
from penstock.wire.search.provider import Unreadable
from penstock.wire.search.providers import SEARCH
from penstock.wire.search.question import Misasked, read_search

_TODAY: Final = "2026-11-29"
_WAYS: Final = tuple(
    (SEARCH[one.dialect], provider.speech.kind_for(mode))
    for provider in BUILT_IN
    for mode in ("basic", "advanced")
    for one in provider.speech.search
    if one.name_of(provider.speech.kind_for(mode))
)
_ASKED: Final = read_search(
    b'{"search_queries":["x"],"max_chars_total":50,"advanced_settings":{"max_results":3,"source_policy":{"include_domains"'
    b':["a.test",".gov"],"after_date":"2026-01-01"},"excerpt_settings":{"max_chars_per_result":20}}}'
)[0]


def a_search_is_asked_or_refused(data: bytes) -> None:
    """What goes to a provider is JSON, or one line of a query, whatever the caller wrote."""
    try:
        asked, _ = read_search(data)
    except Misasked as error:
        assert error.problems
        return
    assert 1 <= asked.results <= 20
    for provider, kind in _WAYS:
        try:
            sent = provider.ask(asked, kind, _TODAY)
        except Misasked:
            assert asked.include
            continue
        assert bool(sent.body) != bool(sent.query)
        if sent.body:
            assert isinstance(msgspec.json.decode(sent.body), dict)
        else:
            assert sent.query.isascii()
            assert sent.query.isprintable()
            assert " " not in sent.query
            assert len(dict(parse_qsl(sent.query, strict_parsing=True))["q"]) <= 2000


def an_answer_is_parallels_or_none(data: bytes) -> None:
    """Results of whatever came keep to the question; an error is an error."""
    for provider in SEARCH.values():
        try:
            told = provider.read(data)
        except Unreadable:
            continue
        answer = json.loads(write_answer(told, _ASKED, "search_1", "session_1", ()))
        texts = [one["excerpts"] for one in answer["results"]]
        assert len(texts) <= 3
        assert sum(len(text) for some in texts for text in some) <= 50
        for one in answer["results"]:
            assert may_show(host_of(one["url"]), _ASKED.include, ())
            assert sum(map(len, one["excerpts"])) <= 20
            assert one["publish_date"] is None or one["publish_date"] >= "2026-01-01"
    told_error = failure("exa", 500, {}, data, stored=False, own_shape=False)
    assert json.loads(failure_body(told_error, "1"))["type"] == "error"
