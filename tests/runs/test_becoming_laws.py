"""Laws of runs: whatever comes in whichever order, and however often, is paid once and at the card's price."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.pricing.bill import MOST_NANO
from penstock.pricing.parallel_card import findall_price, monitor_price, task_price
from penstock.pricing.parallel_prices import FINDALL_RUN, TASK
from penstock.runs.becoming import adopted, become, claimed, foreign, reopened
from penstock.runs.money import enrich_charge, extend_charge, run_charge, trigger_charge
from penstock.runs.run import Money, Run, RunKind, SeenBy, Sighting
from support.known_runs import NOW, SECOND, findall, made, seen, task

WORDS = ["queued", "running", "action_required", "cancelling", "paused"]
ENDS = ["completed", "failed", "cancelled", "canceled"]
SEEN_BY = st.sampled_from(SeenBy)
TIMES = st.none() | st.integers(0, 20)
PROCESSORS = st.sampled_from(sorted(TASK))


def money_of(run: Run) -> tuple[object, ...]:
    return (
        run.state,
        run.is_active,
        run.money,
        run.cost,
        [charge.final for charge in run.charges],
        run.revision,
    )


# -- tasks


@st.composite
def stories(draw: st.DrawFn) -> tuple[Run, list[Sighting]]:
    """A task run with all that is ever told of it, its one end among it."""
    asked, answered = draw(PROCESSORS), draw(PROCESSORS)
    run = task(asked)
    on_the_way = st.builds(
        lambda word, modified, is_active: seen(
            run, word, modified=modified, is_active=is_active, product=answered
        ),
        st.sampled_from(WORDS),
        TIMES,
        st.sampled_from([True, None]),
    )
    end = seen(
        run, draw(st.sampled_from(ENDS)), modified=draw(TIMES), is_active=draw(st.sampled_from([False, None]))
    )
    return run, [*draw(st.lists(on_the_way, max_size=6)), replace(end, product=answered)]


@given(stories(), st.data())
def test_any_order_of_what_is_told_of_a_task_comes_to_the_same(
    story: tuple[Run, list[Sighting]], data: st.DataObject
) -> None:
    run, told = story
    in_order, shuffled = run, run
    for sighting in told:
        in_order = become(in_order, sighting, SeenBy.POLL, NOW)
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=6))
    for sighting in data.draw(st.permutations(repeated)):
        shuffled = become(shuffled, sighting, data.draw(SEEN_BY), NOW)
    assert money_of(shuffled) == money_of(in_order)
    is_paid = told[-1].state == "completed"
    assert in_order.cost == (task_price(told[-1].product) if is_paid else 0)
    assert in_order.money is (Money.SETTLED if is_paid else Money.VOID)


ANY_SIGHTING = st.builds(
    lambda state, is_active, modified, product, matched, executions, has_output: Sighting(
        id=task().id,
        kind=RunKind.TASK,
        state=state,
        is_active=is_active,
        modified_us=modified,
        product=product,
        matched=matched,
        executions=tuple(executions),
        has_output=has_output,
    ),
    st.sampled_from(["", *WORDS, *ENDS]) | st.text(max_size=5),
    st.none() | st.booleans(),
    st.none() | st.integers(-(2**63), 2**63),
    st.sampled_from(["", "nova", *sorted(TASK)]),
    st.none() | st.integers(),
    st.lists(st.text(max_size=3), max_size=3),
    st.booleans(),
)


@given(PROCESSORS, st.lists(st.tuples(ANY_SIGHTING, SEEN_BY, st.integers(0, 10**6)), max_size=12))
def test_a_task_never_leaves_its_end_and_settles_once(
    processor: str, told: list[tuple[Sighting, SeenBy, int]]
) -> None:
    run = task(processor)
    for sighting, by, after in told:
        before, run = run, become(run, sighting, by, NOW + after)
        if before.settled_us is not None and before.money is not Money.UNPRICED:
            assert (money_of(run), run.settled_us, run.seen_us) == (
                money_of(before),
                before.settled_us,
                before.seen_us,
            )
        elif before.settled_us is not None:  # its price may still be learned
            assert (run.state, run.settled_us) == (before.state, before.settled_us)
        elif run.settled_us is not None:
            assert (run.settled_us, run.is_active, run.state in ENDS) == (NOW + after, False, True)
        else:
            assert run.money in (Money.ESTIMATED, Money.UNPRICED)
        assert run.revision == 0


# -- all of them together, as a provider that has its own truth about them


@dataclass
class Provider:
    """What really is: of each run its state, and when it last moved, by the provider's clock."""

    run: Run
    state: str = "queued"
    modified: int = 0
    matched: int = 0
    executed: int = 0
    ordered: int = 0
    enrichments: list[str] = field(default_factory=list)
    told: list[Sighting] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return self.state in ENDS

    def moves(self, choice: int) -> None:
        """On, to an end, or, after one, what was still under way."""
        if self.run.kind is RunKind.MONITOR:
            if not self.has_ended:
                self.executed += choice % 3
                self.state = "cancelled" if choice > 90 else "active"
        elif self.run.kind is RunKind.FINDALL:
            self.matched += choice % 4
            if not self.has_ended and choice > 30:
                self.state = ENDS[choice % 3] if choice > 60 else "running"
        elif not self.has_ended:
            self.state = ENDS[choice % 2] if choice > 60 else "running"
        self.modified += 1

    def is_ordered_more_of(self, choice: int, requeues: bool) -> str:
        """What was ordered, if anything was. A run that has ended begins anew, or has it done when it answers."""
        if self.run.kind is RunKind.TASK or (self.run.kind is RunKind.MONITOR and self.has_ended):
            return ""
        self.ordered += 1
        if self.run.kind is RunKind.MONITOR:
            self.executed += 1
            return "trigger"
        if self.has_ended and requeues:
            self.state, self.modified = "queued", self.modified + 1
        if choice % 2:
            self.enrichments.append(sorted(TASK)[choice % len(TASK)])
            return "enrich"
        return "extend"

    def snapshot(self) -> Sighting:
        counted = self.matched if self.run.kind is RunKind.FINDALL else None
        self.told.append(seen(self.run, self.state, modified=self.modified, matched=counted))
        return self.told[-1]

    def price(self) -> int:
        """By the card, of what it has done."""
        run = self.run
        if run.kind is RunKind.TASK:
            return (task_price(run.product) or 0) if self.state == "completed" else 0
        if run.kind is RunKind.FINDALL:
            return findall_price(run.product, self.matched, self.enrichments) or 0
        return (monitor_price(run.product) or 0) * self.executed


class Step(NamedTuple):
    """`what` happens to one of the runs; `choice` says how."""

    run: int
    what: str
    choice: int
    by: SeenBy
    wait: int  # seconds before it


STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 5),
        st.sampled_from(["moves", "moves", "seen", "seen", "seen late", "ordered", "claimed"]),
        st.integers(0, 99),
        SEEN_BY,
        st.integers(0, 90),
    ),
    max_size=60,
)


def all_runs() -> list[Run]:
    runs = [task("ultra"), task("lite-fast"), findall("core"), findall("base"), made(RunKind.MONITOR, "lite")]
    return [replace(run, id=f"{run.id}{number}") for number, run in enumerate([*runs, task("pro")])]


class Ledger:
    """Runs as they become, each known from its creation or only from what was seen of it before."""

    def __init__(self, providers: list[Provider], made_late: int) -> None:
        self.now = NOW
        self.providers = providers
        self.runs: list[Run | None] = [
            None if number < made_late else provider.run for number, provider in enumerate(providers)
        ]

    def sees(self, number: int, sighting: Sighting, by: SeenBy) -> None:
        known = self.runs[number]
        if known is None:
            self.runs[number] = foreign(sighting, by, self.now)
        else:
            self.runs[number] = become(known, sighting, by, self.now)

    def is_told_who_made(self, number: int) -> None:
        made_, known = self.providers[number].run, self.runs[number]
        self.runs[number] = made_ if known is None else claimed(known, made_, self.now)

    def executions(self, number: int) -> None:
        """The store knows which were counted; the others are new."""
        known, provider = self.runs[number], self.providers[number]
        if known is not None and provider.executed > known.executions:
            new = [f"x{name}" for name in range(known.executions, provider.executed)]
            self.sees(number, seen(known, executions=new), SeenBy.POLL)

    def orders(self, number: int, choice: int) -> None:
        provider = self.providers[number]
        if self.runs[number] is None:
            self.runs[number] = foreign(seen(provider.run), SeenBy.CREATE, self.now)
        what = provider.is_ordered_more_of(choice, requeues=choice % 3 > 0)
        run, call_id = self.runs[number], f"more-{provider.ordered}"
        assert run is not None
        if what == "enrich":
            charge = enrich_charge(run, call_id, provider.enrichments[-1])
        elif what == "extend":
            charge = extend_charge(run, call_id, choice + 1)
        else:
            charge = trigger_charge(run, call_id)
        if what:
            self.runs[number] = reopened(run, charge, self.now)

    def takes(self, step: Step) -> None:
        self.now += step.wait * SECOND
        provider = self.providers[step.run]
        match step.what:
            case "moves":
                provider.moves(step.choice)
            case "seen":
                self.sees(step.run, provider.snapshot(), step.by)
                self.executions(step.run)
            case "seen late" if provider.told:  # kept back on its way, or told again
                by = SeenBy.STREAM if step.by in (SeenBy.READ, SeenBy.POLL) else step.by
                self.sees(step.run, provider.told[step.choice % len(provider.told)], by)
            case "ordered":
                self.orders(step.run, step.choice)
            case "claimed":
                self.is_told_who_made(step.run)

    def looks_until_all_is_quiet(self) -> None:
        for number, provider in enumerate(self.providers):
            self.is_told_who_made(number)
            for _ in range(3):
                self.now += 61 * SECOND
                self.sees(number, provider.snapshot(), SeenBy.POLL)
                self.executions(number)


@settings(max_examples=300)
@given(STEPS, st.integers(0, 6))
def test_what_is_settled_is_the_cards_price_of_what_was_done(steps: list[Step], made_late: int) -> None:
    """Over any interleaving of makings, sightings in any order, further orders and late answers."""
    ledger = Ledger([Provider(run) for run in all_runs()], made_late)
    for step in steps:
        ledger.takes(step)
    ledger.looks_until_all_is_quiet()
    for run, provider in zip(ledger.runs, ledger.providers, strict=True):
        assert run is not None
        if not provider.has_ended:
            assert (run.is_active, run.money, run.cost, run.settled_us) == (True, Money.ESTIMATED, None, None)
        elif run.kind is RunKind.MONITOR and provider.executed == 0:
            assert (run.cost, run.flags) == (
                monitor_price("lite"),
                ("unconfirmed",),
            )  # nobody has seen the first
        else:
            assert run.cost == provider.price(), (run, provider)
            assert run.money is (Money.VOID if run.kind is RunKind.TASK and not run.cost else Money.SETTLED)
    ended = [
        one for one in ledger.providers if one.has_ended and (one.executed or one.run.kind != RunKind.MONITOR)
    ]
    assert sum(
        run.cost or 0 for run in ledger.runs if run and run.executions + (run.kind != RunKind.MONITOR)
    ) == sum(provider.price() for provider in ended)


# -- whatever comes


HOSTILE = st.builds(
    Sighting,
    id=st.just("x"),
    kind=st.just(RunKind.FINDALL),
    state=st.sampled_from(["", *WORDS, *ENDS]) | st.text(max_size=20),
    is_active=st.none() | st.booleans(),
    product=st.sampled_from(["", *FINDALL_RUN, *TASK]) | st.text(max_size=20),
    parent=st.text(max_size=20),
    metadata=st.none() | st.just({"a": 1}),
    modified_us=st.none() | st.integers(),
    error=st.text(max_size=20),
    progress=st.none() | st.floats(),
    generated=st.none() | st.integers(),
    matched=st.none() | st.integers(),
    executions=st.lists(st.text(max_size=20), max_size=4).map(tuple),
    counts=st.none() | st.dictionaries(st.text(max_size=9), st.integers(), max_size=4),
    has_output=st.booleans(),
)


@given(
    st.sampled_from(RunKind),
    st.sampled_from(["", "core", "lite", "nova"]),
    st.lists(st.tuples(HOSTILE, SEEN_BY, st.integers()), min_size=1, max_size=10),
)
def test_no_document_makes_a_run_that_cannot_be_kept(
    kind: RunKind, product: str, told: list[tuple[Sighting, SeenBy, int]]
) -> None:
    first, by, now = told[0]
    group = made(RunKind.GROUP)
    for run in (
        replace(made(kind, product, 10**12), id="x"),
        foreign(replace(first, kind=kind), by, now),
        adopted(replace(first, kind=kind), group, by, now),
    ):
        revision = run.revision
        for sighting, by, now in told:
            run = become(run, replace(sighting, kind=kind), by, now)
        assert run.owner is None or run.owner == group.owner
        for count in (run.generated or 0, run.matched or 0, run.executions, *run.counts.values()):
            assert 0 <= count <= 1_000_000
        assert run.progress is None or 0 <= run.progress <= 100
        assert run.revision - revision <= len(told)
        assert len(set(run.flags)) == len(run.flags)
        assert (run.money in (Money.SETTLED, Money.VOID)) <= (run.settled_us is not None)
        assert run.cost is None or 0 <= run.cost <= MOST_NANO * len(run.charges)


@given(st.sampled_from(RunKind), st.lists(st.tuples(HOSTILE, SEEN_BY), max_size=6), HOSTILE, SEEN_BY)
def test_what_is_told_twice_in_the_same_moment_says_nothing_new(
    kind: RunKind, told: list[tuple[Sighting, SeenBy]], last: Sighting, by: SeenBy
) -> None:
    """Executions are the exception: which were counted is the store's to know."""
    run = replace(made(kind, "core"), id="x")
    for sighting, by_ in told:
        run = become(run, replace(sighting, kind=kind, executions=()), by_, NOW)
    once = become(run, replace(last, kind=kind, executions=()), by, NOW)
    assert become(once, replace(last, kind=kind, executions=()), by, NOW) == once


def test_a_charge_of_a_group_or_a_response_is_none() -> None:
    """The laws above make some of these, which nobody else does."""
    assert run_charge(RunKind.GROUP, "call-1", "core").estimate is None
