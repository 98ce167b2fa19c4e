"""What a run may use of a model: queries, hops, documents, tokens and time, by processor (Parallel 2.9.8). Pure."""

import msgspec


class Budget(msgspec.Struct, frozen=True):
    """The most a run may use. A hop is one round of searching; `excerpt_chars` go into one question."""

    queries: int
    hops: int
    documents: int
    excerpt_chars: int
    tokens: int
    seconds: float

    @property
    def calls(self) -> int:
        """One to plan, one before each further hop, one for the answer, and one more where it cannot be read."""
        return (1 if self.queries > 1 else 0) + (self.hops - 1) + 2


_SPEED = Budget(queries=1, hops=1, documents=4, excerpt_chars=6_000, tokens=8_000, seconds=30)
_BUDGETS = {
    "speed": _SPEED,
    "lite": Budget(queries=2, hops=1, documents=5, excerpt_chars=8_000, tokens=12_000, seconds=60),
    "base": Budget(queries=3, hops=1, documents=8, excerpt_chars=14_000, tokens=24_000, seconds=120),
    "core": Budget(queries=4, hops=2, documents=12, excerpt_chars=20_000, tokens=60_000, seconds=300),
    "core2x": Budget(queries=5, hops=2, documents=16, excerpt_chars=28_000, tokens=90_000, seconds=420),
    "pro": Budget(queries=6, hops=3, documents=24, excerpt_chars=40_000, tokens=160_000, seconds=600),
    "ultra": Budget(queries=8, hops=4, documents=40, excerpt_chars=60_000, tokens=320_000, seconds=900),
    "ultra2x": Budget(queries=10, hops=5, documents=60, excerpt_chars=80_000, tokens=480_000, seconds=1200),
    "ultra4x": Budget(queries=12, hops=6, documents=80, excerpt_chars=100_000, tokens=700_000, seconds=1500),
    "ultra8x": Budget(
        queries=16, hops=8, documents=120, excerpt_chars=140_000, tokens=1_200_000, seconds=1800
    ),
}
_FAST = "-fast"


class JudgingBudget(msgspec.Struct, frozen=True):
    """The most a FindAll run may use, enrichments included: `batch` candidates are judged by one call."""

    calls: int
    batch: int
    candidate_chars: int
    tokens: int
    seconds: float


_JUDGING = {
    "preview": JudgingBudget(calls=10, batch=4, candidate_chars=3_000, tokens=30_000, seconds=120),
    "base": JudgingBudget(calls=40, batch=6, candidate_chars=2_500, tokens=120_000, seconds=600),
    "core": JudgingBudget(calls=100, batch=5, candidate_chars=4_000, tokens=400_000, seconds=1200),
    "pro": JudgingBudget(calls=300, batch=4, candidate_chars=6_000, tokens=1_500_000, seconds=3600),
}


ENRICHING = Budget(queries=1, hops=1, documents=4, excerpt_chars=6_000, tokens=0, seconds=0)
"""What is read for one candidate; calls, tokens and time are its run's."""

_NAMING = {
    "preview": Budget(queries=1, hops=1, documents=8, excerpt_chars=8_000, tokens=0, seconds=0),
    "base": Budget(queries=1, hops=1, documents=12, excerpt_chars=14_000, tokens=0, seconds=0),
    "core": Budget(queries=1, hops=1, documents=24, excerpt_chars=30_000, tokens=0, seconds=0),
    "pro": Budget(queries=1, hops=1, documents=40, excerpt_chars=60_000, tokens=0, seconds=0),
}


def budget_for(processor: str) -> Budget:
    """A processor's budget; `-fast` searches fewer times, and takes half the time. Unknown ones get the least."""
    whole = _BUDGETS.get(processor.removesuffix(_FAST), _SPEED)
    if not processor.endswith(_FAST):
        return whole
    return msgspec.structs.replace(
        whole,
        queries=max(1, whole.queries // 2),
        hops=max(1, whole.hops // 2),
        tokens=whole.tokens * 2 // 3,
        seconds=whole.seconds / 2,
    )


def naming_budget(generator: str) -> Budget:
    """What a generator reads for names that the engine has not found; calls, tokens and time are its run's."""
    return _NAMING.get(generator, _NAMING["preview"])


def judging_budget(generator: str) -> JudgingBudget:
    """A generator's budget (Parallel 2.12)."""
    return _JUDGING.get(generator, _JUDGING["preview"])
