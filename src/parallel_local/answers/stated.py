"""What a sentence says or denies: yes and no, one of several options, the rest of "… is …". Pure.

Plans, conditions and what is over are told apart from what is.
"""

import re
from collections.abc import Sequence

from parallel_local.answers.mentions import Span, Token
from parallel_local.text.sentences import flat
from parallel_local.text.tokens import stems

_NEGATION = re.compile(
    r"\b(?:no|not|never|none|without|cannot|nor|neither|isn['’]t|aren['’]t|wasn['’]t|doesn['’]t|don['’]t|"
    r"didn['’]t|hasn['’]t|"
    r"haven['’]t|won['’]t|can['’]t|nobody|nothing|lacks?|refus\w+|denie[sd]|forbid\w*|forbidden|prohibited|"
    r"banned|excluded?|fails? to|"
    r"failed to|kein\w*|nicht|nie|niemals|ohne|weder|verboten|untersagt|ne|pas|jamais|aucune?|sans|ni|"
    r"interdit\w*|nunca|sin|"
    r"ningun\w*|tampoco|prohibid\w*|non|senza|nessun\w*|niente|vietat\w*|proibit\w*|"
    r"não|nenhum\w*|sem|proibid\w*|niet|geen|nooit|zonder|verboden|inte|aldrig|utan|förbjud\w*|ikke|aldri|uten|forbud\w*|"
    r"не|нет|никогда|без|nigdy|żaden|"
    r"missing|absent|fehl(?:t|en|te)|manque(?:nt)?|manca(?:no)?|falta(?:n)?|ontbreekt)\b|\bn['’](?=\w)",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"\b(?:plans? to|plan to|planned|planning|intends?|aims?|hopes?|hoped|wants?|wish\w*|seeks?|seeking|expects?|"
    r"expected|expecting|will|would|could|"
    r"might|may(?!\s(?:\d|be\s|only|not))|should|if|unless|proposed|proposes?|proposal|consider(?:s|ing|ed)?|"
    r"targets?|forecasts?|postponed|deferred|reportée?s?|verschoben|vertagt|rinviat\w*|aplazad\w*|"
    r"projected|projects|is to|are to|"
    r"draft|rumou?red|rumou?rs?|reportedly|allegedly|goal|ambition|promised|promises|"
    r"plant|planen|geplant\w*|soll|sollen|will|wollen|möchte\w*|würde\w*|könnte\w*|falls|wenn|hofft|erwartet|"
    r"beabsichtigt|strebt|"
    r"prévoit|prévu\w*|espère|envisage|souhaite|pourrait|"
    r"planea|prevé|previst\w*|espera|quiere|podría|pretende|vuole|vogliono|prevede|intende|spera|dovrebbe|"
    r"potrebbe|planeja|quer|deverá|poderia|wil|willen|hoopt|zou|verwacht\w*|vill|ska|skal|vil|планирует|хочет|намерен\w*)\b",
    re.IGNORECASE,
)
# What "must" happen in a year to come is planned; what must be worn is a rule.
_DUE = re.compile(
    r"\b(?:doit|doivent|deve|devono|debe|deben|muss|müssen|moet|is due)\b(?=[^.;]*\b20\d\d\b)", re.IGNORECASE
)
# Futures of one word, which no list can hold: "aprirà", "abrirá", "sera achevée".
_FUTURE = re.compile(r"\b(?:[a-zà-ÿ]{2,}r(?:à|anno|á|án)|sera|seront|ouvrira|ouvriront)\b")
_YES = re.compile(
    r"^\W*(?:yes|true|y|ja|oui|sí|si|sì|sim|tak|да|x|included|available)\b|^\W*[✓✔]", re.IGNORECASE
)
_NO = re.compile(
    r"^\W*(?:no|false|n|nein|nee|nej|nei|não|nie|нет|non|none|not|kein\w*)\b|^\W*[✗✘]|^\s*[—–-]\s*$",
    re.IGNORECASE,
)
_AHEAD_WORDS = """
will should soll sollen is to are to prévu prévue prévus previsto prevista due
"""
_AHEAD = frozenset(_AHEAD_WORDS.split()) | {"is to", "are to"}
_CONDITIONS = frozenset(["if", "unless", "falls", "wenn"])
_MAY = frozenset(["may", "could", "should", "if"])
_OVER = re.compile(
    r"\b(?:until|till|no longer|formerly|former|previously|previous|used to|once|ex-?|stopped|ceased|ended|"
    r"discontinued|left|resigned|"
    r"stepped down|retired|replaced|succeeded|predecessor|bis|nicht mehr|früher\w*|ehemalig\w*|ehemals|vormals|"
    r"zuvor|verließ|"
    r"jusqu['’]|ne plus|ancien\w*|autrefois|auparavant|quitté|burned down|destroyed|demolished|torn down|removed|"
    r"dropped|withdrawn|cancelled|entfernt|supprimé\w*|"
    r"closed down|abolished|abgerissen|zerstört|détruit\w*|demolid\w*|hasta|ya no|antigu\w*|anterior\w*|"
    r"exdirector\w*|dejó|chius\w*|non più|fino al|encerrad\w*|não mais|voormalig\w*|niet meer|gesloten|tidigare|"
    r"nedlagt|бывш\w*)\b",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"\s(?:is|are|was|were|remains|amounts to|equals|ist|sind|war|beträgt|lautet|est|sont|était|es|son|era|"
    r"is called|are called|se llama|heißt|s['’]appelle|lauten)\s|:\s+|\s[–—]\s"
)
_CLAUSE_END = re.compile(
    r"[.;!?](?:\s|$)|,\s(?:which|who|while|and|but|where|because|since|so|und|aber|weil|die|der|das|et|mais|qui|"
    r"y|pero|que)\s"
    r"|\s(?:but|while|whereas|because|although|und|aber|weil|mais|pero)\s|\s[–—(]|,\s(?=\d)"
)
OPPOSITES = {
    "public": "private privately", "open": "closed shut",
    "active": "inactive defunct closed dissolved", "allowed": "forbidden prohibited banned",
    "permitted": "forbidden prohibited banned", "included": "excluded extra",
    "profitable": "unprofitable loss-making", "covered": "excluded uninsured", "furnished": "unfurnished",
    "available": "unavailable", "mandatory": "optional voluntary",
    "required": "optional voluntary", "alive": "died dead deceased",
    "approved": "rejected declined refused", "accepted": "rejected declined refused",
    "permanent": "temporary", "independent": "subsidiary",
    "free": "charge costs fee", "erlaubt": "verboten untersagt",
    "inklusive": "exklusive", "geoffnet": "geschlossen", "offen": "geschlossen", "ouvert": "ferme", "ouverte": "fermee",
    "abierto": "cerrado", "abierta": "cerrada", "aperto": "chiuso", "aperta": "chiusa", "compreso": "escluso",
    "inclus": "exclu",
}  # fmt: skip


def negated(text: str) -> bool:
    """Whether something is denied."""
    return bool(_NEGATION.search(text))


def planned(text: str, *, dated: bool = False, allowed: bool = False, firm: bool = False) -> bool:
    """Whether something is only planned, expected or conditional.

    What `dated` asks for may lie ahead: "will take place on 12 July". What `allowed` asks for is said with "may". With
    `firm` a condition is none: "covered up to 2,000 euros if locked".
    """
    if text.rstrip().endswith("?") or (not dated and (_DUE.search(text) or _FUTURE.search(text))):
        return True
    found = (match.group().casefold() for match in _PLANNED.finditer(text))
    passed = {*(_AHEAD if dated else ()), *(_MAY if allowed else ()), *(_CONDITIONS if firm else ())}
    return any(word not in passed for word in found)


def over(text: str) -> bool:
    """Whether something was and is no more."""
    return bool(_OVER.search(text))


def opposed(word: str, tokens: Sequence[Token]) -> bool:
    """Whether a text has the opposite of a word: "privately" for "public", "unfurnished" for "furnished"."""
    turned = OPPOSITES.get(word, "").split()
    wanted = {stem for text in turned for stem in stems(text)}
    own = "".join(stems(word))
    made = {f"un{own}", f"non{own}", f"in{own}"}
    return any(token.stem in wanted or token.word in turned or token.stem in made for token in tokens)


def flag(text: str) -> bool | None:
    """What a cell says: yes, no, or neither."""
    return True if _YES.match(text) else False if _NO.match(text) else None


def free_of(text: str, span: Span) -> bool:
    """ "gluten-free", "alkoholfrei" """
    return bool(re.match(r"[- ]?(?:free|frei)\b", text[span[1] :], re.IGNORECASE))


def predicate(text: str, spans: Sequence[Span]) -> tuple[str, int] | None:
    """What is said of the field's words behind "is" or a colon, and where it starts; None when nothing is."""
    last = max((span[1] for span in spans), default=0)
    for match in _COPULA.finditer(text, max(0, last - 1)):
        if len(text[last : match.start()].split()) > 6:
            return None
        ended = _CLAUSE_END.search(text, match.end())
        value = text[match.end() : ended.start() if ended else len(text)]
        cut = value.strip(' .;,:*_`"“”')
        if cut:
            return flat(cut), match.end()
    return None


def complement(text: str, span: Span) -> tuple[str, int] | None:
    """What follows the words of a field directly: "made of oak"."""
    ended = re.compile(
        r"[.;,!?()]|\s(?:and|but|which|that|in|with|for|by|since|und|mit|für|et|avec|pour|y|con|para|is|was|has)\b"
    ).search(text, span[1] + 1)
    value = text[span[1] : ended.start() if ended else len(text)].strip(" :")
    return (value, text.find(value, span[1])) if value and len(value.split()) <= 5 else None
