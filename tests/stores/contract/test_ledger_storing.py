"""Every ledger takes calls and positions together, or not at all."""

from __future__ import annotations

import pytest

from penstock.journal.record import Outcome
from penstock.stores.ledger import (
    ANY,
    Appended,
    Derived,
    Move,
    NewCall,
    OpenEditor,
    OpenReader,
    OpenWriter,
    PositionMoved,
    Unstorable,
)
from support.stored_calls import call, step, uuid


def test_a_call_comes_back_as_it_was_stored(ledger: OpenWriter, reader: OpenReader) -> None:
    derived = Derived(
        "openai/gpt-4o", "text generation", "chat", 12, 34, '{"input_tokens":12,"output_tokens":34}'
    )
    stored = call(
        1,
        derived,
        (b'{"a":1}', b'{"b":2}'),
        metadata={"team": "x", "n": 2, "ok": True},
        controls={"cf-aig-step": "1"},
    )
    assert ledger.append([stored], step(0)) == Appended(1, 0)
    row = reader.get(uuid(1))
    assert row is not None
    assert (row.arrival, row.id, row.created_us) == (1, stored.record.id, stored.record.created_us)
    assert (row.model, row.tokens_in, row.tokens_out) == ("openai/gpt-4o", 12, 34)
    assert row.usage_metadata == {"input_tokens": 12, "output_tokens": 34}
    assert row.metadata == {"team": "x", "n": 2, "ok": True}
    assert row.controls == {"cf-aig-step": "1"}
    assert (row.success, row.cached, row.compat, row.authenticated) == (True, False, False, True)
    assert (row.cost_nano, row.feedback, row.score, row.outcome) == (None, None, None, "complete")
    assert reader.bodies(uuid(1)) == (b'{"a":1}', b'{"b":2}', False, False)


def test_no_bodies_row_where_the_caller_asked_for_none(ledger: OpenWriter, reader: OpenReader) -> None:
    ledger.append([_without_bodies(1)], step(0))
    assert reader.bodies(uuid(1)) is None


def _without_bodies(number: int) -> NewCall:
    stored = call(number)
    stored.record.bodies = False
    return stored


@pytest.mark.parametrize(
    ("status", "outcome", "success"),
    [
        (200, Outcome.COMPLETE, True),
        (302, Outcome.COMPLETE, True),
        (404, Outcome.COMPLETE, False),
        (200, Outcome.ABANDONED, False),
        (502, Outcome.PROVIDER_BROKE, False),
        (0, Outcome.SHUTDOWN, False),
    ],
)
def test_success_is_a_good_status_and_a_whole_answer(
    ledger: OpenWriter, reader: OpenReader, status: int, outcome: Outcome, success: bool
) -> None:
    ledger.append([call(1, status=status, outcome=int(outcome))], step(0))
    row = reader.get(uuid(1))
    assert row is not None
    assert (row.success, row.outcome) == (success, outcome.name.lower())


def test_an_outcome_from_a_later_program_is_kept_as_unknown(ledger: OpenWriter, reader: OpenReader) -> None:
    ledger.append([call(1, outcome=77)], step(0))
    row = reader.get(uuid(1))
    assert row is not None
    assert row.outcome == "unknown"


def test_the_position_moves_with_the_calls(ledger: OpenWriter) -> None:
    ledger.append([call(1)], Move("s", 0, 70))
    ledger.append([call(2)], Move("s", 70, 90))
    ledger.append([call(3)], Move("t", 0, 5))
    assert ledger.positions() == {"s": 90, "t": 5}


@pytest.mark.parametrize("move", [Move("s", 0, 10), Move("s", 5, 20), Move("other", 5, 10)])
def test_a_second_shipper_gets_nothing_through(ledger: OpenWriter, reader: OpenReader, move: Move) -> None:
    ledger.append([call(1)], step(0))
    with pytest.raises(PositionMoved):
        ledger.append([call(2)], move)
    assert ledger.positions() == {"s": 10}
    assert reader.count(ANY) == 1


def test_positions_are_forgotten_on_request(ledger: OpenWriter) -> None:
    ledger.append([call(1)], step(0, "old"))
    ledger.append([call(2)], step(0, "new"), ["old", "never heard of"])
    assert ledger.positions() == {"new": 10}


def test_what_cannot_be_stored_is_told_apart_and_leaves_nothing(
    ledger: OpenWriter, reader: OpenReader
) -> None:
    with pytest.raises(Unstorable):
        ledger.append([call(1), call(2, duration_us=1 << 63)], step(0))
    assert ledger.positions() == {}
    assert reader.count(ANY) == 0


def test_arrival_numbers_are_never_given_twice(
    ledger: OpenWriter, editor: OpenEditor, reader: OpenReader
) -> None:
    ledger.append([call(1), call(2)], step(0))
    assert editor.delete(ANY, 10) == 2
    editor.forget_arrivals(2)
    assert reader.last_arrival() == 2
    ledger.append([call(3)], step(1))
    row = reader.get(uuid(3))
    assert row is not None
    assert row.arrival == reader.last_arrival() == 3
