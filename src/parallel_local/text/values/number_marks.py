"""What stands beside a number: scales ("million"), hedges ("about"), and the words for percent, in many languages.

Data and the few forms made of it. Numbers in words are in `number_words.py`, units in `units.py`, currencies in
`money.py`.
"""

import re
from collections.abc import Iterable, Mapping

# Scales that stand behind digits, by what they come to; those of languages that write numbers together are signs.
_SCALE_ROWS = """
12|dozen dutzend
100|hundred
1000|thousand tausend tsd mille mil k duizend mila тысяч тысячи тысяча тыс हजार हज़ार ألف พัน 千 nghìn χιλιάδες
10000|หมื่น 万
100000|lakh लाख แสน
1000000|million millions m mm mn mio millionen millón millones milione milioni milhão milhões miljoner miljoen milioane
    milyon миллион миллиона миллионов млн مليون ملايين ล้าน triệu εκατομμύρια miljoonaa
10000000|crore करोड़
100000000|億 亿
1000000000|billion bn b mrd milliarde milliarden milliard milliards mil_millones miliardo miliardi bilhões miljarder
    miljard miliarde milyar миллиард миллиарда миллиардов млрд مليار tỷ δισεκατομμύρια
1000000000000|trillion billionen billones
"""
SCALES: Mapping[str, float] = {
    word.replace("_", " "): float(amount)
    for amount, words in (row.split("|") for row in _SCALE_ROWS.strip().replace("\n    ", " ").splitlines())
    for word in words.split()
}
_HEDGE_WORDS = """
up to|more than|less than|fewer than|at least|at most|as many as|over|under|about|around|approximately|approx|approx.
|nearly|almost|roughly|some|bis zu|mehr als|weniger als|mindestens|höchstens|über|rund|etwa|ungefähr|knapp|fast|zirka
|circa|ca.|c.|plus de|moins de|près de|environ|au moins|au plus|jusqu'à|más de|menos de|cerca de|alrededor de|casi|unos
|unas|al menos|hasta|più di|meno di|quasi|oltre|almeno|mais de|quase|meer dan|ongeveer|bijna|peste|aproximativ|около
|более|менее|свыше|почти|до|omkring|ungefär|över|nästan
"""
HEDGES = tuple(_HEDGE_WORDS.replace("\n", "").split("|"))
_PERCENT_WORDS = """
%|٪|per cent|percent|percentage|Prozent|pour cent|pourcent|por ciento|per cento|por cento|procent|la sută|процент
|процента|процентов|प्रतिशत|بالمئة|بالمائة|في المئة|في المائة|เปอร์เซ็นต์|phần trăm|τοις εκατό|パーセント|퍼센트
"""
PERCENT = tuple(_PERCENT_WORDS.replace("\n", "").split("|"))


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of several words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
