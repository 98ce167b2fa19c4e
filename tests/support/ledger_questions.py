"""Calls, conditions and queries of every kind, for what must hold of any ledger."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from penstock.journal.record import Outcome
from penstock.stores.ledger import (
    CallRow,
    Condition,
    Derived,
    Key,
    NewCall,
    Operator,
    OrderKey,
    Query,
    Scalar,
)
from support import ledger_model as model
from support.stored_calls import BASE, call

HOSTILE = ["", "a%", "A_b", "it's", 'say "x"', "nul\0nul", "🙂", "a,b", "12", "true", "c" * 300, "\\"]
NAMES = ["openai", "anthropic", "parallel", *HOSTILE]
PATHS = ["", "chat/completions", "v1/tasks/runs/trun_0123456789", "v1/search?q=Gpt", "12"]
MODELS = [None, "openai/gpt-4o", "openai/gpt-4o-mini", "azure/gpt-4o", "x/a%b", "it's"]
SCALARS: list[str | int | float | bool] = [*HOSTILE, -2, 0, 1, 12, True, False, 1.0, 0.5]
SMALL_NUMBERS = [None, 0, 1, 2, 3, 1 << 40]
FLAGS: tuple[Key, ...] = ("success", "cached", "authentication", "compatibilityMode", "wholesale")
NUMBERS: tuple[Key, ...] = (
    "cost",
    "tokens",
    "tokens_in",
    "tokens_out",
    "duration",
    "status_code",
    "feedback",
)
TEXTS: tuple[Key, ...] = (
    "provider", "model", "model_type", "request_type", "request_content_type", "response_content_type",
    "user_agent", "token", "user", "metadata.key", "metadata.value", "id", "event_id", "dlp_action",
)  # fmt: skip
ORDERS: tuple[OrderKey, ...] = (
    "created_at", "provider", "model", "model_type", "success", "cached", "cost", "tokens_in", "tokens_out",
    "duration", "feedback",
)  # fmt: skip


def made(seed: int) -> NewCall:
    """Any call; the same for the same seed. Several are in one microsecond, several have one id."""
    random = Random(seed)
    pick = random.choice
    number = random.randrange(60)
    changes: dict[str, object] = {
        "created_us": BASE.created_us + random.randrange(10) * pick([1, 700, 1_000_000]),
        "account": pick(["a", "b"]),
        "gateway": pick(["main", "other"]),
        "provider": pick(NAMES),
        "status": pick([200, 201, 404, 429, 500]),
        "outcome": pick([0, 0, 1, 3]),
        "cached": pick([False, True]),
        "compat": pick([False, True]),
        "duration_us": pick([0, 499, 500, 501, 1500, 2500, 2501, 12_345, 1 << 41]),
        "user_agent": pick(NAMES),
        "path": pick(PATHS),
        "user": pick(["", "u1", "u2"]),
        "metadata": {pick([*HOSTILE, "k"]): pick(SCALARS) for _ in range(random.randrange(4))},
    }
    if pick([False, True]):
        changes["event_id"] = pick(["an event", "Event"])
    derived = Derived(
        pick(MODELS), pick([None, "text"]), None, pick(SMALL_NUMBERS), pick(SMALL_NUMBERS), None,
        pick(SMALL_NUMBERS),
    )  # fmt: skip
    return call(number, derived, (b"q", b"a"), **changes)


SEEDS = st.integers(0, 500)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    some = st.lists
    kind = draw(st.sampled_from(["flag", "number", "text", "time"]))
    if kind == "flag":
        flags = some(st.sampled_from([True, False, None]), min_size=1, max_size=2)
        return Condition(
            draw(st.sampled_from(FLAGS)), draw(st.sampled_from(("eq", "neq"))), tuple(draw(flags))
        )
    if kind == "time":
        moment = model.rfc3339(BASE.created_us // 1000 + draw(st.integers(0, 7000)))
        return Condition("created_at", draw(st.sampled_from(("eq", "neq", "lt", "gt"))), (moment,))
    if kind == "number":
        operator: Operator = draw(st.sampled_from(("eq", "neq", "lt", "gt")))
        number = st.one_of(st.integers(0, 6), st.sampled_from([1e-9, 2.5, 12, 200, 404, 3e-9, -1, 1 << 40]))
        known = operator in ("lt", "gt")
        values: st.SearchStrategy[list[Scalar]] = some(
            number if known else st.one_of(st.none(), number), min_size=1, max_size=3
        )
        return Condition(draw(st.sampled_from(NUMBERS)), operator, tuple(draw(values)))
    operator = draw(st.sampled_from(("eq", "neq", "contains")))
    texts = st.one_of(
        st.sampled_from([*NAMES, "gpt-4o", "openai/gpt-4o", "OPEN", "u1", "text", "vent"]),
        SEEDS.map(lambda seed: made(seed).record.id),
    )
    if operator == "contains":
        return Condition(
            draw(st.sampled_from(TEXTS)), operator, tuple(draw(some(texts, min_size=1, max_size=2)))
        )
    return Condition(
        draw(st.sampled_from(TEXTS)),
        operator,
        tuple(draw(some(st.one_of(st.none(), texts, st.sampled_from(SCALARS)), min_size=1, max_size=3))),
    )


@st.composite
def queries(draw: st.DrawFn) -> Query:
    moments = st.one_of(
        st.none(), st.none(), st.integers(0, 8000).map(lambda ms: BASE.created_us + ms * 1000)
    )
    return Query(
        draw(st.sampled_from([None, "a", "nobody"])),
        tuple(draw(st.lists(st.sampled_from(["main", "other"]), max_size=2))),
        tuple(tuple(group) for group in draw(st.lists(st.lists(conditions(), max_size=2), max_size=2))),
        draw(moments),
        draw(moments),
        draw(st.sampled_from(["", "", "", "gpt", "A%", "00", "chat", "trun", "event", "-7000-8", "12", "é"])),
    )


def row_of(new: NewCall) -> CallRow:
    """The call as a ledger would give it, if it kept everything as it is."""
    record, derived = new.record, new.derived
    return CallRow(
        arrival=None,
        id=record.id,
        event_id=record.event_id,
        created_us=record.created_us,
        account=record.account,
        gateway=record.gateway,
        provider=record.provider,
        model=derived.model,
        model_type=derived.model_type,
        request_type=derived.request_type,
        method=record.method,
        path=record.path,
        status_code=record.status,
        outcome=Outcome(record.outcome).name.lower(),
        success=record.status < 400 and record.outcome == Outcome.COMPLETE,
        cached=record.cached,
        step=record.step,
        compat=record.compat,
        authenticated=record.authenticated,
        duration_us=record.duration_us,
        first_byte_us=record.first_byte_us,
        tokens_in=derived.tokens_in,
        tokens_out=derived.tokens_out,
        usage_metadata=None,
        cost_nano=derived.cost_nano,
        price_source=derived.price_source,
        custom_cost=derived.custom_cost,
        attempts=record.attempts,
        stored_key=record.stored_key,
        token=record.token,
        user=record.user,
        team=record.team,
        request_size=record.request_size,
        response_size=record.response_size,
        request_content_type=record.request_type,
        response_content_type=record.response_type,
        request_encoding=record.request_encoding,
        response_encoding=record.response_encoding,
        user_agent=record.user_agent,
        metadata=record.metadata,
        controls=record.controls,
        feedback=None,
        score=None,
        error_code=record.error_code,
        error_detail=record.error_detail,
        trail=record.trail,
    )
