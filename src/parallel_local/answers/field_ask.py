"""What a field asks for: the words that must be said, the kind of value, its unit, currency and scale. Pure.

Read off the field's name, title, description and type; where in the documents it stands is looked for elsewhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from parallel_local.answers.field_kinds import Kind, is_iso, kind_of
from parallel_local.answers.field_units import dimension, form_of
from parallel_local.answers.mentions import Phrases, Span
from parallel_local.answers.schema_view import Node
from parallel_local.answers.stated import negated
from parallel_local.answers.wordings import Wording, wording
from parallel_local.retrieval.query import Query
from parallel_local.text.tokens import fold, stems, stop_words, words
from parallel_local.text.values.names import proper_names
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

    def unbound(self, spans: Sequence[Sequence[Span]]) -> tuple["FieldAsk", list[Sequence[Span]]]:
        """The field without its word for an end of a period, which a period says by its form; so its `spans`."""
        kept = [
            at
            for at, demand in enumerate(self.demands)
            if not (_FIRST.search(demand.word) or _LAST.search(demand.word))
        ]
        asked = msgspec.structs.replace(self, demands=tuple(self.demands[at] for at in kept))
        return asked, [spans[at] for at in kept]

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the field's own words have something, such as "planned" or "former"."""
        return bool(pattern.search(self.text))


_SHARES = frozenset(
    ["share", "rate", "anteil", "quote", "part", "taux", "tasa", "cuota", "prozent", "pourcentage"]
)
_YEAR_NUMBER = re.compile(r"(?:19|20)\d\d")
_OPEN = frozenset(
    ["answer", "answers", "response", "result", "reply", "output", "it", "antwort", "ergebnis", "reponse"]
)
_SPANS = frozenset(["period", "duration", "length", "interval", "frist", "dauer", "duree", "plazo"])
_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|[_\-./\s]+")
_FORMS_WORDS = """
per contains contain enthält contient contiene time times company companies firm unternehmen firma name
names full number count amount total value type list size date year url the of in a an for and is are
was field current currently official exact overall main primary approximate given num nr anzahl zahl jahr
datum betrag nombre numéro número fecha année año person persons people who when where what how which many
much long tall wer wann wo qui quand où quién cuándo dónde title info information details text string city
country town place ort stadt land ville pays lieu ciudad país lugar usd eur gbp percent percentage pct data anno
numero nome tag wert menge
"""
_FORMS = frozenset(words(_FORMS_WORDS))
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
_FILLERS = frozenset(words(_FILLERS_WORDS))
_LOW = re.compile(r"\b(?:min|minimum|minimal|lowest|from|lower|mindest\w*|least)\b", re.IGNORECASE)
_HIGH = re.compile(r"\b(?:max|maximum|maximal|highest|upper|höchst\w*|most|limit)\b", re.IGNORECASE)


_TAILS_WORDS = """
datum jahr tag dauer zeit preis kosten gebuhr betrag summe zahl anzahl nummer name ort gewicht hohe lange breite tiefe
temperatur alter grad menge ende beginn quote anteil wert frist
"""
_TAILS = tuple(sorted(_TAILS_WORDS.split(), key=len, reverse=True))
_SHORTEST_HEAD = 4
_STEMMED = ("en", "de", "fr", "es", "it")  # the languages of the known wordings
_FIRST = re.compile(
    r"\b(?:start\w*|begin\w*|from|since|beginn|anfang|ab|seit|début|depuis|inicio|desde|inizio|dal|início|apertura|ouverture|öffnung|eröffnung|start\w*|opening|\w{4,}beginn)\b",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"\b(?:end\w*|until|till|to|expir\w*|ende|bis|ablauf|fin|jusqu|fine|hasta|fino|chiusura|término|einde|closing|last|\w{4,}ende|fermeture|schließung|cierre)\b",
    re.IGNORECASE,
)


def label_of(name: str) -> str:
    """The words of a field's name: `foundedYear` and `founded_year` are "founded year"."""
    return " ".join(part for part in _CAMEL.split(name) if part).strip()


def understand(label: str, node: Node, lexicon: Lexicon) -> FieldAsk:
    """The field as asked for: what it is called, then what must be said of it, and what had better be."""
    lexicon = _spelled(lexicon, f"{label} {node.description}")
    parts = words(label)
    plain = node.type == "boolean" or bool(node.options())
    unit, money, scale, kept = ("", "", 1.0, parts) if plain else form_of(parts, node.description)
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
    kept = [part for word in kept for part in _parts(word, lexicon)] if found is None else kept
    found = found or _wording(kept)
    demands = _demands(kept, found, lexicon)
    if not demands and node.description:
        return _described(label, text, node, lexicon)
    wishes = _plain([*soft, *_content(node.description, [*kept, *years])], lexicon)
    return FieldAsk(
        label=label, text=text, node=node, kind=kind, demands=demands, wishes=wishes,
        strict=(*_strict(node.description), *years), unit=unit, dimension=dimension(unit, found, label),
        currency=money, scale=scale, iso=is_iso(node), end=_end(" ".join([label, *kept]), kind),
    )  # fmt: skip


def _parts(word: str, lexicon: Lexicon) -> list[str]:
    """A German compound that no document has, in two: `operationsdauer` is the duration of the operation."""
    tail = next((tail for tail in _TAILS if word.endswith(tail)), "")
    head = word.removesuffix(tail)
    if (
        not tail
        or len(head) < _SHORTEST_HEAD
        or lexicon.weigh(lexicon.query(word)).get(word, 0.0) < lexicon.unseen
    ):
        return [word]
    return [head[:-1] if head.endswith("s") and len(head) > _SHORTEST_HEAD else head, tail]


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


def _end(label: str, kind: Kind) -> str:
    """Which end of a range a field asks for, or of a period."""
    if kind in (Kind.DATE, Kind.YEAR):
        return "low" if _FIRST.search(label) else "high" if _LAST.search(label) else ""
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
    unit, money, scale, _ = form_of(parts, node.description)
    kind = kind_of(node.description, text, node, found[0] if found else None, unit, money)
    names = {word for name in _strict(node.description) for word in words(name)}
    demands = _demands(
        [word for word in parts if word not in names], wording([w for w in parts if w not in names]), lexicon
    )
    return FieldAsk(
        label=label, text=text, node=node, kind=kind, demands=demands, strict=_strict(node.description), unit=unit,
        dimension=dimension(unit, found, node.description), currency=money, scale=scale, iso=is_iso(node),
    )  # fmt: skip


def _demands(
    parts: Sequence[str],
    found: tuple[Wording, int, int] | None,
    lexicon: Lexicon,
) -> tuple[Demand, ...]:
    """The known thing that the label names, and every other word of it that is not only its form."""
    if found is None:
        return _plain([word for word in parts if word not in _FORMS and not _is_elided(word)], lexicon)
    known, start, end = found
    name = " ".join(parts[start:end])
    called = {name, *(" ".join(label) for label in known.labels)}
    stemmed = {tuple(stems(label, language)) for label in called for language in _STEMMED}
    rest = [
        word for word in (*parts[:start], *parts[end:])
        if word not in _FORMS and not _is_elided(word) and (not _is_small(word) or negated(word))
    ]  # fmt: skip
    lead = Demand(name, Phrases(tuple(stemmed), known.said), 4.0)
    return (lead, *(_demands(rest, wording(rest), lexicon) if rest else ()))


def _plain(parts: Sequence[str], lexicon: Lexicon) -> tuple[Demand, ...]:
    parts = [word for word in parts if not _is_small(word) or negated(word)] or list(parts)
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


def _is_elided(word: str) -> bool:
    """Whether a word is only what an apostrophe left over: `année_d_ouverture`."""
    return word in ("d", "l", "s")


def _is_small(word: str) -> bool:
    """Whether a word is a function word of one of the languages that fields are named in."""
    return any(word in stop_words(language) for language in ("de", "fr", "es", "it", "pt"))


def _doing(word: str) -> tuple[tuple[str, ...], ...]:
    """What a doer does: a translator is found in "translated by"."""
    if word.endswith("arzt"):
        return ((f"{word}*",),)  # "Hausärztin"
    if word.endswith("erin") and len(word) >= 7:
        return ((f"{word[:-4]}*",),)
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
