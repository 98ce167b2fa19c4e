"""What in a condition asks for nothing: that it is one, whom it is about, and words that any statement could have.

Pure. What is left is read in `demands.py`.
"""

import re

from parallel_local.findall.kinds import GENERAL, alike, head
from parallel_local.text.tokens import STOPWORDS, stop_words

_FRAME = re.compile(
    r"^\s*(?:must meet\s*:|(?:the|an?|each|every|die|der|das|el|la|los|"
    r"las)?\s*(?P<noun>[\w’' -]{0,60}?)\s*\b(?:must|should|shall|"
    r"needs? to|has to|have to|"
    r"debe|deben|tiene que|tienen que|is required to|are required to|muss|müssen|soll|sollen)\b(?:\s+(?:also|"
    r"explicitly|currently|have been|"
    r"be known to))?)\s*",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"(?:the|an?|all|any|every|each|die|der|das|alle|el|la|los|las)?\s*(?P<noun>(?:[\w-]+\s+){1,3}?)"
    r"(?=(?:that|which|who|whose|is|are|has|have|was|were|with|ist|hat|sind|haben|wurde|wird|que|es|son|está|"
    r"están|tiene|tienen|fue|[a-z]+s|can|does|do|did)\b)",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:according to|as stated in|stated in|mentioned in|based on) (?:the|its|their) [\w ]+$|\bor not\b",
    re.I,
)
_LIGHT_WORDS = """
offer offers provide provides include includes including feature features support supports available
existing current currently actually explicitly known stated mentioned specific certain able allow allows
kind type level located based situated own owning least most service services must one total number amount
full active actively run runs operate operates maintain maintains company companies entity entities bietet
hat haben verfugt gibt year years number covers cover spans span measures counts comprises reaches works
working gives give giving grants grant official officially real any whose which have having serve serves
hold holds accept accepts made being annual annually per approximately about around possible possibly
presence customers according sein seine ihre mehr weniger uber unter sind ist wird werden liegt
liegen befindet wurde wurden worden wird werden sein bieten besitzen gegeben vorhanden
dispone disponen ofrece ofrecen cuenta cuentan incluye incluyen situado situada ubicado ubicada celebra celebran
steht stehen jahr jahrlich monat ano anual another other others else somebody someone anybody products product goods
produkte produkt productos producto waren currently fixed
operating existing exist exists running trading existiert existieren aktiv existe existen aktuell fully completely
entirely voll last latest halt halten
"""
LIGHT = frozenset(_LIGHT_WORDS.split())
_ARTICLES_WORDS = """
der die das und oder mit ein eine einen einem einer im bei aus von el la los las una uno con denen deren
dessen ihren ihrem ihrer seinen seinem seiner
"""
NEVER_NAMES = frozenset(_ARTICLES_WORDS.split()) | frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "in",
        "at",
        "of",
        "to",
        "from",
        "on",
        "for",
        "by",
        "with",
        "nach",
        "de",
        "en",
        "y",
    ]
)
# Words of grammar, whatever language a condition is in.
SMALL = STOPWORDS | stop_words("de") | stop_words("es") | frozenset(_ARTICLES_WORDS.split())


def framed(text: str, kind: str) -> str:
    """The condition without the words that only say that it is one, and without the kind as its subject."""
    frame = _FRAME.match(text)
    rest = text[frame.end() :] if frame else text
    first = _SUBJECT.match(rest)
    if first and (
        alike(head(first.group("noun")), head(kind))
        or head(first.group("noun")) in GENERAL | {"company", "it"}
    ):
        rest = rest[first.end() :]
    rest = _SAID.sub(" ", rest)
    return re.sub(r"^(?:that|which|who|whose|die|der|das|que)\s+", "", rest.strip(), flags=re.IGNORECASE)
