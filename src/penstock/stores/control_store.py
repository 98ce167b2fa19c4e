"""The directory: who may call, with which stored provider keys, and which gateways, routes and providers there are.

Nouns and one protocol; no engine here, no SQL, no cryptography. What stands sealed in a row is bytes that begin
with a label naming the master key; only `access.vault` can open them. Times are wall-clock microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

import msgspec

from penstock.metadata import MetadataValue
from penstock.stores.audit_entry import AuditEntry, Json
from penstock.stores.model_alias import ModelAlias

Permission = Literal["read", "run", "edit", "metadata_read", "set_costs"]
"""Cloudflare 3.12: look, call, change, list logs without their bodies. Our own: say what its calls cost."""

Technique = Literal["fixed", "sliding"]

SEAL_LABEL_BYTES: Final = 9
"""So many bytes at the beginning of sealed bytes say how, and with which master key, they were sealed."""


class ControlStoreError(Exception):
    """A verb that could not be done. The text says what to do, and holds no secret."""


class AlreadyThere(ControlStoreError):
    """Something else has this id, or this name where names are unique. Nothing was written."""


class NotThere(ControlStoreError):
    """Nothing has this id. Nothing was written."""


class TooMany(ControlStoreError):
    """There would be more of something than there may be. Nothing was written."""


class SealedOtherwise(ControlStoreError):
    """The new secret was sealed with another master key than those that are stored. Nothing was written."""


class Unstorable(ControlStoreError):
    """Something in this can never be stored. Nothing was written: trying again is useless."""


class ChangedMeanwhile(ControlStoreError):
    """What was to be replaced is no longer what the caller saw. Nothing was written: read it again."""


class ControlStoreUnavailable(ControlStoreError):
    """The directory cannot answer now (locked, full, no database). Nothing was written."""


class ControlStoreDamaged(ControlStoreUnavailable):
    """The directory is no sound one, or has gone. Nobody puts an empty one in its place."""


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
    max_estimate: float | None = None  # US dollars that one order of runs or searches may come to
    max_active: int | None = None  # runs of its that may be under way at once
    operations: tuple[str, ...] = ()  # kinds, names of operations, or patterns of these
    note: str = ""  # for people
    blocked: bool = False  # nobody gets in with it until it is let in again


class ProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """A credential of a provider, kept to be used for callers (Cloudflare 3.13, 4.5).

    Keys with the same account, gateway, provider and alias are a pool.
    """

    id: str
    account: str
    gateway: str  # "" means every gateway of the account
    provider: str  # slug, `custom-{slug}` included
    alias: str = "default"
    is_default: bool = False  # stands for the alias `default`, too
    sealed: bytes
    preview: str  # for people: at most the last four characters
    hosts: tuple[str, ...] = ()  # where it may go, for providers whose address the caller chooses
    rate_limit: int | None = None  # requests in `rate_limit_period` seconds
    rate_limit_period: int = 60
    secret_id: str = ""  # what the client calls its secret; nothing is looked up by it
    created_us: int
    modified_us: int

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
    about: dict[
        str, Json
    ] = {}  # beta, description, link, curl_example, js_example, position: kept for people
    created_us: int
    modified_us: int

    @property
    def seal_context(self) -> bytes:
        """What the headers are bound to, as for `ProviderKey`."""
        return "\0".join(("custom-provider", self.id, self.account, self.slug)).encode()

    def __repr__(self) -> str:
        return f"CustomProvider(id={self.id!r}, account={self.account!r}, slug={self.slug!r})"


class StoredGateway(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that is not in the configuration file (Cloudflare 4.2)."""

    id: str  # Cloudflare's `internal_id`, a UUID
    account: str
    gateway: str  # its id on the wire; unique in its account
    fields: dict[str, Json]  # as on the wire, of those that differ from their defaults; secrets are left out
    sealed: bytes | None = None  # a JSON object of the secret fields, by the path to each
    created_us: int
    modified_us: int

    @property
    def seal_context(self) -> bytes:
        """What the secrets are bound to, as for `ProviderKey`."""
        return "\0".join(("gateway", self.id, self.account, self.gateway)).encode()

    def __repr__(self) -> str:
        return f"StoredGateway(id={self.id!r}, account={self.account!r}, gateway={self.gateway!r})"


class RouteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The elements of a dynamic route as they were saved once (Cloudflare 3.7)."""

    id: str
    elements: list[Json]
    comment: str = ""
    created_us: int


class RouteDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """From this moment on the route serves this version."""

    id: str
    version_id: str
    comment: str = ""
    created_us: int


class DynamicRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A dynamic route with all its versions and deployments, oldest first (Cloudflare 3.7, 4.4)."""

    id: str
    account: str
    gateway: str
    name: str  # unique in its gateway
    versions: tuple[RouteVersion, ...]
    deployments: tuple[RouteDeployment, ...]  # the last one serves
    created_us: int
    modified_us: int


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A stored list of filters over a gateway's logs (Cloudflare 3.26, 4.6)."""

    id: str
    account: str
    gateway: str
    name: str
    enable: bool
    filters: list[Json]
    created_us: int
    modified_us: int


class EvaluationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one evaluator said."""

    id: str
    evaluation_type_id: str
    result: str
    status: int
    status_description: str
    total_logs: int
    created_us: int


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A run of evaluators over datasets (Cloudflare 3.26, 4.6). It does not refresh itself."""

    id: str
    account: str
    gateway: str
    name: str
    dataset_ids: tuple[str, ...]
    evaluation_type_ids: tuple[str, ...]
    processed: bool
    total_logs: int
    results: tuple[EvaluationResult, ...] = ()
    created_us: int
    modified_us: int


Noun = Token | ProviderKey | CustomProvider | StoredGateway | DynamicRoute | Dataset | Evaluation | ModelAlias
"""Whatever the directory keeps. Each has an `id` of its own, and all but tokens have an account."""

SealedNoun = ProviderKey | CustomProvider | StoredGateway
"""What can hold a secret, and so has a `seal_context`."""

AnyNoun = TypeVar("AnyNoun", bound=Noun)


class Add(msgspec.Struct, frozen=True):
    """Something new."""

    noun: Noun


class Replace(msgspec.Struct, frozen=True):
    """Compares and sets: `old` is what was read before, `new` has the same id."""

    old: Noun
    new: Noun


class Remove(msgspec.Struct, frozen=True):
    """Takes away what was read before; somebody else's later changes to it go with it.

    A gateway goes with its stored keys, routes, datasets and evaluations: all that are there at this moment. With
    `alone` they stay, for there is another gateway of this name, whose they are.
    """

    noun: Noun
    alone: bool = False


class Need(msgspec.Struct, frozen=True):
    """Changes nothing, but without it the other changes are not made: what was read before must still be there."""

    noun: Noun


InGateway = ProviderKey | DynamicRoute | Dataset | Evaluation
"""What can belong to a gateway."""

IN_GATEWAY: Final[tuple[type[InGateway], ...]] = (DynamicRoute, Dataset, Evaluation, ProviderKey)


class AtMost(msgspec.Struct, frozen=True):
    """Changes nothing, but the other changes are not made if a gateway (None: an account) then had more than `most`.

    Counted when all of them are made, wherever this stands among them.
    """

    kind: type[InGateway | ModelAlias]
    account: str
    gateway: str | None
    most: int


class OneOfName(msgspec.Struct, frozen=True):
    """Changes nothing, but the other changes are not made if two tokens were then called so."""

    name: str


Change = Add | Replace | Remove | Need | AtMost | OneOfName


class Snapshot(msgspec.Struct, frozen=True):
    """Everything at one moment, in the order of creation. `version` grows with every change; 0 when new."""

    version: int = 0
    tokens: tuple[Token, ...] = ()
    provider_keys: tuple[ProviderKey, ...] = ()
    custom_providers: tuple[CustomProvider, ...] = ()
    gateways: tuple[StoredGateway, ...] = ()
    routes: tuple[DynamicRoute, ...] = ()
    model_aliases: tuple[ModelAlias, ...] = ()

    @property
    def seal_label(self) -> bytes:
        """The label of all that is sealed; empty when nothing is."""
        headers = (one.sealed_headers for one in self.custom_providers)
        fields = (one.sealed for one in self.gateways)
        for sealed in (*(key.sealed for key in self.provider_keys), *headers, *fields):
            if sealed is not None:
                return sealed[:SEAL_LABEL_BYTES]
        return b""


class Edition(NamedTuple):
    """A state of the directory: how many changes it has seen, and the engine's own mark of where it is kept."""

    version: int
    place: Hashable


Reseal = Callable[[bytes, bytes], bytes]
"""From sealed bytes and their context to the same secret, sealed anew."""


class ControlStore(Protocol):
    """Each verb is one transaction. All raise `ControlStoreUnavailable`; those that change, also:

    `AlreadyThere`, `Unstorable` for what cannot be added, `NotThere` and `ChangedMeanwhile` for what cannot be
    replaced, `NotThere` for what cannot be removed or is needed, `TooMany` for more than there may be, and
    `SealedOtherwise` where secrets would end up sealed with two master keys. Every change leaves an audit entry in
    the same transaction.
    """

    def snapshot(self) -> Snapshot: ...

    def version(self) -> int | None:
        """That of a snapshot taken now; None where it cannot be told now. Never waits, never raises.

        Cheap enough to be asked several times a second: whoever serves by a snapshot learns so of a newer one.
        """

    def edition(self) -> Edition | None:
        """What tells a snapshot taken now from all others, also from those of a file that was put in the place of
        this one; None where it cannot be told now. As cheap as `version`, which it begins with.
        """

    def all(self, kind: type[AnyNoun]) -> tuple[AnyNoun, ...]:
        """Everything of a kind, in the order of creation."""

    def apply(self, changes: Sequence[Change]) -> None:
        """All of the changes in their order, or none."""

    def audit(self, account: str | None, limit: int, before: int | None = None) -> list[AuditEntry]:
        """The newest entries first; those with smaller numbers than `before`. None: of all accounts."""

    def reseal(self, change: Reseal) -> int:
        """Replaces every sealed value, all of them or none; how many. What `change` raises undoes everything."""
