"""No reading of a JSON document gets a model past those that are told, and what is read in one way is told."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.wire.model_names import Unclear, models_in_json

Pairs = list[tuple[str, object]]


class Members(Pairs):
    """An object as it stands in a document, with all that is there twice."""


NAMES = st.sampled_from(
    [
        "model",
        "model",
        "Model",
        "MODEL",
        "mODEL",
        "models",
        "model_id",
        "modelId",
        "model\u017f",
        "x",
        "messages",
    ]
)
VALUES = st.recursive(
    st.sampled_from(["cheap", "dear", "", 'x "model": "dear"', "\\", "\\u006d", 7, None, True]),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=3).map(Members),
    max_leaves=8,
)
DOCUMENTS = st.lists(st.tuples(NAMES, VALUES), max_size=5).map(Members)


def text(value: object, escape: frozenset[int]) -> str:
    """A value as JSON; `escape`: which letters of names are written as escapes."""
    if isinstance(value, Members):
        return "{" + ",".join(f"{named(name, escape)} : {text(one, escape)}" for name, one in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(text(one, escape) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def named(name: str, escape: frozenset[int]) -> str:
    letters = (f"\\u{ord(one):04x}" if place in escape else one for place, one in enumerate(name))
    return '"' + "".join(letters) + '"'


def first_wins(pairs: Pairs) -> dict[str, object]:
    return dict(reversed(pairs))


def last_wins(pairs: Pairs) -> dict[str, object]:
    return dict(pairs)


def any_case(pairs: Pairs) -> dict[str, object]:
    """As Go reads: the last that is the same but for case."""
    return {name.casefold(): value for name, value in pairs}


READERS = (first_wins, last_wins, any_case)


def read_as(document: bytes) -> set[str]:
    """Every model that one of the readers takes it to ask for: alone, or as one to fall back to."""
    found = set[str]()
    for reader in READERS:
        members = json.loads(document, object_pairs_hook=reader)
        for name in ("model", "models", "model_id", "modelId", "modelid"):
            value = members.get(name)
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    found.add(one)
    return found


@given(DOCUMENTS, st.frozensets(st.integers(0, 5), max_size=3))
@example(Members([("model", "dear"), ("model", "cheap")]), frozenset())
@example(Members([("Model", "dear"), ("model", "cheap")]), frozenset())
@example(Members([("model", "cheap"), ("models", ["dear"])]), frozenset())
def test_no_reading_has_another_model(document: Members, escape: frozenset[int]) -> None:
    body = text(document, escape).encode()
    try:
        own, others = models_in_json(body, ("model",))
    except Unclear:
        return
    assert read_as(body) <= {*own, *others}
    assert len(own) <= 1


PLAIN = st.dictionaries(
    st.sampled_from(["messages", "stream", "temperature", "tools", "user"]),
    st.recursive(
        st.text(st.characters(codec="utf-8")) | st.integers() | st.booleans() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content"]), inner)
        ),
        max_leaves=6,
    ),
)


@given(PLAIN, st.text(st.characters(codec="utf-8")), st.booleans())
def test_what_an_ordinary_client_sends_is_clear(
    rest: dict[str, object], model: str, ascii_only: bool
) -> None:
    body = json.dumps({**rest, "model": model}, ensure_ascii=ascii_only).encode()
    own, others = models_in_json(body, ("model",))
    assert own == [model]
    assert set(others) <= {model}


@given(st.binary(max_size=60) | st.text().map(str.encode))
def test_anything_else_is_unclear_or_names_nothing(data: bytes) -> None:
    try:
        own, _ = models_in_json(data, ("model",))
    except Unclear:
        return
    assert own == [] or b"model" in data


MANY = 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"x","t":"' + b'ab \\"' * MANY + b'"}',
        b'{"model":"x","t":"' + b"\\\\" * MANY + b'\\\\u0041"}',
        b'{"model":"x","t":"' + b"\\\\u0041" * MANY + b'"}',
        b'{"model":"x","t":[' + b'"model",' * MANY + b"1]}",
        b'{"model":"x","t":[' + b'{"model":' * MANY + b"}]}",
        b"{" + b",".join(b'"%d":1' % number for number in range(100_000)) + b"}",
        b'{"model":"x","models":[' + b'"x" ,' * MANY + b"1]}",
        b'{"model":"x"' + b" " * 5 * MANY + b"}",
    ],
)
def test_a_large_body_is_read_in_a_bounded_time(body: bytes) -> None:
    """In far less than a second, which is what a product of two of its sizes would take."""
    begun = time.process_time()
    try:
        models_in_json(body, ("model",))
    except Unclear:
        pass
    assert time.process_time() - begun < 2
