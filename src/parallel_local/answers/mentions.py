"""Where words of interest stand in a text: tokens with their places, and phrases found among them. Pure."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.text.tokens import stems, words

_WORD = re.compile(r"[^\W_]+(?:[&'’.](?=[^\W_])[^\W_]+)*|[°§%]C?")

_ELIDED = re.compile(r"^(?:[ldjmtsnc]|qu)['’](?=\w{2})", re.IGNORECASE)

Phrase = tuple[str, ...]
Span = tuple[int, int]


class Token(msgspec.Struct, frozen=True):
    """A word of a text: its place, its folded form and its stem."""

    start: int
    end: int
    word: str
    stem: str


def tokens(text: str, language: str = "en") -> tuple[Token, ...]:
    """The words of a text as the index of its language knows them, with their places."""
    found: list[Token] = []
    for match in _WORD.finditer(text):
        whole = match.group()
        bare = _ELIDED.sub("", whole) if language in ("fr", "it", "ca", "") else whole
        folded, stemmed = words(bare), stems(bare, language or "en")
        pairs = zip(folded, stemmed, strict=False)
        found.extend(Token(match.start(), match.end(), word, stem) for word, stem in pairs)
    return tuple(found)


class Phrases(msgspec.Struct, frozen=True):
    """Alternatives for one idea: phrases of stems, and phrases of folded words in which `*` is any ending."""

    stemmed: tuple[Phrase, ...] = ()
    said: tuple[Phrase, ...] = ()

    def spans(self, within: Sequence[Token]) -> Iterator[Span]:
        """Where a text mentions the idea."""
        stem_heads = {phrase[0] for phrase in self.stemmed if phrase}
        word_heads = tuple(phrase[0].rstrip("*") for phrase in self.said if phrase)
        for at, token in enumerate(within):
            if token.stem in stem_heads:
                yield from _found(self.stemmed, within, at, "stem")
            if word_heads and token.word.startswith(word_heads):
                yield from _found(self.said, within, at, "word")


def _found(phrases: Sequence[Phrase], within: Sequence[Token], at: int, form: str) -> Iterator[Span]:
    for phrase in phrases:
        if not phrase or at + len(phrase) > len(within):
            continue
        parts = within[at : at + len(phrase)]
        if form == "stem":
            same = all(token.stem == part for token, part in zip(parts, phrase, strict=True))
        else:
            same = all(_same(token.word, part) for token, part in zip(parts, phrase, strict=True))
        if same:
            yield parts[0].start, parts[-1].end


def _same(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part
