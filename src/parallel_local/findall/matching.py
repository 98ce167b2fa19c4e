"""Whether a statement meets a demand, denies it, or says nothing about it. Pure.

Each word of the demand has to be there; numbers and dates have to stand by the words they are demanded of.
"""

import re
from collections.abc import Sequence
from enum import Enum

import msgspec

from parallel_local.findall.clauses import FINITE, Standing, is_ended, opening, standing
from parallel_local.findall.demands import Demand, Term, term_places
from parallel_local.findall.implied import NO, YES, implied, stated_value
from parallel_local.findall.kinds import alike, head, is_of_kind
from parallel_local.findall.measuring import Now, measured
from parallel_local.findall.statements import Statement
from parallel_local.findall.voice import fits_voice, is_taken
from parallel_local.findall.wording import Token, places, same, tokens

_PLACE_LABELS_WORDS = """
location city country address headquarters headquarter region place seat based town state base home where
sitz ort river lake coast sea island fluss see stadt land standort hauptsitz adresse hq residence lives
district ciudad lugar ubicacion direccion localidad sede provincia pais zona municipio wohnort gemeinde kreis
"""
_PLACE_LABELS = frozenset(_PLACE_LABELS_WORDS.split())
_KIND_LABELS_WORDS = """
type kind industry sector category branche field business about typ art genre style cuisine material
made colour color farbe
"""
_KIND_LABELS = frozenset(_KIND_LABELS_WORDS.split())
_WEAK_BE = re.compile(
    r"\b(?:is|are|was|were|ist|sind)\s+(?:an?|the|one of|our|its?|in|from|at|near|aus|ein|eine|der|die|das|"
    r"\w+[’']s)\b",
    re.IGNORECASE,
)
_BASED = re.compile(
    r"\b(?:based|headquartered|headquarters|(?:head|main|its) office|sede|ubicad[oa]|located|situated|seat|ansässig|"
    r"sitz|hauptsitz|liegt|lies|lives|resides|"
    r"wohnt|home|comes from|stands|sits|sitzt|est[áa]n?|held|takes place|findet|tiene lugar|celebra)\b",
    re.IGNORECASE,
)
_NOT_HOME = re.compile(
    r"\b(?:warehouse|ships?|delivers?|sells?|exports?|customers?|clients?|offices?|branch|branches|supplier "
    r"to|shops? in|"
    r"known in|popular in|active in|founded in|born in|plant in|factory in|subsidiary)\b",
    re.IGNORECASE,
)
_HAVING = re.compile(
    r"\b(?:has|have|had|having|with|offers?|offered|offering|provides?|provided|includes?|including|included|"
    r"features?|"
    r"owns?|operates?|runs?|serves?|served|holds?|held|maintains?|keeps?|kept|there (?:is|are|was)|its|their|"
    r"our|his|her|"
    r"available|exists?|bought|opened|opens|built|builds|got|received|won|earned|boasts?|contains?|uses?|"
    r"sells?|is|are|was|were|"
    r"lacks?|without|no|hat|haben|mit|bietet|gibt|verfügt|besitzt|ihre?|seine?|allowed|employs?|counts?|"
    r"zählt|umfasst|verfügen|"
    r"(?:liegt|steht|liegen|stehen) (?:auch )?(?:eine?|zwei|drei)|covers?|measures?|ist|sind|befindet|eingebaut|"
    r"does|do|gives?|es|tiene|tienen|hay|dispone|cuenta|ofrece|con|sin|abrió|está|"
    r"raised|acquired|"
    r"obtained|gained|passed|carries|produces?|makes?|rents?|needs?|supports?|accepts?)\b|[’']s\b",
    re.IGNORECASE,
)
_OF_SOMEBODY = re.compile(r"\b(?:by|por|von)\s+(?:[\w’'-]+\s+){1,4}?(?:of|from|in|de|aus)\s+$", re.IGNORECASE)
_MOVED_FROM = re.compile(r"\b(?:moved|relocated|umgezogen)\b", re.IGNORECASE)
_IN = re.compile(
    r"\b(?:in|at|near|from|of|to|aus|bei|nahe|outside|around|on|im)\s+(?:[\w’'.-]+\s+){0,4}?$", re.IGNORECASE
)
_MAKES = re.compile(
    r"\b(?:makes?|builds?|develops?|designs?|manufactures?|produces?|baut|entwickelt|fertigt)\b",
    re.IGNORECASE,
)
_NOTHING = frozenset({"", "-", "–", "—", "?", "n/a", "unknown", "tbd", "unbekannt"})
_LOOSE = frozenset(["since", "seit", "by", "for", "por", "when"])
_DEFINITE = frozenset({"the", "der", "die", "das", "el", "la", "los", "las"})
_ONLY = re.compile(
    r"^(?:Only|Nur|Solo|Sólo) (?:the|an?|der|die|das|ein|eine|el|la|una?)\b|\b(?:partly|partially|teilweise)\b"
)
_ON_DAYS = re.compile(
    r"\b(?:on (?:\w+ )?(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|(?:montag|dienstag|mittwoch|donnerstag|freitag|"
    r"samstag|sonntag)s|los (?:lunes|martes|miércoles|jueves|viernes|sábados|domingos))\b",
    re.IGNORECASE,
)
_FOR_SOME = re.compile(
    r"\b(?:children|kids|members|students|pensioners|under[- ]\d+s?|Kinder|Mitglieder|niños|socios)\b",
    re.IGNORECASE,
)
_FREE = frozenset(["free", "kostenlos", "gratis", "gratuito", "gratuita"])


class Bearing(Enum):
    """What a statement says about a demand."""

    MEETS = "meets"
    DENIES = "denies"
    SILENT = "silent"


class Finding(msgspec.Struct, frozen=True):
    """A bearing, and whether the clause itself says it or only together with the headings above it."""

    bearing: Bearing
    direct: bool = True


SILENT = Finding(Bearing.SILENT)


def bearing(demand: Demand, statement: Statement, now: Now) -> Finding:
    """What one clause, with the headings it stands under, says about a demand."""
    if statement.label and stated_value(statement) in _NOTHING:
        return SILENT
    if statement.undergone and not is_taken(demand.text):
        return SILENT
    if demand.over:
        return Finding(Bearing.MEETS) if is_ended(statement.text) else SILENT
    if _is_partial(demand, statement.text):
        return SILENT
    first = opening(statement.text)
    if first:
        found_first = bearing(demand, msgspec.structs.replace(statement, text=first), now)
        if found_first.bearing is not Bearing.SILENT:
            return found_first
    own = tokens(statement.text)
    around = [token.word for token in tokens(statement.below)]
    found = [term_places(term, own) for term in demand.terms]
    missing = [term for term, where in zip(demand.terms, found, strict=True) if not where]
    if demand.terms and len(missing) == len(demand.terms) and not (demand.quantities or demand.times):
        return SILENT
    missing = [term for term in missing if not implied(term, demand, statement)]
    if any(not _in_words(term, around) for term in missing):
        return SILENT
    if (
        not _fits_sides(demand, own, found)
        or not _fits_place(demand, statement)
        or not _fits_kind(demand, statement)
        or (demand.held and not _has(demand, statement))
        or not fits_voice(demand.text, statement.text, undergone=statement.undergone)
    ):
        return SILENT
    measures = measured(demand, statement, now)
    if measures is None:
        return SILENT
    weak = any(_is_loose(term, own, where) for term, where in zip(demand.terms, found, strict=True))
    return _judged(demand, statement, now, measures, direct=not missing and not weak)


def _judged(demand: Demand, statement: Statement, now: Now, measures: bool, *, direct: bool) -> Finding:
    """Words and numbers speak of the demand: whether the clause claims it, denies it, or wants it."""
    claimed = _claimed(statement, now, demand)
    if claimed is demand.wanted:
        if claimed is Standing.DENIED and demand.quantities:
            return SILENT
        return Finding(Bearing.MEETS if measures else Bearing.DENIES, direct)
    if claimed is Standing.PLANNED or demand.wanted is Standing.PLANNED or not measures:
        return SILENT
    return Finding(Bearing.DENIES, direct)


def _claimed(statement: Statement, now: Now, demand: Demand) -> Standing:
    """What the clause claims; a fact "Audited: no" denies."""
    if statement.label:
        value = stated_value(statement)
        if value in NO or value.split(" ")[0].strip(",;.") in ("no", "nein", "none", "keine"):
            return Standing.DENIED
        if value in YES:
            return Standing.HOLDS
    year = None if demand.times and any(same(term.word, "until") for term in demand.terms) else now.year
    text = statement.text
    if any(same(option[0], "expires") for term in demand.terms for option in term.options):
        text = re.sub(r"\b(?:until|till|bis|expired|through)\b", " ", text, flags=re.IGNORECASE)
    return standing(text, year)


def _is_partial(demand: Demand, text: str) -> bool:
    """ "Only the ground floor …", "children go free", "free on Mondays" speak of a part, unless it is asked about."""
    parts = (_FOR_SOME.search(text), _ON_DAYS.search(text))
    free = any(term.word in _FREE for term in demand.terms)
    return bool(_ONLY.search(text)) or any(
        free and part and part.group().casefold() not in demand.text.casefold() for part in parts
    )


def _is_loose(term: Term, own: Sequence[Token], where: Sequence[int]) -> bool:
    """Whether a word is said only by one that says little: "since 2010" may be said of anything."""
    return bool(where) and term.word not in _LOOSE and all(own[place].word in _LOOSE for place in where)


def _in_words(term: Term, words: list[str]) -> bool:
    return any(places(option, words) for option in term.options)


def _fits_sides(demand: Demand, own: Sequence[Token], found: Sequence[list[int]]) -> bool:
    """ "Ships to Norway" is not met by what comes from there, "acquired Brill" not by what Brill acquired."""
    for term, where in zip(demand.terms, found, strict=True):
        if not term.named or not where:
            continue
        sides = {_side_of(own, place) for place in where}
        if term.side and sides - {""} and term.side not in sides:
            return False
        if not term.side and sides == {"by"}:
            return False
    return True


def _side_of(own: Sequence[Token], place: int) -> str:
    """The word "to", "from" or "by" that governs a name, also over the names listed before it."""
    for token in reversed(own[:place]):
        if token.word in ("to", "from", "by", "into", "aus", "nach", "von"):
            return "to" if token.word == "into" else token.word
        if not (token.raw[0].isupper() or token.word in ("and", "or", "the", "und", "oder")):
            return ""
    return ""


def _fits_kind(demand: Demand, statement: Statement) -> bool:
    """What kind of thing it is says "is a …", a fact about its kind, or what it makes."""
    if not demand.of_kind:
        return True
    if statement.label:
        return bool({token.word for token in tokens(statement.label)} & _KIND_LABELS)
    if _WEAK_BE.search(statement.text) or _MAKES.search(statement.text):
        return True
    noun = head(demand.text)
    named = any(alike(noun, token.word) for token in tokens(statement.text))
    return named and not FINITE.search(statement.text)


def _has(demand: Demand, statement: Statement) -> bool:
    """Whether a clause tells of having: "has a pool", "its pool", "the pool is …", not "stands next to a pool"."""
    if statement.label or not FINITE.search(statement.text) or _HAVING.search(statement.text):
        return True
    own = tokens(statement.text)
    return own[0].word in _DEFINITE and any(1 in term_places(term, own) for term in demand.terms)


def _fits_place(demand: Demand, statement: Statement) -> bool:
    """Where something is based: said so, or "is a brewery in Bern"; not where it ships to or has a branch."""
    if not demand.located:
        return True
    text = statement.text
    if statement.label:
        return bool({token.word for token in tokens(statement.label)} & _PLACE_LABELS)
    names = [token for token in tokens(text) for term in demand.terms if term.named and _names(term, token)]
    if not names:
        return True
    if not FINITE.search(text) and not _NOT_HOME.search(text):
        return not any(_OF_SOMEBODY.search(text[: name.start]) for name in names)
    return any(_at_home(text, name.start, name.end) for name in names)


def _names(term: Term, token: Token) -> bool:
    return any(same(option[0], token.word) for option in term.options)


def _at_home(text: str, start: int, end: int) -> bool:
    before = text[:start]
    if re.match(
        r"-based\b|,?\s+where (?:its|the) (?:headquarters|head office|seat|home)\b|"
        r",?\s+wo\s+(?:\w+\s+){0,4}?(?:Sitz|Hauptsitz)\b",
        text[end:],
    ):
        return True
    if _OF_SOMEBODY.search(before):
        return False
    if _MOVED_FROM.search(before):
        return bool(re.search(r"\b(?:to|nach)\s+(?:[\w’'-]+\s+){0,3}?$", before))
    strong = _BASED.search(before)
    if strong and _IN.search(before) and not _NOT_HOME.search(before[strong.end() :]):
        return True
    if re.search(
        r"\b(?:home|base|headquarters|seat|address|location|sitz|hauptsitz)\b[^.,]{0,12}?(?:\bis|\bist|:)\s+$",
        before,
        re.I,
    ):
        return True
    be = _WEAK_BE.search(before)
    return bool(
        be
        and not _NOT_HOME.search(before[be.end() :])
        and (_IN.search(before) or before.count(" ") - be.end() < 4)
    )


def of_kind_phrase(demand: Demand, phrases: Sequence[str], wanted: str) -> str | None:
    """The phrase by which something is declared that names the kind with all the demand's words."""
    for phrase in phrases:
        words = [token.word for token in tokens(phrase)]
        if is_of_kind(phrase, wanted) and all(_in_words(term, words) for term in demand.terms):
            return phrase
    return None
