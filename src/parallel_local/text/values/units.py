"""Units of measure: their written forms in several languages, and exact conversion within one dimension. Pure.

What cannot be converted exactly (miles to kilometres, one currency to another) is not converted.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

import msgspec


class Unit(msgspec.Struct, frozen=True):
    """A unit by its short name; `factor` counts it in the smallest of its dimension."""

    name: str
    dimension: str
    factor: Fraction


# dimension|short name|factor|signs|words. A row goes on in a line that is set in; `_` stands for a blank within a
# form. A form with a capital, or of one or two letters, counts only as it is written.
_ROWS = """
length|mm|1|mm|millimeter millimeters millimetre millimetres Millimetern millimètre millimètres milímetro
    milímetros
length|cm|10|cm|centimeter centimeters centimetre centimetres Zentimeter zentimeter zentimetern centimètre
    centimètres centímetro centímetros centimetri
length|m|1000|m|meter meters metre metres metern mètre mètres metro metros metri metrów метр метра метров
length|km|1000000|km|kilometer kilometers kilometre kilometres kilometern kilomètre kilomètres kilómetro
    kilómetros chilometro chilometri quilômetros quilómetros километр километра километров
us_length|inch|1||inch inches
us_length|foot|12|ft|foot feet
us_length|yard|36|yd|yard yards
us_length|mile|63360|mi|mile miles
nautical|nautical mile|1|NM sm nmi|nautical_mile nautical_miles seemeile seemeilen mille_marin milles_marins
    milles_nautiques millas_náuticas
mass|mg|1|mg|milligram milligrams milligramm
mass|g|1000|g|gram grams gramm gramme grammes gramo gramos grammi gramas gram
mass|kg|1000000|kg|kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos
    chilogrammi
mass|t|1000000000|t|tonne tonnes tonnen ton tons toneladas tonelada tonnellate
us_mass|oz|1|oz|ounce ounces
us_mass|lb|16|lb lbs|pound pounds
time|second|1|s sec|second seconds sekunde sekunden seconde secondes segundo segundos secondi seconden
    sekunder секунд секунды
time|minute|60|min mins|minute minutes minuten minuto minutos minuti minuter минут минуты
time|hour|3600|h hr hrs|hour hours stunde stunden heure heures hora horas ora ore uur timmar saat час
    часа часов ώρες घंटे घंटों ساعة ساعات ชั่วโมง giờ
time|day|86400||day days tag tage tagen jour jours día días giorno giorni dia dias dag dagen dage dagar zile
    gün день дня дней μέρες ημέρες दिन दिनों يوم يوما أيام วัน ngày
time|week|604800||week weeks woche wochen semaine semaines semana semanas settimana settimane weken veckor
    uger săptămâni hafta неделя недели недель εβδομάδες सप्ताह أسابيع สัปดาห์ tuần
calendar|month|1||month months monat monate monaten mois mes meses mese mesi mês maand maanden månader måneder
    luni ay месяц месяца месяцев μήνες महीने महीनों أشهر เดือน tháng
calendar|year|12|yr yrs|year years jahr jahre jahren an ans année années año años anno anni ano anos jaar år
    ani yıl год года лет χρόνια έτη साल वर्ष वर्षों سنة سنوات عام عاما ปี năm
calendar|decade|120||decade decades jahrzehnt jahrzehnte jahrzehnten décennie décennies década décadas
calendar|century|1200||century centuries jahrhundert jahrhunderte jahrhunderten
volume|ml|1|ml|milliliter milliliters millilitre millilitres mililitros
volume|cl|10|cl|centilitres centiliters
volume|l|1000|l|liter liters litre litres litern litro litros litri
volume|cbm|1000000|m³ m3 cbm|cubic_metre cubic_metres cubic_meter cubic_meters kubikmeter kubikmetern
    mètres_cubes metros_cúbicos metri_cubi
us_volume|cubic foot|1||cubic_foot cubic_feet
celsius|celsius|1|°C ºC|celsius
fahrenheit|fahrenheit|1|°F ºF|fahrenheit
degree|degree|1|°|degree degrees grad degrés grados gradi
kmh|kmh|1|km/h kph|
mph|mph|1|mph|
knot|knot|1|kn|knot knots knoten nœuds nudos
power|watt|1|W|watt watts vatios
power|kilowatt|1000|kW kw|kilowatt kilowatts kilovatios
power|megawatt|1000000|MW|megawatt megawatts megavatios mégawatts
power|gigawatt|1000000000|GW|gigawatt gigawatts gigavatios
energy|wh|1|Wh|
energy|kwh|1000|kWh|
energy|mwh|1000000|MWh|
energy|gwh|1000000000|GWh|
data|kb|1000|KB kB|kilobyte kilobytes
data|mb|1000000|MB|megabyte megabytes
data|gb|1000000000|GB|gigabyte gigabytes
data|tb|1000000000000|TB|terabyte terabytes
area|sqmm|1|mm²|square_millimetre square_millimetres square_millimeter square_millimeters
area|sqcm|100|cm²|square_centimetre square_centimetres square_centimeter square_centimeters quadratzentimeter
area|sqm|1000000|m² m2 sqm qm|square_metre square_metres square_meter square_meters quadratmeter quadratmetern
    mètres_carrés metros_cuadrados metri_quadrati metros_quadrados
area|hectare|10000000000|ha|hectare hectares hektar hectáreas ettari
area|sqkm|1000000000000|km² km2|square_kilometre square_kilometres square_kilometer square_kilometers
    quadratkilometer kilomètres_carrés kilómetros_cuadrados
us_area|square inch|1||square_inch square_inches
us_area|square foot|144|sqft|square_foot square_feet
us_area|square yard|1296||square_yard square_yards
us_area|acre|6272640||acre acres
us_area|square mile|4014489600||square_mile square_miles
voltage|volt|1|V|volt volts
pressure|bar|1|bar|
frequency|hz|1|Hz|hertz
frequency|khz|1000|kHz|
frequency|mhz|1000000|MHz|
frequency|ghz|1000000000|GHz|
"""


def _read() -> Iterator[tuple[Unit, tuple[str, ...], tuple[str, ...]]]:
    """Each unit with its signs and its words."""
    for row in _ROWS.strip().replace("\n    ", " ").splitlines():
        dimension, name, factor, signs, named = row.split("|")
        spelled = tuple(form.replace("_", " ") for form in named.split())
        yield Unit(name, dimension, Fraction(factor)), tuple(signs.split()), spelled


_UNITS = tuple(_read())
_FORMS = {form: unit for unit, signs, named in _UNITS for form in (*signs, *named)}
_LOOSE = {form: unit for form, unit in _FORMS.items() if form == form.casefold() and len(form) > 2}
_EXACT = {form: unit for form, unit in _FORMS.items() if form not in _LOOSE}
BY_NAME: Mapping[str, Unit] = {unit.name: unit for unit in _FORMS.values()}
FORMS: tuple[str, ...] = tuple(sorted(_FORMS, key=len, reverse=True))
# The words, not the signs, for how long something lasts.
TIME_WORDS = tuple(
    form for unit, _, named in _UNITS if unit.dimension in ("time", "calendar") for form in named
)


def unit_of(form: str) -> Unit | None:
    """The unit that a written form stands for."""
    bare = " ".join(form.split())
    return _EXACT.get(bare) or _LOOSE.get(bare.casefold())


def convert(amount: float, unit: str, wanted: str) -> float | None:
    """The amount in another unit of the same dimension; None where that is not exact."""
    source, target = BY_NAME.get(unit), BY_NAME.get(wanted)
    if source is None or target is None or source.dimension != target.dimension:
        return None
    return float(Fraction(str(amount)) * source.factor / target.factor)
