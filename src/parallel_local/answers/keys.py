"""Keys and cells: whether a key, or a column's heading, is the field's, and what value stands beside it. Pure.

Whose line or row it is, is judged where these are found.
"""

import re

import msgspec

from parallel_local.answers.field_ask import FieldAsk
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.mentions import tokens
from parallel_local.answers.schema_view import LEAVES
from parallel_local.answers.stated import flag
from parallel_local.answers.typed_values import Candidate, candidates, part_of_place
from parallel_local.text.tokens import words
from parallel_local.text.values.tongue import Tongue
from parallel_local.text.values.value import Value

FUNCTION_WORDS = """
people persons personen personnes personas in at on of for by with from to since and or but as per is are
was were than which that who it its this the a an when while each every now today already after before
across among including worldwide im in bei von mit für am seit und oder als pro et ou en dans à au de du des
pour par sur y o en con para por desde
"""
FUNCTION = frozenset(words(FUNCTION_WORDS))


def key_fit(ask: FieldAsk, key: str, language: str = "en") -> str:
    """How a key or a column's heading fits the field: `whole`, `more` (it says more besides), or not at all."""
    fit = _fit(ask, key, language)
    form = _COMPOUND.fullmatch(key)
    return fit or (_fit(ask, form.group("head").removesuffix("s"), language) if form else "")


# "Fundtag: 17. August" is the day of the find, as "Fund: 17. August" is.
_COMPOUND = re.compile(r"(?P<head>[A-ZÄÖÜ][a-zäöüß]{3,})(?:datum|tag|jahr|zahl|ort|name|nummer)")


def _fit(ask: FieldAsk, key: str, language: str) -> str:
    found = tokens(key, language)
    held = [list(demand.phrases.spans(found)) for demand in ask.demands]
    if not ask.demands:
        telling = set(words(ask.label)) - _FORM
        return "whole" if (telling or set(words(ask.label))) <= set(words(key)) else ""
    if not all(held):
        return ""
    covered = {
        token.start for token in found for each in held for span in each if span[0] <= token.start < span[1]
    }
    rest = [token.word for token in found if token.start not in covered]
    label = words(ask.text)
    extra = [word for word in rest if word not in label and word not in FUNCTION and not _of_form(word)]
    return "more" if extra else "whole"


# What stands behind these is a part of the value before: "1,240 (190 of them doctors)".
_PART = re.compile(
    r"\b(?:davon|darunter|darin|of which|of them|of whom|including|thereof|dont|di cui|dei quali|de los cuales|"
    r"dos quais|waarvan|varav|heraf)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]*\)")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def _of_whole(ask: FieldAsk, text: str, found: list[Candidate]) -> list[Candidate]:
    """The values of a cell without those that are only parts of another, or set aside in brackets.

    A bracket counts where it has the year that is asked for: "96 (2022: 91)".
    """
    if len(found) < 2:
        return found
    asides = list(_ASIDE.finditer(text))
    years = {name for name in ask.strict if _YEAR.fullmatch(name)}
    wanted = [aside for aside in asides if years & set(_YEAR.findall(aside.group()))]
    if wanted:
        return [
            item for item in found if any(aside.start() < item.place.start < aside.end() for aside in wanted)
        ]
    cut = _PART.search(text)
    main = [
        item
        for item in found
        if not any(aside.start() < item.place.start < aside.end() for aside in asides)
        and (cut is None or item.place.start < cut.start())
    ]
    return main or found


_FORM_WORDS = """
number total name full date year count usd eur gbp million millions m km kg cm mm bn k thousand thousands
amount anzahl jahr datum nombre número fecha año année current city office annual value price time hours
minutes min h g l c percent percentage prozent pct porcentaje pourcentage pourcent percentuale euro euros
"""
_FORM = frozenset(words(_FORM_WORDS))


def _of_form(word: str) -> bool:
    return word in _FORM or word.isdigit()


def in_cell(ask: FieldAsk, text: str, language: Tongue | None = None) -> list[Candidate]:
    """The value that a cell or the right side of a key holds; several make each other doubtful."""
    if ask.node.type not in LEAVES and not ask.node.options():
        return []
    if ask.kind is Kind.TEXT and ask.node.type == "string":
        cut = re.sub(r"(?<=\w)\.$", "", text)
        return [Candidate(cut, Value(cut, 0))] if cut.strip(" -–—?") else []
    if ask.kind is Kind.BOOLEAN:
        said = flag(text)
        return [] if said is None else [Candidate(said, Value(text, 0))]
    if ask.kind is Kind.OPTION:
        same = [
            option for option in ask.node.options() if words(str(option).replace("_", " ")) == words(text)
        ]
        return [Candidate(option, Value(text, 0)) for option in same]
    if ask.kind is Kind.PLACE and len(text.split()) <= 8:
        whole = part_of_place(ask.label, text.rstrip("."))
        return [Candidate(whole, Value(whole, max(0, text.find(whole))))]
    found = _of_whole(ask, text, candidates(ask, text, alone=True, language=language))
    if (
        ask.kind in (Kind.PERSON, Kind.PLACE, Kind.ORGANISATION)
        and not found
        and len(text.split()) <= 4
        and re.match(r"[^\W\d_]", text)
    ):
        return [Candidate(text.rstrip("."), Value(text, 0))]
    if len({item.key for item in found}) > 1:
        return [msgspec.structs.replace(item, doubts=(*item.doubts, "several")) for item in found[:1]]
    return found[:1]
