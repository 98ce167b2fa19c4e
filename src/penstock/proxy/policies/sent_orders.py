"""Whether what was sent may have made something that lives on, so that it must not be sent again.

Jobs, batches, background responses, videos, whatever no row knows: sent twice they are made twice, and paid twice. Asks
the table of operations and, where an answer came, the answer. Sends nothing, and reads bodies that are at hand.
"""

from __future__ import annotations

from typing import Final

from penstock.providers.operation import Effect
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.request_reading import is_done_once, may_hide_order
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import asked_in, request_of
from penstock.proxy.plan import FIRST_ERROR
from penstock.proxy.policies.retry import NO_ADVICE, Advice, is_refused
from penstock.proxy.whole_bodies import WholeBodies

_READING: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})


async def may_stand(call: Call, bodies: WholeBodies, status: int = 0, told: Advice = NO_ADVICE) -> bool:
    """Whether a sending of the call may have made what another one would make once more.

    `status` 0: it was not answered; else `told` is what the answer says of trying again.
    """
    if status >= FIRST_ERROR and is_refused(status, told):
        return False
    if call.operation.flags and not call.flags_read:
        reading = bodies.read_flags(call, call.body.kept or b"")
        if reading is not None:
            await reading
    operation = call.operation
    if call.method in _READING:
        return False
    if operation.effect is not Effect.ORDER:
        return may_hide_order(operation, asked_in(call, request_of(call)))
    return not (operation.once and is_done_once(operation, asked_in(call, request_of(call))))


def ends_plan(call: Call) -> bool:
    """Whether no leg follows one whose order may stand. Where no row knows what it was, who lists steps does."""
    return call.operation.name != UNKNOWN
