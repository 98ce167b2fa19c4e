"""The kinds of value a question asks for, as they stand in a sentence: numbers, shares, times, names. Pure.

Everything found is a verbatim slice with its place, with the words that belong to it ("up to 30%", "about 3
million"). What a value amounts to is not looked at here; that is for typed fields.
"""

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from parallel_local.answers.questions import Question
from parallel_local.text.months import MONTHS
from parallel_local.text.question_words import Asks
from parallel_local.text.tokens import STOPWORDS, fold

_DIGITS = r"(?:[$€£¥₹]\s?)?(?<![\w.,:])[-−]?\d+(?:[.,'’\u00a0\u202f ]\d{3})*(?:[.,]\d+)?[½¼¾]?(?![\d]|:\d)"
_SCALE = (
    r"(?:thousand|million|billion|trillion|hundred|dozen|Tausend|Million(?:en)?|Milliarden?|Mio\.?|Mrd\.?|mille"
    r"|millions?|milliards?|mil|millones|milioni|miliardi|milhões|bilhões|miljoner|miljarder|miljoen|miljard|milioane|miliarde|bin|milyon"
    r"|milyar|тысяч[аи]?|тыс\.?|миллион(?:а|ов)?|млн\.?|миллиард(?:а|ов)?|млрд\.?|लाख|करोड़|हजार|हज़ार|مليون|مليار|ألف|ملايين"
    r"|ล้าน|พัน|แสน|หมื่น|[万億亿千]|triệu|tỷ|nghìn|εκατομμύρια|δισεκατομμύρια|χιλιάδες)"
)
_WORDS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen zwei drei vier fünf sechs
sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend deux trois quatre cinq six sept huit neuf dix onze
douze quinze vingt trente cent dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cien due
tre quattro cinque sei sette otto nove dieci dois duas três quatro sete oito dez twee drie vier vijf zes zeven
acht negen tien två tre fyra fem sex sju åtta nio tio doi două trei patru cinci șase șapte opt nouă zece iki üç
dört beş altı yedi sekiz dokuz on два две двух три трёх трех четыре четырёх четырех пять пяти шесть семь восемь
девять десять δύο τρία τρεις τριών τέσσερα τέσσερις πέντε έξι επτά οκτώ εννέα δέκα दो तीन चार पांच पाँच छह सात आठ नौ
दस اثنان اثنين ثلاثة ثلاث أربعة أربع خمسة خمس ستة سبعة ثمانية تسعة عشرة hai ba bốn sáu bảy tám chín mười
"""
_ABOUT = (
    r"(?:(?:up to|more than|less than|fewer than|at least|at most|as many as|over|about|around|approximately|nearly"
    r"|almost|roughly|some|only|between|bis zu|mehr als|weniger als|mindestens|höchstens|über|rund|etwa|ungefähr|knapp"
    r"|fast|zirka|ca\.|plus de|moins de|près de|environ|jusqu'à|más de|menos de|cerca de|alrededor de|casi|unos|unas|hasta"
    r"|più di|circa|quasi|oltre|mais de|meer dan|ongeveer|peste|aproximativ|около|более|менее|свыше|почти|до)\s+)?"
)
_NUMBER_WORD = rf"(?<!\w)(?:{'|'.join(sorted(set(_WORDS.split()), key=len, reverse=True))})(?!\w)"
_RANGE = rf"(?:\s?(?:–|—|-|to|bis|à|a|до)\s?{_DIGITS})?"
_PERCENT = r"(?:%|٪|per\s?cent|percentage|Prozent|pour cent|pourcent|por ciento|per cento|por cento|procent|la sută|процент\w*|प्रतिशत|بالمئة|بالمائة|في المئة|เปอร์เซ็นต์|phần trăm|τοις εκατό)"
_COUNTED = rf"{_ABOUT}(?:{_DIGITS}{_RANGE}(?:[\s-]?{_SCALE}(?!\w))*|{_NUMBER_WORD}(?:[\s-]{_NUMBER_WORD})*(?:[\s-]{_SCALE}(?!\w))*|[一二三四五六七八九十百千万两]+(?=[名人个个次种座年家位所条]))"
_SHARED = (
    rf"{_ABOUT}(?:{_COUNTED}\s?-?{_PERCENT}|(?:ร้อยละ|yüzde|%)\s?{_DIGITS}"
    r"|(?:(?:one|two|three)[\s-](?:third|quarter|fifth|half)s?|half|a third|a quarter))"
)
_UNIT = r"(?:\s?-?(?:[°º]\s?[CF]|[kKMGTc]?m[²³2]?|[kKMGm]?g|[kKMGT]?B|[kM]?W|ft|km/h|mph|%|[$€£¥])(?!\w)|\s?[-]?\s?[^\W\d_]+)?"
_TIME_UNIT = (
    r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies)|Sekunden?|Minuten?|Stunden?|Tagen?|Tage?"
    r"|Wochen?|Monaten?|Monate?|Jahren?|Jahre?|Jahrzehnten?|Jahrhunderten?|secondes?|heures?|jours?|semaines?|mois|ans?|années?"
    r"|segundos?|minutos?|horas?|días?|semanas?|mes(?:es)?|años?|secondi|minuti|ore|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]"
    r"|dagen|weken|maanden|jaar|uur|dagar|veckor|månader|år|zile|săptămâni|luni|ani|gün|hafta|ay|yıl|saat|секунд\w*|минут\w*|час\w*|дн\w+"
    r"|день|недел\w*|месяц\w*|лет|год\w*|दिन|सप्ताह|महीने|साल|वर्ष|घंटे|يوما?|أيام|أسابيع|أشهر|سنوات|سنة|عاما?|ساعات?|ปี|วัน|เดือน|สัปดาห์|ชั่วโมง"
    r"|[年天日周月]|[週か]間|時間|小时|năm|ngày|tháng|tuần|giờ)"
)
_LASTING = rf"{_ABOUT}(?:{_COUNTED}|an?|one|ein(?:e|en|em)?|une?|una?)[\s-]?{_TIME_UNIT}"
_MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
_YEAR = r"(?<![\d$€£.,-])(?:1\d{3}|20\d{2})(?![\d%]|[.,]\d)(?:s\b|er\b|年)?"
_DATE = (
    r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\d{1,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月(?:\d{1,2}日)?"
    rf"|(?:\b\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?)?(?<!\w){_MONTH}(?!\w)\.?"
    r"(?:\s+\d{1,2}(?:st|nd|rd|th)?(?!\d))?(?:,?\s+(?:de\s+|del\s+|of\s+|năm\s+)?\d{4})?(?:\s?г\.)?"
    r"|\b\d{1,2}(?:st|nd|rd|th) centur(?:y|ies)(?: (?:AD|BC))?|\b\d{1,2}\. Jahrhunderts?"
    r"|\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth"
    r"|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first) century"
    r"|\b[IVX]+e? (?:siècle|век\w*)|\b(?:siglo|secolo|século|secolul al) [IVX]+(?:-lea)?"
    rf"|{_COUNTED} (?:years?|days?|months?|weeks?) ago|\b\d{{1,2}}:\d{{2}}(?!\d)|\b\d{{1,2}} ?(?:am|pm|a\.m\.|p\.m\.|Uhr|h)\b"
    r"|\bngày \d{1,2}(?: tháng \d{1,2})?(?: năm \d{4})?|\btháng \d{1,2}(?: năm \d{4})?|\bnăm \d{4}"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\b(?:Mon|Diens|Donners|Frei|Sams|Sonn)tags?\b|\bMittwochs?\b"
)
_ERA = r"(?: ?(?:BC|BCE|AD|CE|v\. ?Chr\.|n\. ?Chr\.|av\. J\.-C\.|a\. ?C\.|до н\. ?э\.))?"
_TIMES = rf"(?:(?:between|from|zwischen|von|entre|de|между|с) {_YEAR} (?:and|to|und|bis|et|y|a|à|и|по) {_YEAR}|{_DATE}|{_YEAR}{_ERA}(?:\s?[–-]\s?\d{{2,4}}(?!\d))?|\b\d{{1,4}}{_ERA.removesuffix('?')})"
_CAPITAL = r"[A-ZÀ-ÞĂÂÎȘȚŞİĞÇÖÜА-ЯЁΑ-ΩΆΈΉΊΌΎΏ]"
_JOINT = (
    r"(?:of|the|de|del|della|di|da|la|le|van|von|der|den|und|et|y|e|al|bin|ibn|do|dos|du|des|în|din|si|și|&)"
)
_NAME = re.compile(
    rf"(?<![\w’'])(?:{_CAPITAL}[\w’'.&-]*\w|{_CAPITAL}\.?)(?:\s+(?:{_JOINT}\s+){{0,2}}{_CAPITAL}(?:[\w’'.&-]*\w|\.)?)*"
)
_CLAUSE = re.compile(r"[,;:()–—]|\s-\s")


class Span(msgspec.Struct, frozen=True):
    """A slice of a text and where it starts."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def spans(question: Question, text: str) -> list[Span] | None:
    """The values of the asked kind in a text that the question does not hold itself; None for kinds without a form."""
    if question.asks in (Asks.WHO, Asks.WHERE):
        return _names(question, text) if _has_case(text) else None
    pattern = _pattern(question.asks)
    if pattern is None:
        return None
    found = [Span(match.group().strip(), match.start()) for match in pattern.finditer(text)]
    if question.asks is Asks.COUNT:
        times = [Span(match.group(), match.start()) for match in _pattern_of(_TIMES).finditer(text)]
        found = [span for span in found if not any(time.start <= span.start < time.end for time in times)]
    return [span for span in found if not _asked(question, span)]


def shows(question: Question, text: str) -> bool | None:
    """Whether a text holds a value of the asked kind; None where that cannot be told from its form."""
    found = spans(question, text)
    if found is None:
        return None
    if question.asks in (Asks.WHO, Asks.WHERE):
        return True if found else None
    return bool(found)


@cache
def _pattern(asks: Asks) -> re.Pattern[str] | None:
    forms = {
        Asks.SHARE: _SHARED,
        Asks.COUNT: rf"{_SHARED}|{_COUNTED}{_UNIT}",
        Asks.LENGTH: rf"{_LASTING}|{_COUNTED}{_UNIT}",
        Asks.MEASURE: rf"{_SHARED}|{_COUNTED}{_UNIT}",
        Asks.YEAR: rf"{_YEAR}{_ERA}",
        Asks.WHEN: _TIMES,
    }
    return _pattern_of(forms[asks]) if asks in forms else None


@cache
def _pattern_of(form: str) -> re.Pattern[str]:
    return re.compile(form, re.IGNORECASE)


def _asked(question: Question, span: Span) -> bool:
    digits = {fold(part) for part in re.findall(r"\w*\d\w*", span.text)}
    if digits:
        return digits <= question.numbers
    return span.text.casefold() in question.text.casefold()


def _has_case(text: str) -> bool:
    return any(char.islower() for char in text)


def _names(question: Question, text: str) -> list[Span]:
    """Names with a word that the question has not; a capital at the beginning alone makes no name."""
    asked = {fold(word) for word in re.findall(r"\w+", question.text)}
    found: list[Span] = []
    for match in _NAME.finditer(text):
        words = [fold(word) for word in re.findall(r"\w+", match.group())]
        if match.start() == 0 and len(words) == 1:
            continue
        if any(word not in asked and word not in STOPWORDS for word in words):
            found.append(Span(match.group(), match.start()))
    return found


def clause_at(text: str, place: int) -> tuple[int, int]:
    """Start and end of the clause around a place."""
    cuts = [match.start() for match in _CLAUSE.finditer(text)]
    start = max((cut + 1 for cut in cuts if cut < place), default=0)
    return start, min((cut for cut in cuts if cut >= place), default=len(text))


def first(found: Sequence[Span]) -> Span | None:
    """The first one."""
    return next(iter(found), None)
