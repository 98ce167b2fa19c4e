"""Lines of keys in TOML text: by example, and for any text that `tomllib` accepts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.settings.toml_position import KeyPath, lines, nearest_line

TEXT = '''\
# [not.a.table]
top = 1
[server] # a comment with = and [brackets]
"quoted.key" = "# not a comment"
'literal' = 'a = "b'
text = """
[fake]
port = 1 \\""" ""
fake = 2"""""
other = \'\'\'
[fake2]'\'\'\'\'
list = [ # comment ]
  1, [2,
  3], # ]
  "]",
]
a.b . "c d" = {x = 1, y = {z = [
]}}
after = 1979-05-27 07:32:00
[server.limits]
"\\u0061" = 1
[[many]]
id = 1
[many.below]
x = 1
[[many]]
id = 2
[[many.items]]
[[many.items]]
last = 1'''

LINES: list[tuple[KeyPath, int]] = [
    (("top",), 2),
    (("server",), 3),
    (("server", "quoted.key"), 4),
    (("server", "literal"), 5),
    (("server", "text"), 6),
    (("server", "other"), 10),
    (("server", "list"), 12),
    (("server", "list", 0), 13),
    (("server", "list", 1), 13),
    (("server", "list", 1, 1), 14),
    (("server", "list", 2), 15),
    (("server", "a", "b"), 17),
    (("server", "a", "b", "c d"), 17),
    (("server", "a", "b", "c d", "y", "z"), 17),
    (("server", "after"), 19),
    (("server", "limits"), 20),
    (("server", "limits", "a"), 21),
    (("many",), 22),
    (("many", 0), 22),
    (("many", 0, "id"), 23),
    (("many", 0, "below"), 24),
    (("many", 0, "below", "x"), 25),
    (("many", 1), 26),
    (("many", 1, "id"), 27),
    (("many", 1, "items", 0), 28),
    (("many", 1, "items", 1), 29),
    (("many", 1, "items", 1, "last"), 30),
]


@pytest.mark.parametrize(("path", "line"), LINES)
def test_line_of_each_kind_of_key(path: KeyPath, line: int) -> None:
    tomllib.loads(TEXT)
    assert lines(TEXT)[path] == line


def test_nothing_is_found_inside_texts() -> None:
    assert not any("fake" in str(path) for path in lines(TEXT))


def test_windows_line_ends() -> None:
    assert lines("a = 1\r\n\r\n[b]\r\nc = 1\r\n") == {("a",): 1, ("b",): 3, ("b", "c"): 4}


def test_a_table_has_the_line_of_its_own_header() -> None:
    assert lines("[a.b]\n[a]\nc = 1\n")["a",] == 2


def test_nearest_line_goes_outwards() -> None:
    found = lines("[a]\nb = {}\n")
    assert nearest_line(found, ("a", "b", "c", 0)) == 2
    assert nearest_line(found, ("a", "x")) == 1
    assert nearest_line(found, ("y",)) is None
    assert nearest_line(found, ()) is None


def test_deep_nesting_is_followed_as_far_as_it_goes() -> None:
    assert lines("a = 1\nb = " + "[" * 100_000)["b",] == 2


def paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


PIECES = [
    *["a", "b", '"c.d"', "'e'", '""', "1", "-inf", "true", "07:32:00", '"x#]"', "'[y'", '"\\""'],
    *[' """', '"""\n', "'''", "\n[t]\n", "\n[[t]]\n", "\n[a.b]\n", "\n[[a.b]]\n", "#c\n", "\r\n", "\n", "\n"],
    *[" = ", " = ", "=", ".", " . ", ",", ", ", "[", "]", "{", "}", "[1, 2]", "{a = 1}", " ", "\t", "é"],
    *["\na = ", "\nb.c = ", "\n'e' = ", "[\n", "\n]", "[[1], # ]\n'x']", "{a.b = {c = [3]}}", "{}", "[]"],
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("[[t]]\na = [{b = 1},\n{b.c = 2}]\n[t.x]\n[[t]]\n")
def test_every_key_that_tomllib_reads_is_found(text: str) -> None:
    found = lines(text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(found) == set(paths(document))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@settings(deadline=None)
@given(st.text())
def test_no_text_confuses_it_into_an_error(text: str) -> None:
    lines(text)
