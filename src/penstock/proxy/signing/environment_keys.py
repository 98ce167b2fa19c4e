"""The credentials that the machine gives a worker for Amazon, held for a while and looked after ahead of their end.

The plain variables are read here. All else (profiles, roles, processes) is `aws_profiles.py`'s affair: it may wait for
files, programs and other hosts, and so goes on in a thread. Whose calls may use them is `policies/credentials.py`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from penstock.clock import Clock
from penstock.errors import NO_CREDENTIALS, GatewayError
from penstock.providers.aws_keys import AwsKeys, checked
from penstock.providers.signing import EnvironmentKeys
from penstock.proxy.signing.aws_profiles import Found, NotFound

_ID: Final = "AWS_ACCESS_KEY_ID"
_SECRET: Final = "AWS_SECRET_ACCESS_KEY"
_SESSION: Final = "AWS_SESSION_TOKEN"
_FRESH: Final = 60.0  # seconds until they are looked after
_GOOD: Final = 300.0  # and so long they may be used meanwhile
_AGAIN: Final = 10.0  # between two tries to renew some that are still good

Finder = Callable[[str], Found]
"""Finds the credentials of a profile, or of what there is; raises `NotFound`. It may wait, in a thread."""


@dataclass(slots=True)
class _Held:
    """Credentials, and until when, in monotonic seconds."""

    keys: AwsKeys
    fresh: float
    good: float


class _Failed(NamedTuple):
    why: str


class EnvironmentCredentials:
    """Those of one worker."""

    def __init__(self, environ: Mapping[str, str], finder: Finder, clock: Clock) -> None:
        self._environ = environ
        self._finder = finder
        self._clock = clock
        self._held: dict[str, _Held] = {}  # by profile
        self._finding: dict[str, asyncio.Task[_Held | _Failed]] = {}

    async def get(self, asked: EnvironmentKeys) -> AwsKeys:
        """Access keys that are good for a while. Raises `GatewayError` 400/2040, without any secret.

        A profile that was named goes before the variables, as with Amazon's own tools.
        """
        try:
            plain = None if asked.profile else from_variables(self._environ)
        except ValueError as error:
            raise _refusal(str(error)) from None
        if plain is not None:
            return plain
        held, now = self._held.get(asked.profile), self._clock.monotonic()
        if held is not None and now < held.good:
            if now >= held.fresh:
                held.fresh = now + _AGAIN
                self._find(asked.profile)
            return held.keys
        found = await asyncio.shield(self._find(asked.profile))
        if isinstance(found, _Failed):
            raise _refusal(found.why)
        return found.keys

    @property
    def is_looking(self) -> bool:
        """Whether some are being looked for."""
        return bool(self._finding)

    async def close(self) -> None:
        """Nobody waits for what is still being looked for."""
        tasks = tuple(self._finding.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, profile: str) -> asyncio.Task[_Held | _Failed]:
        """One task for all who wait for the same."""
        task = self._finding.get(profile)
        if task is None:
            task = self._finding[profile] = asyncio.get_running_loop().create_task(self._found(profile))
            task.add_done_callback(lambda _: self._finding.pop(profile))
        return task

    async def _found(self, profile: str) -> _Held | _Failed:
        began = self._clock.monotonic()
        try:
            found = await asyncio.to_thread(self._finder, profile)
            keys = checked(found.keys)
        except (NotFound, ValueError) as error:
            return _Failed(str(error))
        if found.ends_soon:
            self._held.pop(profile, None)
            return _Held(keys, began, began)
        held = self._held[profile] = _Held(keys, began + _FRESH, began + _GOOD)
        return held


def from_variables(environ: Mapping[str, str]) -> AwsKeys | None:
    """The keys of the plain variables; None where there are none. Raises `ValueError` for half of them."""
    key_id, secret = environ.get(_ID, ""), environ.get(_SECRET, "")
    if not key_id and not secret:
        return None
    if not key_id or not secret:
        there, missing = (_ID, _SECRET) if key_id else (_SECRET, _ID)
        raise ValueError(f"{there} is set, and {missing} is not: set both, or neither")
    return checked(AwsKeys(key_id, secret, environ.get(_SESSION, ""), ""))


def _refusal(why: str) -> GatewayError:
    return GatewayError(NO_CREDENTIALS, f"aws-bedrock: no credentials in the gateway's environment: {why}")
