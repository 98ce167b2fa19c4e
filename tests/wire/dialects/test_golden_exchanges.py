"""Each golden exchange: what goes to the provider, and what the caller gets, whole, streamed and as an error."""

from __future__ import annotations

import json

import pytest

from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.translation import Unanswered
from support.golden_exchanges import DIALECTS_IN, DIALECTS_OUT, FOLDER, Exchange, events, provider_stream
from support.golden_translations import ALL, asked, having, translated, translation


def test_there_are_some_for_every_dialect() -> None:
    assert list(FOLDER.glob("*.txt"))
    assert {one.inbound for one in ALL} == set(DIALECTS_IN)
    assert {one.outbound for one in ALL} == set(DIALECTS_OUT)


@pytest.mark.parametrize("exchange", having("sent"))
def test_what_goes_to_the_provider(exchange: Exchange) -> None:
    found = translated(exchange)
    assert json.loads(found.body) == exchange.json("sent"), exchange.shows
    assert [f"{name}: {value}" for name, value in found.headers] == exchange.lines("headers")
    assert list(found.dropped) == exchange.lines("dropped")


@pytest.mark.parametrize("exchange", having("refused"))
def test_what_cannot_be_carried_is_refused(exchange: Exchange) -> None:
    found = exchange.with_argument("refused")
    assert found is not None
    with pytest.raises(Refused) as refused:
        translated(exchange)
    assert refused.value.path == found[0]
    assert found[1].strip() in refused.value.why


@pytest.mark.parametrize("exchange", having("answer"))
def test_a_whole_answer(exchange: Exchange) -> None:
    body, failed = exchange.sections["answer"].encode(), exchange.with_argument("failed")
    if failed is not None:
        with pytest.raises(Unanswered) as unanswered:
            translation(exchange).answer(body, asked(exchange))
        assert told(unanswered.value) == (int(failed[0]), json.loads(failed[1])), exchange.shows
        return
    answer = translation(exchange).answer(body, asked(exchange))
    assert json.loads(answer) == exchange.json("given"), exchange.shows


@pytest.mark.parametrize("exchange", having("stream"))
def test_a_stream_however_it_is_cut(exchange: Exchange) -> None:
    """Frames end at empty lines, wherever pieces end (dialects, C 96)."""
    stream, failed = provider_stream(exchange), exchange.with_argument("failed stream")
    if failed is not None:
        with pytest.raises(Unanswered) as unanswered:
            in_pieces(exchange, stream, len(stream) or 1)
        assert told(unanswered.value) == (int(failed[0]), json.loads(failed[1])), exchange.shows
        return
    whole = in_pieces(exchange, stream, len(stream) or 1)
    assert events(whole) == events(exchange.sections["given stream"].encode()), exchange.shows
    assert in_pieces(exchange, stream, 1) == whole
    for cut in range(1, len(stream), max(1, len(stream) // 200)):
        stepped = translation(exchange).stream(asked(exchange))
        assert stepped.feed(stream[:cut]) + stepped.feed(stream[cut:]) + stepped.finish() == whole


def told(unanswered: Unanswered) -> tuple[int, object]:
    """How the caller hears of it."""
    return unanswered.failure.status, json.loads(unanswered.body)


def in_pieces(exchange: Exchange, stream: bytes, size: int) -> bytes:
    stepped = translation(exchange).stream(asked(exchange))
    found = [stepped.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    return b"".join([*found, stepped.finish()])


@pytest.mark.parametrize("exchange", having("error"))
def test_an_error(exchange: Exchange) -> None:
    found, wanted = exchange.with_argument("error"), exchange.with_argument("given error")
    assert found is not None
    assert wanted is not None
    head, gap, body = found[1].partition("\n\n")
    if not gap or not all(": " in line for line in head.splitlines()) or head.lstrip().startswith("{"):
        head, body = "", found[1]
    lines = dict(line.split(": ", 1) for line in head.splitlines())
    failure, given = translation(exchange).error(int(found[0]), lines, body.strip("\n").encode())
    assert failure.status == int(wanted[0]), exchange.shows
    assert json.loads(given) == json.loads(wanted[1])
