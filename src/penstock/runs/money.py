"""What runs cost: what is expected of them when they are ordered, what they come to in the end, how certain it is.

Prices are the card's (`pricing/parallel_card.py`); here stands which of a run's charges bears what (Parallel 2.12.4,
2.13.4, 3.1). Finals are absolute: worked out again they come out the same. Nano-dollars, None where nobody knows.
When a run has ended, and so when it settles, is decided in `becoming.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from penstock.pricing.bill import MOST_NANO
from penstock.pricing.parallel_card import findall_price, monitor_price, task_price
from penstock.pricing.parallel_prices import FINDALL_AT_MOST
from penstock.runs.run import Charge, Money, Run, RunKind

COMPLETED = "completed"
_PAID = frozenset({COMPLETED, "cancelled", "canceled"})  # ends of FindAll runs whose price is documented
_UNCONFIRMED = "unconfirmed"


# -- what is expected


def run_charge(kind: RunKind, call_id: str, product: str, match_limit: int = 1) -> Charge:
    """What the making of a run orders; `match_limit` is FindAll's.

    A group and a response have none of their own: a group's is its runs', a response's stands on its call.
    """
    count = _matches(match_limit) if kind is RunKind.FINDALL else 1
    return Charge(call_id, "run", product, count, _first_price(kind, product, count))


def extend_charge(run: Run, call_id: str, additional: int) -> Charge:
    """More matches of a FindAll run; all that it is enriched with runs on them too."""
    return _ordered(run, Charge(call_id, "extend", run.product, _matches(additional)))


def enrich_charge(run: Run, call_id: str, processor: str) -> Charge:
    """One more enrichment of a FindAll run: of all matches that it has, and while it is active of all it may find."""
    most = sum(charge.count for charge in run.charges if charge.what in ("run", "extend"))
    count = most if run.is_active and most else run.matched
    return _ordered(
        run, Charge(call_id, "enrich", processor, FINDALL_AT_MOST if count is None else _matches(count))
    )


def trigger_charge(run: Run, call_id: str) -> Charge:
    """One more execution of a monitor."""
    return _ordered(run, Charge(call_id, "trigger", run.product))


def first_money(kind: RunKind, charges: Iterable[Charge]) -> Money:
    """How certain the cost of a run is that has not ended."""
    if kind in (RunKind.GROUP, RunKind.RESPONSE):
        return Money.NONE
    return Money.UNPRICED if any(charge.estimate is None for charge in charges) else Money.ESTIMATED


def estimated(run: Run) -> Run:
    """That run with its end still to come. What nobody could expect is, where its product is known by now."""
    if run.money is Money.NONE:
        return run
    if run.money is Money.VOID:  # it was given up
        run = replace(run, charges=tuple(replace(charge, final=None) for charge in run.charges))
    charges = tuple(
        charge if charge.estimate is not None else _ordered(run, charge) for charge in run.charges
    )
    return replace(run, charges=charges, money=first_money(run.kind, charges), settled_us=None)


def _ordered(run: Run, charge: Charge) -> Charge:
    product = run.product or charge.product
    match charge.what:
        case "enrich":
            estimate = _times(task_price(charge.product), charge.count)
        case "extend":
            enriched = [task_price(other.product) for other in run.charges if other.what == "enrich"]
            estimate = _all(
                (_for_matches(product, charge.count), *(_times(one, charge.count) for one in enriched))
            )
        case _:
            estimate = _first_price(run.kind, product, charge.count)
    return replace(charge, estimate=estimate)


def _first_price(kind: RunKind, product: str, count: int) -> int | None:
    match kind:
        case RunKind.TASK:
            return task_price(product)
        case RunKind.FINDALL:
            return findall_price(product, count)
        case RunKind.MONITOR:
            return monitor_price(product)
        case _:
            return None


# -- what it comes to


def settled(run: Run, now_us: int) -> Run:
    """That run, which has ended, with all that it has cost. Only a completed task is paid (Parallel 3.1)."""
    run = with_finals(run)
    if run.kind is RunKind.TASK and run.state != COMPLETED:
        money = Money.VOID
    elif any(charge.final is None for charge in run.charges):
        money = Money.UNPRICED
    else:
        money = Money.SETTLED
    flags = tuple(flag for flag in run.flags if flag != _UNCONFIRMED)
    return replace(
        run, money=money, settled_us=now_us, flags=flags if _is_confirmed(run) else (*flags, _UNCONFIRMED)
    )


def voided(run: Run, now_us: int) -> Run:
    """That run with nothing paid for it."""
    charges = tuple(replace(charge, final=0) for charge in run.charges)
    return replace(run, charges=charges, money=Money.VOID, settled_us=now_us)


def with_finals(run: Run) -> Run:
    """That run with what each of its charges comes to, as far as it has been seen."""
    return replace(run, charges=tuple(replace(charge, final=_final(run, charge)) for charge in run.charges))


def _is_confirmed(run: Run) -> bool:
    """Whether the contract says what this end costs, and somebody has seen what it is reckoned by."""
    match run.kind:
        case RunKind.FINDALL:
            return run.state in _PAID
        case RunKind.MONITOR:
            return run.executions > 0
        case _:
            return True


def _final(run: Run, charge: Charge) -> int | None:
    match run.kind:
        case RunKind.TASK:
            return task_price(run.product or charge.product) if run.state == COMPLETED else 0
        case RunKind.FINDALL:
            return _found(run, charge)
        case RunKind.MONITOR:
            return _executed(run, charge)
        case _:
            return 0


def _found(run: Run, charge: Charge) -> int | None:
    """Of a FindAll run: who made it bears all matches, also those of its extensions; those end at nothing.

    Of a run that was made elsewhere an extension bears its own matches.
    """
    if run.matched is None:
        return None
    generator = run.product or charge.product
    match charge.what:
        case "run":
            return findall_price(generator, run.matched)
        case "enrich":
            return _times(task_price(charge.product), run.matched)
        case _:
            return 0 if _is_ours(run) else _for_matches(generator, min(charge.count, run.matched))


def _executed(run: Run, charge: Charge) -> int | None:
    """Of a monitor: who made it bears all executions, also those that were triggered.

    Where nobody has seen one, those that were ordered are taken to have happened. Of a monitor that was made
    elsewhere each trigger bears its own.
    """
    price = monitor_price(run.product or charge.product)
    if charge.what == "run":
        return _times(price, run.executions or 1)
    return 0 if run.executions and _is_ours(run) else price


def _is_ours(run: Run) -> bool:
    """Whether it was made through here."""
    return any(charge.what == "run" for charge in run.charges)


# -- sums


def _matches(count: int) -> int:
    return min(max(count, 0), FINDALL_AT_MOST)


def _for_matches(generator: str, matches: int) -> int | None:
    """Without what every run of the generator costs."""
    whole, fixed = findall_price(generator, matches), findall_price(generator, 0)
    return None if whole is None or fixed is None else whole - fixed


def _times(price: int | None, count: int) -> int | None:
    return None if price is None else min(price * count, MOST_NANO)


def _all(prices: Iterable[int | None]) -> int | None:
    found = list(prices)
    known = [price for price in found if price is not None]
    return min(sum(known), MOST_NANO) if len(known) == len(found) else None
