"""Units of measure: their written forms in several languages, and exact conversion within one dimension. Pure.

What cannot be converted exactly (miles to kilometres, one currency to another) is not converted.
"""

from collections.abc import Mapping
from fractions import Fraction

import msgspec


class Unit(msgspec.Struct, frozen=True):
    """A unit by its short name; `factor` counts it in the smallest of its dimension."""

    name: str
    dimension: str
    factor: Fraction


# dimension: short name, factor, written forms. A form with a capital counts only as it is written.
_ROWS = """
length|mm|1|mm millimeter millimeters millimetre millimetres Millimetern millimètre millimètres milímetro milímetros
length|cm|10|cm centimeter centimeters centimetre centimetres Zentimeter zentimeter zentimetern centimètres centímetros
length|m|1000|m meter meters metre metres metern mètre mètres metro metros
length|km|1000000|km kilometer kilometers kilometre kilometres kilometern kilomètre kilomètres kilómetro kilómetros
us_length|inch|1|inch inches
us_length|foot|12|ft foot feet
us_length|yard|36|yard yards yd
us_length|mile|63360|mile miles mi
mass|mg|1|mg milligram milligrams milligramm
mass|g|1000|g gram grams gramm gramme grammes gramo gramos
mass|kg|1000000|kg kilo kilos kilogram kilograms kilogramm kilogrammes kilogramos
mass|t|1000000000|t tonne tonnes tonnen ton tons toneladas tonelada
us_mass|oz|1|oz ounce ounces
us_mass|lb|16|lb lbs pound pounds
time|second|1|s sec second seconds sekunde sekunden seconde secondes segundo segundos
time|minute|60|min mins minute minutes minuten minuto minutos
time|hour|3600|h hr hrs hour hours stunde stunden heure heures hora horas
time|day|86400|day days tag tage tagen jour jours día días
time|week|604800|week weeks woche wochen semaine semaines semana semanas
calendar|month|1|month months monat monate monaten mois mes meses
calendar|year|12|year years yr yrs jahr jahre jahren an ans année années año años
volume|ml|1|ml milliliter milliliters millilitre millilitres mililitros
volume|cl|10|cl centilitres centiliters
volume|l|1000|l liter liters litre litres litern litro litros
celsius|celsius|1|°C ºC celsius
fahrenheit|fahrenheit|1|°F ºF fahrenheit
degree|degree|1|° degree degrees grad degrés grados
kmh|kmh|1|km/h kph kmh
mph|mph|1|mph
power|watt|1|W watt watts
power|kilowatt|1000|kW kilowatt kilowatts
power|megawatt|1000000|MW megawatt megawatts
power|gigawatt|1000000000|GW gigawatt gigawatts
energy|wh|1|Wh
energy|kwh|1000|kWh
energy|mwh|1000000|MWh
energy|gwh|1000000000|GWh
data|kb|1000|KB kB kilobyte kilobytes
data|mb|1000000|MB megabyte megabytes
data|gb|1000000000|GB gigabyte gigabytes
data|tb|1000000000000|TB terabyte terabytes
area|sqm|1|m² m2 sqm qm quadratmeter
area|hectare|10000|ha hectare hectares hektar hectáreas
area|sqkm|1000000|km² km2
acre|acre|1|acre acres
voltage|volt|1|V volt volts
pressure|bar|1|bar
frequency|hz|1|Hz
frequency|khz|1000|kHz
frequency|mhz|1000000|MHz
frequency|ghz|1000000000|GHz
"""


def _read() -> tuple[Mapping[str, Unit], Mapping[str, Unit]]:
    """Unit by written form, those that must be written so apart."""
    loose: dict[str, Unit] = {}
    exact: dict[str, Unit] = {}
    for row in _ROWS.strip().splitlines():
        dimension, name, factor, forms = row.split("|")
        unit = Unit(name, dimension, Fraction(factor))
        for form in forms.split():
            (loose if form == form.casefold() and len(form) > 2 else exact)[form] = unit
    return loose, exact


_LOOSE, _EXACT = _read()
BY_NAME: Mapping[str, Unit] = {unit.name: unit for unit in (*_EXACT.values(), *_LOOSE.values())}
FORMS: tuple[str, ...] = tuple(sorted({*_LOOSE, *_EXACT}, key=len, reverse=True))


def unit_of(form: str) -> Unit | None:
    """The unit that a written form stands for."""
    return _EXACT.get(form) or _LOOSE.get(form.casefold())


def convert(amount: float, unit: str, wanted: str) -> float | None:
    """The amount in another unit of the same dimension; None where that is not exact."""
    source, target = BY_NAME.get(unit), BY_NAME.get(wanted)
    if source is None or target is None or source.dimension != target.dimension:
        return None
    return float(Fraction(str(amount)) * source.factor / target.factor)
