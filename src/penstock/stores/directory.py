"""The directory: who may call, with which stored provider keys, and which custom providers there are.

Nouns and one protocol; no engine here, no SQL, no cryptography. What stands sealed in a row is bytes that begin
with a label naming the master key; only `access.vault` can open them. Times are wall-clock microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, Protocol

import msgspec

from penstock.metadata import MetadataValue

Permission = Literal["read", "run", "edit", "metadata_read"]
"""Cloudflare 3.12: look, call, change, list logs without their bodies."""

Technique = Literal["fixed", "sliding"]

SEAL_LABEL_BYTES: Final = 9
"""So many bytes at the beginning of sealed bytes say how, and with which master key, they were sealed."""


class DirectoryError(Exception):
    """A verb that could not be done. The text says what to do, and holds no secret."""


class AlreadyThere(DirectoryError):
    """Something else has this id, or this name where names are unique. Nothing was written."""


class NotThere(DirectoryError):
    """Nothing has this id. Nothing was written."""


class SealedOtherwise(DirectoryError):
    """The new secret was sealed with another master key than those that are stored. Nothing was written."""


class Unstorable(DirectoryError):
    """Something in this can never be stored. Nothing was written: trying again is useless."""


class ChangedMeanwhile(DirectoryError):
    """What was to be replaced is no longer what the caller saw. Nothing was written: read it again."""


class DirectoryUnavailable(DirectoryError):
    """The directory cannot answer now (locked, full, no database). Nothing was written."""


class SecretHash(msgspec.Struct, frozen=True):
    """One secret of a token: `digest` is SHA-256 of `salt` and the secret. `expires_us` None: with its token."""

    salt: bytes
    digest: bytes
    expires_us: int | None = None

    def __repr__(self) -> str:
        return f"SecretHash(expires_us={self.expires_us!r})"


class RateLimit(msgspec.Struct, frozen=True):
    """At most `limit` requests in `interval` seconds (Cloudflare 3.3)."""

    limit: int
    interval: int
    technique: Technique = "fixed"


class SpendLimit(msgspec.Struct, frozen=True):
    """At most `limit` US dollars in `window` seconds (Cloudflare 3.8)."""

    limit: float
    window: int
    technique: Technique = "fixed"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller shows, and what it may do. An empty tuple restricts nothing, but for `permissions`.

    During a rotation there are several secrets. A token is never stored, only the hashes of its secrets.
    """

    id: str  # 16 characters of 0-9 and a-z
    name: str
    permissions: tuple[Permission, ...]
    accounts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()  # `gateway`, or `account/gateway`
    secrets: tuple[SecretHash, ...]
    created_us: int
    expires_us: int | None = None
    user: str = ""
    team: str = ""
    rate_limit: RateLimit | None = None
    spend_limit: SpendLimit | None = None
    providers: tuple[str, ...] = ()  # slugs
    models: tuple[str, ...] = ()  # `provider/model` or a bare model; `*` stands for anything without `/`
    metadata: dict[str, MetadataValue] = {}


class ProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """A credential of a provider, kept to be used for callers (Cloudflare 3.13).

    Keys with the same account, gateway, provider and alias are a pool.
    """

    id: str
    account: str
    gateway: str  # "" means every gateway of the account
    provider: str  # slug, `custom-{slug}` included
    alias: str = "default"
    sealed: bytes
    preview: str  # for people: at most the last four characters
    hosts: tuple[str, ...] = ()  # where it may go, for providers whose address the caller chooses
    created_us: int

    @property
    def seal_context(self) -> bytes:
        """What the secret is bound to: sealed bytes in another row, or under another provider, do not open."""
        return "\0".join(("provider-key", self.id, self.account, self.provider)).encode()

    def __repr__(self) -> str:
        return f"ProviderKey(id={self.id!r}, account={self.account!r}, provider={self.provider!r})"


class CustomProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of the operator's own, reached as `custom-{slug}` (Cloudflare 3.15, 4.7)."""

    id: str
    account: str
    slug: str  # without `custom-`; unique in its account
    name: str
    base_url: str
    enable: bool
    allow_private: bool = False  # may be plain http, and lead to addresses that are not public
    sealed_headers: bytes | None = None  # a JSON object of header names and values
    created_us: int
    modified_us: int

    @property
    def seal_context(self) -> bytes:
        """What the headers are bound to, as for `ProviderKey`."""
        return "\0".join(("custom-provider", self.id, self.account, self.slug)).encode()

    def __repr__(self) -> str:
        return f"CustomProvider(id={self.id!r}, account={self.account!r}, slug={self.slug!r})"


class Snapshot(msgspec.Struct, frozen=True):
    """Everything at one moment, in the order of creation. `version` grows with every change; 0 when new."""

    version: int = 0
    tokens: tuple[Token, ...] = ()
    provider_keys: tuple[ProviderKey, ...] = ()
    custom_providers: tuple[CustomProvider, ...] = ()

    @property
    def seal_label(self) -> bytes:
        """The label of all that is sealed; empty when nothing is."""
        headers = (one.sealed_headers for one in self.custom_providers)
        for sealed in (*(key.sealed for key in self.provider_keys), *headers):
            if sealed is not None:
                return sealed[:SEAL_LABEL_BYTES]
        return b""


Reseal = Callable[[bytes, bytes], bytes]
"""From sealed bytes and their context to the same secret, sealed anew."""


class Directory(Protocol):
    """Each verb is one transaction. All raise `DirectoryUnavailable`; those that change, also:

    add: `AlreadyThere`, `Unstorable`; replace: these, `NotThere` and `ChangedMeanwhile`; remove: `NotThere`.
    What would leave secrets sealed with two master keys in one directory raises `SealedOtherwise`.
    `replace` compares and sets: `old` is what a snapshot gave, `new` has the same id.
    """

    def snapshot(self) -> Snapshot: ...

    def add_token(self, token: Token) -> None: ...

    def replace_token(self, old: Token, new: Token) -> None: ...

    def remove_token(self, token_id: str) -> None: ...

    def add_provider_key(self, key: ProviderKey) -> None: ...

    def replace_provider_key(self, old: ProviderKey, new: ProviderKey) -> None: ...

    def remove_provider_key(self, key_id: str) -> None: ...

    def add_custom_provider(self, provider: CustomProvider) -> None: ...

    def replace_custom_provider(self, old: CustomProvider, new: CustomProvider) -> None: ...

    def remove_custom_provider(self, provider_id: str) -> None: ...

    def reseal(self, change: Reseal) -> int:
        """Replaces every sealed value, all of them or none; how many. What `change` raises undoes everything."""
