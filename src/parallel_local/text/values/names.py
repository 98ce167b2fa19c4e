"""Names of people, organisations and places, and addresses of web, mail and telephone. Pure.

A name is a run of capitalised words; what kind of thing it names is told by the words around and in it.
"""

import re

from parallel_local.text.values.units import unit_of
from parallel_local.text.values.value import Value, every

_URL = re.compile(r"https?://[^\s<>()\[\]|\"']*[^\s<>()\[\]|\"'.,;:!?*_]")
_SITE = re.compile(
    r"\b(?:www\.)?(?:[a-z0-9-]+\.)+[a-z]{2,12}(?:/[^\s<>()\[\]|\"',;]*[^\s<>()\[\]|\"'.,;:!?*_])?"
)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_PHONE = re.compile(
    r"(?<![\w.])(?:(?:\+|00)\d[\d\s()/.-]{5,}\d|\(?0\d{1,5}\)?[\s/-]\d[\d\s/-]{3,}\d|\(\d{2,5}\)\s?\d[\d\s-]{4,}\d"
    r"|\d{3}-\d{3,4}-\d{4}|\d{3}-\d{4})(?!\w)"
)
_LETTERS = r"(?:[A-ZÀ-ÞŠŽŁÇ](?:[\w-]|[’'](?!s\b)(?=\w))+|[A-ZÀ-Þ]\.(?=\s[A-ZÀ-Þ]))"
_PARTICLE = r"(?:van|von|de|la|le|da|del|der|den|ter|bin|al|di|du|dos|zu)"
_NAME = re.compile(
    r"\b[A-ZÀ-Þ][\w’'-]+(?:\s+(?:(?:van|von|de|la|le|da|del|der|den|ter|bin|al)\s+)*[A-ZÀ-Þ][\w’'.-]*[\w])+"
)
_PROPER = re.compile(rf"\b{_LETTERS}(?:\s+(?:{_PARTICLE}\s+|&\s+)*{_LETTERS})*")
_TITLES = re.compile(
    r"^(?:(?:Dr|Prof|Mr|Mrs|Ms|Herr|Frau|Sir|Dame|Lady|Lord|Mme|M|Sr|Sra|Ing|Dipl|Chef|Captain|Capt|Professor|Doctor|"
    r"President|Chairman|Chairwoman|Director|Managing|Chief|Executive|Officer|CEO|CTO|CFO|COO|Founder|Co-founder|"
    r"Minister|Mayor|Coach|Judge|Architect|Engineer|Author|Editor|Head|Geschäftsführer|Geschäftsführerin|Vorstand|"
    r"Gründer|Gründerin|Autor|Autorin|Bürgermeister|Bürgermeisterin|Directeur|Directrice|Directora|Presidente|"
    r"Président|Présidente|Fundador|Fundadora|Pfarrer|Pfarrerin|Pastor|Pastorin|Oberarzt|Oberärztin|Kapitän|Maître|Docteur|Dott|Signor|Signora|Señor|"
    r"Señora|Monsieur|Madame|Abbé|Reverend|Rev|Sergeant|Colonel|Lieutenant|Inspector|Maire|Alcalde|Alcaldesa|Vice|Senior|Saint|Trainer|Trainerin)\.?\s+)+"
)
_ORGANISATION = re.compile(
    r"\b(?:Inc|Ltd|LLC|GmbH|AG|SE|Corp|Corporation|Co|Company|Group|Holding|Holdings|Bank|University|Institute|"
    r"Foundation|Fund|Partners|Capital|Ventures|Labs|Laboratories|Systems|Robotics|Technologies|Software|Energy|"
    r"Industries|Press|Publishing|Books|Verlag|Association|Society|Council|Agency|Ministry|Department|Committee|"
    r"Union|"
    r"Club|School|College|Hospital|Museum|Studios?|Works|Motors|Foods|Bakery|Brewery|Insurance|Airlines|Railways?|SA|"
    r"SL|SARL|KG|Stiftung|Universität|Versicherung|Werke|Bau|Board|Team|Court|Party|Orchestra|Theatre|Hotel)\b\.?"
)
_PLACE = re.compile(
    r"(?<![\w-])(?:Street|Road|Avenue|Lane|Square|River|Lake|Mount|Mountain|Valley|Bay|Island|Bridge|Harbou?r|"
    r"County|State|"
    r"Province|North|South|East|West|Park|Tower|Castle|Station|Airport|Republic|Kingdom|Germany|France|Spain|Italy|"
    r"England|Europe|America|Africa|Asia|Coast|Hall|Building|Platz|Straße|See|Fluss|Berg|Rue|Calle)\b"
)
# "L'allenatore del Vallenera": a noun that has its capital from the article, and what leads on to the name.
_ELIDED = re.compile(rf"^(?:L|D|Dell|All|Nell|Sull|Un)['’][a-zà-ÿ][\w-]*\s*(?:{_PARTICLE}\s+)*")
_MONTHS = re.compile(
    r"^(?:January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|"
    r"Wednesday|Thursday|Friday|Saturday|Sunday|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Montag|Dienstag|"
    r"Mittwoch|Donnerstag|(?:Series|Phase|Class|Grade|Type|Round|Level|Tier|Serie|Klasse)\s[A-Z0-9]+|Freitag|"
    r"Samstag|Sonntag|Q[1-4]|English|German|French|Spanish)$"
)
_UNIT_OF = re.compile(r"\d\s?$")  # "50 MB" neither
_LONGEST_UNIT = 4
_CODE = re.compile(r"[A-ZÀ-Þ]{1,5}\s\d")  # "WX 20931" is no name
_INSTITUTION = re.compile(
    r"\b(?:musée|ville|commune|banque|école|université|ministère|institut|chambre|société|mairie|abbaye|museo|comune|città|"
    r"banca|scuola|università|ministero|istituto|ayuntamiento|banco|escuela|universidad|ministerio|instituto|museu|câmara)\s"
    r"(?:de\sla\s|de\sl['’]|du\s|des\s|d['’]|de\s|del\s|della\s|dell['’]|di\s|do\s|da\s)$"
)
_SMALL_WORDS = """
a an the this that these those it its he she they we i you his her their our my in on at by for from of to
with and or but as if when while where who what which how why since after before during under over about
there here no not all some each every both many most more other such only also around about nearly almost
roughly then thus today however meanwhile although because until between through within without according
section chapter note der die das ein eine einer ein es er sie wir ihr im am in auf bei mit nach seit von vor
zu zum zur und oder aber wenn als für aus le la les un une des du de il elle ils elles nous dans sur avec
pour par en au aux et ou mais el los las una del al se su en con por para y o pero dr prof mr mrs ms mme sr
con nel nella nello dal dalla dallo alla allo sul sulla lo gli di tra fra ed ma se come non dopo prima durante
questo questa quando dove het een op met voor bij naar uit aan om sinds tot ook maar os as um uma dos das com em ao
left made saw took met lost beat won sold bought reached passed sailed arrived returned crossed sighted entered visited
sra ceo cto cfo coo vp hr it ai us uk eu
"""
_SMALL = frozenset(_SMALL_WORDS.split())


def urls(text: str) -> list[Value]:
    """Absolute web addresses."""
    return list(every(_URL, text))


def sites(text: str) -> list[Value]:
    """Web addresses, also without a scheme; nothing out of a mail address."""
    whole = urls(text)
    taken = [*whole, *emails(text)]
    bare = (value for value in every(_SITE, text) if not _within(value, taken))
    return sorted((*whole, *bare), key=lambda value: value.start)


def emails(text: str) -> list[Value]:
    """Mail addresses."""
    return list(every(_EMAIL, text))


def phones(text: str) -> list[Value]:
    """Telephone numbers."""
    return list(every(_PHONE, text))


def names(text: str) -> list[Value]:
    """Runs of two or more capitalised words."""
    return list(every(_NAME, text))


def proper_names(text: str) -> list[Value]:
    """Runs of capitalised words, single ones too, without small words at the beginning of a sentence or titles."""
    found: list[Value] = []
    for value in every(_PROPER, text):
        kept = _without_lead(value)
        if (
            kept
            and not _MONTHS.match(kept.text)
            and not _CODE.match(text, kept.start)
            and not (_UNIT_OF.search(text, 0, kept.start) and _is_unit(kept.text))
        ):
            found.append(kept)
    return found


def organisations(text: str) -> list[Value]:
    """Proper names, with the small-lettered noun that some are called by: "musée de l'Armée", "ville de Lyon"."""
    found: list[Value] = []
    for name in proper_names(text):
        lead = _INSTITUTION.search(text, max(0, name.start - 40), name.start)
        start = lead.start() if lead else name.start
        found.append(Value(text[start : name.end], start))
    return found


def _is_unit(name: str) -> bool:
    """Whether what stands behind a number is its unit: "50 MB", "86 Grad Oechsle"; not "in 2017 Alois Brunner"."""
    return len(name) <= _LONGEST_UNIT or unit_of(name.split()[0]) is not None


def _without_lead(value: Value) -> Value | None:
    text, start = value.text, value.start
    while text:
        first, _, rest = text.partition(" ")
        title = _TITLES.match(text)
        elided = _ELIDED.match(text)
        if title:
            cut = title.end()
        elif elided:
            cut = elided.end()
        elif first.casefold().removesuffix("'s").removesuffix("’s") in _SMALL or _MONTHS.match(first):
            cut = len(text) - len(rest.lstrip()) if rest else len(text)
        else:
            break
        text, start = text[cut:], start + cut
    text = re.sub(r"['’]s?$", "", text)
    return Value(text, start) if text else None


def is_person(name: str) -> bool:
    """Whether a name looks like one of a person: two words or more, of no organisation and no place."""
    parts = name.split()
    return (
        2 <= len(parts) <= 5
        and not _ORGANISATION.search(name)
        and not _PLACE.search(name)
        and "&" not in name
        and not any(part.isupper() and len(part) > 2 for part in parts)
        and not any(char.isdigit() for char in name)
    )


def is_organisation(name: str) -> bool:
    """Whether a name says by a word of its own that it is one of an organisation."""
    return bool(_ORGANISATION.search(name))


def _within(value: Value, taken: list[Value]) -> bool:
    return any(other.start <= value.start < other.end for other in taken)
