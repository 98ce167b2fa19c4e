"""Where pages of a list begin: every row stands on one of them, however many have one moment."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from penstock.pages.dashboard.lists import Place, address, chips, place_behind, read_place


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 7))
def test_each_row_stands_on_one_page(moments: list[int], size: int) -> None:
    rows = sorted(enumerate(moments), key=lambda row: (-row[1], row[0]))
    place, seen = Place(None, 0), list[tuple[int, int]]()
    for _ in range(len(rows) + 1):
        left = [row for row in rows if place.until_us is None or row[1] < place.until_us][place.skipped :]
        seen += left[:size]
        if len(left) <= size:
            break
        place = read_place(place_behind([moment for _, moment in left[:size]], place))
    assert seen == rows


@given(st.text(max_size=40))
def test_any_text_is_a_place(text: str) -> None:
    place = read_place(text)
    assert place.skipped >= 0


def test_the_earlier_moment_counts() -> None:
    assert [Place(5, 0).until(given) for given in (None, 3, 9)] == [5, 3, 5]
    assert Place(None, 0).until(7) == 7


def test_links_of_many_filters_take_no_more_than_their_room() -> None:
    given = [("state", f"word {number}") for number in range(4000)]
    found = list(chips(given))
    assert found
    assert sum(len(one.without) for one in found) < 100_000
    assert len(list(chips(given[:20]))) == 20


def test_a_chip_takes_its_own_filter_away() -> None:
    given = [("a", "1"), ("a", "2&"), ("b", "3")]
    found = list(chips(given, [("kept", "x")]))
    assert [(one.word, one.text) for one in found] == given
    assert parse_qsl(found[1].without[1:]) == [("a", "1"), ("b", "3"), ("kept", "x")]
    assert address([]) == "?"
