"""The rule of thumb for tokens: how near it comes, and that it does not matter where a text is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.token_weights import TOKEN, json_text, tokens_of, weight_of

# Texts with the tokens that they are by OpenAI's o200k vocabulary, counted once.
ENGLISH = (
    "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and "
    "should act towards one another in a spirit of brotherhood."
)
GERMAN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und "
    "sollen einander im Geist der Brüderlichkeit begegnen."
)
RUSSIAN = (
    "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью и должны "
    "поступать в отношении друг друга в духе братства."
)
CHINESE = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"
JAPANESE = (
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられて"
    "おり、互いに同胞の精神をもって行動しなければならない。"
)
KOREAN = (
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. "
    "인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다."
)
WEATHER = json.dumps(
    {
        "location": {"city": "Berlin", "country": "Germany"},
        "days": [{"date": "2026-11-29", "temperature": 12.5, "wind": "NW", "rain": False}],
        "units": "celsius",
        "query": "weather for the next two days",
    }
)
CODE = """def _with_input(usage: Usage, request: Body) -> Usage:
    tokens = _asked(request)
    total = total_of(None, tokens, usage.output_tokens)
    return replace(usage, input_tokens=tokens, total_tokens=total, estimated_input_tokens=tokens)
"""


@pytest.mark.parametrize(
    ("text", "tokens", "off"),
    [
        (ENGLISH, 33, 0.15),
        (GERMAN, 38, 0.15),
        (RUSSIAN, 42, 0.3),
        (CHINESE, 35, 0.3),
        (JAPANESE, 72, 0.3),
        (KOREAN, 51, 0.3),
        (WEATHER, 66, 0.15),
        (CODE, 58, 0.2),
    ],
    ids=["english", "german", "russian", "chinese", "japanese", "korean", "json", "code"],
)
def test_it_comes_near(text: str, tokens: int, off: float) -> None:
    assert tokens_of(weight_of(text)) == pytest.approx(tokens, rel=off)


def test_a_script_is_not_taken_for_its_bytes() -> None:
    """A character of three bytes is about one token, not three quarters of a word."""
    assert weight_of("好" * 100) == pytest.approx(85 * TOKEN, abs=5 * TOKEN)
    assert weight_of("a" * 300) < weight_of("好" * 100)


@given(st.text(st.characters(codec=None), max_size=80), st.data())
def test_no_place_to_cut_changes_it(text: str, data: st.DataObject) -> None:
    """Halves of surrogate pairs are among them."""
    place = data.draw(st.integers(0, len(text)))
    assert weight_of(text[:place]) + weight_of(text[place:]) == weight_of(text)


@given(st.characters(min_codepoint=0x10000))
def test_two_halves_of_a_pair_are_the_pair(character: str) -> None:
    halves = character.encode("utf-16-be")
    first, second = (halves[place : place + 2].decode("utf-16-be", "surrogatepass") for place in (0, 2))
    assert weight_of(first) + weight_of(second) == weight_of(character)


def test_a_part_of_a_token_is_one() -> None:
    assert [tokens_of(weight) for weight in (0, 1, TOKEN, TOKEN + 1)] == [0, 1, 1, 2]
    assert weight_of("") == 0


@pytest.mark.parametrize("value", [{"a": [1, "x"]}, {"a": "\ud83d"}, {"n": 1 << 200}, [], None])
def test_any_value_has_a_text(value: object) -> None:
    assert json.loads(json_text(value)) == value
