"""Listing, counting and finding runs: each condition by itself and with others, against a plain list."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.engines import RunsEngine
from penstock.runs.run import Owner, Run, RunKind
from penstock.stores.runs import ANY_RUN, OpenRunLedger, OpenRunReader, RunQuery, RunsUnavailable
from support.run_ledgers import NOW, SECOND, made, make, run, seen

KINDS = (RunKind.TASK, RunKind.GROUP, RunKind.FINDALL)
WORDS = ("", "a", "b", "%", "A")


def _runs(count: int = 120) -> list[Run]:
    random = Random(5)
    found = []
    for number in range(count):
        owner = Owner(*(random.choice(WORDS) for _ in range(5)))
        one = run(
            f"run_{random.getrandbits(64):016x}",
            random.choice(KINDS),
            random.choice(WORDS),
            parent=random.choice(WORDS),
            at=random.randrange(20),
        )
        states = {"state": random.choice(("queued", "done", "a word")), "is_active": random.random() < 0.5}
        found.append(replace(one, owner=None if number % 10 == 0 else owner, **states))
    return found


RUNS = _runs()


def _fits(one: Run, where: RunQuery) -> bool:
    owner = one.owner or Owner("", "")
    return (
        where.account in (None, owner.account)
        and (not where.gateways or owner.gateway in where.gateways)
        and (not where.kinds or one.kind in where.kinds)
        and (not where.states or one.state in where.states)
        and where.active in (None, one.is_active)
        and (not where.products or one.product in where.products)
        and (not where.owner or where.owner in (owner.token, owner.user))
        and where.token in ("", owner.token)
        and where.parent in (None, one.parent)
        and (where.since_us is None or where.since_us <= one.created_us)
        and (where.until_us is None or one.created_us < where.until_us)
    )


def _some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2).map(tuple)


MOMENTS = st.none() | st.integers(-1, 20).map(lambda seconds: NOW + seconds * SECOND)
QUERIES = st.builds(
    RunQuery,
    st.none() | st.sampled_from(WORDS),
    _some(WORDS),
    st.lists(st.sampled_from(KINDS), max_size=2).map(tuple),
    _some(("queued", "done", "a word", "none")),
    st.none() | st.booleans(),
    _some(WORDS),
    st.sampled_from(WORDS),
    st.none() | st.sampled_from(WORDS),
    MOMENTS,
    MOMENTS,
    token=st.sampled_from(WORDS),
)


def test_runs_are_listed_and_counted_as_from_a_list(run_engine: RunsEngine) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(run_engine.ledger(Path(folder))) as runs:
        runs.made(made(*RUNS))
        ordered = sorted(RUNS, key=lambda one: (one.created_us, one.id), reverse=True)

        @hypothesis_settings(deadline=None, max_examples=300)
        @given(QUERIES, st.integers(0, 30), st.integers(0, 30))
        def agrees(where: RunQuery, limit: int, offset: int) -> None:
            wanted = [one for one in ordered if _fits(one, where)]
            assert runs.count(where) == len(wanted)
            assert runs.runs(where, limit, offset) == wanted[offset:][:limit]
            counts = Counter(one.state for one in wanted)
            assert list(runs.states(where).items()) == sorted(
                counts.items(), key=lambda pair: (-pair[1], pair[0])
            )

        agrees()


def test_the_reader_sees_what_is_written_meanwhile(runs: OpenRunLedger, run_reader: OpenRunReader) -> None:
    assert run_reader.runs(ANY_RUN, 9) == []
    make(runs, run(), run("trun_2", at=1))
    assert [one.id for one in run_reader.runs(ANY_RUN, 9)] == ["trun_2", "trun_1"]
    runs.saw([seen("trun_1", result=b"{}")])
    for look in (runs, run_reader):
        assert look.count(RunQuery(states=("completed",))) == 1
        assert look.get("trun_1") == runs.get("trun_1")
        assert look.get("nobody") is None
        assert len(look.moments("trun_1")) == 2
        found = look.result("trun_1")
        assert found is not None
        assert found.body == b"{}"
        assert look.find("trun", 9) == ["trun_1", "trun_2"]


def test_ids_by_their_beginning_or_else_their_end(runs: OpenRunLedger) -> None:
    ids = ("trun_abc1", "trun_abd1", "tgrp_%_'\"", "tgrp_1c", "x\udbff"[:1] + "\U0010ffff")
    make(runs, *(run(one, at=number) for number, one in enumerate(ids)))
    assert runs.find("trun_a", 9) == ["trun_abc1", "trun_abd1"]
    assert runs.find("trun_a", 1) == ["trun_abc1"]
    assert runs.find("trun_abc1", 9) == ["trun_abc1"]
    assert runs.find("1", 9) == ["trun_abd1", "trun_abc1"], "the newest first"
    assert runs.find("c", 9) == ["tgrp_1c"]
    assert runs.find("tgrp_%", 9) == ["tgrp_%_'\""]
    assert runs.find("_", 9) == []
    assert runs.find("TRUN", 9) == []
    assert len(runs.find("", 9)) == len(ids)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_pages_follow_each_other(runs: OpenRunLedger, limit: int) -> None:
    make(runs, *(run(f"trun_{n}") for n in range(4)))
    pages = [one.id for page in range(3) for one in runs.runs(ANY_RUN, limit, page * limit)]
    assert pages == [f"trun_{n}" for n in (3, 2, 1, 0)][: 3 * limit]


@pytest.mark.parametrize(
    ("until", "effort", "since"),
    [(None, 1, 3), (None, 3, 1), (None, 4, None), (None, 9, None), (3, 1, 2), (3, 3, None), (0, 1, None)],
)
def test_how_far_back_so_many_runs_reach(
    runs: OpenRunLedger, run_reader: OpenRunReader, until: int | None, effort: int, since: int | None
) -> None:
    make(runs, *(run(f"trun_{number}", at=number) for number in range(4)))
    until_us = None if until is None else NOW + until * SECOND
    for look in (runs, run_reader):
        assert look.reach(until_us, effort) == (None if since is None else NOW + since * SECOND)


def test_there_is_nothing_to_read_before_anything_was_written(run_engine: RunsEngine, tmp_path: Path) -> None:
    with pytest.raises(RunsUnavailable):
        run_engine.reader(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_half_of_a_character_finds_nothing(runs: OpenRunLedger) -> None:
    make(runs, run())
    odd = "\ud800"
    assert (runs.get(odd), runs.find(odd, 9), runs.moments(odd), runs.result(odd)) == (None, [], [], None)
    for where in (RunQuery(account=odd), RunQuery(owner=odd), RunQuery(states=(odd,)), RunQuery(parent=odd)):
        assert (runs.runs(where, 9), runs.count(where)) == ([], 0)
