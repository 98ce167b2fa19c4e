"""In every ledger: a list that looks at a few calls at a time comes to the same calls, each of them once."""

from __future__ import annotations

import msgspec
import pytest

from penstock.analytics.call_choice import chosen_calls
from penstock.pages.dashboard.lists import Place, place_behind, read_place
from penstock.stores.ledger import ANY, NewCall, OpenReader, OpenWriter, Query
from support.stored_calls import BASE, call, step

SLOW = chosen_calls([("duration", ">2s")], None, 0).query
CALLS = 120
ALL = 1000


@pytest.fixture
def listed(ledger: OpenWriter, reader: OpenReader) -> OpenReader:
    """Three calls a microsecond. Each seventh is slow, and none of the newest forty."""
    ledger.append([_one(number) for number in range(CALLS)], step(0))
    return reader


def _one(number: int) -> NewCall:
    is_slow = number % 7 == 0 and number < CALLS - 40
    return call(
        number, created_us=BASE.created_us + number // 3, duration_us=3_000_000 if is_slow else 1000 + number
    )


def _pages(reader: OpenReader, where: Query, limit: int, effort: int) -> list[list[str]]:
    """The ids of each page, as the dashboard goes from one to the next."""
    found, place = list[list[str]](), Place(None, 0)
    while len(found) < ALL:
        here = msgspec.structs.replace(where, until_us=place.until(where.until_us))
        rows, looked_to = reader.newest(here, limit + 1, place.skipped, effort)
        found.append([row.id for row in rows[:limit]])
        moments = [row.created_us for row in rows[:limit]]
        if len(rows) > limit:
            place = read_place(place_behind(moments, place))
        elif looked_to is not None:
            place = read_place(place_behind(moments, place, looked_to))
        else:
            return found
    raise AssertionError("there is no end of pages")


@pytest.mark.parametrize("where", [ANY, SLOW], ids=["any", "slow"])
@pytest.mark.parametrize("limit", [1, 2, 5, 50])
@pytest.mark.parametrize("effort", [0, 1, 5, 17, 60, ALL])
def test_pages_come_to_all_calls_once(listed: OpenReader, where: Query, limit: int, effort: int) -> None:
    pages = _pages(listed, where, limit, effort)
    assert [one for page in pages for one in page] == [row.id for row in listed.calls(where, ALL)]


def test_a_page_that_looks_at_few_says_how_far_it_has_looked(listed: OpenReader) -> None:
    rows, looked_to = listed.newest(SLOW, 10, 0, 4)
    assert looked_to is not None
    assert BASE.created_us < looked_to < BASE.created_us + CALLS // 3
    assert all(row.created_us >= looked_to for row in rows)
    assert len(rows) < len(listed.calls(SLOW, 10))
    assert listed.newest(SLOW, 10, 0, ALL) == (listed.calls(SLOW, 10), None)


def test_what_is_counted_is_no_effort(listed: OpenReader) -> None:
    assert listed.newest(ANY, CALLS, 0, 0).looked_to_us is None
    assert len(listed.newest(ANY, CALLS, 0, 0).calls) == CALLS


def test_a_call_that_is_found_by_its_id_is_found_whatever_its_age(listed: OpenReader) -> None:
    (oldest,) = listed.calls(ANY, 1, offset=CALLS - 1)
    where = chosen_calls([("search", oldest.id)], None, 0).query
    assert [row.id for row in listed.newest(where, 10, 0, 20).calls] == [oldest.id]
