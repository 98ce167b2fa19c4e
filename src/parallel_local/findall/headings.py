"""What titles, headings and names tell by themselves: of which kind a thing is, or what is listed below. Pure.

Nothing of the text below a heading is looked at here.
"""

import re

from parallel_local.findall.kinds import GENERAL, head, is_of_kind, is_plural, legal_form
from parallel_local.findall.naming import kinds_of
from parallel_local.text.tokens import STOPWORDS, words

_LONGEST_NAME = 80
_TITLE_PARTS = re.compile(r"\s+[—–|-]\s+|\s*:\s+|\s*\((?=[^)]*\)$)")
_OF = re.compile(
    r"^(?:(?:a |the |our |all |my )*(?:list|lists|overview|directory|table|index|comparison|liste|übersicht|lista)"
    r"\s+(?:of|der|von|de)\s+)?(?:(?:the|our|all|some|my|other|notable|top|best|unsere|die|alle|los|las|"
    r"nuestr[oa]s|todos|todas)\s+|"
    r"\d+\s+)*(?P<rest>.+)$",
    re.IGNORECASE,
)
_TITLES_WORDS = """
hotel museum restaurant cafe lake mount hostel pension villa schloss weingut chateau gasthaus bar pizzeria
trattoria camping club verein ruderclub chor kloster castle camp port
"""
_TITLES = frozenset(_TITLES_WORDS.split())
_MAY_BE_SEVERAL = re.compile(r"^\w{3,}(?:e|en|er|eln|ern|s)$")
_MASS = frozenset({"software", "hardware", "equipment", "furniture", "literature", "staff", "personnel"})
_GENERIC_WORDS = """
overview introduction summary contact criteria notes background history about conclusion references sources
details general misc other others faq links todo index readme contents glossary appendix methodology status
pricing shipping team products services location locations facts figures profile news staff people
ingredients method preparation steps directions terms parties
"""
GENERIC = frozenset(_GENERIC_WORDS.split())


def title_parts(title: str) -> tuple[str, tuple[str, ...]]:
    """The name in a title, and what the title says it is: "Vendor profile: Acme", "Acme (brewery)"."""
    parts = [part.strip(" )") for part in _TITLE_PARTS.split(title) if part.strip(" )")]
    if not parts:
        return "", ()
    if len(parts) > 1 and {"profile", "datasheet", "file", "sheet"} & set(words(parts[0])):
        return parts[1], tuple(words(parts[0])[:-1][-1:])
    if len(parts) > 1 and ":" in title and len(parts[0].split()) == 1 and not legal_form(parts[1]):
        return (parts[1], (parts[0],)) if is_of_kind(parts[0], parts[0]) else (parts[0], ())
    return parts[0], tuple(parts[1:]) if "(" in title else ()


def kind_heading(text: str) -> tuple[str, ...]:
    """The kinds that a heading or an introducing line says are listed below it."""
    match = _OF.match(text.strip().rstrip(":"))
    phrases = kinds_of(match.group("rest")) if match else []
    return tuple(phrase for phrase in phrases if _are_several(head(phrase)))


def loose_heading(text: str) -> tuple[str, ...]:
    """The nouns of a heading that may mean several, by their form: "Vereine im Kreis", "Inns worth a trip"."""
    match = _OF.match(text.strip().rstrip(":"))
    found = (kinds_of(match.group("rest")) if match else [""])[0].split()
    several = (place for place, word in enumerate(found, 1) if _MAY_BE_SEVERAL.search(head(word)))
    return tuple(" ".join(found[:place]) for place in several)


def _are_several(noun: str) -> bool:
    return noun in _MASS or (is_plural(noun) and noun not in GENERIC)


def is_name(text: str) -> bool:
    """Whether a short text can be the name of one thing."""
    found = words(text)
    return (
        0 < len(found) <= 8
        and len(text) <= _LONGEST_NAME
        and bool(re.search(r"[^\W\d_]", text))
        and not (len(found) == 1 and found[0] in GENERIC | GENERAL)
    )


def kinds_in_name(name: str) -> tuple[str, ...]:
    """The kind that a name of several words tells by its last word, its first, or its legal form."""
    found = words(name)
    if (
        len(found) < 2
        or found[0] in ("our", "my", "a", "an", "no", "this")
        or (found[0] in ("the", "die", "der", "das", "el", "la") and len(found) < 3)
    ):
        return ()
    if legal_form(name):
        return ("company",)
    if found[0] in _TITLES:
        return (found[0],)
    vague = is_plural(found[-1]) or is_of_kind(found[-1], "organisation") or is_of_kind(found[-1], "people")
    return () if vague or not found[-1].isalpha() or found[-1] in STOPWORDS else (found[-1],)
