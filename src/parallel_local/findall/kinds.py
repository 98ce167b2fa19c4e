"""Kinds of things: whether a noun phrase of a document names the kind that is asked for. Pure.

A phrase is of the kind of its head: a "wine bar" is a bar, a "bar owner" is not. Beside equal heads only the
families below count, so that a kind nobody thought of works by its own name.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from parallel_local.findall.wording import inflected
from parallel_local.text.tokens import words

GENERAL_WORDS = """
entity entities thing things item items name names record records result results candidate candidates
"""
GENERAL = frozenset(GENERAL_WORDS.split())
_COMPANIES = (
    "company firm startup business vendor manufacturer supplier provider acquirer buyer brand maker producer "
    "developer corporation enterprise retailer wholesaler distributor agency consultancy bank insurer brewery "
    "carrier airline operator publisher shipyard foundry integrator subsidiary spinoff "
    "unternehmen firma firmen hersteller anbieter lieferant betrieb konzern gmbh scaleup contractor dealer seller "
    "handler dienstleister zulieferer haendler agentur winery bakery creamery workshop factory mill "
    "builder distiller distillery sawmill label studio "
    "empresa compania fabricante proveedor productor"
)
_ROLES = (
    "person people man woman human founder cofounder ceo cto cfo coo author writer engineer manager director "
    "teacher doctor nurse lawyer attorney developer designer architect researcher scientist professor student "
    "employee colleague contact member trainer coach consultant analyst accountant secretary assistant baker cook "
    "chef painter poet singer actor actress musician composer photographer journalist editor translator politician "
    "minister mayor president chairman chairwoman chair judge captain pilot driver mechanic electrician carpenter "
    "plumber gardener farmer fisherman historian biologist chemist physicist mathematician economist programmer "
    "technician officer head leader speaker volunteer apprentice intern guide curator librarian owner "
    "entrepreneur investor inventor midwife surgeon dentist pharmacist veterinarian clerk salesman saleswoman "
    "mitarbeiter mitarbeiterin ingenieur ingenieurin lehrer lehrerin leiter leiterin arztin arzt autor autorin "
    "grunder grunderin geschaftsfuhrer geschaftsfuhrerin kollege kollegin personen leute mensch entwickler "
    "entwicklerin elektriker buchhalter tischler maler klempner dachdecker koch kochin pfleger pflegerin "
    "musiker ingeniero ingeniera profesor profesora medico medica abogado abogada enfermero enfermera "
    "arquitecta cocinero cocinera directora empleado empleada trabajador trabajadora persona violinist "
    "pianist guitarist sculptor artist novelist explorer climber athlete footballer"
)
_FAMILIES: tuple[tuple[str, str], ...] = (
    (
        "company firm business unternehmen firma firmen betrieb corporation enterprise employer empresa compania",
        _COMPANIES,
    ),
    ("startup scaleup", "startup scaleup"),
    (
        "organization organisation institution",
        _COMPANIES
        + " ngo charity association foundation institute university club union verein stiftung school",
    ),
    (
        "vendor supplier provider seller lieferant anbieter zulieferer",
        "vendor supplier provider seller dealer distributor wholesaler lieferant anbieter zulieferer handler",
    ),
    (
        "manufacturer maker producer hersteller",
        "manufacturer maker producer hersteller builder produzent",
    ),
    ("competitor rival", "competitor rival konkurrent wettbewerber"),
    ("person people human individual leute personen mensch menschen contact persona personas gente", _ROLES),
    ("employee colleague mitarbeiter mitarbeiterin staff kollege", _ROLES),
    (
        "restaurant eatery restaurante",
        "restaurant bistro trattoria pizzeria brasserie diner steakhouse eatery gasthaus taverna osteria gasthof "
        "restaurante taberna meson",
    ),
    ("cafe coffeehouse", "cafe coffeehouse coffeeshop"),
    ("hotel accommodation lodging", "hotel inn guesthouse hostel pension lodge hostal posada"),
    ("hike trail walk route wanderung", "hike trail walk trek route wanderung tour loop ramble"),
    ("book buch bucher", "book novel memoir textbook biography anthology buch roman novella"),
    ("town stadt", "town stadt"),
    ("city stadt", "city capital stadt metropolis"),
    ("place settlement", "town city village hamlet settlement place ort dorf stadt"),
    ("village dorf", "village hamlet dorf"),
    ("contract agreement vertrag", "contract agreement lease vertrag licence license"),
    ("recipe rezept dish gericht", "recipe dish rezept gericht soup stew cake pie salad bread curry dessert"),
    (
        "machine maschine",
        "machine maschine robot lathe press mill printer cutter grinder excavator crane saw drill",
    ),
    ("ship vessel schiff", "ship vessel ferry freighter tanker schiff"),
    (
        "product tool software",
        "product tool software app application device appliance library framework produkt",
    ),
    ("museum", "museum gallery"),
    ("river", "river stream fluss"),
    ("mountain peak berg", "mountain peak summit berg gipfel"),
    ("lake see seen lago", "lake see reservoir stausee bergsee baggersee weiher talsperre lago embalse"),
    ("school", "school college academy schule"),
    ("investor", "investor fund backer"),
    ("project projekt", "project projekt initiative"),
    (
        "event veranstaltung evento",
        "event conference festival fair workshop meeting concert konzert concierto",
    ),
    (
        "building gebaude edificio structure",
        "building gebaude edificio hochhaus tower church skyscraper bauwerk lagerhaus warehouse house hall turm "
        "kirche palace castle",
    ),
    ("grant funding", "grant fellowship bursary scholarship award stipend subsidy voucher"),
)
_LEGAL_WORDS = """
gmbh ag se kg ohg ug ek ev inc ltd limited llc llp plc corp corporation co as ab sa sas sarl srl spa oy bv
uab ou sia doo ltda sp zoo kft zrt pte pvt gbr eg ehf hf nv aps pty kk oyj asa mbh
"""
_LEGAL = frozenset(_LEGAL_WORDS.split())
_BEGINNING = 3  # letters
_LONGEST_NOUN = 60  # letters; what is longer is no word of a person's
_ARTICLES = frozenset(["the", "die", "der", "das", "el", "la", "los", "las"])
_PARTICLE = re.compile(r"-(?=(?:ups?|offs?|outs?)\b)", re.IGNORECASE)  # a "start-up" is one word
_PERSONS = re.compile(
    r"(?:ologist|ician|wright|smith|graph(?:er|erin)|ingenieurin?|lehrer(?:in)?|halter(?:in)?|meister(?:in)?|"
    r"iker(?:in)?)$"
)


@lru_cache(maxsize=20_000)
def forms(noun: str) -> frozenset[str]:
    """A folded noun as it is, and in singular where it looks like a plural."""
    found = {noun}
    if noun.endswith("ies") and len(noun) > 4:
        found |= {noun[:-3] + "y", noun[:-1]}
    elif noun.endswith(("ches", "shes", "sses", "xes", "zes")):
        found.add(noun[:-2])
    elif noun.endswith("ves") and len(noun) > 4:
        found |= {noun[:-3] + "f", noun[:-3] + "fe", noun[:-1]}
    elif noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and len(noun) > 3:
        found.add(noun[:-1])
    if noun.endswith("es") and len(noun) > 5:
        found.add(noun[:-2])
    irregular = {
        "museen": "museum",
        "stadte": "stadt",
        "bucher": "buch",
        "hauser": "haus",
        "vertrage": "vertrag",
        "arzte": "arzt",
        "lander": "land",
        "firmen": "firma",
        "people": "person",
        "men": "man",
        "women": "woman",
        "children": "child",
        "staff": "employee",
    }
    return frozenset(found | ({irregular[noun]} if noun in irregular else set()))


def is_plural(noun: str) -> bool:
    """Whether a folded noun looks like several things."""
    return len(forms(noun)) > 1 or noun in ("unternehmen", "lieferanten", "leute", "personen")


def head(phrase: str) -> str:
    """The folded noun that a phrase is about: its last word."""
    found = words(_PARTICLE.sub("", phrase))
    return found[-1] if found else ""


@lru_cache(maxsize=50_000)
def alike(one: str, other: str) -> bool:
    """Whether two folded nouns are one noun, in singular or plural, in German also compounded."""
    short, long = sorted((one, other), key=len)
    german = len(short) > 2 and long in (
        f"{short}e",
        f"{short}en",
        f"{short}er",
        f"{short}n"[: 99 * short.endswith("e")],
    )
    if forms(one) & forms(other) or inflected(one, other) or german:
        return True
    # "Weinhandlung" is a "Handlung"; English joins few words, and by chance ("scholarship").
    return len(long) - len(short) > 2 and any(
        len(root) > 5 and long.endswith(root + ending)
        for root, ending in ((short, ""), (short, "e"), (short, "en"), (short.removesuffix("e"), ""))
    )


def is_of_kind(phrase: str, wanted: str) -> bool:
    """Whether the phrase names a thing of the wanted noun's kind."""
    noun, own = head(wanted), head(phrase)
    if not noun or noun in GENERAL:
        return True
    return 0 < len(own) <= _LONGEST_NOUN and _is_kind(own, noun)


def are_of_kind(nouns: Iterable[str], wanted: str) -> bool:
    """Whether any of many folded words is a noun of the wanted kind, or its form at the end of a compound."""
    noun = head(wanted)
    return any(
        _is_kind(own, noun) or (len(noun) > 4 and own.endswith(noun))
        for own in nouns
        if 0 < len(own) <= _LONGEST_NOUN
    )


@lru_cache(maxsize=50_000)
def _is_kind(own: str, noun: str) -> bool:
    return alike(own, noun) or any(
        _is_member(own, members) or (members is _ROLES and bool(_PERSONS.search(own)))
        for members in _families(noun)
    )


@lru_cache(maxsize=1000)
def _families(noun: str) -> tuple[str, ...]:
    """The members of each family that a noun is a name of."""
    return tuple(members for names, members in _FAMILIES if any(alike(noun, name) for name in names.split()))


def is_same_form(phrase: str, wanted: str) -> bool:
    """Whether a phrase has the wanted noun as it is asked for, also at the end of a compound."""
    noun, own = head(wanted), head(phrase)
    return own == noun or (len(noun) > 4 and own.endswith(noun))


@lru_cache(maxsize=50_000)
def _is_member(own: str, members: str) -> bool:
    """Whether a noun is one of a family's. What is alike begins alike, or is the end of a compound."""
    if any(alike(own, member) for member in _beginning(members).get(own[:_BEGINNING], ())):
        return True
    return any(own[place:] in _endings(members) for place in range(3, len(own) - 5))


@cache
def _beginning(members: str) -> Mapping[str, Sequence[str]]:
    """A family's nouns by their first letters, in every form that changes those."""
    found: dict[str, list[str]] = defaultdict(list)
    for member in members.split():
        for start in {form[:_BEGINNING] for form in forms(member)}:
            found[start].append(member)
    return found


@cache
def _endings(members: str) -> frozenset[str]:
    """How compounds of a family's longer nouns end."""
    return frozenset(
        f"{root}{ending}"
        for member in members.split()
        for root in (member, member.removesuffix("e"))
        for ending in ("", "e", "en")
        if len(root) > 5
    )


def is_role(noun: str) -> bool:
    """Whether a folded noun is what a person is."""
    return is_of_kind(noun, "people")


def is_company_noun(noun: str) -> bool:
    """Whether a noun is what a company is ("startup")."""
    return is_of_kind(noun, "company")


def is_legal(word: str) -> bool:
    """Whether a word as written is a legal form behind a company's name."""
    return word.casefold().rstrip(".") in _LEGAL and not word.islower()


def legal_form(name: str) -> str:
    """The legal form at the end of a company's name ("GmbH"), folded, or nothing."""
    found = words(name)
    last = name.rstrip(" .").rpartition(" ")[2]
    if len(found) < 2 or found[-1] not in _LEGAL or last.islower():
        return ""
    # "As", "Co" and the like at the end of a heading are words.
    return "" if len(found[-1]) == 2 and not last.isupper() and found[-1] != "co" else found[-1]


def bare(name: str) -> tuple[str, ...]:
    """A name's folded words without article and legal form."""
    found = words(name)
    while len(found) > 1 and found[-1] in _LEGAL:
        found.pop()
    return tuple(found[1:] if len(found) > 1 and found[0] in _ARTICLES else found)
