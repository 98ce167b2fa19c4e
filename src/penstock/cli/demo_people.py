"""The people of `penstock demo`: tokens for those who call, and one for the demonstration itself, to set things up.

They stand in the directory before anything is served. Other tokens it makes over HTTP, in `demo_settings.py`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from penstock.access import tokens
from penstock.clock import Clock
from penstock.stores.control_store import Add, Permission, RateLimit, Token
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import control_store

ACTOR: Final = "demo"

_PEOPLE: Final = (("ann", "support"), ("bob", "support"), ("carol", "research"), ("dave", "web"))
_HOUR: Final = 3600
_DAY_US: Final = 86_400_000_000


class Person(NamedTuple):
    """Who calls; `token` is the text of theirs."""

    user: str
    team: str
    token: str
    token_id: str


class People(NamedTuple):
    """`setter` is the text of the token that sets things up."""

    callers: Sequence[Person]
    setter: str


def make_people(data: Path, days: int) -> People:
    """Makes the tokens, as of so many days ago, in the directory that is to be served."""
    since_us = Clock().now_us() - (days + 1) * _DAY_US
    made = [_made(f"demo of {user}", ("run",), since_us, user, team) for user, team in _PEOPLE]
    setter, text = _made("demo's own", ("edit", "run"), since_us)
    control_store(Stores(data), ACTOR).apply([Add(setter), *(Add(token) for token, _ in made)])
    return People([Person(one.user, one.team, text, one.id) for one, text in made], text)


def _made(
    name: str, permissions: Sequence[Permission], since_us: int, user: str = "", team: str = ""
) -> tuple[Token, str]:
    fresh = tokens.fresh_secret(os.urandom)
    token = Token(
        id=fresh.id,
        name=name,
        permissions=tuple(permissions),
        secrets=(fresh.hash,),
        created_us=since_us,
        user=user,
        team=team,
        rate_limit=RateLimit(24, _HOUR) if user == "ann" else None,
    )
    return token, fresh.text
