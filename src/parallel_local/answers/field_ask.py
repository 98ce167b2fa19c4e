"""What a field asks for: the words that must be said, the kind of value, its unit, currency and scale. Pure.

Read off the field's name, title, description and type; where in the documents it stands is looked for elsewhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from parallel_local.answers.field_kinds import LASTS, MONEY, Kind, is_iso, kind_of
from parallel_local.answers.mentions import Phrases
from parallel_local.answers.schema_view import Node
from parallel_local.answers.wordings import Wording, wording
from parallel_local.retrieval.query import Query
from parallel_local.text.tokens import fold, stems, stop_words, words
from parallel_local.text.values.money import FIELD as CURRENCY
from parallel_local.text.values.money import currency
from parallel_local.text.values.names import proper_names
from parallel_local.text.values.units import BY_NAME, unit_of
from parallel_local.text.words import tokens as written_tokens


class Lexicon(msgspec.Struct, frozen=True):
    """How the library reads words: queries, their weights, and the weight of a word that no document has."""

    query: Callable[[str], Query]
    weigh: Callable[[Query], Mapping[str, float]]
    unseen: float


class Demand(msgspec.Struct, frozen=True):
    """An idea that must be mentioned. `known` says whether any document has it."""

    word: str
    phrases: Phrases
    weight: float
    known: bool = True


class FieldAsk(msgspec.Struct, frozen=True):
    """A field, understood.

    `demands` must be said; `wishes` come from the description and make an answer surer; `strict` are names and years
    in it, which must be said as well. `dimension` is what a measure measures, `unit` what the value is wanted in.
    """

    label: str
    text: str
    node: Node
    kind: Kind
    demands: tuple[Demand, ...]
    wishes: tuple[Demand, ...] = ()
    strict: tuple[str, ...] = ()
    unit: str = ""
    dimension: str = ""
    currency: str = ""
    scale: float = 1.0
    iso: bool = False
    end: str = ""

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the field's own words have something, such as "planned" or "former"."""
        return bool(pattern.search(self.text))


_SHARES = frozenset(
    ["share", "rate", "anteil", "quote", "part", "taux", "tasa", "cuota", "prozent", "pourcentage"]
)
_YEAR_NUMBER = re.compile(r"(?:19|20)\d\d")
_OPEN = frozenset(
    ["answer", "answers", "response", "result", "reply", "output", "it", "antwort", "ergebnis", "réponse"]
)
_UNIT_WORDS = frozenset(["years", "months", "weeks", "days", "hours", "minutes", "seconds"])
_SPANS = frozenset(["period", "duration", "length", "interval", "frist", "dauer", "durée", "plazo"])
_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|[_\-./\s]+")
_SCALES: Mapping[str, float] = {
    "thousands": 1e3, "thousand": 1e3, "k": 1e3, "millions": 1e6, "million": 1e6, "mio": 1e6, "m": 1e6, "mn": 1e6,
    "billions": 1e9, "billion": 1e9, "bn": 1e9, "mrd": 1e9, "millionen": 1e6, "milliarden": 1e9,
}  # fmt: skip
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
_FORMS_WORDS = """
per contains contain enthält contient contiene time times company companies firm unternehmen firma name
names full number count amount total value type list size date year url the of in a an for and is are
was field current currently official exact overall main primary approximate given num nr anzahl zahl jahr
datum betrag nombre numéro número fecha année año person persons people who when where what how which many
much long tall wer wann wo qui quand où quién cuándo dónde title info information details text string city
country town place ort stadt land ville pays lieu ciudad país lugar usd eur gbp percent percentage pct
"""
_FORMS = frozenset(_FORMS_WORDS.split())
_FILLERS_WORDS = """
company companies person organization organisation entity product document documents text stated mentioned
according written given if any available known null unknown otherwise none value field e.g eg example such
format iso yyyy mm dd string integer number boolean true false whether return provide extract exact exactly
full name current official total amount date year count list all per that this with from has have had been
being be does its their whose who which what when where how many much url link unit units currency million
millions thousand thousands usd eur dollars euros united us metres meters kilometres hours minutes days
percent percentage in as at on by to or not only also numeric figure approximate currently latest recent
most last first place person people item items subject firm business employer book film building describes
describe description short brief concise one sentence der die das des den dem von im in am wie viele wird
ist le la les des du de nom el los las del
"""
_FILLERS = frozenset(_FILLERS_WORDS.split())
_LOW = re.compile(r"\b(?:min|minimum|minimal|lowest|from|lower|mindest\w*|least)\b", re.IGNORECASE)
_HIGH = re.compile(r"\b(?:max|maximum|maximal|highest|upper|höchst\w*|most|limit)\b", re.IGNORECASE)


def label_of(name: str) -> str:
    """The words of a field's name: `foundedYear` and `founded_year` are "founded year"."""
    return " ".join(part for part in _CAMEL.split(name) if part).strip()


def understand(label: str, node: Node, lexicon: Lexicon) -> FieldAsk:
    """The field as asked for: what it is called, then what must be said of it, and what had better be."""
    lexicon = _spelled(lexicon, f"{label} {node.description}")
    parts = words(label)
    plain = node.type == "boolean" or bool(node.options())
    unit, money, scale, kept = ("", "", 1.0, parts) if plain else _tail(parts, node.description)
    found = _wording(kept)
    text = f"{label} {node.title} {node.description}".strip()
    kind = kind_of(label, text, node, found[0] if found else None, unit, money)
    opened = found is None and not unit and not money
    kept = [] if opened and all(word in _FORMS or word in _OPEN for word in kept) else kept
    years = [word for word in kept if _YEAR_NUMBER.fullmatch(word)]
    soft = [] if found else _soft(kept, kind)
    ends = [word for word in kept if _LOW.fullmatch(word) or _HIGH.fullmatch(word)]
    soft = [*soft, *(ends if len(ends) < len(kept) else [])]
    kept = [word for word in kept if word not in (*soft, *years)]
    found = found and _wording(kept)
    demands = _demands(kept, found, lexicon)
    if not demands and node.description:
        return _described(label, text, node, lexicon)
    wishes = _plain([*soft, *_content(node.description, [*kept, *years])], lexicon)
    return FieldAsk(
        label=label, text=text, node=node, kind=kind, demands=demands, wishes=wishes,
        strict=(*_strict(node.description), *years), unit=unit, dimension=_dimension(unit, found, label),
        currency=money, scale=scale, iso=is_iso(node), end=_end(label),
    )  # fmt: skip


def _soft(parts: Sequence[str], kind: Kind) -> list[str]:
    """Words that the value itself says: the "share" of a percentage, the "period" of a time."""
    if kind is Kind.PERCENT:
        return [word for word in parts if word in _SHARES]
    found = [word for word in parts if word in _SPANS] if kind is Kind.MEASURE else []
    return found if len(found) < len(parts) else []


def _spelled(lexicon: Lexicon, text: str) -> Lexicon:
    """A lexicon that asks for folded words as they are written: stemmers need their accents."""
    written = {fold(token): token for token in written_tokens(text)}

    def query(asked: str) -> Query:
        return lexicon.query(" ".join(written.get(word, word) for word in asked.split()))

    return msgspec.structs.replace(lexicon, query=query)


def _end(label: str) -> str:
    """Which end of a range a field asks for."""
    return "low" if _LOW.search(label) else "high" if _HIGH.search(label) else ""


def _wording(parts: Sequence[str]) -> tuple[Wording, int, int] | None:
    return wording(parts) or wording([_umlauts(word) for word in parts])


def _umlauts(word: str) -> str:
    """A name without umlauts as the fold has it: `gruendung` is `grundung`."""
    return word.replace("ue", "u").replace("oe", "o").replace("ae", "a")


def _described(label: str, text: str, node: Node, lexicon: Lexicon) -> FieldAsk:
    """A field whose name says nothing is what its description says."""
    parts = [word for word in words(node.description) if word not in _FILLERS]
    found = wording(parts)
    unit, money, scale, _ = _tail(parts, node.description)
    kind = kind_of(node.description, text, node, found[0] if found else None, unit, money)
    names = {word for name in _strict(node.description) for word in words(name)}
    demands = _demands(
        [word for word in parts if word not in names], wording([w for w in parts if w not in names]), lexicon
    )
    return FieldAsk(
        label=label, text=text, node=node, kind=kind, demands=demands, strict=_strict(node.description), unit=unit,
        dimension=_dimension(unit, found, node.description), currency=money, scale=scale, iso=is_iso(node),
    )  # fmt: skip


def _tail(parts: Sequence[str], description: str) -> tuple[str, str, float, list[str]]:
    """Unit, currency and scale at the end of a name (`revenue_usd_millions`), and the words before them."""
    kept = list(parts)
    unit = money = ""
    scale = 1.0
    while len(kept) > 1:
        last = kept[-1]
        known = unit_of(_SUFFIX_UNITS.get(last, last)) or (
            unit_of(f"{last[:-1]}") if last.endswith("s") else None
        )
        if last in _SCALES and not (last == "m" and not money and not _is_money(kept)):
            scale = _SCALES[last]
        elif len(last) == 3 and currency(last):
            money = currency(last)
        elif known is not None and not unit and _is_unit(last, kept[:-1]):
            unit = known.name
        elif last not in ("in", "of", "us"):
            break
        kept.pop()
    for word in kept if len(kept) > 1 and not unit else ():
        if word in _UNIT_WORDS:
            unit = BY_NAME[word.removesuffix("s")].name
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
    return word not in _NOT_UNITS and before[-1] != "per" and (word != "min" or _lasts(before))


def _lasts(parts: Sequence[str]) -> bool:
    """Whether a name asks for a length of time, so that "min" is minutes and no minimum."""
    found = wording(parts)
    return bool(LASTS.search(" ".join(parts))) or bool(found and found[0].kind == "time")


def _is_money(parts: Sequence[str]) -> bool:
    found = wording(parts[:-1])
    return bool(MONEY.search(" ".join(parts))) or bool(found and found[0].kind == "money")


def _dimension(unit: str, found: tuple[Wording, int, int] | None, label: str) -> str:
    known = unit_of(unit) if unit else None
    if known is not None:
        return known.dimension
    kinds = ("length", "mass", "area", "celsius", "time", "kmh")
    if found and found[0].kind in kinds:
        return found[0].kind
    return "time" if LASTS.search(label) else ""


def _demands(
    parts: Sequence[str],
    found: tuple[Wording, int, int] | None,
    lexicon: Lexicon,
) -> tuple[Demand, ...]:
    """The known thing that the label names, and every other word of it that is not only its form."""
    if found is None:
        return _plain([word for word in parts if word not in _FORMS], lexicon)
    known, start, end = found
    name = " ".join(parts[start:end])
    stemmed = {tuple(stems(name)), *(tuple(stems(" ".join(label))) for label in known.labels)}
    rest = [word for word in (*parts[:start], *parts[end:]) if word not in _FORMS]
    lead = Demand(name, Phrases(tuple(stemmed), known.said), 4.0)
    return (lead, *(_demands(rest, wording(rest), lexicon) if rest else ()))


def _plain(parts: Sequence[str], lexicon: Lexicon) -> tuple[Demand, ...]:
    parts = [word for word in parts if len(word) > 3 or not _is_small(word)] or list(parts)
    if not parts:
        return ()
    asked = lexicon.query(" ".join(parts))
    weight = lexicon.weigh(asked)
    return tuple(
        Demand(
            term.word,
            Phrases(tuple(term.alternatives), _doing(term.word)),
            max(weight[term.word], 0.5),
            weight[term.word] < lexicon.unseen,
        )
        for term in asked.terms
        if not all(word in _FORMS for word in term.word.split())
    )


def _is_small(word: str) -> bool:
    """Whether a short word is a function word of one of the languages that fields are named in."""
    return any(word in stop_words(language) for language in ("de", "fr", "es"))


def _doing(word: str) -> tuple[tuple[str, ...], ...]:
    """What a doer does: a translator is found in "translated by"."""
    return ((f"{word[:-2]}*",),) if word.endswith(("or", "er")) and len(word) >= 8 else ()


def _content(description: str, label: Sequence[str]) -> list[str]:
    """Words of a description that say more than the name does."""
    known = set(stems(" ".join(label)))
    return [word for word in words(description) if word not in _FILLERS and not set(stems(word)) <= known][
        :12
    ]


def _strict(description: str) -> tuple[str, ...]:
    """Names and years inside a description, after its first word."""
    found = [value.text for value in proper_names(description) if value.start > 0]
    years = re.findall(r"\b(?:19|20)\d\d\b", description)
    return tuple(name for name in (*found, *years) if len(name) > 2 and not name.isupper())
