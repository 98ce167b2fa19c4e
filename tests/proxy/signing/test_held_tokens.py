"""Tokens in memory: bounded, and nobody loses one to who makes more of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.proxy.signing.held_tokens import Held, HeldTokens

MOST = 8


def held(share: str, ends_us: int = 100) -> Held:
    return Held(b"token of " + share.encode(), ends_us, share, 0)


def test_a_flood_takes_its_own_places() -> None:
    tokens = HeldTokens(MOST)
    for name in (b"a", b"b", b"c"):
        tokens.keep(name, held("quiet"))
    for number in range(100):
        tokens.keep(b"%d" % number, held("loud"))
    assert all(tokens.get(name) for name in (b"a", b"b", b"c"))
    assert tokens.get(b"99") is not None
    assert len(tokens) == MOST


def test_the_longest_unused_goes_first() -> None:
    tokens = HeldTokens(2)
    tokens.keep(b"a", held("x"))
    tokens.keep(b"b", held("x"))
    assert tokens.get(b"a")
    tokens.keep(b"c", held("x"))
    assert tokens.get(b"b") is None
    assert tokens.get(b"a")


def test_what_has_ended_goes() -> None:
    tokens = HeldTokens()
    tokens.keep(b"a", held("x", 100))
    tokens.keep(b"b", held("x", 101))
    tokens.drop_ended(100)
    assert (tokens.get(b"a"), len(tokens)) == (None, 1)


def test_a_repr_shows_no_token() -> None:
    assert "token" not in repr(held("x")).replace("Held", "")


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("xyz"), st.booleans()), max_size=60))
def test_it_is_never_more_than_allowed_and_has_the_newest(steps: list[tuple[int, str, bool]]) -> None:
    tokens = HeldTokens(MOST)
    for number, share, drops in steps:
        name = b"%d" % number
        if drops:
            tokens.drop(name)
            assert tokens.get(name) is None
        else:
            one = held(share)
            tokens.keep(name, one)
            assert tokens.get(name) is one
        assert len(tokens) <= MOST
