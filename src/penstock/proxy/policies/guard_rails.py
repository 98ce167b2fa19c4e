"""Guard rails on money: what a gateway, and a token, lets a caller order of Parallel, before anything is sent.

By product (`ultra`, `search-advanced`), by what a request may cost at most, and by how many runs are under
way. Which products a token is for is its models' affair (`virtual_keys.py`). Decisions only; a default that decides is
named, for it is often the dearest.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from penstock.pricing.asked import Unclear, all_asked
from penstock.pricing.parallel_card import parallel_highest
from penstock.pricing.units import to_nano, to_usd
from penstock.providers.operation import Operation
from penstock.proxy.call import Call, Route
from penstock.proxy.policies.virtual_keys import fits
from penstock.runs.created import runs_asked
from penstock.runs.places import Ask
from penstock.settings.parallel_rules import ParallelRules

_FORBIDDEN: Final = 403
_UNFIT: Final = 422
_TOO_MANY: Final = 429
_SHOWN_CHARS: Final = 100


class Refusal(NamedTuple):
    """Why something may not be ordered."""

    status: int
    message: str
    detail: dict[str, object]


class Active(NamedTuple):
    """Runs that are under way, where that is limited."""

    of_gateway: int = 0
    of_token: int = 0


def most_of_token(call: Call) -> int | None:
    """How many runs of the caller's token may be under way."""
    return None if call.token is None else call.token.max_active


def most_to_pay(call: Call, rules: ParallelRules) -> tuple[float, str] | None:
    """What one request may cost, in US dollars, and who says so; None: whatever it costs."""
    of_token = None if call.token is None else call.token.max_estimate
    limits = [(rules.max_estimate, "on this gateway"), (of_token, "with this key")]
    told = [(most, whose) for most, whose in limits if most is not None]
    return min(told, default=None)


def check_order(
    call: Call, route: Route, ask: Ask, body: bytes, rules: ParallelRules, active: Active
) -> Refusal | None:
    """Why a request is not sent; None: it may go. `body` is plain."""
    if rules.allowed is not None and (refusal := _product(call, route, body, rules.allowed)):
        return refusal
    if (most := most_to_pay(call, rules)) and (refusal := _price(route, body, *most)):
        return refusal
    if call.operation.unit != "runs":
        return None
    limits = ((active.of_gateway, rules.max_active, "gateway"), (active.of_token, most_of_token(call), "key"))
    told = [(now, most, whose) for now, most, whose in limits if most is not None]
    asked = runs_asked(ask, body) if told else 0
    return next((found for now, most, whose in told if (found := _active(now, asked, most, whose))), None)


def _active(active: int, asked: int, most: int, whose: str) -> Refusal | None:
    if active + max(asked, 1) <= most:
        return None
    detail: dict[str, object] = {"max_active": most, "active": active}
    if asked > 1:
        return Refusal(
            _TOO_MANY,
            f"{active} runs of this {whose} are under way, this request orders {asked}, and {most} may be",
            {**detail, "ordered": asked},
        )
    message = f"{active} runs of this {whose} are under way, and {most} may be: wait for one to end"
    return Refusal(_TOO_MANY, message, detail)


def _product(call: Call, route: Route, body: bytes, allowed: tuple[str, ...]) -> Refusal | None:
    slug, detail = route.provider.slug, {"allowed": list(allowed)}
    try:
        asked = all_asked(
            route.provider,
            call.operation,
            route.tail,
            call.query.decode("latin-1").removeprefix("?"),
            call.header,
            body,
        )
    except Unclear as error:
        return Refusal(_UNFIT, f"what this request orders is not clear: {error}", {**detail})
    if not asked:
        return Refusal(
            _UNFIT, f"what this request orders is not said; allowed here: {', '.join(allowed)}", {**detail}
        )
    wrong = next((name for name in asked if not fits(allowed, slug, name)), None)
    if wrong is None:
        return None
    bare = wrong.removeprefix(f"{slug}/")[:_SHOWN_CHARS]
    is_default = bool(call.operation.default) and not _names_one(call.operation, body)
    said = " (the default, since the request names none)" if is_default else ""
    message = f"{bare} may not be ordered on this gateway{said}; allowed here: {', '.join(allowed)}"
    return Refusal(_FORBIDDEN, message, {**detail, "ordered": bare})


def _names_one(operation: Operation, body: bytes) -> bool:
    """Whether a request says anything where its product is named; to be told to people only."""
    members = (place.partition(":")[2].rpartition(".")[2] for place in operation.models)
    return any(f'"{member}"'.encode() in body for member in members)


def _price(route: Route, body: bytes, most: float, whose: str) -> Refusal | None:
    highest = parallel_highest(route.tail, body)
    if highest is None:
        message = f"what this request may cost is not known, and one may cost {most:g} USD {whose}"
        return Refusal(_UNFIT, message, {"max_estimate": most})
    if highest <= to_nano(str(most)):
        return None
    message = f"this request may cost {to_usd(highest):g} USD, and one may cost {most:g} USD {whose}"
    return Refusal(_FORBIDDEN, message, {"max_estimate": most, "estimate": float(to_usd(highest))})
