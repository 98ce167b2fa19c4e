"""Credentials of several parts: what is asked of a vendor's, and what a provider says about using them.

Such a credential never goes out itself: a call is signed with it, or with what was got for it. What they are made of
is each vendor's own file; how calls are signed is `proxy/signing/`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

GOOGLE_TOKENS: Final = "https://oauth2.googleapis.com/token"
"""Where Google makes access tokens of the keys of service accounts."""


class SigningKey(Protocol):
    """A credential of several parts, read and checked. `region` and `project` are empty where it names none."""

    @property
    def region(self) -> str: ...

    @property
    def project(self) -> str: ...


class CredentialPlace(NamedTuple):
    """Where a credential is for, as far as a vendor's addresses ask for that."""

    region: str
    project: str


@dataclass(frozen=True, slots=True)
class EnvironmentKeys:
    """The operator said that calls are signed with what the machine gives: a profile's, or what there is.

    It takes the place of a credential until a call goes out. `region` is empty where none is named.
    """

    profile: str = ""
    region: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Signing:
    """How a provider uses credentials of several parts.

    `read` makes a key of its JSON, and raises `ValueError` with words for people that never quote it. `sent` gives the
    JSON that stands in a caller's `Authorization`, and nothing where there is none; `scope` says by the tail in which
    region and for which service a signature holds.
    """

    read: Callable[[bytes], SigningKey]
    default_region: str
    sent: Callable[[bytes], bytes] | None = None
    scope: Callable[[str], tuple[str, str]] | None = None
    token_url: str = ""  # where tokens are made of it
    environment: EnvironmentKeys | None = None  # for calls that have no other
    takes_environment: bool = False  # whether an operator may say so


def is_of_parts(secret: bytes) -> bool:
    """Whether a stored secret is such a credential, for whatever provider."""
    return secret.startswith(b"{")
