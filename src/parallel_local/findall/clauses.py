"""A sentence cut into clauses: at conjunctions, relative words, and words that except something. Pure.

What is denied, planned or over in a clause is read here; whom a clause is about is read in `subjects.py`.
"""

import re
from enum import Enum

import msgspec

_ACTS = (
    "ships sells makes offers has uses runs builds delivers employs operates serves supplies provides "
    "produces exports "
    "imports costs takes opens owns works lives speaks teaches leads writes holds keeps needs includes "
    "accepts supports "
    "trains rents hires repairs brews bakes grows manufactures develops designs distributes carries "
    "maintains publishes "
    "weighs measures reaches lies stands stays charges pays earns joined founded opened moved raised won sold bought "
    "acquired launched started began became built employed liefert hat verkauft bietet beschäftigt nutzt "
    "remains turns gives belongs pays counts became keeps goes comes calls feeds occurs grows lists draws sits seats "
    "receives covers runs meets ranks spans stayed left lost gained cut doubled "
    "arbeitet wohnt gehört besteht liegt steht bietet kostet zählt fasst verfügt "
    "cuesta mide pesa vive cierra abre ofrece exporta fabrica vende emplea pertenece crece alcanza cubre admite dirige"
)
_VERBS = (
    r"is|are|was|were|has|have|had|does|do|did|will|would|can|cannot|could|may|must|plans|seeks|hopes|wants|intends"
    r"|aims|ist|sind|war|wurde|wurden|wird|kann|plant|sucht|es|son|está|están|era|fue|fueron|tiene|tienen|hay|puede|"
    r"caben|cuenta|" + "|".join(_ACTS.split())
)
_FINITE = rf"(?:never|no longer|not|{_VERBS})"
FINITE = re.compile(rf"\b(?:{_VERBS})\b")
_NAME_ACTS = re.compile(r"[A-ZÀ-Þ][\w-]*\s+[a-z]{3,}(?:s|ed)\b")
_VERB = rf"(?:it|they|he|she|we|there|its|their|also|now|currently|still|recently|sie|er|ya|se|{_FINITE})"
_CAPITAL = r"[A-ZÀ-Þ][\w&'’-]*(?:\s+[A-ZÀ-Þ][\w&'’-]*)*"
_DENYING = (
    r"without|except(?: for)?|excluding|rather than|instead of|other than|apart from|ohne|außer|statt|sin|excepto|"
    r"salvo"
)
_BREAK = re.compile(
    rf"(?P<end>\s*;\s+|\s+[–—]\s+)"
    rf"|(?P<contrast>,?\s+(?:but|whereas|while|although|though|yet|aber|jedoch|sondern|während|obwohl|pero|aunque|"
    rf"mientras)\s+)"
    rf"|(?P<joined>,?\s+(?:and|und|y)\s+(?={_VERB}\b)|,\s+(?={_FINITE}\s))"
    rf"|(?P<other>(?:,?\s+(?:and|und|as)|:)\s+(?={_CAPITAL}\s+(?:is|are|was|were|has|had|does|did|will|ist|hat|"
    rf"[a-z]+s|"
    r"[a-z]+ed)\s))"
    r"|(?P<denied>,\s+(?=(?:no|not|never|kein|keine|keinen|nicht|sin)\s))"
    rf"|(?P<except>,?\s+(?=(?:{_DENYING})\s))"
    r"|(?P<relative>,\s+(?=(?:which|who|whose|where)\s))"
    rf"|(?P<reported>\s+(?:said|says|reports|reported|claims|believes|announced|"
    rf"thinks)\s+(?:that\s+)?(?={_CAPITAL}))",
)
_ASIDE = re.compile(
    r",?\s+(?:unlike|in contrast to|as opposed to|compared (?:with|to)|just like|like|anders als|im Gegensatz zu)\s+"
    r"(?=[A-ZÀ-Þ]|the\s|its\s|our\s|most\s|other\s)[^,;.]*(?:,|(?=[.;]|$))"
)
_OPENING = re.compile(
    r"^(?:Unlike|In contrast to|As opposed to|Compared (?:with|to)|Contrary to|Just like|Like|Besides|Apart from|"
    r"Anders als|Im Gegensatz zu|Neben)\s+[^,]{1,80},\s+"
)
_WITH = re.compile(
    r"^(?P<said>(?:With|At|Mit|Bei|Con)\s+[^,;]{3,80}?),?\s+(?:it|they|es|er|sie|[A-ZÀ-Þ][\w ]{1,40})\s*(?:is|"
    r"are|was|"
    r"were|has|have|"
    r"ist|sind|war|hat|es|son)\b"
)
_SUBORDINATE = re.compile(
    r"^(?:While|Although|Whereas|Though|Während|Obwohl)\s+(?P<first>[^,]+),\s+(?P<second>.+)$"
)
_DENIED = re.compile(
    r"(?:\b(?:no(?!\.| (?:less|fewer|more|later|earlier|older|younger|matter|\d))|not(?! (?:only|just|less|"
    r"fewer|more))"
    r"|never|none|nor|neither|cannot|hardly|nowhere|lacks?|lacking|refuses?|refused|declined|failed to"
    r"|fails to|unable|yet to|without|except|excluding|nicht|kein|keine|keinen|keinem|keiner|nie|niemals|ohne|außer|"
    r"fehlt|fehlen|falta|faltan|missing|nunca|jamás|ningún|ninguna|ninguno|sin|tampoco|carece|excepto|"
    r"weder|rather than|instead of|other than|apart from|denies|denied|far from|free of(?! charge)|rejects|"
    r"rejected)\b"
    r"|n[’']t\b|^not\b)",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"\b(?:no longer|formerly|used to|ceased|stopped|stops|discontinued|closed (?:its|the|down|in)|withdrew|former|"
    r"once(?! (?:a|per|every))|previously|abandoned|gave up|gives up|lost|expired|was revoked|revoked|"
    r"cancelled|canceled|wound up|"
    r"(?:closed since|cerrad[oa]s? desde|(?:geschlossen|gesperrt) seit)|abgelaufen|erloschen|widerrufen|"
    r"caducad[oa]|cerró|cerraron|perdió|perdieron|verlor|ya no|dejó de|"
    r"antiguamente|antes era|hasta hace poco|suspendido|"
    r"nicht mehr|früher|ehemals|ehemalige|"
    r"ehemaliger|eingestellt|until recently|any more|anymore|bankrupt|"
    r"sold (?:off|its|their|his|her|the)|got rid of|scrapped|dismantled)\b",
    re.IGNORECASE,
)
_PLANNED = re.compile(
    r"\b(?:plans?(?= (?:to|for|on|an?|the|its|new|another|expansion)\b)|planned|planning|seeks?|seeking|"
    r"sought|wants?|wanted|hopes?|hoped|hoping|aims?|aimed|intends?|"
    r"intended|considers?|considering|considered|(?-i:may)|might|could|would|will(?! (?:expire|end|renew|lapse|"
    r"run))|shall|should|expects?|expected|aspires?|"
    r"applied for|applies for|applying|is looking|are looking|looks for|looking for|looking to|in talks|rumou?red|"
    r"proposes?|proposed|unless|whether|ought|goal|wishes|wish|dreams?|is working towards?|"
    r"going to|about to|preparing|prepares|pending|awaits?|awaiting|upcoming|soon(?! after)|eventually|"
    r"someday|tries to|"
    r"trying to|attempts? to|negotiating|planea|planean|prevé|prevista?|previsto|va a|van a|quiere|pretende|"
    r"espera|proyecta|busca|en trámite|"
    r"plant(?=,| (?:ein|den|die|das|ab|für|nach|im))|planen|sucht|suchen|geplant|vorgesehen|umgestellt|"
    r"in conversion|converting|"
    r"möchte|möchten|soll|sollen|"
    r"wollen|könnte|erwägt|beantragt|hofft|beabsichtigt|alleged|allegedly|asked for|toward a|towards a)\b",
    re.IGNORECASE,
)
_STATED_PLAN = re.compile(r"\b(?:retirement|pension|business|floor|health) plans?\b|\bin May\b", re.I)
_UNTIL = re.compile(
    r"\b(?:until|till|bis|up to|through|hasta)\s+(?:\w+\s+){0,2}?(?P<year>(?:1[5-9]|20)\d\d)\b", re.IGNORECASE
)
_SPAN = re.compile(
    r"\b(?:from|von)\s+(?:1[5-9]|20)\d\d\s+(?:to|bis|until)\s+(?P<year>(?:1[5-9]|20)\d\d)\b", re.I
)

_ENDED = re.compile(
    r"\b(?:(?:currently|permanently|now|since \w+) closed|closed (?:down|for good|permanently|its doors|in \d{4})"
    r"|(?:was|were|been|is|are|got) (?:\w+ )?(?:stopped|discontinued|dissolved|abolished|wound up|withdrawn|"
    r"ended|suspended|"
    r"shut down|demolished|pulled down|scrapped|closed)|ceased (?:operations|trading|to exist|publication)|"
    r"no longer (?:exists?|available|offered|open|active|runs?|operates?)|went (?:bankrupt|out of business)|"
    r"(?:wurde|ist|seit \w+) (?:\w+ ){0,3}?(?:eingestellt|aufgelöst|geschlossen|abgeschafft|abgerissen)|"
    r"hat (?:\w+ ){0,3}geschlossen|"
    r"(?:cerró|desapareció|se suprimió|se disolvió|fue (?:suprimid|disuelt|demolid|cerrad)[oa]))\b(?! on | at |"
    r" during |"
    r" from | am | los )",
    re.IGNORECASE,
)


class Standing(Enum):
    """What a clause claims: that something is so, that it is not or no more, or that somebody wants it."""

    HOLDS = "holds"
    DENIED = "denied"
    PLANNED = "planned"


class Clause(msgspec.Struct, frozen=True):
    """One clause. `joint` says how it hangs on the one before it."""

    text: str
    joint: str = ""


def contrasted(sentence: str) -> str:
    """The words in front of a sentence that name whom it is not about: "Unlike Acme,"."""
    match = _OPENING.match(sentence)
    return match.group() if match else ""


def clauses(sentence: str) -> list[Clause]:
    """The clauses of a sentence without markup, in order; comparisons with others are left out."""
    text = _OPENING.sub("", sentence, count=1)
    opened = _SUBORDINATE.match(text)
    if opened:
        return [
            *clauses(_capital(opened.group("first"))),
            *(
                msgspec.structs.replace(clause, joint=clause.joint or "contrast")
                for clause in clauses(_capital(opened.group("second")))
            ),
        ]
    text = _ASIDE.sub(" ", text)
    found: list[Clause] = []
    start, joint = 0, ""
    for match in _BREAK.finditer(text):
        piece = text[start : match.start()].strip(" ,")
        if match.lastgroup == "other" and not (FINITE.search(piece) or _NAME_ACTS.search(piece)):
            continue  # two subjects of one verb
        if piece:
            found.append(Clause(piece, joint))
        start, joint = match.end(), match.lastgroup or ""
    rest = text[start:].strip(" ,")
    if rest:
        found.append(Clause(rest, joint))
    return [part for clause in found for part in _listed(clause)]


def _listed(clause: Clause) -> list[Clause]:
    """A list without a verb says each thing for itself: "30 rooms, no dogs" does not deny the rooms."""
    if FINITE.search(clause.text) or standing(clause.text, None) is Standing.HOLDS:
        return [clause]
    first, *others = re.split(r",\s+", clause.text)
    return [Clause(first, clause.joint), *(Clause(other, "listed") for other in others)]


def standing(clause: str, today: int | None) -> Standing:
    """What a clause claims; `today` is the year against which "until 2019" is over."""
    if _DENIED.search(clause):
        return Standing.DENIED
    if _OVER.search(clause) or any(
        today is None or int(match.group("year")) < today
        for pattern in (_UNTIL, _SPAN)
        for match in pattern.finditer(clause)
    ):
        return Standing.DENIED
    if _PLANNED.search(_STATED_PLAN.sub(" ", clause)):
        return Standing.PLANNED
    return Standing.HOLDS


def opening(clause: str) -> str:
    """What a clause says before it names its subject, and which holds whatever follows: "With 40 beds it …"."""
    match = _WITH.match(clause)
    return match.group("said") if match else ""


def is_ended(clause: str) -> bool:
    """Whether a clause says that something as a whole is over: "was stopped in 2024", "is currently closed"."""
    return bool(_ENDED.search(clause))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
