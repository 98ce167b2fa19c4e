"""Access tokens of service accounts: made once, used by all, and made anew ahead of their end.

Held in memory, and kept for the other workers where answers are kept, sealed under the key they were made of: who can
open one could have made it. One task of a worker makes the token of an account; others wait for that. What is asked,
and of whom, is `token_endpoint.py`'s affair; which are held, `held_tokens.py`'s.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Final, NamedTuple

from penstock.access.google_assertion import UnfitKey, assertion
from penstock.access.vault import NONCE_BYTES, SealBroken, Vault
from penstock.clock import Clock
from penstock.errors import NO_CREDENTIALS, UNAVAILABLE, GatewayError
from penstock.providers.google_accounts import ServiceAccount
from penstock.proxy.signing.held_tokens import Held, HeldTokens
from penstock.proxy.signing.token_endpoint import NotGranted, TokenEndpoint
from penstock.proxy.upstream.exchange import Progress, UpstreamError
from penstock.stores.replies import Replies, RepliesUnavailable, Reply, Scope

_MICRO: Final = 1_000_000
_SPARE_US: Final = 30 * _MICRO  # a token is not used any more when it has so little left
_AHEAD_US: Final = 300 * _MICRO  # and looked after when it has so little, or a quarter of what it had
_AGAIN_US: Final = 10 * _MICRO  # between two tries to renew one that is still good
_TIDY_US: Final = 60 * _MICRO
_MOST_AT_ONCE: Final = 8  # being made for one share of callers
_ONE_KIND: Final = bytes(32)  # of what is kept: a newer token takes an older one's place
_SEAL: Final = b"penstock access token\0"
_NAME: Final = b"penstock access token of\0"


class TokenRefused(GatewayError):
    """There is no token for an account, and there will be none."""


class Whose(NamedTuple):
    """For whom a token is made: whose room it takes, and for which provider. A guest's account is no stored key."""

    share: str
    provider: str
    is_guest: bool


class AccessTokens:
    """The tokens of one worker. `kept` is shared by the workers."""

    def __init__(
        self,
        endpoint: TokenEndpoint,
        kept: Replies,
        clock: Clock,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._endpoint = endpoint
        self._kept = kept
        self._clock = clock
        self._random = random
        self._held = HeldTokens()
        self._making: dict[bytes, asyncio.Task[Held | NotGranted]] = {}
        self._busy: Counter[str] = Counter()  # being made, by share
        self._tidied_us = 0

    async def get(self, account: ServiceAccount, url: str, whose: Whose) -> bytes:
        """A token that is good for a while; `url` is where tokens are made.

        Raises `TokenRefused`; `GatewayError` 503 where too many are being made; `UpstreamError`.
        """
        now_us = self._clock.now_us()
        held = self._held.get(account.id)
        if held is not None and held.ends_us - now_us > _SPARE_US:
            if now_us >= held.renew_us and not self._is_busy(whose):
                held.renew_us = now_us + _AGAIN_US
                self._make(account, url, whose.share)
            return held.token
        if account.id not in self._making and self._is_busy(whose):
            raise GatewayError(UNAVAILABLE, "too many access tokens are being made at once; try again")
        made = await asyncio.shield(self._make(account, url, whose.share))
        if isinstance(made, Held):
            return made.token
        why = f"{whose.provider}: no access token could be made of the service account: {made.why}"
        if made.refused:
            raise TokenRefused(NO_CREDENTIALS, why)
        raise UpstreamError(why, Progress.NOT_SENT, timeout=made.timeout, local=True)

    def refuse(self, account: ServiceAccount, token: bytes) -> None:
        """A token is not taken any more, whatever it was good for: it is not used again, by whomever it was made."""
        held = self._held.get(account.id)
        if held is not None and held.token == token:
            held.ends_us = 0

    def sweep(self) -> None:
        """To be called about once a second."""
        now_us = self._clock.now_us()
        if 0 <= now_us - self._tidied_us < _TIDY_US:
            return
        self._tidied_us = now_us
        self._held.drop_ended(now_us)
        with suppress(RepliesUnavailable):
            self._kept.reap(now_us)

    async def close(self) -> None:
        """Nobody waits for what is still being made."""
        tasks = tuple(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- making one

    def _is_busy(self, whose: Whose) -> bool:
        return whose.is_guest and self._busy[whose.share] >= _MOST_AT_ONCE

    def _make(self, account: ServiceAccount, url: str, share: str) -> asyncio.Task[Held | NotGranted]:
        task = self._making.get(account.id)
        if task is None:
            self._busy[share] += 1
            task = asyncio.get_running_loop().create_task(self._made(account, url, share))
            self._making[account.id] = task
            task.add_done_callback(lambda _: self._end(account.id, share))
        return task

    def _end(self, account: bytes, share: str) -> None:
        del self._making[account]
        self._busy[share] -= 1
        if not self._busy[share]:
            del self._busy[share]

    async def _made(self, account: ServiceAccount, url: str, share: str) -> Held | NotGranted:
        """One that another worker has made meanwhile, or a new one. It is held."""
        now_us = self._clock.now_us()
        old = self._held.get(account.id)
        vault = Vault(sha256(_SEAL + account.private_key.encode()).digest())
        found = self._found(account, vault, share, now_us)
        if found is None or (old is not None and found.token == old.token):
            try:
                signed = await asyncio.to_thread(assertion, account, now_us // _MICRO)
            except UnfitKey as error:
                return NotGranted(str(error), refused=True)
            granted = await self._endpoint.ask(url, signed)
            if isinstance(granted, NotGranted):
                return granted
            found = _held(granted.token, now_us, now_us + int(granted.seconds * _MICRO), share)
            self._keep(account, vault, found, now_us)
        self._held.keep(account.id, found)
        return found

    def _found(self, account: ServiceAccount, vault: Vault, share: str, now_us: int) -> Held | None:
        kept = self._kept.get(_name(account), now_us)
        if kept is None or kept.expires_us - now_us <= _AHEAD_US:
            return None
        try:
            token = vault.open(kept.reply.body, _name(account))
        except SealBroken:
            return None
        return _held(token, now_us, kept.expires_us, share)

    def _keep(self, account: ServiceAccount, vault: Vault, made: Held, now_us: int) -> None:
        """For the others. They can do without."""
        sealed = vault.seal(made.token, _name(account), self._random(NONCE_BYTES))
        reply = Reply(200, b"", b"", b"", sealed, now_us, "", "")
        with suppress(RepliesUnavailable):
            self._kept.put(_name(account), _ONE_KIND, reply, Scope(made.share, "", ""), made.ends_us)


def _held(token: bytes, now_us: int, ends_us: int, share: str) -> Held:
    return Held(token, ends_us, share, ends_us - min(_AHEAD_US, (ends_us - now_us) // 4))


def _name(account: ServiceAccount) -> bytes:
    return sha256(_NAME + account.id).digest()
