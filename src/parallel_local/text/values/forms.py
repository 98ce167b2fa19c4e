"""The forms in which numbers, shares, durations, times and names stand in a sentence, as patterns by language.

Verbatim spans with the words that belong to them ("up to 30%", "about 3 million", "between 1990 and 1995"). What
such a span amounts to is read elsewhere.
"""

import re
from functools import cache

from parallel_local.text.values.money import SIGNS_AND_WORDS
from parallel_local.text.values.months import MONTHS
from parallel_local.text.values.number_marks import HEDGES, PERCENT, SCALES, any_of
from parallel_local.text.values.number_vocabulary import vocabulary
from parallel_local.text.values.units import FORMS, TIME_WORDS

# Words before a number that belong to it where it is quoted, and make it no less certain.
_ONLY = ("only", "every", "alle", "toutes les", "tous les", "cada", "ogni", "каждые")
# Signs that count time, in scripts that write numbers and nouns together.
_TIME_SIGNS_WORDS = """
年間 年 天 日間 日 週間 周 ヶ月 か月 时间 時間 小时 년 일 개월 시간 주
"""
_TIME_SIGNS = tuple(_TIME_SIGNS_WORDS.split())
_DIGITS = r"(?:[$€£¥₹]\s?)?(?<![\w.,:])[-−]?\d+(?:[.,'’\u00a0\u202f ]\d{3}(?!\d)){0,6}(?:[.,]\d+)?[½¼¾]?(?![\d]|:\d)"
_SCALE = rf"(?:[\s-]?(?:{any_of(SCALES)})\.?(?!\w)){{0,2}}"
_ABOUT = rf"(?:(?<!\w)(?:{any_of((*HEDGES, *_ONLY))})\s+)?"
_RANGE = rf"(?:\s?(?:–|—|-|to|bis|à|a|до)\s?{_DIGITS})?"
_HAN_DIGITS = r"(?<![一二三四五六七八九十百千万两])[一二三四五六七八九十百千万两]{1,8}"
_HAN = rf"{_HAN_DIGITS}(?=[名人个個次种種座年家位所条冊本台匹回])"
_SMALL = "of and the in on at to by for per that which who were was is are und der die das in im et de des la le y e"
_INDIC = r"\u0900-\u0dff"  # with vowels that are marks, and no letters to `\w`
_WORD_AFTER = rf"\s(?!(?:{'|'.join(sorted(set(_SMALL.split())))})\b)(?:[^\W\d_]|[{_INDIC}])+"
_UNIT = rf"(?:\s?-?(?:{any_of((*FORMS, *SIGNS_AND_WORDS))})(?!\w)|{_WORD_AFTER})?"
_TIME_UNIT = rf"(?:{any_of((*TIME_WORDS, *_TIME_SIGNS))})(?!\w)"
_MONTH = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
_YEAR_NOUN = r"(?:\s?(?:г\.|год(?:а|у|ом|е|ы|ов|ах)?(?!\w)|р(?:ік|оку|оці|оки|оків)(?!\w)))?"
_YEAR = rf"(?<![\d$€£.,-])(?:1\d{{3}}|20\d{{2}})(?![\d%]|[.,]\d)(?:s\b|er\b|年)?{_YEAR_NOUN}"
_ERA = r"(?: ?(?:BC|BCE|AD|CE|v\. ?Chr\.|n\. ?Chr\.|av\. J\.-C\.|a\. ?C\.|до н\. ?э\.))"
_CENTURIES = (
    r"\b(?:(?:early|mid|late)[ -])?\d{1,2}(?:st|nd|rd|th) centur(?:y|ies)|\b\d{1,2}\. Jahrhunderts?"
    r"|\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth"
    r"|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first) century"
    r"|\b[IVX]+e? (?:siècle|век\w*)|\b(?:siglo|secolo|século|secolul al) [IVX]+(?:-lea)?|\d{1,2}世[紀纪]"
)
_DATES = (
    r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\d{1,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?"
    r"|\d{1,2}月(?:\d{1,2}日)?|\bngày \d{1,2}(?: tháng \d{1,2})?(?: năm \d{4})?|\btháng \d{1,2}(?: năm \d{4})?"
    rf"|(?:\b\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?)?(?<!\w){_MONTH}(?!\w)\.?"
    rf"(?:\s+\d{{1,2}}(?:st|nd|rd|th)?(?!\d))?(?:,?\s+(?:de\s+|del\s+|of\s+|năm\s+)?\d{{4}}{_YEAR_NOUN})?"
    r"|\b\d{1,2}:\d{2}(?!\d)|\b\d{1,2} ?(?:am|pm|a\.m\.|p\.m\.|Uhr|h)\b"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\b(?:Mon|Diens|Donners|Frei|Sams|Sonn)tags?\b|\bMittwochs?\b"
)
_BETWEEN = rf"(?:between|from|zwischen|von|entre|de|între|между|с) {_YEAR} (?:and|to|und|bis|et|y|a|à|și|и|по) {_YEAR}"
_TIMES = (
    rf"{_BETWEEN}|{_CENTURIES}|{_DATES}|{_YEAR}{_ERA}?(?:\s?[–-]\s?\d{{2,4}}(?!\d))?|\b\d{{1,4}}{_ERA}"
    rf"|{_DIGITS}{_SCALE} (?:years?|days?|months?|weeks?) ago"
)
_CAPITAL = r"[A-ZÀ-ÞĂÂÎȘȚŞİĞА-ЯЁΑ-ΩΆΈΉΊΌΎΏ]"
_JOINT = (
    r"(?:of|the|de|del|della|di|da|la|le|van|von|der|den|und|et|y|e|al|bin|ibn|do|dos|du|des|în|din|si|și|&)"
)
_PART = rf"{_CAPITAL}(?:[\w’'.&-]*\w|\.)?"
NAME = re.compile(rf"(?<![\w’'])(?:{_PART})(?:\s+(?:{_JOINT}\s+){{0,2}}{_PART}){{0,8}}")


@cache
def counted(language: str) -> re.Pattern[str]:
    """A number with the noun or unit behind it."""
    return _compiled(rf"{_shares(language)}|{_numbers(language)}{_UNIT}")


@cache
def shares(language: str) -> re.Pattern[str]:
    """A percentage or a fraction."""
    return _compiled(_shares(language))


@cache
def durations(language: str) -> re.Pattern[str]:
    """How long something takes, or is."""
    one = r"an?|one|ein(?:e|en|em)?|une?|una?"
    return _compiled(rf"{_ABOUT}(?:{_numbers(language)}|{_HAN_DIGITS}|{one})[\s-]?{_TIME_UNIT}"
                     rf"|{_ABOUT}{_DIGITS}{_SCALE}{_UNIT}")  # fmt: skip


@cache
def times() -> re.Pattern[str]:
    """Dates, years, centuries, times of the day."""
    return _compiled(_TIMES)


@cache
def years() -> re.Pattern[str]:
    """A year, or one from another to another."""
    return _compiled(rf"{_BETWEEN}|{_YEAR}{_ERA}?(?:\s?[–-]\s?\d{{2,4}}(?!\d))?|\b\d{{1,4}}{_ERA}")


def _numbers(language: str) -> str:
    """Digits, or words of this language; the plain digits of any."""
    listed = vocabulary(language).words() or vocabulary("en").words()
    word = rf"(?<!\w)(?:{any_of(listed)})(?!\w)"
    upto = rf"(?:\s(?:to|or|bis|oder|à|ou|a|o|до|или)\s{word})?"
    return rf"{_ABOUT}(?:{_DIGITS}{_RANGE}{_SCALE}|{word}(?:[\s-]{word}){{0,4}}{upto}{_SCALE}|{_HAN})"


def _shares(language: str) -> str:
    percent = rf"(?:{any_of(PERCENT)})"
    fraction = r"(?:(?:one|two|three)[\s-](?:third|quarter|fifth|half)s?|half|a third|a quarter)"
    return (
        rf"{_numbers(language)}\s?-?{percent}|(?:ร้อยละ|yüzde|%)\s?{_DIGITS}|{_ABOUT}(?<!\w){fraction}(?!\w)"
    )


def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(form, re.IGNORECASE)
