"""Full stops that end no sentence: abbreviations, initials, and ordinal numbers, in the languages notes are in.

Data and one question about it, asked by `text/sentences.py`. No cutting here.
"""

import re

from parallel_local.text.values.months import MONTHS

_BEFORE_ORDINAL = """
am im der die das dem den des ab vom zum zur bis seit beim ins auf jeden jeder jedem jedes unser unsere ihr sein
und oder bis den det de d dem til fra på paragraf kapitel klasse
"""
_STARTERS = """
der die das es sie er wir ich ihr in im am an auf bei nach danach dann dort hier und aber so wenn weil als mit
ohne für zu von vor über unter während the it he she they we i this these that there on at but however if when
for from to by with les il elle nous en el ella los las para por
"""
# Written before a capital or a number; those that often end a sentence ("etc.", "usw.", "inc.") are not here.
_SHORT = """
mr mrs ms dr prof st inc ltd co corp vs approx jan feb mar apr jun jul aug sep sept oct nov dec fig figs
gen sen rep gov lt col sgt capt rev hon messrs mt ft ca cf eds vol pp ch sec
nr hr fr abs bd mio mrd tel inkl ggf evtl vgl bzw geb gest sog allg abt kap ziff tsd okt dez z.b
d.h u.a o.ä i.d.r z.t s.o s.u v.a v.chr n.chr u.s u.k u.n e.g i.e a.m p.m ph.d
m mm mme mlle mgr av bld env p.ex j.-c c.-à-d
sr sra srta dra ud uds pág núm ee.uu a.c d.c p.ej aprox
sig sigg dott ing pag es d.ssa
dhr mevr bijv blz t.a.v
kl t.ex bl.a d.v.s f.eks
т.е т.к им ул стр тыс млн млрд руб проф акад гл рис табл св г-н н.э
π.χ μ.χ κ.ά βλ
vb bkz yy dç
np tzn ul godz zob
"""
# Words of their own as well: abbreviations only before a number.
_SHORT_BEFORE_NUMBERS = frozenset(
    ["no", "nos", "art", "min", "max", "est", "str", "nr", "sec", "fig", "vol", "núm", "num", "s", "p"]
)
# Behind a number they are units, and a full stop after them ends a sentence ("at 128 m. The next").
_UNITS = frozenset(["m", "mm", "ft", "sec", "hr"])
_ORDINAL = frozenset(_BEFORE_ORDINAL.split())
_STARTER = frozenset(_STARTERS.split())
_KNOWN = frozenset(_SHORT.split())
_LAST = re.compile(r"(?P<before>\S*)(?:^|\s+)(?P<last>\S+)\.$")
_SPACED_LETTERS = re.compile(r"(?:^|\s)(?:[^\W\d_]\.\s?){1,4}$")
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST_LOOK = 40


def ends_nothing(before: str, after: str) -> bool:
    """Whether the full stop at the end of `before` is part of the last word, given what follows it."""
    tail = before[-_LONGEST_LOOK:]
    found = _LAST.search(tail)
    if found is None:
        return False
    written = found.group("last").strip("\"'“„«»(*_[")
    last = written.casefold()
    follows = _WORD.match(after.lstrip("\"'“„«(*_[ \n\t"))
    following = follows.group().casefold() if follows else ""
    if last.isdigit():
        return len(last) <= 3 and _is_ordinal(found.group("before"), following)
    if last in _KNOWN:
        return not (found.group("before")[-1:].isdigit() and (written in _UNITS or following in _STARTER))
    if after.lstrip()[:1].isdigit() and (last in _SHORT_BEFORE_NUMBERS or last.endswith("str")):
        return True
    return bool(_SPACED_LETTERS.search(tail)) and (len(last) > 1 or following not in _STARTER)


def _is_ordinal(before: str, following: str) -> bool:
    """`15. Mai`, `der 3. Platz`: a month follows, or an article stands before and no new sentence begins."""
    if following in MONTHS:
        return True
    return before.casefold() in _ORDINAL and bool(following) and following not in _STARTER
