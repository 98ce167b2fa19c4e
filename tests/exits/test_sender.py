"""Of an answer as much is read as was asked for, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from penstock.exits.sender import MOST_ANSWER_BYTES, Sender
from support.replies import whole
from support.upstream import Upstream

LONG = b"x" * (3 * MOST_ANSWER_BYTES)


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    sender = Sender()
    yield sender
    await sender.close()


@pytest.mark.parametrize(
    ("most", "read"), [(1, 1), (MOST_ANSWER_BYTES, MOST_ANSWER_BYTES), (len(LONG) + 1, len(LONG))]
)
async def test_so_much_of_an_answer_is_read(sender: Sender, upstream: Upstream, most: int, read: int) -> None:
    upstream.will(whole(LONG))
    answer = await sender.send("GET", upstream.url, {}, b"", most)
    assert len(answer.body) == read


async def test_as_a_rule_the_beginning_of_a_long_one_is_enough(sender: Sender, upstream: Upstream) -> None:
    upstream.will(whole(LONG), whole(b"short"))
    assert len((await sender.send("POST", upstream.url, {}, b"")).body) == MOST_ANSWER_BYTES
    assert (await sender.send("GET", upstream.url, {}, b"")).body == b"short"
