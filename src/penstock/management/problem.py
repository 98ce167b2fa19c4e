"""What goes wrong in the management API, as its answers tell it (Cloudflare 4.1).

Nouns only; who turns them into an answer is `application.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.access.standing import WHY, Standing

INVALID: Final = 7001
NOT_FOUND: Final = 7002
NO_ROUTE: Final = 7003
UNAVAILABLE: Final = 7009
NO_EFFECT: Final = 9200
AUTHENTICATION: Final = 10000


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of `errors`. `path` leads to the field: `["body", "cache_ttl"]`."""

    code: int
    """What kind of mistake: 7001 a wrong request, 7002 and 7003 nothing of that name, 7009 a store, 10000 a token."""
    message: str
    """What is wrong, for people."""
    path: tuple[str, ...] = ()
    """Where it is: `["body", "cache_ttl"]`."""


class Message(msgspec.Struct, frozen=True):
    """One entry of `messages`, beside a success."""

    code: int
    """What kind: 9200 something that is stored and does nothing."""
    message: str
    """What there is to know, for people."""
    path: tuple[str, ...]
    """The field that it is about."""


class ManagementError(Exception):
    """Ends a request with an error. The texts hold no secret."""

    def __init__(
        self,
        status: int,
        problems: Sequence[Problem],
        retry_after: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """`retry_after` is in seconds; the names of `headers` are in lower case."""
        super().__init__("; ".join(problem.message for problem in problems))
        self.status = status
        self.problems = tuple(problems)
        retry = () if retry_after is None else (("retry-after", str(retry_after)),)
        self.headers = (*headers, *retry)


def invalid(message: str, *path: str) -> ManagementError:
    """400: something in the request is not as it should be."""
    return ManagementError(400, [Problem(INVALID, message, path)])


def not_found(what: str) -> ManagementError:
    """404: there is no such thing, or not for this caller."""
    return ManagementError(404, [Problem(NOT_FOUND, f"{what} not found")])


def unauthenticated(shown: Standing) -> ManagementError:
    """401: no token, or none that is good."""
    how = ": send it as Authorization: Bearer …" if shown is Standing.NOTHING else ""
    return ManagementError(401, [Problem(AUTHENTICATION, f"Authentication error: {WHY[shown]}{how}")])


def forbidden(message: str = "Authentication error") -> ManagementError:
    """403: a good token that may not do this."""
    return ManagementError(403, [Problem(AUTHENTICATION, message)])
