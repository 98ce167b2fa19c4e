"""The one name that a document is about as a whole, if it is about one. Pure.

What the document says that this is, and what else it names, is read in `declarations.py`.
"""

import re
from collections.abc import Sequence

import msgspec

from parallel_local.findall.declared import Declared
from parallel_local.findall.headings import GENERIC, is_name, kind_heading, loose_heading
from parallel_local.findall.kinds import bare
from parallel_local.findall.naming import NAME
from parallel_local.findall.pages import Section
from parallel_local.findall.paragraphs import leading_names
from parallel_local.text.tokens import spaced, words

_FEWEST = 2  # entries that make a list, mentions that make a name
_ENTRY = re.compile(r"\s*(?:\*\*|__)\w")
_TWO_NAMES = re.compile(r"[A-ZÀ-Þ][\w’'-]+ [A-ZÀ-Þ][\w’'-]+(?<!s)(?<!ed)")  # "Acme Expands" is a headline
_HEADLINE = re.compile(rf"(?P<name>{NAME})\s+[a-zà-ÿ]")


def topic_of(title: str, said: Sequence[tuple[Declared, bool]], parts: Sequence[Section]) -> str:
    """The document's title, the name its title begins with, else what it first says; "" where it lists things."""
    leading = [item.name for item, leads in said if leads]
    first = next((piece.text for section in parts for piece in section.pieces), "")
    for name in leading:
        if begins(bare(title), bare(name)) or begins(bare(name), bare(title)):
            if _TWO_NAMES.fullmatch(title):
                return title
            common = is_name(title) and re.match(rf"(?:The|Das|Der|Die|El|La)\s+{re.escape(name)}\b", first)
            return max(title, name, key=len) if common or begins(bare(name), bare(title)) else name
    if not kind_heading(title) and is_name(title) and spaced(bare(title)) in spaced(words(first)):
        return title
    if len(set(leading)) == 1 and first.startswith(leading[0]) and not kind_heading(title):
        return leading[0]
    text = "\n".join(piece.text for section in parts for piece in section.pieces)
    named = _in_headline(title, text)
    if named or not is_name(title) or _heads_list(title, text, parts):
        return named
    return title


def in_full(item: Declared, topic: str) -> Declared:
    """What a sentence calls by the beginning of the topic's name: "The Tower is …" on the page of Tower Hill."""
    if 0 < len(bare(item.name)) < len(bare(topic)) and begins(bare(topic), bare(item.name)):
        return msgspec.structs.replace(item, name=topic)
    return item


def begins(long: tuple[str, ...], short: tuple[str, ...]) -> bool:
    """Whether a name begins with another one."""
    return bool(short) and long[: len(short)] == short


def _in_headline(title: str, text: str) -> str:
    """The name with which a headline begins, as the text has it: "Acme lands five million"."""
    match = _HEADLINE.match(title)
    if match is None or set(words(match.group("name"))) & GENERIC:
        return ""
    name = match.group("name")
    return name if len(re.findall(rf"\b{re.escape(name)}\b", text)) >= _FEWEST else ""


def _heads_list(title: str, text: str, parts: Sequence[Section]) -> bool:
    """Whether a title that may mean several things, and is no name in the text, stands over entries."""
    if title in text or not (kind_heading(title) or (_is_phrase(title) and loose_heading(title))):
        return False
    below = sum(section.path[-1:] != (title,) for section in parts if section.path)
    bold = sum(bool(_ENTRY.match(piece.shown)) for section in parts for piece in section.pieces)
    entries = (name for section in parts for name, _ in leading_names(section.pieces))
    return below >= _FEWEST or bold >= _FEWEST or any(entries)


def _is_phrase(title: str) -> bool:
    """Whether a title is one word, or has words in small letters: names of several words have none."""
    found = title.split()
    return len(found) == 1 or any(word.islower() for word in found[1:])
