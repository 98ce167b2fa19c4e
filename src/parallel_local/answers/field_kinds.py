"""Which kind of value a field wants, told by its name, its type, and the thing that is known by that name. Pure.

The words are those of names of fields in English, German, French and Spanish; how documents say them is in
`wordings.py`.
"""

import re
from enum import Enum

from parallel_local.answers.schema_view import Node
from parallel_local.answers.wordings import Wording


class Kind(Enum):
    """The kinds of value that can be read."""

    NUMBER = "number"
    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    MEASURE = "measure"
    YEAR = "year"
    DATE = "date"
    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"
    URL = "url"
    EMAIL = "email"
    PHONE = "phone"
    BOOLEAN = "boolean"
    OPTION = "option"
    TEXT = "text"


_ISO = re.compile(r"\bISO\b|YYYY-MM-DD|ISO ?8601", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:year|jahr|année|annee|año|ano|anno|jaar)\b|jahr\b", re.IGNORECASE)
_DATE = re.compile(
    r"\b(?:date|when|day|since|datum|data(?=$|\s(?:d[eio]|d?el(?:la)?)\b)|tag|wann|jour|quand|fecha|día|cuándo|timestamp)\b|datum\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:who|person|contact person|president|secretary|chief|leader|tenant|landlord|teacher|inventor|editor|"
    r"translator|"
    r"winner|owner|organi[sz]er|conductor|composer|painter|artist|photographer|captain|pilot|doctor|chef|judge|"
    r"lawyer|"
    r"spokes(?:person|man|woman)|minister|chancellor|representative|responsible|assignee|signatory|wer|"
    r"inhaber(?:in)?|"
    r"mieter(?:in)?|vermieter(?:in)?|besitzer(?:in)?|leiter(?:in)?|ansprechpartner(?:in)?|präsident(?:in)?|qui|"
    r"président(?:e)?|propriétaire|locataire|quién|quien|presidente|propietari[oa]|responsable|caretaker|curator|"
    r"chairs?|"
    r"treasurer|minute.taker|moderator|speaker|discoverer|keeper|guide|successor|predecessor|spouse|wife|husband|"
    r"father|mother|driver|librarian|gardener|nurse|supervisor|referee|skipper|master|mate|coxswain|surgeon|physician|"
    r"\w*(?:arzt|ärztin|therapeut|therapeutin|meister|meisterin|berater|beraterin|pfleger|pflegerin)|schiedsrichter(?:in)?|"
    r"halter(?:in)?|artiste|peintre|photographe|sculpteur|sculptrice|gardien(?:ne)?|commissaire|médecin|arbitre|capitaine|"
    r"vainqueur|juge|notaire|allenat(?:ore|rice)|arbitro|arbitra|maestr[oa]|istrut(?:tore|trice)|dirett(?:ore|rice)|"
    r"vincit(?:ore|rice)|capitan[oa]|architett[oa]|aut(?:ore|rice)|medico|sindac[oa]|fondat(?:ore|rice)|detent(?:ore|rice)|"
    r"insegnante|árbitr[oa]|capitán|médic[oa]|entrenador(?:a)?|ganador(?:a)?|treinador(?:a)?|diretor(?:a)?|vencedor(?:a)?|"
    r"burgemeester|voorzitter|scheidsrechter|eigenaar|schrijver)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:where|(?:port|harbou?r|porto|hafen)$|site|venue|city|town|country|place|location|address|region|village|wo|ort|stadt|land|ville|pays|"
    r"lieu|"
    r"ciudad|país|"
    r"lugar|dónde|donde|où|destination|origin|capital|hauptstadt|capitale)\b",
    re.IGNORECASE,
)
_ORGANISATION = re.compile(
    r"\b(?:organi[sz]ation|company name|employer|university|bank|airline|sponsor|insurer|contractor|client|"
    r"customer|partner|"
    r"versicherung|versicherer|auftraggeber|operator|carrier|institution|agency)\b",
    re.IGNORECASE,
)
_FIRM = re.compile(
    r"\b(?:compan(?:y|ies)|firms?|organi[sz]ations?|unternehmen|firma|entreprise|empresa)\b", re.IGNORECASE
)
_PERCENT = re.compile(
    r"\b(?:percent(?:age)?|pct|share$|share of|growth rate|margin|ratio|interest rate|vat|tax rate|discount|"
    r"prozent|anteil|"
    r"zinssatz|rabatt|pourcentage|porcentaje|part de marché|unemployment rate|growth|alcohol|abv)\b|%",
    re.IGNORECASE,
)
MONEY = re.compile(
    r"\b(?:amount|price|cost|costs|revenue|sales|funding|raised|valuation|worth|money|fee|fine|penalty|rent|deposit|"
    r"salary|budget|debt|loan|grant|donation|prize money|reward|bonus|betrag|preis|kosten|gebühr|strafe|montant|prix|"
    r"importe|precio|multa|amende)\b",
    re.IGNORECASE,
)
LASTS = re.compile(
    r"\b(?:period|duration|warranty|guarantee|term|probation|interval|frist|garantie|laufzeit|probezeit|dauer|"
    r"délai|durée|"
    r"plazo|duración|garantía|lead time|cooling time|resting time|cook time|prep time|preparation time)\b|"
    r"frist\b|zeit\b",
    re.IGNORECASE,
)
_PER = re.compile(
    r"\b(?:per|pro|par|por)\s\w+|\b(?:al?|im|all)\s(?:year|month|week|day|año|mes|día|jahr|monat|anno|mese|giorno)\b",
    re.IGNORECASE,
)
_HAPPENED = re.compile(
    r"\b(?:closed|discovered|joined|elected|renovated|restored|introduced|moved|merged|retired|ended|won|"
    r"invented|painted|rebuilt|"
    r"registered|appointed|graduated|married|hired|adopted|ratified|planted|dammed|destroyed|abolished|granted|"
    r"demolished|"
    r"created|formed|dissolved|bought|purchased|patented|awarded|inspected|approved|ascent|electrified|gepflanzt|"
    r"gekauft|verkauft|gebaut|umgebaut|verlegt|umbenannt|gefunden|aufgelöst|"
    r"geschlossen|renoviert|entdeckt|abgerissen|eingeweiht|fermé|fermée|détruite?|rénovée?|découverte?|"
    r"inaugurée?|cerrad[oa]|renovad[oa]|descubiert[oa]|inaugurad[oa])$",
    re.IGNORECASE,
)
_DOER = re.compile(
    r"\b\w{3,}(?:er|or|ist|ian|eur|euse|(?:er|eur|or|ent|ant|at)in|rice|tore|ista|ero|era|dor|dora)$",
    re.IGNORECASE,
)
_NO_DOER = re.compile(
    r"\b(?:number|paper|order|letter|water|weather|power|tower|river|colou?r|floor|sector|factor|motor|sensor|"
    r"quarter|chapter|"
    r"layer|printer|computer|router|buffer|filter|counter|error|door|major|minor|interior|exterior|flavou?r|"
    r"behaviou?r|harbou?r|"
    r"vector|corridor|tractor|reactor|monitor|meter|timer|offer|answer|winter|summer|semester|calendar|list|"
    r"gender|order|register|"
    r"folder|member|character|matter|header|footer|identifier|parameter|processor|charger|adapter|connector|"
    r"container|folder|"
    r"altitude|fever|dinner|supper|butter|sugar|cover|border|user|server|browser|provider|carrier|vendor|"
    r"supplier|customer|"
    r"manufacturer|publisher|retailer|insurer|ledger|budget|number|wer|cher|era|hora|manera|primer|specifier|"
    r"newsletter|theater|"
    r"heater|boiler|trailer|trigger|transfer|tier|layer|diameter|perimeter|dinero|enero|febrero|género|número|"
    r"valeur|couleur|"
    r"hauteur|largeur|longueur|profondeur|moteur|secteur|fournisseur)$",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"^(?:number of|count of|how many|anzahl|nombre de|número de|num|no of)\b|\bcount\b|zahl\b", re.I
)


def is_iso(node: Node) -> bool:
    return node.schema.get("format") in ("date", "date-time") or bool(_ISO.search(node.description))


_BY_WORDING = {
    "percent": Kind.PERCENT, "money": Kind.MONEY, "count": Kind.COUNT, "date": Kind.DATE,
    "person": Kind.PERSON, "place": Kind.PLACE,
    "organisation": Kind.ORGANISATION, "url": Kind.URL, "email": Kind.EMAIL, "phone": Kind.PHONE,
    "text": Kind.TEXT, "flag": Kind.TEXT,
}  # fmt: skip
_NUMERIC = frozenset([Kind.MONEY, Kind.COUNT, Kind.PERCENT, Kind.MEASURE, Kind.YEAR])


def kind_of(label: str, text: str, node: Node, known: Wording | None, unit: str, money: str) -> Kind:
    if node.options():
        return Kind.OPTION
    if node.type == "boolean":
        return Kind.BOOLEAN
    label, text = _PER.sub("", label), _PER.sub("", text)
    guessed = _guess(label, known, unit, money)
    if node.type in ("integer", "number"):
        if guessed is Kind.DATE or _YEAR.search(label):
            return Kind.YEAR
        return guessed if guessed in _NUMERIC else _guess_number(text)
    if is_iso(node):
        return Kind.DATE
    if guessed is Kind.PLACE and known is not None and known.kind != "place" and not _PLACE.search(label):
        return Kind.TEXT
    return guessed


def _guess(label: str, known: Wording | None, unit: str, money: str) -> Kind:
    """The kind a label names, whatever the type of the field."""
    label = _PER.sub("", label)
    if re.search(r"\be-?mail\b|\bcorreo\b|\bcourriel\b", label, re.IGNORECASE):
        return Kind.EMAIL
    if re.search(r"\b(?:url|website|homepage|link|domain)\b", label, re.IGNORECASE):
        return Kind.URL
    if re.search(r"\bphone|\btelefon|\btéléphone|\bteléfono|\bfax\b", label, re.IGNORECASE):
        return Kind.PHONE
    if _YEAR.search(label) and not unit:
        return Kind.YEAR
    if (
        _PLACE.search(label)
        and not _DATE.search(label)
        and (known is None or known.kind not in ("count", "money", "place"))
    ):
        return Kind.PLACE
    if unit:
        return Kind.MEASURE
    if _COUNTED.search(label):
        return Kind.COUNT
    if _PERCENT.search(label):
        return Kind.PERCENT
    if money:
        return Kind.MONEY
    if known is not None and known.kind == "date" and _FIRM.search(label):
        return Kind.ORGANISATION
    dated = _DATE.search(label) and (known is None or known.kind not in ("money", "count", "percent"))
    if known is not None and (known.kind == "date" or dated):
        return Kind.DATE
    if known is not None and known.kind != "place" and _PLACE.search(label):
        return Kind.PLACE
    if known is not None and known.kind != "word":
        return _BY_WORDING.get(known.kind, Kind.MEASURE)
    return _guess_plain(label)


def _guess_plain(label: str) -> Kind:
    for pattern, kind in (
        (_HAPPENED, Kind.DATE),
        (_DATE, Kind.DATE), (LASTS, Kind.MEASURE), (MONEY, Kind.MONEY), (_PERSON, Kind.PERSON),
        (_ORGANISATION, Kind.ORGANISATION), (_PLACE, Kind.PLACE),
    ):  # fmt: skip
        if pattern.search(label):
            return kind
    return Kind.PERSON if _DOER.search(label) and not _NO_DOER.search(label) else Kind.TEXT


def _guess_number(text: str) -> Kind:
    if _PERCENT.search(text):
        return Kind.PERCENT
    if MONEY.search(text):
        return Kind.MONEY
    return Kind.YEAR if _YEAR.search(text) else Kind.NUMBER
