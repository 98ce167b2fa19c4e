"""A virtual key for certain models sees no others in providers' lists of models.

The answer is held back until it is whole, within a bound, and goes on without the entries that the key may not use.
What cannot be read as the provider's list is not shown. Other callers' answers are not touched. Which rows of a
provider list models, and what names an entry, is said by its operations; what a key may use by `virtual_keys.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence

from penstock.errors import FORBIDDEN, GatewayError
from penstock.pieces import Pieces
from penstock.pricing.asked import plainly
from penstock.proxy.body_filter import BodyFilter, FilterMaker
from penstock.proxy.call import Call
from penstock.proxy.held_filter import HeldFilter
from penstock.proxy.long_work import in_turns
from penstock.proxy.policies.virtual_keys import may_use
from penstock.stores.control_store import Token
from penstock.wire.listed_entries import Keeps, without_entries

_MOST = 8 * 1024 * 1024  # bytes; the longest lists there are have one or two

_A_PATTERN = 4096  # takes as long to try as looking at so many bytes


def show_own_models(call: Call) -> None:
    """Puts a filter on a call that asks for a list of models, where its token is for certain ones."""
    token, provider = call.token, call.provider
    if token is None or provider is None or not (token.models and call.operation.lists):
        return
    call.filters = (*call.filters, _filters(token, provider.slug, call.operation.lists))


def _filters(token: Token, slug: str, places: tuple[str, ...]) -> FilterMaker:
    def asks(names: Sequence[str]) -> bool:
        return any(may_use(token, slug, plainly(name)) for name in names)

    keeps = Keeps(asks, _A_PATTERN * len(token.models))

    def left_of(body: bytes) -> Pieces[bytes]:
        try:
            return (yield from without_entries(body, places, keeps))
        except ValueError as error:
            raise _hidden(f"the provider's list cannot be read: {error}") from None

    def make(status: int, _content_type: bytes, _lines: bytes) -> BodyFilter | None:
        return _OwnModels(left_of) if 200 <= status < 300 else None

    return make


class _OwnModels(HeldFilter):
    """One list on its way."""

    def __init__(self, left_of: Callable[[bytes], Pieces[bytes]]) -> None:
        super().__init__()
        self._left_of = left_of

    def feed(self, data: bytes) -> bytes:
        super().feed(data)
        if self.held > _MOST:
            raise _hidden(f"the provider's list has more than {_MOST} bytes")
        return b""

    def finish(self) -> bytes | Coroutine[None, None, bytes]:
        body = self.taken()
        return in_turns(self._left_of(body)) if body else b""


def _hidden(why: str) -> GatewayError:
    return GatewayError(FORBIDDEN, f"this key is for certain models only, and {why}")
