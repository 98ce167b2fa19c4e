"""A request that may be done, as endpoints get it. Body and query come beside it, as what they should be."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.management.caller import Caller
from penstock.management.problem import NO_EFFECT, Message


class Request(msgspec.Struct, frozen=True):
    """Its caller has the endpoint's permission here."""

    account: str  # "" where the path has none
    names: Mapping[str, str]  # what stood in the path's {braces}, decoded
    caller: Caller
    base_url: str  # how the caller reached the gateway: `http://127.0.0.1:8787`
    now_us: int
    messages: list[Message] = msgspec.field(default_factory=list)  # what its answer says besides

    def say(self, message: str, field: str) -> None:
        """Says with the answer that a field which was stored does nothing."""
        self.messages.append(Message(NO_EFFECT, message, (field,)))

    @property
    def gateway(self) -> str:
        """The gateway of the path."""
        return self.names["gateway_id"]
