"""The table `parallel` of a gateway: what holds for calls to Parallel, for their runs, and for events of these.

Shapes, ranges and defaults only; what they do belongs to the policies, the run ledger's door, and who receives events.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from penstock.settings.value_types import Dollars, HttpUrl, Names, Table
from penstock_common.check import FieldError

_PREFIX: Final = "whsec_"

WebhookSecret = Annotated[
    str,
    Meta(
        # Or what is shown in its place, to keep the one that is stored.
        pattern=r"^(?:whsec_[\x21-\x7e]+|\*{8})\Z",
        max_length=512,
        description="a secret of webhooks: whsec_ and more, up to 512 ASCII characters",
        extra={"secret": True},
    ),
]


class ParallelWebhook(Table, frozen=True, kw_only=True):
    """The gateway's own receiver of webhooks, in front of those that its callers name."""

    secrets: ClassVar[tuple[str, ...]] = ("account_secrets", "signing_secret")

    account_secrets: Annotated[tuple[WebhookSecret, ...], Meta(min_length=1, max_length=10)] = msgspec.field(
        name="secrets"
    )
    """What Parallel signs with: its account's secret, and the new one while that changes; never shown."""
    signing_secret: WebhookSecret
    """What events are signed anew with when they go on to callers; never shown."""
    url: HttpUrl
    """Where Parallel reaches this gateway: its public address, without `/hooks`."""
    observe: bool = False
    """Is Parallel asked for events also where the caller wants none?"""

    def __post_init__(self) -> None:
        if not _can_sign(self.signing_secret):
            raise FieldError("signing_secret", f"what follows {_PREFIX} must be Base64 of at least one byte")
        if "?" in self.url or "#" in self.url:
            raise FieldError("url", "a path follows it, so it must not have a query or a fragment")


def _can_sign(secret: str) -> bool:
    """Whether it is one, or stands for one that is stored."""
    try:
        is_key = bool(base64.b64decode(secret.removeprefix(_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        is_key = False
    return is_key or not secret.startswith(_PREFIX)


class ParallelRules(Table, frozen=True, kw_only=True):
    """What holds for calls to Parallel, and for the runs that they make. Our own."""

    allowed: Names | None = None
    """What may be ordered, by the names that costs go by: `core*`, `search-fast`, `findall-base`; unset: anything."""
    follow: bool = True
    """Are runs that nobody asks for looked after with the stored key that made them?"""
    max_active: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    """Runs of the gateway that may be under way at once."""
    max_estimate: Dollars | None = None
    """US dollars that one request may be expected to cost."""
    run_owners: Literal["own", "strict", "all"] = "own"
    """Who sees a run: who made it (`strict`: and nobody sees one made elsewhere), or all."""
    webhook: ParallelWebhook | None = None
    """Do events of Parallel pass here on their way to callers? null: they do not."""
