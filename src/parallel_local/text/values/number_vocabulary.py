"""The words that numbers are made of, in the languages notes are in: what each comes to, and what joins them.

Data and its look-up. How a number is read off them stands in `number_words.py`.
"""

import re
from collections.abc import Mapping

import msgspec

from parallel_local.text.values.tongue import Tongue


class Vocabulary(msgspec.Struct, frozen=True):
    """The number words of one language; `link` is its "and", `articles` may stand before a scale ("a hundred")."""

    units: Mapping[str, float]
    scales: Mapping[str, float]
    link: str = ""
    halves: re.Pattern[str] | None = None
    articles: frozenset[str] = frozenset()
    compounds: bool = False

    def words(self) -> list[str]:
        """All that count for more than one: these are numbers for sure."""
        smaller = (word for word, amount in self.scales.items() if amount <= _THOUSAND)
        return [word for word, amount in self.units.items() if amount >= _SURE] + list(smaller)


_THOUSAND = 1000.0
_SURE = 2.0


def _table(text: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in text.split())
    return {word: float(amount) for word, amount in pairs}


_UNITS: Mapping[Tongue, Mapping[str, float]] = {
    "en": _table(
        "one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 "
        "fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 "
        "fifty=50 sixty=60 seventy=70 eighty=80 ninety=90"
    ),
    "de": _table(
        "ein=1 eins=1 eine=1 einen=1 einem=1 einer=1 zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 "
        "zehn=10 elf=11 zwölf=12 dreizehn=13 vierzehn=14 fünfzehn=15 sechzehn=16 siebzehn=17 achtzehn=18 "
        "neunzehn=19 zwanzig=20 dreißig=30 dreissig=30 vierzig=40 fünfzig=50 sechzig=60 siebzig=70 achtzig=80 "
        "neunzig=90 anderthalb=1.5 eineinhalb=1.5"
    ),
    "fr": _table(
        "un=1 une=1 deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 douze=12 treize=13 "
        "quatorze=14 quinze=15 seize=16 vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 "
        "septante=70 huitante=80 nonante=90"
    ),
    "es": _table(
        "uno=1 un=1 una=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 "
        "trece=13 catorce=14 quince=15 dieciséis=16 diecisiete=17 dieciocho=18 diecinueve=19 veinte=20 "
        "veintiuno=21 veintiún=21 veintidós=22 veintitrés=23 veinticuatro=24 veinticinco=25 veintiséis=26 "
        "veintisiete=27 veintiocho=28 veintinueve=29 treinta=30 cuarenta=40 cincuenta=50 sesenta=60 setenta=70 "
        "ochenta=80 noventa=90 cien=100 ciento=100 doscientos=200 doscientas=200 trescientos=300 "
        "trescientas=300 cuatrocientos=400 quinientos=500 quinientas=500 seiscientos=600 setecientos=700 "
        "ochocientos=800 novecientos=900"
    ),
    "it": _table(
        "un=1 uno=1 una=1 due=2 tre=3 quattro=4 cinque=5 sei=6 sette=7 otto=8 nove=9 dieci=10 undici=11 dodici=12 "
        "tredici=13 quattordici=14 quindici=15 sedici=16 diciassette=17 diciotto=18 diciannove=19 venti=20 trenta=30 "
        "quaranta=40 cinquanta=50 sessanta=60 settanta=70 ottanta=80 novanta=90 cento=100 duecento=200 trecento=300"
    ),
    "pt": _table(
        "um=1 uma=1 dois=2 duas=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12 treze=13 "
        "catorze=14 quatorze=14 quinze=15 dezesseis=16 dezasseis=16 dezessete=17 dezoito=18 dezenove=19 vinte=20 "
        "trinta=30 quarenta=40 cinquenta=50 sessenta=60 setenta=70 oitenta=80 noventa=90 cem=100 cento=100 duzentos=200"
    ),
    "nl": _table(
        "een=1 één=1 twee=2 drie=3 vier=4 vijf=5 zes=6 zeven=7 acht=8 negen=9 tien=10 elf=11 twaalf=12 dertien=13 "
        "veertien=14 vijftien=15 zestien=16 zeventien=17 achttien=18 negentien=19 twintig=20 dertig=30 veertig=40 "
        "vijftig=50 zestig=60 zeventig=70 tachtig=80 negentig=90"
    ),
    "sv": _table(
        "en=1 ett=1 två=2 tre=3 fyra=4 fem=5 sex=6 sju=7 åtta=8 nio=9 tio=10 elva=11 tolv=12 tretton=13 fjorton=14 "
        "femton=15 tjugo=20 trettio=30 fyrtio=40 femtio=50"
    ),
    "da": _table(
        "to=2 tre=3 fire=4 fem=5 seks=6 syv=7 otte=8 ni=9 ti=10 elleve=11 tolv=12 femten=15 tyve=20 tredive=30"
    ),
    "ro": _table(
        "doi=2 două=2 trei=3 patru=4 cinci=5 șase=6 șapte=7 opt=8 nouă=9 zece=10 douăzeci=20 treizeci=30 sută=100"
    ),
    "pl": _table(
        "dwa=2 dwie=2 trzy=3 cztery=4 pięć=5 sześć=6 siedem=7 osiem=8 dziewięć=9 dziesięć=10 dwanaście=12 "
        "dwadzieścia=20 sto=100"
    ),
    "tr": _table(
        "iki=2 üç=3 dört=4 beş=5 altı=6 yedi=7 sekiz=8 dokuz=9 on=10 yirmi=20 otuz=30 kırk=40 elli=50"
    ),
    "ru": _table(
        "два=2 две=2 двух=2 три=3 трёх=3 трех=3 четыре=4 четырёх=4 четырех=4 пять=5 пяти=5 шесть=6 шести=6 семь=7 "
        "семи=7 восемь=8 восьми=8 девять=9 девяти=9 десять=10 десяти=10 двенадцать=12 двадцать=20 тридцать=30 "
        "сорок=40 пятьдесят=50 сто=100"
    ),
    "el": _table(
        "δύο=2 δυο=2 τρία=3 τρεις=3 τριών=3 τέσσερα=4 τέσσερις=4 τεσσάρων=4 πέντε=5 έξι=6 επτά=7 εφτά=7 οκτώ=8 "
        "οχτώ=8 εννέα=9 εννιά=9 δέκα=10 δώδεκα=12 είκοσι=20 τριάντα=30 εκατό=100"
    ),
    "hi": _table(
        "एक=1 दो=2 तीन=3 चार=4 पांच=5 पाँच=5 छह=6 छः=6 सात=7 आठ=8 नौ=9 दस=10 बारह=12 पंद्रह=15 बीस=20 तीस=30"
    ),
    "ar": _table(
        "اثنان=2 اثنين=2 اثنتان=2 اثنتين=2 ثلاثة=3 ثلاث=3 أربعة=4 أربع=4 خمسة=5 خمس=5 ستة=6 ست=6 سبعة=7 سبع=7 "
        "ثمانية=8 ثمان=8 تسعة=9 تسع=9 عشرة=10 عشر=10 عشرين=20 ثلاثين=30 مائة=100 مئة=100"
    ),
    "vi": _table("hai=2 ba=3 bốn=4 năm=5 sáu=6 bảy=7 tám=8 chín=9 mười=10"),
    "th": _table("หนึ่ง=1 สอง=2 สาม=3 สี่=4 ห้า=5 หก=6 เจ็ด=7 แปด=8 เก้า=9 สิบ=10"),
    "ko": _table("두=2 세=3 네=4 다섯=5 여섯=6 일곱=7 여덟=8 아홉=9 열=10"),
}
_SCALES: Mapping[Tongue, Mapping[str, float]] = {
    "en": _table(
        "hundred=1e2 thousand=1e3 million=1e6 billion=1e9 trillion=1e12 lakh=1e5 crore=1e7 dozen=12"
    ),
    "de": _table("hundert=1e2 tausend=1e3 million=1e6 millionen=1e6 milliarde=1e9 milliarden=1e9 dutzend=12"),
    "fr": _table("cent=1e2 cents=1e2 mille=1e3 million=1e6 millions=1e6 milliard=1e9 milliards=1e9"),
    "es": _table("mil=1e3 millón=1e6 millones=1e6"),
    "it": _table("mille=1e3 mila=1e3 milione=1e6 milioni=1e6 miliardo=1e9 miliardi=1e9"),
    "pt": _table("mil=1e3 milhão=1e6 milhões=1e6"),
    "nl": _table("honderd=1e2 duizend=1e3 miljoen=1e6 miljard=1e9"),
    "sv": _table("hundra=1e2 tusen=1e3 miljon=1e6 miljoner=1e6 miljard=1e9 miljarder=1e9"),
    "da": _table("hundrede=1e2 tusind=1e3"), "pl": _table("tysiąc=1e3"), "tr": _table("yüz=1e2 bin=1e3"),
    "ru": _table("тысяча=1e3"), "el": _table("χίλια=1e3"), "hi": _table("सौ=1e2"),
}  # fmt: skip
_LINKS: Mapping[Tongue, str] = {
    "en": "and", "de": "und", "fr": "et", "es": "y", "it": "e", "pt": "e", "nl": "en",
}  # fmt: skip
_HALVES: Mapping[Tongue, re.Pattern[str]] = {
    "en": re.compile(r"\bhalf an? (million|billion|thousand|dozen)\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:eine )?halbe (million|milliarde)\b", re.IGNORECASE),
    "fr": re.compile(r"\bun demi[- ](million|milliard)\b", re.IGNORECASE),
    "es": re.compile(r"\bmedio (millón)\b", re.IGNORECASE),
}
_VOCABULARIES: Mapping[Tongue, Vocabulary] = {
    language: Vocabulary(
        units=units,
        scales=_SCALES.get(language, {}),
        link=_LINKS.get(language, ""),
        halves=_HALVES.get(language),
        articles=frozenset(["a", "an"] if language == "en" else []),
        compounds=language == "de",
    )
    for language, units in _UNITS.items()
}
_NONE = Vocabulary({}, {})


def vocabulary(language: Tongue) -> Vocabulary:
    """The number words of a language; none where they are not known."""
    return _VOCABULARIES.get(language, _NONE)
