"""What the end of a field's name, or its description, says of the value: its unit, currency and scale. Pure.

`revenue_usd_millions`, `height_m`, "in kilometres". Which words are left to be said is for `field_ask.py`.
"""

import re
from collections.abc import Mapping, Sequence

from parallel_local.answers.field_kinds import LASTS, MONEY
from parallel_local.answers.wordings import Wording, wording
from parallel_local.text.values.money import FIELD as CURRENCY
from parallel_local.text.values.money import currency
from parallel_local.text.values.units import unit_of

_UNIT_WORDS_LISTED = """
years months weeks days hours minutes seconds jahre monate wochen tage stunden minuten sekunden ans annees mois semaines
jours heures anos meses semanas dias horas minutos segundos anni mesi settimane giorni ore minuti secondi
"""
_UNIT_WORDS = frozenset(_UNIT_WORDS_LISTED.split())
_SCALES: Mapping[str, float] = {
    "thousands": 1e3, "thousand": 1e3, "k": 1e3, "millions": 1e6, "million": 1e6, "mio": 1e6, "m": 1e6, "mn": 1e6,
    "billions": 1e9, "billion": 1e9, "bn": 1e9, "mrd": 1e9, "millionen": 1e6, "milliarden": 1e9,
}  # fmt: skip
_EACH = frozenset(
    ["per", "pro", "par", "por", "al", "alla", "all", "je", "au", "le", "la"]
)  # "price per litre"
_NOT_UNITS_WORDS = """
page grad an as second minute hour day week month year jahr tag monat woche stunde annee jour mois heure ano
mes dia hora semana foot yard grand metro
"""
_NOT_UNITS = frozenset(_NOT_UNITS_WORDS.split())
_SUFFIX_UNITS = {
    **{
        "w": "W",
        "kw": "kW",
        "mw": "MW",
        "gw": "GW",
        "wh": "Wh",
        "kwh": "kWh",
        "mwh": "MWh",
        "gwh": "GWh",
        "kb": "KB",
        "mb": "MB",
    },
    **{
        "gb": "GB",
        "tb": "TB",
        "v": "V",
        "hz": "Hz",
        "khz": "kHz",
        "mhz": "MHz",
        "ghz": "GHz",
        "km2": "km²",
        "m2": "m²",
    },
    "c": "celsius",
    "f": "fahrenheit",
    "min": "minute",
    "sec": "second",
    "mins": "minute",
    "hr": "hour",
}
_IN_UNIT = re.compile(
    r"(?:\b(?:in|en)\s+|\()(?P<scale>(?:millions?|thousands?|billions?)\s+(?:of\s+)?)?(?P<unit>[\w°²³/$€£.]+)",
    re.I,
)


def form_of(parts: Sequence[str], description: str) -> tuple[str, str, float, list[str]]:
    """Unit, currency and scale at the end of a name (`revenue_usd_millions`), and the words before them."""
    kept = list(parts)
    unit = money = ""
    scale = 1.0
    while len(kept) > 1:
        last = kept[-1]
        double = unit_of(f"{kept[-2]} {last}")
        if double is not None and not unit and len(kept) > 2:
            unit = double.name
            del kept[-2:]
            continue
        known = unit_of(_SUFFIX_UNITS.get(last, last)) or (
            unit_of(f"{last[:-1]}") if last.endswith("s") else None
        )
        if last in _SCALES and not (last == "m" and not money and not _is_money(kept)):
            scale = _SCALES[last]
        elif (len(last) == 3 or last.endswith("s")) and currency(last):
            money = currency(last)
        elif known is not None and not unit and not money and _is_unit(last, kept[:-1]):
            unit = known.name
        elif last not in ("in", "of", "us"):
            break
        kept.pop()
    for word in kept if len(kept) > 1 and not unit else ():
        named = unit_of(word) if word in _UNIT_WORDS else None
        if named is not None:
            unit = named.name
            kept.remove(word)
            break
    for match in _IN_UNIT.finditer(description):
        word = match.group("unit").strip(".")
        known = unit_of(word)
        unit = unit or (known.name if known else "")
        if match.group("scale"):
            scale = _SCALES[match.group("scale").split()[0].casefold()]
    stated = CURRENCY.search(description)
    return unit, money or (currency(stated.group()) if stated else ""), scale, kept


def _is_unit(word: str, before: Sequence[str]) -> bool:
    """Whether the last word of a name is a unit: not in `per_day`, and "min" is minutes only of what lasts."""
    return word not in _NOT_UNITS and before[-1] not in _EACH and (word != "min" or _lasts(before))


def _lasts(parts: Sequence[str]) -> bool:
    """Whether a name asks for a length of time, so that "min" is minutes and no minimum."""
    found = wording(parts)
    return bool(LASTS.search(" ".join(parts))) or bool(found and found[0].kind == "time")


def _is_money(parts: Sequence[str]) -> bool:
    found = wording(parts[:-1])
    return bool(MONEY.search(" ".join(parts))) or bool(found and found[0].kind == "money")


def dimension(unit: str, found: tuple[Wording, int, int] | None, label: str) -> str:
    """What a field measures, by its unit or by what it is called."""
    known = unit_of(unit) if unit else None
    if known is not None:
        return known.dimension
    kinds = ("length", "mass", "area", "celsius", "time", "kmh")
    if found and found[0].kind in kinds:
        return found[0].kind
    return "time" if LASTS.search(label) else ""
