"""What prose says a thing is: "Acme is a robotics company", "Brill, a maker of …", "the vendors are Foo and Bar". Pure.

One sentence at a time; where a name stands without a sentence (titles, lists, tables) is read in `declarations.py`.
"""

import re
from collections.abc import Iterator

import msgspec

from parallel_local.findall.kinds import is_company_noun, is_plural, is_role
from parallel_local.text.tokens import STOPWORDS

_W = r"[A-ZÀ-Þ][\w&+-]*(?:[’'](?!s\b)\w+)*(?:\.(?=\w)\w+)*"
_JOINT = r"(?:of|the|de|la|le|du|des|del|da|di|van|von|der|den|zu|am|im|an)"
# Words that begin a sentence with a capital and no name.
_NO_NAME = (
    "Unlike|Until|In|On|At|For|From|With|Since|After|Before|By|During|While|When|If|As|Although|Though|"
    "Because|This|That|These|"
    "Those|Its|Their|Our|My|His|Her|It|They|We|He|She|You|There|Some|Many|Most|All|Each|Every|Both|Neither|"
    "Either|Other|Another|"
    "Such|No|Not|Only|Also|But|And|Or|So|Yet|Like|Compared|According|Despite|Today|Now|Currently|Recently|"
    "However|Meanwhile|"
    "Besides|Apart|Im|Am|Ein|Eine|Mit|Bei|Seit|Nach|Vor|Von|Aus|Für|Es|Er|Sie|Wir|Around|About|Over|Nearly|"
    "Almost|More|Under"
)
NAME = rf"(?!(?:{_NO_NAME})\b)(?:{_W}|\d+[A-ZÀ-Þ][\w-]*)(?:\s+(?:&\s+|{_JOINT}\s+){{0,2}}(?:{_W}|\d[\w-]*))*"
_LIST = rf"{NAME}(?:(?:\s*,\s+(?:(?:and|und|or|oder)\s+)?|\s+(?:and|und|or|oder|sowie)\s+){NAME})*"
_ASIDE = r"(?:\s*\([^)]*\)|,[^,.;]{1,80},)?"
_BE = r"(?:is|are|was|were|remains|ist|sind|war|waren|es|son|era|eran|fue)"
_ADVERBS = r"(?:(?:also|still|now|today|currently|both|all|auch|noch|beide|derzeit)\s+)*"
_DETERMINER = (
    r"(?:an?|one of (?:the|our|my)|the|our|my|their|its|ein|eine|eine[rs]? der|der|die|das|unsere?r?"
    r"|una?|uno de los|una de las|el|la|los|las|[\w-]+[’']s)\s+"
)
_PHRASE = r"[\w’'&-]+(?:\s+[\w’'&-]+){0,8}"
_LEAD = r"(?:(?:In|Since|At|On|With|For|Based in|Today|However|Unlike|Founded)\b[^,]{0,60},\s+)?"

_IS = re.compile(
    rf"^{_LEAD}(?:(?:The|Our|Die|Der|Das|El|La|Los|Las)\s+)?(?P<names>{_LIST}){_ASIDE}\s+{_BE}\s+{_ADVERBS}"
    rf"(?P<det>{_DETERMINER})?(?P<phrase>{_PHRASE})"
)
_APPOSITION = re.compile(
    rf"(?P<names>{NAME})\s*(?:,|\(|[–—-]\s)\s*(?:which is|who is|both)?\s*"
    rf"(?:an?|the|our|another|one of (?:the|our)|ein|eine|der|die|unser|unsere|two|un|una)\s+(?P<phrase>{_PHRASE})"
)
_BY_ROLE = re.compile(rf"(?P<names>{_W}(?:\s+{_W})+)\s*(?:,|\()\s*(?P<phrase>[\w-]+(?:\s+[a-z-]+)?)\b")
_ARE_NAMED = re.compile(
    rf"^(?:The|Our|My|These|Its|Their|Current|Die|Der|Unsere?|[\w-]+[’']s)\s+(?P<phrase>[^.:;,]{{2,80}}?)"
    rf"(?:\s+(?:are|is|were|was|includes?|sind|ist|heißen)\s*:?|:)\s+{_ADVERBS}(?P<names>{_LIST})\s*(?=[.,;(]|$)"
)
_SUCH_AS = re.compile(
    rf"(?P<phrase>{_PHRASE}?)(?:,?\s+(?:such as|like|including|namely|especially|wie|darunter)|:)\s+"
    rf"(?P<names>{_LIST})"
)
_AND_OTHER = re.compile(rf"(?P<names>{_LIST}),?\s+(?:and|or|und)\s+(?:other|andere)\s+(?P<phrase>{_PHRASE})")
_REVERSED = re.compile(
    rf"\b(?:[Aa]nother|[Aa]n?|[Tt]he|[Oo]ne|[Oo]ur|[Ee]ine?|[Dd]er|[Dd]ie|[Uu]nsere?r?)\s+"
    rf"(?P<phrase>(?:[\w-]+\s+){{0,3}}?[\w-]+),\s+(?P<names>{NAME})(?=[,.;])"
)
_TITLED = re.compile(
    rf"(?P<det>\b(?:[Tt]he|[Oo]ur|[Aa]n?|[Tt]heir|[Ii]ts|[Dd]er|[Dd]ie|[Dd]as|[Uu]nsere?r?|[Mm]it|"
    rf"[Nn]eighbouring|[Rr]ival"
    rf"|[Ff]ellow|[Ff]ormer)\s+(?:[\w-]+\s+){{0,2}}?|^|,\s+)(?P<phrase>[A-Z]?[a-zäöüß][\w-]+)\s+(?P<names>{_LIST})"
)
_DOTTED = re.compile(r"\b(Inc|Ltd|Co|Corp|Bros|St|Dr|Mr|Mrs|Ms|Prof|Pty|e\.V)\.")
_SPLIT = re.compile(r"\s*,\s+(?:(?:and|und|or|oder)\s+)?|\s+(?:and|und|or|oder|sowie)\s+")
_HARD_WORDS = """
in from of that which who with for near on at by to whose where since but as than about under over between
when while because so if among we i you they it its their our has have had is are was were aus von mit für
fur nach über vor gegen durch unter zwischen der die das den dem des bei seit oder zur zum am im wo mehr auf an ab
de del en con para por que y e o u su sus al desde entre sobre según muy
"""
_HARD = frozenset(_HARD_WORDS.split())
_SORTS_WORDS = """
kind type sort form art
"""
_SOFT_WORDS = """
and und & built made run led known set sold born held grown written won owned
"""
_SOFT = frozenset(_SOFT_WORDS.split())
_SORTS = frozenset(_SORTS_WORDS.split())
_NOBODY_WORDS = """
however meanwhile today yesterday recently later then instead still thus therefore finally moreover also
first overall currently originally initially there this that these it he she they we you i who what here now
all both monday tuesday wednesday thursday friday saturday sunday january february march april may june july
august september october november december montag dienstag mittwoch donnerstag freitag samstag sonntag
unlike in the a an our my his her its their if when while since according es er sie wir das die der el la los
las un una su sus en se meisten most rest latter
"""
_NOBODY = frozenset(_NOBODY_WORDS.split())
_COUNTING_WORDS = """
some many most about all few several in on at over nearly almost around since
"""
_COUNTING = frozenset(_COUNTING_WORDS.split())
_PLACING_WORDS = """
in near outside across around within on unlike bei
"""
_PLACING = frozenset(_PLACING_WORDS.split())


AGENTS = {
    "provides": "provider", "makes": "maker", "sells": "seller",
    "supplies": "supplier", "manufactures": "manufacturer", "produces": "producer",
    "builds": "builder", "develops": "developer", "publishes": "publisher",
    "operates": "operator", "distributes": "distributor", "brews": "brewer",
    "insures": "insurer", "exports": "exporter", "imports": "importer",
}  # fmt: skip
_ACTS = re.compile(rf"^(?:The\s+)?(?P<names>{NAME}){_ASIDE}\s+(?P<verb>{'|'.join(AGENTS)})\b")

_WORKS_AS = re.compile(
    rf"^(?P<names>{NAME})\s+(?:works|worked|is employed|arbeitet|trabaja)\s+(?:as|als|como|de)\s+(?:an?\s+|"
    rf"una?\s+)?(?P<phrase>{_PHRASE})"
)

_FIRST = re.compile(
    rf"^(?P<name>{NAME}(?:\s+&\s+{_W})?)(?:,|\s+\(|\s+(?:[a-zà-ÿ]+s|[a-zà-ÿ]+ed|is|was|has|ist|"
    rf"hat|tiene|es)\b)"
)


class Named(msgspec.Struct, frozen=True):
    """A name and a phrase that says what it is; the phrase's last word is its noun.

    `leads` tells that the sentence is about the name: it begins with it and says what it is; `strong` that it says
    so outright, not only by listing the name.
    """

    name: str
    kind: str
    leads: bool = False
    strong: bool = False


def named(sentence: str) -> Iterator[Named]:
    """Everything a sentence without markup says is a thing of some kind."""
    sentence = _DOTTED.sub(r"\1", sentence)
    yield from _said_to_be(sentence)
    acting = _ACTS.match(sentence)
    if acting:
        for name in names_in(acting.group("names")):
            yield Named(name, AGENTS[acting.group("verb")])
    for pattern in (_APPOSITION, _REVERSED, _ARE_NAMED, _SUCH_AS, _AND_OTHER):
        for match in pattern.finditer(sentence):
            if not _begins_placed(sentence, match):
                outright = pattern in (_APPOSITION, _REVERSED)
                for item in _each(match, plural=pattern in (_SUCH_AS, _AND_OTHER)):
                    yield msgspec.structs.replace(item, strong=outright)
    for match in _TITLED.finditer(sentence):
        noun = match.group("phrase")
        bare = not match.group("det").strip(" ,")
        if _can_title(noun) and (
            noun.islower() or not bare or is_role(noun.casefold()) or is_company_noun(noun)
        ):
            yield from _each(match)
    working = _WORKS_AS.match(sentence)
    if working:
        yield from (msgspec.structs.replace(item, strong=True) for item in _each(working))
    for match in _BY_ROLE.finditer(sentence):
        if is_role(kinds_of(match.group("phrase"))[0].casefold()):
            yield from _each(match)


def _can_title(noun: str) -> bool:
    """Whether a word before a name may say what it is: "vendor Foo", not "with Foo"."""
    folded = noun.casefold()
    return folded not in _HARD | _NOBODY | STOPWORDS and not folded.endswith("ly")


def _begins_placed(sentence: str, match: re.Match[str]) -> bool:
    """ "In Hamburg, a company …" does not say what Hamburg is."""
    before = sentence[: match.start("names")].split()
    return bool(before) and before[-1].casefold() in _PLACING


def _said_to_be(sentence: str) -> Iterator[Named]:
    match = _IS.match(sentence)
    if match is None:
        return
    phrases = kinds_of(match.group("phrase"))
    for item in _each(match):
        noun = item.kind.rpartition(" ")[2]
        german = noun[:1].isupper() and re.search(r"\s(?:ist|sind|war|waren)\s", sentence)
        if match.group("det") or (noun.islower() and is_plural(noun)) or is_role(noun.casefold()) or german:
            yield msgspec.structs.replace(item, leads=item.kind == phrases[0], strong=True)


def _each(match: re.Match[str], *, plural: bool = False) -> Iterator[Named]:
    """Every name with every kind; with `plural` only kinds that several things can be."""
    said = match.group("phrase")
    for name in names_in(match.group("names")):
        for phrase in [_trailing(said)] if plural else kinds_of(said):
            if phrase and (not plural or is_plural(phrase.rpartition(" ")[2].casefold())):
                yield Named(name, phrase)


def first_name(sentence: str) -> str:
    """The name that a sentence begins with and says something of, or nothing."""
    match = _FIRST.match(sentence)
    return next(iter(names_in(match.group("name"))), "") if match else ""


def names_in(listed: str) -> list[str]:
    """The single names of a list of names; words that begin a sentence are none."""
    found = [name.strip(" ,.") for name in _SPLIT.split(listed)]
    return [
        name
        for name in found
        if name and name.casefold() not in _NOBODY and name.split()[0].casefold() not in _COUNTING
    ]


def kinds_of(phrase: str) -> list[str]:
    """The noun phrases of a description, each ending in its noun: "bakery and café in Bern" gives two."""
    words = phrase.replace(",", " ").split()
    if not words or words[0].casefold() in _HARD | _NOBODY or words[0][0].isdigit():
        return [""]
    if len(words) > 2 and words[0].casefold() in _SORTS and words[1] == "of":
        words = words[2:]
    end = next((place for place, word in enumerate(words) if place and word.casefold() in _HARD), len(words))
    words = words[:end] or words[:1]
    ends = [place for place, word in enumerate(words) if place and _is_soft(word)]
    found = [" ".join(words)] + [" ".join(words[:place]) for place in ends]
    return [item for item in dict.fromkeys(found) if not _is_soft(item.rpartition(" ")[2])] or [""]


def _trailing(phrase: str) -> str:
    """The noun phrase that a text ends in: "we use cheap carriers" gives "cheap carriers"."""
    words = phrase.split()
    start = max((place + 1 for place, word in enumerate(words) if word.casefold() in _HARD), default=0)
    return " ".join(words[max(start, len(words) - 3) :])


def _is_soft(word: str) -> bool:
    """Words before which a noun phrase may have ended: "a company making robots", "a bakery and café"."""
    return word in _SOFT or (word.endswith(("ing", "ed")) and word.islower())
