"""What a provider says that it charges for a call, in the usage object of its answer.

OpenRouter and Perplexity say it in dollars, xAI in ticks. What is no number from 0 on says nothing. Whose word counts
is not decided here.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from penstock.wire.tolerant_json import UNREADABLE

_NANO_PLACES = 9
_TICK_PLACES = -1  # of a nano-dollar: ten ticks are one
_MOST_USD = 1_000_000
_NUMBER = re.compile(rb"(?:0|[1-9][0-9]{0,40})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?|-0(?:\.0{1,40})?")
_ABSENT = msgspec.Raw()


class _Told(msgspec.Struct, gc=False):
    cost: msgspec.Raw = _ABSENT
    cost_in_usd_ticks: msgspec.Raw = _ABSENT  # xAI
    total_cost_usd_ticks: msgspec.Raw = _ABSENT
    is_byok: msgspec.Raw = _ABSENT  # OpenRouter, up to the next remark
    cost_details: msgspec.Raw = _ABSENT
    total_cost: msgspec.Raw = _ABSENT  # of a generation that is read; Perplexity's, within `cost`
    currency: msgspec.Raw = _ABSENT


class _Upstream(msgspec.Struct, gc=False):
    """What the vendor takes whose key is the caller's own; the parts are of chats and of responses."""

    upstream_inference_cost: msgspec.Raw = _ABSENT
    upstream_inference_prompt_cost: msgspec.Raw = _ABSENT
    upstream_inference_completions_cost: msgspec.Raw = _ABSENT
    upstream_inference_input_cost: msgspec.Raw = _ABSENT
    upstream_inference_output_cost: msgspec.Raw = _ABSENT


_to_told = msgspec.json.Decoder(_Told).decode
_to_upstream = msgspec.json.Decoder(_Upstream).decode


def reported(usage: msgspec.Raw) -> int | None:
    """Nano-dollars by a usage object; None where it says nothing of it."""
    try:
        return _reported(usage)
    except UNREADABLE:
        return None


def dollars(raw: msgspec.Raw) -> int | None:
    """Nano-dollars by a number of dollars; None for what is none."""
    return _number(raw, _NANO_PLACES)


def _reported(usage: msgspec.Raw) -> int | None:
    told = _to_told(usage)
    for ticks in (told.cost_in_usd_ticks, told.total_cost_usd_ticks):
        if (nano := _number(ticks, _TICK_PLACES)) is not None:
            return nano
    stated = told.cost or told.total_cost
    if bytes(stated).startswith(b"{"):
        parts = _to_told(stated)
        is_usd = not parts.currency or bytes(parts.currency).lower() in (b'"usd"', b"null")
        return _number(parts.total_cost, _NANO_PLACES) if is_usd else None
    own = _number(stated, _NANO_PLACES)
    if own is None or bytes(told.is_byok) != b"true":
        return own
    upstream = _upstream(told.cost_details or usage)
    return None if upstream is None else own + upstream


def _upstream(details: msgspec.Raw) -> int | None:
    told = _to_upstream(details)
    whole = _number(told.upstream_inference_cost, _NANO_PLACES)
    if whole is not None:
        return whole
    for one, other in (
        (told.upstream_inference_prompt_cost, told.upstream_inference_completions_cost),
        (told.upstream_inference_input_cost, told.upstream_inference_output_cost),
    ):
        first, second = _number(one, _NANO_PLACES), _number(other, _NANO_PLACES)
        if first is not None and second is not None:
            return first + second
    return None


def _number(raw: msgspec.Raw, places: int) -> int | None:
    """A number from 0 on, as a whole one after its point is moved; at most what any call may cost."""
    if _NUMBER.fullmatch(bytes(raw)) is None:
        return None
    most = _MOST_USD * 1_000_000_000
    value = Decimal(bytes(raw).decode())
    if value.adjusted() + places > 30 and value:
        return most
    moved = int(value.scaleb(places).to_integral_value(ROUND_HALF_EVEN))
    return min(moved, most)
