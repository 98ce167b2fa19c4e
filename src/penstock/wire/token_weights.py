"""How many tokens a text is likely to be, by a rule of thumb: what each of its characters weighs.

No vocabulary of any model: a sum over characters, so that a text weighs the same in one piece as in a thousand,
wherever it is cut. The weights come within a tenth of OpenAI's newer vocabulary (o200k) for English, German, French,
Spanish, source code and JSON, within a quarter for most other languages, a half for the rest. Older models take up to
twice as many tokens for what is not Latin; hashes and formulas are more tokens than they seem. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import msgspec

_to_json = msgspec.json.Encoder().encode

TOKEN: Final = 100
"""What a token weighs."""

# Of a character that is one byte in UTF-8 (ASCII), by what it is.
_LOWER, _UPPER, _DIGIT, _SPACE, _LINE_END, _SIGN = 23, 36, 55, 3, 50, 70

# Of any other, by its first byte: those that begin with it, up to the next row.
_BY_FIRST_BYTE: Final = (
    (0x80, 0),  # no first byte
    (0xC2, 80),  # signs: § ° »
    (0xC3, 55),  # Western European letters
    (0xC4, 85),  # Central European ones
    (0xCA, 60),
    (0xCE, 50),  # Greek
    (0xD0, 36),  # Cyrillic
    (0xD4, 60),
    (0xD6, 50),  # Hebrew
    (0xD8, 42),  # Arabic
    (0xDC, 60),
    (0xE0, 50),  # the scripts of India, Thai
    (0xE1, 65),  # Georgian, Khmer, Vietnamese
    (0xE2, 80),  # signs: – … €
    (0xE3, 85),  # Japanese syllables
    (0xE4, 85),  # Chinese characters
    (0xEA, 80),  # Korean syllables, halves of surrogate pairs
    (0xEE, 85),  # wide forms
    (0xF0, 160),  # emoji, rare characters: as much as two halves
)


def _of_ascii(byte: int) -> int:
    character = chr(byte)
    if character.islower():
        return _LOWER
    if character.isupper():
        return _UPPER
    if character.isdigit():
        return _DIGIT
    if character in " \t\r":
        return _SPACE
    return _LINE_END if character == "\n" else _SIGN


def _weights() -> Iterator[int]:
    yield from map(_of_ascii, range(0x80))
    ends = [first for first, _ in _BY_FIRST_BYTE[1:]] + [0x100]
    for (first, weight), end in zip(_BY_FIRST_BYTE, ends, strict=True):
        yield from [weight] * (end - first)


def _alike() -> Iterator[tuple[int, bytes]]:
    """Weights, and the bytes that have each; what is most frequent first, for it is taken out first."""
    weights = tuple(_weights())
    for weight in sorted(set(weights), key=weights.index):
        yield weight, bytes(byte for byte, its in enumerate(weights) if its == weight)


_FREQUENT: Final = (_LOWER, _SPACE, 0)
_BYTES: Final = tuple(sorted(_alike(), key=lambda one: one[0] not in _FREQUENT))


def weight_of(text: str) -> int:
    """What a text weighs; `TOKEN` is one token."""
    left, weight = text.encode("utf-8", "surrogatepass"), 0
    for each, its_bytes in _BYTES:
        rest = left.translate(None, its_bytes)
        weight += each * (len(left) - len(rest))
        if not rest:
            break
        left = rest
    return weight


def json_text(value: object) -> str:
    """A value as JSON spells it, which is what models read and write. May raise `RecursionError`."""
    try:
        return _to_json(value).decode()
    except (msgspec.MsgspecError, UnicodeError, OverflowError):
        return json.dumps(value)  # halves of surrogate pairs, numbers of any size


def tokens_of(weight: int) -> int:
    """How many tokens something of a weight is, the last one counted as a whole."""
    return -(-weight // TOKEN)
