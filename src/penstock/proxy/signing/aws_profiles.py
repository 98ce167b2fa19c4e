"""Credentials that Amazon's own library finds: of profiles, SSO, assumed roles, processes, containers and instances.

All of it waits, and is to be called in a thread. The library is an extra and is loaded when the first call needs it.
What it says of failures may quote what a program printed, so only their kind gets any further.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from penstock.providers.aws_keys import AwsKeys

_SOON: Final = 360  # seconds: keys with so little left are not held


class NotFound(Exception):
    """There are no credentials. The text is for people."""


class Found(NamedTuple):
    """Access keys. `ends_soon`: they are not to be used again."""

    keys: AwsKeys
    ends_soon: bool


class _Frozen(Protocol):
    access_key: str
    secret_key: str
    token: str | None


class _Source(Protocol):
    def get_frozen_credentials(self) -> _Frozen: ...


class AwsProfiles:
    """What the library knows, by profile. It renews by itself what ends; all else is read anew."""

    def __init__(self) -> None:
        self._renewing: dict[str, _Source] = {}

    def find(self, profile: str) -> Found:
        """The credentials of a profile, or, without a name, of what there is. Raises `NotFound`."""
        source = self._renewing.get(profile)
        try:
            if source is None:
                source = _source(profile)
            frozen = source.get_frozen_credentials()
        except NotFound:
            raise
        except Exception as error:
            raise NotFound(_why(profile, type(error).__name__)) from None
        needs: Callable[[int], bool] | None = getattr(source, "refresh_needed", None)
        if needs is not None:
            self._renewing[profile] = source
        keys = AwsKeys(frozen.access_key, frozen.secret_key, frozen.token or "", "")
        return Found(keys, ends_soon=needs is not None and needs(_SOON))


def _source(profile: str) -> _Source:
    try:
        from botocore.session import Session  # noqa: PLC0415 - optional driver, imported only for profiles and roles
    except ImportError:
        raise NotFound(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are what is read without a further package; for profiles and "
            "roles: pip install 'penstock[aws]'"
        ) from None
    logging.getLogger("botocore").setLevel(logging.CRITICAL)  # it logs what programs and services said
    source: _Source | None = Session(profile=profile or None).get_credentials()
    if source is None:
        where = f"the profile {profile!r} has none" if profile else "no variable, profile or role has any"
        raise NotFound(f"{where}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
    return source


def _why(profile: str, kind: str) -> str:
    if kind == "ProfileNotFound":
        name = repr(profile) if profile else "that AWS_PROFILE names"
        return f"the profile {name} is not there; add it to ~/.aws/config or ~/.aws/credentials"
    what = f"the profile {profile!r}" if profile else "the profile or role of this machine"
    return f"{what} gives none ({kind}); try it with: aws sts get-caller-identity"
