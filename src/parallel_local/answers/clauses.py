"""Clauses: which part of a sentence a value stands in, and who that part is about. Pure.

Between two values a sentence is cut at the last comma, "and" or the like before the second one, so that "Acme raised
$5 million and Brill $7 million" gives each its own.
"""

import re
from collections.abc import Sequence

import msgspec

from parallel_local.answers.mentions import Span
from parallel_local.text.tokens import fold
from parallel_local.text.values.value import Value

_SOFT = re.compile(
    r",|;|:(?=\s)|\(|\)|\s[–—-]\s|\b(?:and|but|while|whereas|although|und|aber|während|sowie|doch|et|mais|tandis|"
    r"y|e|pero|"
    r"mientras|then|before|after|or|oder|to|auf)\b",
    re.IGNORECASE,
)
_HARD = re.compile(
    r";|\s[–—]\s|,?\s\b(?:while|whereas|although|but|während|aber|mais|tandis que|pero|mientras)\b|,\s(?=(?:and|"
    r"und|et|y)\s\w+\s\w+)"
    r"|(?<!Prof)(?<!Mio)(?<!Mrd)(?<!Tsd)(?<![A-Z][a-z])(?<!\s[A-Z])[.!?]\s",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"\b(?:in|at|from|near|by|with|for|on|to|of|into|like|unlike|than|via|through|against|over|under|after|"
    r"before|since|between|"
    r"bei|von|aus|nach|mit|für|an|am|im|zu|zur|zum|auf|gegen|wie|als|seit|über|unter|in|à|de|du|des|en|dans|chez|"
    r"avec|pour|par|"
    r"sur|d|del|con|para|por|a|al|desde|called|named|and|und|et|y|around|da|dal|dalla|di|nel|nella|su|sul|sulla|per|alla|van|voor|met|bij|naar|na|em|no|com)['’]?\s*(?:the\s+|der\s+|"
    r"dem\s+|den\s+|das\s+|die\s+|la\s+|le\s+|el\s+|il\s+|het\s+|de\s+|o\s+|l['’])?$",
    re.IGNORECASE,
)
_APPOSED = re.compile(r",\s[^,]{3,60},")
_COMPARED = re.compile(
    r"\b(?:than|like|unlike|as|als|wie|que|comme|como)\s+(?:the\s+|la\s+|le\s+|el\s+)?$", re.IGNORECASE
)
_RELATING = re.compile(
    r"(?:\b(?:its|their|his|her|our|seine?r?|ihre?r?|son|sa|ses|leurs?|sus?)\s+|['’]s?\s+|"
    r"^\W*(?:the\s+)?)(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_FIRST_CHARS = 32
_LEAD_CHARS = 40
_NEAR_WORDS = 6
_OF = re.compile(
    r"(?:\b(?:of|von|vom|du|de|del|de la|di|della|dello)|\bd(?:ell)?['’])\s*(?:the\s|der\s|dem\s)?$",
    re.IGNORECASE,
)
_NOUN_OF = re.compile(
    r"\W*(?:\w+['’])?(?:\w+\s){1,2}(?:(?:of|von|vom|du|de|del|della|di)\s|d[’'])(?:the\s|der\s|la\s)?", re.I
)
_OWNER = re.compile(r"^(?:['’]s?\b|\s(?:with|mit|avec|con)\b|\s?\()")
_NOMINAL = re.compile(
    r"^\W*(?:(?:and|und|et|y|but|while|whereas|although|in \d{4},?|today,?|aber|mais|pero|so|then|also)\s+)*"
    r"(?P<det>the|an?|its|their|his|her|der|die|das|dessen|deren|seine?|ihre?|le|las?|les|l['’]|el|los|une?|una?|"
    r"eine?|son|sa|ses|"
    r"leurs?|sus?|this|that|another|each|every)(?:\s+|"
    r"(?<=['’]))(?P<noun>[^\W\d_]+)(?:\s+(?P<more>[^\W\d_]+))?(?:\s+(?P<last>[^\W\d_]+))?",
    re.IGNORECASE,
)
_INDEFINITE = re.compile(r"an?|eine?|une?|una|uno|another|each|every", re.IGNORECASE)
# In logs and reports a sentence may begin with its verb: "Left Falmouth", "Beat Arsenal".
_VERB_FIRST = re.compile(
    r"^\W*(?:[A-Z][a-z]+ed|Left|Made|Saw|Took|Met|Lost|Spoke|Began|Won|Beat|Sold|Bought)\s+(?:the\s)?$"
)
_INITIAL = re.compile(
    r"^\W*(?P<det>)(?P<noun>[A-ZÀ-Þ][a-zà-ÿ]+)\s(?P<more>(?:is|are|was|were|has|have|had|costs?|begins?|ends?|"
    r"ist|sind|hat|est|sont|"
    r"es|son|tiene)\b)(?P<last>)"
)
_PRONOUN = re.compile(
    r"^\W*(?:(?:and|und|et|y|but|in \d{4},?|today,?|since then,?|now,?|currently,?)\s+)*(?:it|its|they|their|he|"
    r"she|his|her|we|our|"
    r"es|sie|er|seine?|ihre?|il|elle|ils|elles|on|son|sa|ses|su|sus|nous|wir)\b",
    re.IGNORECASE,
)
_GENERIC_WORDS = """
company firm business organisation organization startup group team product device book novel film movie
building town city village river lake mountain bridge museum hotel restaurant school university club station
house tower airport ship train model car bike machine tool app software system service agreement contract
lease document policy plan project recipe dish cake soup bread dough sauce event conference festival meeting
race match game album song band author artist player hospital library park island region country factory
plant brand shop store bakery brewery vineyard farm mine committee council agency association foundation
institute laboratory programme program course trial study protocol procedure firma unternehmen gesellschaft
gruppe buch stadt dorf fluss see berg brücke gebäude haus turm verein vertrag rezept kuchen suppe teig gerät
produkt museum schule hotel entreprise société groupe livre ville rivière montagne pont bâtiment maison tour
hôtel contrat recette gâteau soupe appareil produit musée école empresa compañía sociedad grupo libro ciudad
río montaña puente edificio casa torre contrato receta pastel sopa producto museo escuela total whole entire
lighthouse abbey monastery castle church trial kloster burg schloss kirche leuchtturm phare château église
moulin faro castillo iglesia bodega drug manual
"""
GENERIC = frozenset(_GENERIC_WORDS.split())
_RELATED = re.compile(
    r"\b(?:subsidiary|subsidiaries|parent(?: company)?|competitors?|rivals?|suppliers?|customers?|partners?|"
    r"predecessors?|successors?|"
    r"sisters?|brothers?|wife|husband|mother|father|daughters?|sons|neighbou?rs?|owner|landlord|tenants?|investors?|"
    r"tochter\w*|mutter\w*|konkurrent\w*|wettbewerber\w*|lieferant\w*|filiale|concurrents?|fournisseurs?|filial|"
    r"competidor\w*|rival\w*"
    r"|proveedor\w*)\b",
    re.IGNORECASE,
)


class Named(msgspec.Struct, frozen=True):
    """A name in a sentence; `ours` is the subject's."""

    start: int
    end: int
    ours: bool


class Segment(msgspec.Struct, frozen=True):
    """The part of a sentence around one value."""

    start: int
    end: int

    def holds(self, span: Span) -> bool:
        """Whether something stands in it."""
        return self.start <= span[0] < self.end


def segment(text: str, value: Value, others: Sequence[Value]) -> Segment:
    """The part of the sentence that a value has for itself, among the other values of its kind."""
    start = max((match.end() for match in _HARD.finditer(text) if match.end() <= value.start), default=0)
    end = min(
        (match.start() for match in _HARD.finditer(text) if match.start() >= value.end), default=len(text)
    )
    before = max((other.end for other in others if other.end <= value.start), default=None)
    after = min((other.start for other in others if other.start >= value.end), default=None)
    if before is not None:
        start = max(start, _cut(text, before, value.start, default=start))
    if after is not None:
        end = min(end, _cut(text, value.end, after, default=end))
    return Segment(start, end)


def _cut(text: str, start: int, end: int, default: int) -> int:
    """The last place for a cut between two values; no cut where they are not set apart."""
    found = [match.start() for match in _SOFT.finditer(text, start, end)]
    return found[-1] if found else default


def owner(
    text: str,
    part: Segment,
    value: Value,
    named: Sequence[Named],
    words: Sequence[str],
    subject: Sequence[str] = (),
) -> str:
    """Whose the value is: `ours`, `other`, `nominal` (a thing without a name), or nobody said in this part.

    `words` are those of the field, `subject` those of the subject's name: a thing called by them is nobody else.
    """
    inside = [
        item
        for item in named
        if part.start <= item.start < part.end
        and not _is_value(item, value)
        and not _COMPARED.search(_lead(text, part, item))
    ]
    ahead = [item for item in inside if item.end <= value.start]
    related = _relation(text, part, value, ahead, words)
    holder = _holder(text, part, value, ahead)
    if holder is not None:
        return "other" if related or not holder.ours else "ours"
    acting = [item for item in ahead if item.ours or _acts(text, part, item)]
    if related and (not acting or acting[-1].ours):
        return "other"
    if acting and not acting[-1].ours and any(item.ours for item in acting[:-1]):
        # "Acme, which Brill founded": a name behind ours acts only where a clause of its own begins.
        return "ours" if "," not in text[acting[-2].end : acting[-1].start] else "other"
    if acting:
        return "ours" if acting[-1].ours else "other"
    if any(item.ours for item in inside):
        return "ours"
    if any(_has_it(_lead(text, part, item), words) for item in ahead):
        return "other"
    if not _nominal(text, part, value, words, subject):
        return ""
    # "The reservoir of Cuesta": a thing without our name that belongs to another one.
    return "other" if any(_NOUN_OF.fullmatch(text, part.start, item.start) for item in ahead) else "nominal"


def _has_it(lead: str, words: Sequence[str]) -> bool:
    """Whether the words before a name give it the field's thing: "the height of", "le pont de"."""
    found = _OF.search(lead)
    thing = lead[: found.start()].split()[-1:] if found else []
    bare = [re.sub(r"^\w{1,4}['’]", "", word).casefold() for word in thing]
    return any(word in GENERIC or word in words for word in bare)


def _acts(text: str, part: Segment, item: Named) -> bool:
    """Whether another name is what a part is about: at its beginning or behind a comma, and behind no preposition."""
    lead = _lead(text, part, item)
    first = item.start - part.start <= _FIRST_CHARS or lead.rstrip().endswith((",", ";", ":"))
    if _VERB_FIRST.match(text[part.start : item.start]):
        return False
    return first and not _PREPOSITION.search(lead) and not lead.endswith(('"', "“", "„", "«"))


def _lead(text: str, part: Segment, item: Named) -> str:
    """The few words before a name."""
    return text[max(part.start, item.start - _LEAD_CHARS) : item.start]


def _relation(text: str, part: Segment, value: Value, ahead: Sequence[Named], words: Sequence[str]) -> bool:
    """Whether the value is that of a relation: "Acme's rival has …"; not where the field asks for one."""
    found = _RELATED.search(text, part.start, value.start)
    if found is None or not _RELATING.search(text[part.start : found.start()]):
        return False
    if any(item.ours and item.start >= found.end() for item in ahead):
        return False
    if any(_APPOSED.match(text, item.end, value.start) for item in ahead if item.ours):
        return False
    return not any(word.startswith(found.group().casefold()[:6]) for word in words)


def _holder(text: str, part: Segment, value: Value, ahead: Sequence[Named]) -> Named | None:
    """The name that has the value by its grammar: "Acme with 45 employees", "Brill's 30 people"."""
    for item in reversed(ahead):
        only_placed = not item.ours and _PREPOSITION.search(_lead(text, part, item))
        near = len(text[item.end : value.start].split()) <= _NEAR_WORDS
        if near and not only_placed and _OWNER.match(text[item.end : item.end + 8]):
            return item
    return None


def _nominal(text: str, part: Segment, value: Value, words: Sequence[str], subject: Sequence[str]) -> bool:
    """Whether a part of a sentence is about a thing of its own: "the tower", "Membership"."""
    own = text[part.start : part.end]
    found = _NOMINAL.match(own)
    if found is None and part.start == 0 and not _PRONOUN.match(own):
        found = _INITIAL.match(own)
    if found is None or part.start + found.start("noun") >= value.start:
        return False
    # What stands right before the value is the verb: "the skull measures 1.10 m" is no thing called by it.
    verb = next(
        (name for name in ("more", "last") if value.start - part.start - found.end(name) in (0, 1)), ""
    )
    return not _familiar(found, words, subject, verb)


def _familiar(nominal: re.Match[str], words: Sequence[str], subject: Sequence[str], verb: str) -> bool:
    """Whether "the plant" is a thing of the field or the subject itself."""
    if (nominal.group("det") or "").casefold() in (
        "its",
        "their",
        "his",
        "her",
        "seine",
        "ihre",
        "son",
        "sa",
        "su",
        "sus",
        "leur",
    ):
        return not _RELATED.search(nominal.group())
    if fold(nominal.group("noun")) in subject and not _INDEFINITE.fullmatch(nominal.group("det") or ""):
        return True
    named = [nominal.group(part) or "" for part in ("noun", "more", "last") if part != verb]
    folded = [word.casefold() for word in named if word]
    roots = tuple(word for word in words if len(word) > 4)
    return any(word in GENERIC or word.rstrip("s") in words or word.startswith(roots) for word in folded)


def placed(text: str, item: Named) -> bool:
    """Whether a name only says where or with whom: it stands behind a preposition."""
    lead = text[max(0, item.start - _LEAD_CHARS) : item.start]
    return bool(_PREPOSITION.search(lead) or _VERB_FIRST.match(text[: item.start]))


def related(text: str) -> bool:
    """Whether a text names a relation: "its rival"."""
    return bool(_RELATED.search(text))


def refers_back(text: str) -> bool:
    """Whether a sentence begins with "it", "the company" or the like."""
    nominal = _NOMINAL.match(text)
    noun = nominal.group("noun").casefold() if nominal else ""
    return bool(_PRONOUN.match(text)) or noun in GENERIC


def _is_value(item: Named, value: Value) -> bool:
    return item.start < value.end and value.start < item.end
