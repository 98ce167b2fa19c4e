"""Reading a condition: its words, numbers and times as demands, each of which a document has to meet. Pure.

"Founded after 2015 and ships to Norway or Sweden" is two demands, the second with two ways to meet it. Whether a
statement meets a demand is judged in `matching.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from parallel_local.findall.clauses import Standing, standing
from parallel_local.findall.frames import LIGHT, NEVER_NAMES, SMALL, framed
from parallel_local.findall.kinds import GENERAL, alike, head
from parallel_local.findall.periods import times
from parallel_local.findall.predicates import PREDICATE, predicates
from parallel_local.findall.quantities import Quantity, quantities
from parallel_local.findall.synonyms import LONGEST, SYNONYMS
from parallel_local.findall.wording import Token, places, tokens
from parallel_local.text.languages import asked_language
from parallel_local.text.tokens import words
from parallel_local.text.values.months import MONTHS

_DOING_WORDS = """
operate operates serve serves run runs accept accepts cover covers reaches
"""
_DOING = frozenset(_DOING_WORDS.split())
_LOCATED = re.compile(
    r"\b(?:based|located|headquartered|situated|seated|ansässig|headquarters|lies|lie|liegt|hauptsitz|sitz|resides?|"
    r"sede|ubicad[oa]s?|situad[oa]s?|radica|stammt|stands?|sits?|lives?|living|wohnt|wohnen|sitzt|held|"
    r"takes? place|findet|statt|tiene lugar|celebra)\b",
    re.IGNORECASE,
)
_MEASURES = (
    (
        "length",
        "longer shorter long length distance lang langer kurzer lange longitud largo larga longest langste",
    ),
    (
        "height",
        "higher taller lower high tall height elevation altitude hoch hoher hohe above altura alto alta tallest "
        "highest hochste",
    ),
    ("weight", "heavier lighter heavy weight weighs schwer schwerer gewicht peso"),
    ("width", "wider narrower wide width breit breiter breite"),
    ("depth", "deeper shallower deep depth tief tiefer tiefe deepest tiefste"),
)
ASPECTS: Mapping[str, str] = {word: aspect for aspect, words in _MEASURES for word in words.split()}
_YEARLY = ("annual",)
PERSONS = frozenset(
    [
        "people",
        "persons",
        "guests",
        "visitors",
        "spectators",
        "menschen",
        "personen",
        "leute",
        "gaste",
        "personas",
    ]
)
_OF_OTHERS = re.compile(r"\b(?:by|to|from|with|for|another|von|durch|por)\b", re.IGNORECASE)
_HAS = re.compile(
    r"(?:(?:has|have|having|hat|haben)(?! (?:\w+ )?(?:been|become|\w+ed)\b)|with|offers?|provides?|includes?|"
    r"features?|mit|bietet|tiene|tienen|con|"
    r"ofrece|dispone)\b",
    re.IGNORECASE,
)
_IN_PLACE = re.compile(
    r"^(?:(?:is|are|be|comes?|kommt|ist|sind|est[áa]n?)\s+)?(?:in|from|near|outside|aus|bei|of|en|"
    r"de)\s+(?:the\s+)?[A-ZÀ-Þ]"
)
_RECENT = re.compile(
    r"\b(?:recent|recently|lately|latest|newly|kürzlich|neulich|zuletzt|past year|last year)\b", re.IGNORECASE
)
_AGE = re.compile(
    r"\b(?:older than|at least|more than|over|younger than|less than|newer than|under|älter als|jünger "
    r"als)\s+(?P<years>\d+)\s+"
    r"(?:years|jahre)(?:\s+(?P<rest>old|ago|alt|in business|of age))?\b",
    re.IGNORECASE,
)
_LAST_YEARS = re.compile(
    r"\b(?:in|within|during|over)\s+the\s+(?:last|past)\s+(?P<years>\d+)\s+years\b", re.IGNORECASE
)
_PLAIN_AND = re.compile(r"\s+(?:and|und|y|as well as|sowie)\s+(?:also\s+)?(?=[A-ZÀ-Þ])")
_OR = re.compile(
    r"\s*,?\s+(?:or|oder|o)\s+(?!(?:más|menos|después|antes|posterior|später|früher|älter|jünger|more|fewer|"
    r"less|later|earlier|older|mehr|weniger|above|below|over|under|not|"
    r"after|before)\b)"
)
_LISTED = re.compile(r",\s+(?=[A-ZÀ-Þ\d])")
_ASIDE = re.compile(r"\s*\((?:e\.?g\.?|i\.?e\.?|z\.\s?B\.|p\. ej\.)?,?\s*(?P<said>[^()]{3,80})\)")
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_MONTHS_OF = re.compile(
    rf"\b({_MONTH})(\s+(?:or|and|oder|und|o|y)\s+)({_MONTH})\s+(?:de\s+)?((?:19|"
    rf"20)\d\d)\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:than|within|under|over|als|unter|über|de)\s+(?P<one>an?|einer?|einem|una?)\s+"
    r"(?=(?:hour|day|week|month|year|stunde|tag|woche|monat|jahr|hora|día|semana|mes|año)\b)",
    re.IGNORECASE,
)
_APART = re.compile(r"\b(findet|finden)\s+(.+?)\s+(statt)\b")  # the halves of a German verb
_SEVERAL = re.compile(r"\b(?:several|multiple|mehrere[nr]?|vari[oa]s)\b", re.IGNORECASE)
_AT_LEAST_TWO = {"s": "at least 2", "m": "at least 2", "v": "al menos 2"}
_NO_MORE = re.compile(
    r"\b(?:no longer|not any ?more|any ?more|any longer|nicht mehr|ya no|used to be|formerly|not currently)\b",
    re.I,
)
_BOUNDS = re.compile(
    r"\b(?:or|oder|o) (?:more|fewer|less|later|earlier|older|mehr|weniger|más|menos)\b|[%€$£+<>≤≥=]",
    re.IGNORECASE,
)
_SIDES_WORDS = """
to from by into aus nach von por
"""
_SIDES = frozenset(_SIDES_WORDS.split())
_JOINTS = [
    "to",
    "in",
    "from",
    "of",
    "with",
    "for",
    "on",
    "at",
    "by",
    "into",
    "about",
    "nach",
    "in",
    "aus",
    "von",
    "mit",
    "für",
    "en",
    "con",
    "de",
]


class Term(msgspec.Struct, frozen=True):
    """A word of a condition, with the phrases that may stand for it. `side` is "to", "from" or "by" before a name."""

    word: str
    options: tuple[tuple[str, ...], ...]
    named: bool = False
    side: str = ""


class Demand(msgspec.Struct, frozen=True):
    """One thing a condition asks for. `of_kind`: its words say what kind of thing it must be.

    `held`: its words are what it must have; `located`: where it must be; `recent`: that it must be new; `aspect`: which
    of its measures is meant, where an adjective says so; `over`: that it is no more; `age`: how old it must be, in
    years; `language`: in which it is asked.
    """

    text: str
    terms: tuple[Term, ...]
    quantities: tuple[Quantity, ...] = ()
    times: tuple[Quantity, ...] = ()
    wanted: Standing = Standing.HOLDS
    of_kind: bool = False
    held: bool = False
    located: bool = False
    recent: bool = False
    aspect: str = ""
    age: Quantity | None = None
    over: bool = False
    language: str = ""


Ways = tuple[Demand, ...]


def read_condition(description: str, kind: str, acronyms: Mapping[str, str]) -> tuple[Ways, ...]:
    """The demands of a condition; of each, the ways to meet it. Empty where it asks for the kind alone."""
    description = _SEVERAL.sub(lambda match: _AT_LEAST_TWO[match.group().casefold()[0]], description)
    description = _MONTHS_OF.sub(
        lambda match: f"{match[1]} {match[4]}{match[2]}{match[3]} {match[4]}", description
    )
    description = _ONE.sub(lambda match: match.group().replace(match["one"], "1"), description)
    description = _APART.sub(r"\1 \3 \2", description)
    core = framed(description.strip().rstrip(".!"), kind).strip(" ,.:")
    found: list[Ways] = []
    for part in _parts(core):
        ways = tuple(demand for text in _ways(part) if (demand := _demand(text, kind, acronyms)) is not None)
        if ways:
            found.append(ways)
    return tuple(found)


def _parts(core: str) -> Iterator[str]:
    """What is joined by "and": two predicates, or one predicate with two names."""
    first = ""
    for part in predicates(core):
        # "has a sauna and a garden": the second thing is had as well.
        alone = not first or bool(PREDICATE.match(part))
        yield from _names_joined(part if alone else _with_other(first, part))
        first = first or part


def _names_joined(part: str) -> Iterator[str]:
    match = None if re.search(r"\b(?:between|zwischen|entre)\b", part) else _PLAIN_AND.search(part)
    if match is None:
        yield part
        return
    yield part[: match.start()]
    yield from _names_joined(_with_other(part[: match.start()], part[match.end() :]))


def _ways(part: str) -> list[str]:
    """What is joined by "or", and what explains it in parentheses: "has no fixed deadline (rolling)"."""
    aside = _ASIDE.search(part)
    if aside:
        outside = f"{part[: aside.start()]} {part[aside.end() :]}"
        return [*_ways(outside), *_ways(aside.group("said"))]
    first, *others = _OR.split(part)
    if others:
        first, *listed = _LISTED.split(first)
        others = [*listed, *others]
    return [first, *(_with_other(first, other) for other in others)]


def _with_other(first: str, other: str) -> str:
    """ "ships to Norway" with "Sweden" is "ships to Sweden"; what has a predicate of its own stands alone."""
    if PREDICATE.match(other) and not re.match(r"(?:in|with|at least|more than)\b", other, re.IGNORECASE):
        return other
    found = first.split()
    last = max(
        (place for place, word in enumerate(found) if word.casefold() in _JOINTS), default=len(found) - 2
    )
    return " ".join([*found[: last + 1], other])


def _demand(text: str, kind: str, acronyms: Mapping[str, str]) -> Demand | None:
    text = text.strip(" ,.;")
    age = _age(text)
    rest = _AGE.sub(" ", _LAST_YEARS.sub(" ", text)) if age else text
    dates = tuple(times(rest, asked=True))
    blanked = _blanked(rest, dates)
    counted = tuple(quantities(blanked, asked=True))
    left = _NO_MORE.sub(" ", _BOUNDS.sub(" ", _blanked(blanked, counted)))
    recent = bool(_RECENT.search(left))
    wanted = standing(_not_bounds(text), None)
    noun = head(kind)
    of_kind = (
        bool(words(left))
        and noun not in GENERAL
        and alike(words(left)[-1], noun)
        and not _OF_OTHERS.search(left)
        and not counted
        and not dates
    )
    located = bool(_LOCATED.search(left)) or bool(_IN_PLACE.match(left))
    bare = not (of_kind or dates or age or any(item.dimension for item in counted))
    terms = tuple(_terms(left, noun if of_kind else "", acronyms, located, bare=bare))
    if of_kind and not terms:
        return None
    if _NO_MORE.search(text) and all(term.word in LIGHT for term in terms) and not counted and not dates:
        return Demand(text, (), wanted=wanted, over=True)
    if not (terms or counted or dates or age):
        return None
    located = located and any(term.named for term in terms)
    held = bool(_HAS.match(text)) and not of_kind
    aspect = (
        next((ASPECTS[token.word] for token in tokens(text) if token.word in ASPECTS), "") if counted else ""
    )
    language = asked_language(text, ("en", "de", "es"))
    return Demand(
        text, terms, counted, dates, wanted, of_kind, held, located, recent, aspect, age, language=language
    )


def _not_bounds(text: str) -> str:
    """A text without what looks like a denial and is a bound: "not more than", "no later than"."""
    return re.sub(
        r"\b(?:not|no) (?:over|above|under|below|before|after|exceeding)\b|\buntil\b|\bmust\b",
        " ",
        text,
        flags=re.I,
    )


def _age(text: str) -> Quantity | None:
    last = _LAST_YEARS.search(text)
    if last:
        return quantities(f"at most {last.group('years')} years", asked=True)[0]
    match = _AGE.search(text)
    if match is None or (
        match.group("rest") is None and not re.match(r"older|younger|newer|älter|jünger", match.group(), re.I)
    ):
        return None
    newer = re.sub(r"newer", "younger", match.group(), flags=re.I)
    return next(iter(quantities(newer, asked=True)), None)


def _blanked(text: str, found: Sequence[Quantity]) -> str:
    """The text with the places of numbers and dates emptied."""
    for item in found:
        text = text[: item.start] + " " * (item.end - item.start) + text[item.end :]
    return text


def _terms(text: str, noun: str, acronyms: Mapping[str, str], located: bool, *, bare: bool) -> list[Term]:
    """The words that have to be said; light ones only where nothing else is left, no number either (`bare`)."""
    found = [token for token in tokens(text) if not _RECENT.fullmatch(token.raw)]
    heavy: list[Term] = []
    light: list[Term] = []
    place = 0
    while place < len(found):
        length, options = _options(found, place, acronyms)
        token = found[place]
        if (
            length == 1
            and (token.word in SMALL or (noun and alike(token.word, noun)))
            and not _is_name(token, place)
        ):
            place += 1
            continue
        term = Term(token.word, options, _is_name(token, place), _side(found, place))
        drop = token.word in LIGHT or _YEARLY in options or (located and bool(_LOCATED.fullmatch(token.raw)))
        (light if drop and (length == 1 or _YEARLY in options) else heavy).append(term)
        place += length
    if heavy and all(term.named for term in heavy):
        # "Operates in Norway" is more than having to do with Norway.
        return heavy + [term for term in light if term.word in _DOING and not located]
    return heavy or [term for term in light if bare and term.word not in GENERAL]


def _options(
    found: Sequence[Token], place: int, acronyms: Mapping[str, str]
) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """The longest known phrase at a place, and what may stand for it."""
    for length in range(min(LONGEST, len(found) - place), 0, -1):
        phrase = tuple(token.word for token in found[place : place + length])
        for key in (" ".join(phrase), *(_inflected(phrase) if length == 1 else ())):
            known = SYNONYMS.get(key)
            if known:
                return length, tuple(dict.fromkeys((phrase, *known)))
    word = found[place].word
    spelled = acronyms.get(word)
    return 1, ((word,), *((tuple(words(spelled)),) if spelled else ()))


def _inflected(phrase: tuple[str, ...]) -> Iterator[str]:
    """Other forms under which a word may be listed: "ship" for "ships"."""
    word = phrase[0]
    yield from (f"{word}s", f"{word}es", word.removesuffix("s"), f"{word.removesuffix('ing')}s", f"{word}e")
    yield from (word.removesuffix(ending) for ending in ("n", "en", "e") if len(word) > 5)


def _is_name(token: Token, place: int) -> bool:
    """A capital at the beginning of a condition says nothing."""
    if not token.raw[0].isupper() or (place == 0 and not token.raw.isupper()):
        return False
    return token.word not in NEVER_NAMES or (len(token.raw) == 1 and place > 0)  # "Hall A"


def _side(found: Sequence[Token], place: int) -> str:
    """The word that governs a name, also over the names before it."""
    if not found[place].raw[0].isupper():
        return ""
    while place and (found[place].raw[0].isupper() or found[place].word == "the"):
        place -= 1
    return found[place].word if found[place].word in _SIDES else ""


def term_places(term: Term, own: Sequence[Token]) -> list[int]:
    """Where a clause says a word of the demand, in any of its ways."""
    words = [token.word for token in own]
    return [place for option in term.options for place in places(option, words)]
