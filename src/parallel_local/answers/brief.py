"""Reading what is wanted: the topic, the aspects to cover, and whether it is a report at all. Pure."""

import re

import msgspec

from parallel_local.text.tokens import content_words

_VERBS = (
    "create|write|prepare|produce|generate|compile|draft|give|provide|make|do|conduct|build|research|"
    "summari[sz]e|describe|explain|analy[sz]e"
)
_GENRES = "report|analysis|overview|summary|study|review|profile|brief(?:ing)?|dossier|research"
_JOINTS = (
    "including|includes?|covering|with (?:an? )?(?:analysis|focus|emphasis|look|section)s?(?: of| on| at)?|"
    "focus(?:ing|ed)? on|as well as|along with|such as|in terms of|with regard to"
)
_POLITE = r"(?:please\s+)?(?:can you\s+|could you\s+)?"
_ORDER = re.compile(rf"^\s*{_POLITE}(?:{_VERBS})\s+(?:me\s+|us\s+)?", re.IGNORECASE)
_ABOUT = r"\s+(?:on|about|of|for|into|covering|regarding)\s+"
_GENRE = re.compile(
    rf"^(?P<genre>(?:an?\s+|the\s+)?(?:[\w-]+\s+){{0,4}}?(?:{_GENRES})){_ABOUT}", re.IGNORECASE
)
_ASPECTS = re.compile(rf",?\s*\b(?:{_JOINTS})\b\s*", re.IGNORECASE)
_PARTS = "analysis|overview|discussion|details|description|summary|list|look"
_ARTICLE = r"(?:(?:an?|the|any|some|all|its|their)\s+)?"
_FILLER = re.compile(
    rf"^(?:and\s+)?{_ARTICLE}(?:(?:{_PARTS})\s+(?:of|on|about|at)\s+)?{_ARTICLE}", re.IGNORECASE
)
_VAGUE = """
other relevant detail details information info important useful related things anything else further
additional insights aspects key data facts etc
"""
_GENERIC = frozenset(_VAGUE.split())
_LONG_FORMS = (
    "report|overview|comprehensive|in-depth|deep dive|market research|landscape|dossier|briefing|study"
)
_REPORT = re.compile(rf"\b(?:{_LONG_FORMS})\b", re.IGNORECASE)


class Brief(msgspec.Struct, frozen=True):
    """`genre` is what was ordered ("market research report"), empty when nothing in particular was."""

    topic: str
    aspects: tuple[str, ...]
    genre: str
    is_report: bool


def read_brief(text: str) -> Brief:
    """Topic and aspects of an order such as "Write a report on X including Y and Z"."""
    flat = re.sub(r"\s+", " ", text).strip().rstrip(".?! ")
    ordered = _ORDER.sub("", flat, count=1)
    genre = _GENRE.match(ordered)
    rest = ordered[genre.end() :] if genre else ordered
    topic, *tails = _ASPECTS.split(rest)
    aspects = [aspect for tail in tails for aspect in _split(tail)]
    return Brief(
        topic=re.sub(r"^(?:the|an?)\s+", "", topic, flags=re.IGNORECASE).strip(" ,;:") or flat,
        aspects=tuple(dict.fromkeys(aspects)),
        genre=_genre(genre.group("genre")) if genre else "",
        is_report=bool(_REPORT.search(text)) or bool(aspects and genre),
    )


def _genre(ordered: str) -> str:
    """ "a comprehensive market research report" is a market research report."""
    bare = re.sub(rf"^{_ARTICLE}", "", ordered.strip(), flags=re.IGNORECASE)
    return re.sub(r"^(?:comprehensive|detailed|in-depth|full|complete|short|brief)\s+", "", bare, flags=re.I)


def _split(tail: str) -> list[str]:
    """Items of an enumeration, without filler words and without items that name nothing."""
    items = [_FILLER.sub("", item).strip(" .,;:") for item in re.split(r",|;|\band\b|\.\s", tail)]
    return [item for item in items if any(word not in _GENERIC for word in content_words(item))]


def title(brief: Brief) -> str:
    """A headline: the topic, then what was ordered."""
    head = brief.topic[:1].upper() + brief.topic[1:]
    genre = re.sub(
        r"^(?:comprehensive|detailed|in-depth|full|complete|short|brief)\s+", "", brief.genre, flags=re.I
    )
    return f"{head}: {genre}" if genre else head
