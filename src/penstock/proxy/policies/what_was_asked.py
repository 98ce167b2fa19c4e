"""What a 5xx answer is about: the model, deployment or the like that was asked for, by whom, and with which key.

Breakers tell calls apart by it, so that what is broken for one stays open for all others. It is made only while
something fails at an address, since a body may have to be read for it. Sends nothing, and waits for the body alone.
"""

from __future__ import annotations

import asyncio
import re
from hashlib import blake2b
from typing import Final, NamedTuple

from penstock.pricing.asked import place_of, told_model
from penstock.providers.operation_table import UNKNOWN
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import asked_in, request_of
from penstock.proxy.policies.credentials import sent_credential
from penstock.proxy.whole_bodies import WholeBodies

_MOST_READ: Final = 4 * 1024 * 1024  # bytes of a body; what a larger one names stays unknown
_READ_HERE: Final = 256 * 1024  # bytes of a body that is read in the event loop
_SHOWN_CHARS: Final = 100
_READABLE = ("json", "form")
_SIGNED = re.compile(rb",\s*(?:SignedHeaders|Signature)=[^,\n]*")  # is another for each request


class Asked(NamedTuple):
    """What was asked. `id` tells it apart, and tells nobody else what it is; `name` is for reports."""

    id: str
    name: str


async def waited_for(call: Call, bodies: WholeBodies) -> Asked:
    """What a call that is not sent yet asks for; its body is waited for, where that may tell.

    Raises `GatewayError` where the body breaks off, or finds no room.
    """
    body = call.body
    if not call.model and not body.complete and _may_tell(call):
        bodies.share_of(call, body)
        await body.gather(_MOST_READ)
    if body.size <= _READ_HERE:
        return _asked(call, _MOST_READ)
    return await asyncio.to_thread(_asked, call, _MOST_READ)


def at_hand(call: Call) -> Asked:
    """What a call asks for, as far as that can be told at once."""
    return _asked(call, _READ_HERE)


def _may_tell(call: Call) -> bool:
    kind = call.head.content_type.decode("latin-1").lower()
    return call.body.length <= _MOST_READ and (not kind or any(word in kind for word in _READABLE))


def _asked(call: Call, most_read: int) -> Asked:
    slug = "" if call.provider is None else call.provider.slug
    tail, operation = call.path.partition("?")[0], call.operation
    model = call.model.removeprefix(f"{slug}/") or _model(call, slug, tail, most_read)
    by_path = operation.name == UNKNOWN or place_of(slug, tail) is not None
    place = tail if by_path else operation.name
    parts = (call.gateway.account.encode(), _credential(call), model.encode(), place.encode())
    digest = blake2b(b"\0".join(b"%d:%b" % (len(part), part) for part in parts), digest_size=16)
    return Asked(digest.hexdigest(), (model or operation.name)[:_SHOWN_CHARS])


def _model(call: Call, slug: str, tail: str, most_read: int) -> str:
    body = request_of(call) if 0 < call.body.size <= most_read else None
    return told_model(slug, call.operation, tail, asked_in(call, body)) or ""


def _credential(call: Call) -> bytes:
    """The stored key that goes out with this sending, or what the caller sent."""
    if call.keys is not None and call.secrets:
        return call.secrets[-1]
    if call.provider is None:
        return b""
    return _SIGNED.sub(b"", sent_credential(call.provider, call.head.credentials, call.query, call.withheld))
