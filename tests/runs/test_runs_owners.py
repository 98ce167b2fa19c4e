"""A run is read by who made it, and by nobody else who happens to have the same provider key or gateway."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runs.owners import fingerprint, is_theirs
from penstock.runs.run import Owner

KEY, OTHER_KEY = fingerprint([b"one-key"]), fingerprint([b"another-key"])
HERS = Owner("acct", "gw", KEY, "token-1", "ann")

names = st.sampled_from(["", "a", "b"])
owners = st.builds(Owner, names, names, names, names, names)


@pytest.mark.parametrize(
    ("asker", "may"),
    [
        (HERS, True),
        (Owner("acct", "gw", KEY, "token-2", "bob"), True),  # the provider key itself proves it
        (Owner("acct", "gw", OTHER_KEY, "token-9", "ann"), True),  # another token of hers
        (Owner("acct", "gw", OTHER_KEY, "token-1", "bob"), False),
        (Owner("acct", "gw", "", "token-1", ""), False),
        (Owner("acct", "other", KEY, "token-1", "ann"), False),
        (Owner("other", "gw", KEY, "token-1", "ann"), False),
        (Owner("acct", "gw"), False),
    ],
)
def test_who_may_see_a_run_of_somebody_with_key_token_and_user(asker: Owner, may: bool) -> None:
    assert is_theirs(HERS, asker) is may


@pytest.mark.parametrize(
    ("asker", "may"),
    [
        (Owner("acct", "gw", "", "token-1", ""), True),
        (Owner("acct", "gw", "", "token-2", ""), False),
        (Owner("acct", "gw", "", "", ""), False),
        (Owner("acct", "gw", KEY, "token-1", ""), False),  # with a key of its own it is somebody else
    ],
)
def test_with_a_stored_key_it_is_the_token_that_tells(asker: Owner, may: bool) -> None:
    assert is_theirs(Owner("acct", "gw", "", "token-1", ""), asker) is may


def test_where_nobody_shows_anything_all_are_one() -> None:
    assert is_theirs(Owner("acct", "gw"), Owner("acct", "gw"))


def test_a_user_who_is_nobody_is_not_the_same_user() -> None:
    assert not is_theirs(
        Owner("acct", "gw", KEY, "token-1", ""), Owner("acct", "gw", OTHER_KEY, "token-1", "")
    )


@given(owners, owners)
def test_nobody_sees_over_the_fence_of_a_gateway(owner: Owner, asker: Owner) -> None:
    if is_theirs(owner, asker):
        assert (owner.account, owner.gateway) == (asker.account, asker.gateway)


@given(owners)
def test_who_made_it_sees_it(owner: Owner) -> None:
    assert is_theirs(owner, owner)


@pytest.mark.parametrize(
    "sent", [[b"secret"], [b"Bearer secret"], [b"bearer  secret "], [b"secret", b"Bearer secret"]]
)
def test_a_key_is_the_same_in_every_header(sent: list[bytes]) -> None:
    assert fingerprint(sent) == fingerprint([b"secret"])


def test_a_fingerprint_shows_nothing_of_the_key_and_none_is_none() -> None:
    assert "secret" not in fingerprint([b"secret"])
    assert fingerprint([]) == fingerprint([b"", b"Bearer "]) == ""
    assert fingerprint([b"ab", b"c"]) != fingerprint([b"a", b"bc"])
