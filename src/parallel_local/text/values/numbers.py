"""Numbers in digits and in words, with what they count: money, percent, a unit. Pure.

No number is what only looks like one: dates, times, versions, sections, ordinals, telephone numbers, identifiers and
what is glued to a word. Marks are read by the language of the sentence: "1.234,5" and "1,234.5" are the same.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from parallel_local.text.values.dates import dated
from parallel_local.text.values.money import BEFORE, BEHIND, currency
from parallel_local.text.values.names import emails, phones, urls
from parallel_local.text.values.number_marks import HEDGES, PERCENT, SCALES, any_of
from parallel_local.text.values.number_words import number_words
from parallel_local.text.values.tongue import Tongue, has_decimal_point, tongue
from parallel_local.text.values.units import BY_NAME, FORMS, TIME_WORDS, convert, unit_of
from parallel_local.text.values.value import Number, Value, inside

_GROUP = "[ \u00a0\u202f'’]"
_DIGITS = re.compile(
    rf"(?<![\w#.,])[-−]?(?:\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)(?:[.,]\d+)?|"
    rf"\d{{1,3}}(?:,\d{{2,3}})*,\d{{3}}(?!\d)(?:\.\d+)?"
    r"|\d{1,3}(?:\.\d{3})+(?!\d)(?:,\d+)?|\d+(?:[.,]\d+)?|\.\d+)"
)
_LONG = any_of(word for word in SCALES if len(word) > 2 and word != "hundred")
_SCALE = re.compile(rf"(?:\s?(?i:{_LONG}|bn|mn)\b\.?(?!-)|\s?[kKMB](?![\w/²³])|m(?![\w/²³])(?=\b))")
_LINKED = re.compile(r"\s(?:d[ei]\s|d['’]|of\s)")
_PERCENT = re.compile(rf"\s?[%٪]|\s(?i:{any_of(PERCENT)})(?!\w)")
_FORMS = "|".join(re.escape(form).replace(r"\ ", r"\s") for form in FORMS)
_UNIT = re.compile(rf"\s?-?(?P<unit>{_FORMS})(?![\w²³/])", re.IGNORECASE)
_RANGE = re.compile(r"(?:\s?[–—-]\s?|\s(?:to|bis|à|a|or|oder|and|und|et|y)\s)$")
_SUM = re.compile(r"\s?(?:,|and|und|et|y|e|en)?\s?")
_BETWEEN = re.compile(r"(?:\bbetween|\bzwischen|\bentre)\s+\S*\s?$", re.IGNORECASE)
_MOVED = re.compile(r"\b(?:from|von|de)\s+\S*\s?$", re.IGNORECASE)
_HEDGED = re.compile(rf"(?<!\w)(?:{any_of(HEDGES)})\s+\S{{0,4}}\s?$|~\s?$", re.IGNORECASE)
_MARKER = (
    "section|chapter|article|figure|table|pages?|item|step|appendix|annex|room|gate|platform|bus|route|paragraph|"
    "clause|"
    "part|volume|kapitel|abschnitt|artikel|seite|abbildung|tabelle|nummer|raum|zimmer|linie|absatz|ziffer|gleis|"
    "chapitre|"
    "numéro|salle|étape|capítulo|sección|artículo|página|sala|número|paso|phase|level|series|category|building|"
    "apartment|suite|floor|highway|exit|version|release|model|flight|type|id|code|line|stage|grade|day|box|building"
)
_NO_NUMBERS = re.compile(
    r"\b(?:at|by|until)\s[a-z]+(?=\s(?:in the (?:morning|afternoon|evening)|o['’]clock|at night)\b)|"
    r"\b\d{1,2}:\d{2}(?::\d{2})?\b|\b\d{1,2}(?:\.\d{2})?\s?[ap]\.?m\b|\b\d{1,2}(?:\.\d{2})? Uhr\b|\b\d{1,2}h\d{2}\b"
    r"|\b\d+:\d+\b|\bv\d+(?:\.\d+)*\b|\[\d+\]|#\d+"
    r"|(?<![\w.])(?!\d{1,3}(?:\.\d{3})+(?!\d|\.\d))\d+\.\d+(?:\.\d+)+\b"
    r"|§+\s?\d+(?:\.\d+)*\w?|\b(?:No|Nr|Art|Fig|Abb|pp|p|Vol|Abs|Kap|N°|n°|núm|chap)\.\s?\d+\b|\bn°\s?\d+"
    rf"|\b(?i:{_MARKER})\s+\d+(?:\.\d+)*[a-z]?\b(?!\s?%)"
    r"|\b\d+(?:st|nd|rd|th|er|re|e|ème|ère|º|ª|\.º|\.ª)\b"
    r"|\b\d+\.\s(?=(?:Jahrhundert|Quartal|Stock|Etage|Klasse|Platz|Tag|Woche|Runde|Auflage|Geburtstag|Kapitel|"
    r"Mal)\w*)"
    r"|\b(?!(?:USD|EUR|GBP|CHF|JPY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CNY)\b)[A-Z]{1,5}[ -]?\d{3,}\b"
    r"(?=\s*(?:$|[.,;:)|]|(?:is|was|has|of|in|for|ist|est|es|and|with)\b))"
    r"|\b\w*(?!(?:USD|EUR|GBP|CHF|JPY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CNY)\b)[A-Z]\w+\s\d+(?=\s(?:is|was|were|are|"
    r"has|had|"
    r"costs|weighs|can|will|runs|takes|landed|flew|in|on|for|with|and|ist|war|hat|kostet|est|tiene|cuesta)\b)"
    r"|(?<=[^\W\d_]-)\d[\w.-]*"
    r"|(?<![\d.,])\d{5}\s(?=[A-ZÄÖÜ][a-zäöü])"
    r"|\b\d{1,4}[a-z]?,?\s(?=(?:(?:[A-Z]\w+\s){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Square|Drive|Way|Boulevard)\b"
    r"|(?:rue|avenue|boulevard|place|quai)\s))"
    r"|\w{2,}(?:straße|strasse|weg|allee|platz|gasse)\s\d+\w?|\b(?:Calle|calle)\s[\w\s]{2,30},?\s\d+"
)


# A half behind the unit, "une heure et demie", or before it: "two and a half hours".
_AND_A_HALF = re.compile(
    r"\s(?:and a half|et demie?|e mezz[oa]|y medi[oa]|e mei[oa]|en een half|och en halv)\b", re.IGNORECASE
)
_HALF_A = re.compile(
    r"(?:\b(?:half an?|(?:eine?[rnm]?\s)?halbe[rnms]?|une? demi[e]?|medi[oa]|mei[oa]|een half|en halv)[\s-]|\bmezz['’])"
    rf"(?=(?:{any_of(TIME_WORDS)})(?!\w))",
    re.IGNORECASE,
)
_BARE_HALF = re.compile(r"\b(?=(?:hora y media|ora e mezz[ao]|hora e meia|heure et demie)\b)", re.IGNORECASE)
_ONE_AND = re.compile(rf"\ban?(?=\s(?:{any_of(TIME_WORDS)})\s(?:and a half)\b)", re.IGNORECASE)


_HOUR = BY_NAME["hour"]
_MINUTES = re.compile(r"\s?([0-5]\d)(?:\s?min\b)?(?=\s*(?:$|[.,;:)|\]]))")  # "4 h 30"


class _Written(msgspec.Struct, frozen=True):
    """The bare number: where its digits or words stand, and what they come to."""

    start: int
    end: int
    amount: float
    words: bool = False


def numbers(text: str, language: Tongue | None = None) -> list[Number]:
    """Every number that counts or measures something; a range is one, of its lower end."""
    return [number for number in measures(text, language) if not number.compound]


def measures(text: str, language: Tongue | None = None) -> list[Number]:
    """The same, and numbers that are glued to a unit: "a 90-minute film"."""
    spoken = language or tongue(text)
    masked = _masked(text)
    written = [*_in_digits(masked, spoken), *_in_words(masked, spoken)]
    found = [number for item in written if (number := _whole(text, masked, item)) is not None]
    return _sums(text, _ranges(masked, _apart(sorted(found, key=lambda number: number.start))))


def _apart(found: Iterable[Number]) -> list[Number]:
    """Each number once: "3,5 mil" is one, though "mil" is a number in words too."""
    kept: list[Number] = []
    for number in found:
        if not kept or not inside(number, kept[-1]):
            kept.append(number)
    return kept


def _masked(text: str) -> str:
    """The text with the digits of what is no number taken out, every place kept."""
    spans = [match.span() for match in _NO_NUMBERS.finditer(text)]
    taken: list[Value] = [*urls(text), *emails(text), *phones(text)]
    taken.extend(date for date in dated(text) if not _counts(text, date))
    spans.extend((value.start, value.end) for value in taken)
    masked = list(text)
    for start, end in spans:
        masked[start:end] = ["#" if char.isalnum() else char for char in masked[start:end]]
    return "".join(masked)


def _counts(text: str, date: Value) -> bool:
    """A year that has a currency before it or a scale behind it is none."""
    return date.text.isdigit() and bool(
        BEFORE.search(text, 0, date.start) or _SCALE.match(text, date.end) or BEHIND.match(text, date.end)
    )


def _in_digits(masked: str, language: Tongue) -> Iterator[_Written]:
    for match in _DIGITS.finditer(masked):
        amount = _amount(match.group(), language)
        if amount is not None:
            yield _Written(match.start(), match.end(), amount)


def _amount(digits: str, language: Tongue) -> float | None:
    """What digits come to; a single mark before three of them is read by language."""
    sign = -1.0 if digits[0] in "-−" else 1.0
    bare = re.sub(_GROUP, "", digits.lstrip("-−"))
    comma, dot = bare.rfind(","), bare.rfind(".")
    if comma >= 0 and dot >= 0:
        bare = bare.replace("," if comma < dot else ".", "").replace(",", ".")
    elif comma >= 0:
        groups = re.fullmatch(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}", bare)
        single = bare.count(",") == 1
        bare = bare.replace(",", "" if groups and (has_decimal_point(language) or not single) else ".")
    elif dot >= 0:
        groups = re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", bare)
        if groups and (not has_decimal_point(language) or bare.count(".") > 1):
            bare = bare.replace(".", "")
    try:
        return sign * float(bare)
    except ValueError:
        return None


def _in_words(masked: str, language: Tongue) -> Iterator[_Written]:
    for start, end, amount in number_words(masked, language):
        if amount != 1 or _UNIT.match(masked, end):
            yield _Written(start, end, amount, words=True)
    for match in _HALF_A.finditer(masked):
        yield _Written(match.start(), match.end() - match.group().endswith((" ", "-")), 0.5, words=True)
    for pattern in (_ONE_AND, _BARE_HALF):
        for match in pattern.finditer(masked):
            yield _Written(match.start(), match.end(), 1.0, words=True)


def _whole(text: str, masked: str, item: _Written) -> Number | None:
    """The number with its scale, currency, percent sign and unit."""
    end, amount = item.end, item.amount
    before = BEFORE.search(text, max(0, item.start - 5), item.start)
    scale = None if item.words else _SCALE.match(text, end)
    half = _AND_A_HALF.match(text, end)
    end, amount = (half.end(), amount + 0.5) if half else (end, amount)
    unit = _UNIT.match(text, end)
    # "12 m" is a length, "$12m" and "12M" are millions.
    if scale and unit and not before and scale.group().strip() in ("m", "B"):
        scale = None
    if scale:
        amount *= SCALES.get(scale.group().strip(" .").casefold(), 1.0)
        end = scale.end()
        unit = _UNIT.match(text, end)
    half = _AND_A_HALF.match(text, unit.end()) if unit and not half else None
    amount += 0.5 if half else 0.0
    past = (
        _MINUTES.match(masked, unit.end())
        if unit and not half and unit_of(unit.group("unit")) is _HOUR
        else None
    )
    amount, half = (amount + int(past.group(1)) / 60, past) if past else (amount, half)
    linked = _LINKED.match(text, end)
    behind = BEHIND.match(text, linked.end() if linked else end)
    percent = _PERCENT.match(text, end)
    glued = masked[end : end + 2]
    compound = glued[:1] == "-" and glued[1:].isalpha()
    if (compound and unit is None) or (glued[:1].isalpha() and not (unit or behind)):
        return None
    form = unit_of(unit.group("unit")) if unit and not percent and not before else None
    behind = None if percent or form else behind
    start = before.start() if before else item.start
    last = max(end, *(part.end() for part in (percent, behind, unit if form else None, half) if part), end)
    money = before or behind
    return Number(
        text=text[start:last],
        start=start,
        amount=_clean(amount),
        money=bool(money),
        percent=bool(percent),
        currency=currency(money.group()) if money else "",
        unit=form.name if form else "",
        hedged=bool(_HEDGED.search(text, max(0, start - 24), start)),
        compound=compound,
    )


def _clean(amount: float) -> float:
    """Twelve digits are kept: 3.3 × 1000000 is 3300000."""
    return float(f"{amount:.12g}")


def _ranges(masked: str, found: list[Number]) -> list[Number]:
    """Two numbers that are the ends of one range become one."""
    joined: list[Number] = []
    for number in found:
        last = joined[-1] if joined else None
        if last is not None and last.upper is None and _joins(masked, last, number):
            joined[-1] = msgspec.structs.replace(
                number,
                text=masked[last.start : number.end],
                start=last.start,
                amount=last.amount,
                upper=number.amount,
            )
        else:
            if last is not None and _changes(masked, last, number):
                joined[-1] = msgspec.structs.replace(last, former=True)
            joined.append(number)
    return joined


def _changes(masked: str, before: Number, after: Number) -> bool:
    """ "from 12 to 58": the first is no more."""
    link = masked[before.end : after.start].strip()
    return link in ("to", "auf", "à", "a") and bool(
        _MOVED.search(masked, max(0, before.start - 16), before.start)
    )


def _joins(masked: str, low: Number, high: Number) -> bool:
    link = masked[low.end : high.start]
    if low.amount >= high.amount or not _RANGE.fullmatch(link):
        return False
    word = link.strip()
    if word in ("and", "und", "et", "y", "a", "à"):
        return bool(_BETWEEN.search(masked, max(0, low.start - 24), low.start))
    return not _MOVED.search(masked, max(0, low.start - 16), low.start)


def _sums(text: str, found: list[Number]) -> list[Number]:
    """ "one hour and thirty minutes" is ninety minutes."""
    joined: list[Number] = []
    for number in found:
        last = joined[-1] if joined else None
        if last and _adds_up(last, number) and _SUM.fullmatch(text[last.end : number.start]):
            whole = text[last.start : number.end]
            amount = (convert(last.amount, last.unit, number.unit) or 0.0) + number.amount
            number = msgspec.structs.replace(number, text=whole, start=last.start, amount=amount)
            joined.pop()
        joined.append(number)
    return joined


def _adds_up(large: Number, small: Number) -> bool:
    """Hours and minutes do, feet and inches too; two lengths in one sentence are two."""
    one, other = BY_NAME.get(large.unit), BY_NAME.get(small.unit)
    if one is None or other is None or large.upper is not None:
        return False
    return one.dimension == other.dimension in ("time", "us_length") and one.factor > other.factor
