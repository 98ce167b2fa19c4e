"""Signs by which a page that never says so is a company's: it has staff, sales, a head office, a founding. Pure.

Two different signs are needed; one alone is as well a school's or a town's. What a page says outright is read in
`declarations.py`.
"""

import re
from collections.abc import Sequence

_LEAST = 2
_SIGNS = tuple(
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for words in (
        # people
        "employees|staff|payroll|workforce|headcount|employs|jobs|mitarbeiter(?:innen)?|beschäftigte?|belegschaft|"
        "emplead[oa]s|plantilla|trabajador(?:es|as)|emplea|people (?:work|earn)|team of",
        # money
        "turnover|revenues?|sales|turned over|profits?|umsatz|gewinn|facturación|facturó|factura|ventas",
        # beginnings
        "founded|founders?|established|set up|start-?ups?|spun out|launched|incorporated|started (?:trading|up)|"
        "gegründet|gründer|fundad[oa]|fundador(?:es|a)?|creada en",
        # a seat
        "headquarter(?:s|ed)|head office|hauptsitz|firmensitz|sede(?: central)?",
        # trade
        "exports?|exported|customers|clients|kunden|clientes|exporta|exportiert|investors?|subsidiar(?:y|ies)|"
        "tochterfirma|acquired|took over|brand|label|b corp|factory|fabrik|fábrica|workshop|markets?",
        # what it is called in passing
        "the (?:company|firm|business|manufacturer)|das unternehmen|die firma|la (?:empresa|compañía|firma)",
    )
)
_SOMETHING_ELSE = re.compile(
    r"\b(?:pupils|students|patients|inhabitants|residents|population|exhibits|chapters?|author|schüler|einwohner|"
    r"patienten|alumnos|habitantes|pacientes|she|he|her|his)\b",
    re.IGNORECASE,
)


def is_like_company(texts: Sequence[str]) -> bool:
    """Whether what a page says of its topic shows that it is a company."""
    whole = " ".join(texts)
    return not _SOMETHING_ELSE.search(whole) and count_signs(whole) >= _LEAST


def count_signs(text: str) -> int:
    """How many different signs of a company a text has."""
    return sum(bool(sign.search(text)) for sign in _SIGNS)
