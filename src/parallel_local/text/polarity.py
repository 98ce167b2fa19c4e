"""Whether a sentence or a clause of it denies what it mentions, or only plans, expects or supposes it. Pure.

Word lists for the languages that documents are most often written in; a word that is missing makes a sentence
count as plain.
"""

import re

_DENIALS = (
    "no|not|never|none|without|cannot|neither|nor|nobody|nothing|false|untrue|incorrect|denied|denies|"
    "isn['’]t|aren['’]t|wasn['’]t|weren['’]t|doesn['’]t|don['’]t|didn['’]t|hasn['’]t|haven['’]t|hadn['’]t|"
    "won['’]t|can['’]t|couldn['’]t|"
    "nicht|kein|keine|keinen|keiner|keinem|nie|niemals|ohne|weder|falsch|"
    "pas|jamais|aucun|aucune|sans|ni|nunca|jamás|ningún|ninguna|sin|non|senza|nessun|nessuna|"
    "não|nenhum|nenhuma|sem|niet|geen|nooit|zonder|inte|aldrig|ikke|aldri|utan|uten|"
    "nigdy|bez|не|нет|никогда|без"
)
_PLANS = (
    "plans?|planned|planning|intends?|intended|aims?|seeks?|seeking|hopes?|hoped|expects?|expected|wants?|"
    "proposes?|proposed|may|might|would|could|should|rumou?red|allegedly|reportedly|supposed|considers?|considering|"
    "negotiating|talks|if|"
    "planen|geplant|will|wollen|möchte|soll|sollen|könnte|würde|hofft|erwartet|angeblich|falls|"
    "prévoit|envisage|souhaite|veut|pourrait|devrait|espère|planea|prevé|quiere|podría|debería|espera|"
    "prevede|vuole|potrebbe|dovrebbe|spera|planeja|pretende|poderia|deveria|"
    "hoopt|планирует|намерена|намерен|хочет|может|надеется"
)
_DENIAL = re.compile(rf"(?<![\w-])(?:{_DENIALS})(?![\w-])|不|没|沒|無い|ない|ません|ไม่", re.IGNORECASE)
_PLAN = re.compile(rf"(?<!\w)(?:{_PLANS})(?!\w)|計画|予定|计划|打算", re.IGNORECASE)
_BETWEEN_CLAUSES = re.compile(
    r"[,:](?!\d)|[;()—–]|\b(?:but|although|though|while|whereas|because|aber|obwohl|während|sondern|weil|mais|tandis|"
    r"pero|aunque|porque|però|mentre|embora|maar|terwijl|но|хотя)\b|[，；：、]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\bno\.?\s*\d", re.IGNORECASE)  # "No. 3" denies nothing
_MONTH_OF_MAY = re.compile(r"\bMay\b(?=\s+(?:\d|of\b))|(?<=\d )May\b|(?<=\bin )May\b|(?<=\bof )May\b")


def denies(sentence: str) -> bool:
    """Whether a word of denial stands in it."""
    return bool(_DENIAL.search(_NUMBERED.sub(" ", sentence)))


def supposes(sentence: str) -> bool:
    """Whether it speaks of what is planned, expected or possible rather than of what is."""
    return bool(_PLAN.search(_MONTH_OF_MAY.sub(" ", sentence)))


def clauses(sentence: str) -> list[str]:
    """A sentence cut where something else may begin: what one part denies, another may well state."""
    return [part.strip() for part in _BETWEEN_CLAUSES.split(sentence) if part.strip()]
