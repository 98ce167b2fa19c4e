"""Where one predicate ends and the next begins: "ships to Norway and has 50 employees", "in Bern with a garden". Pure.

Objectives and conditions are cut by the same rules. What a single predicate demands is read in `demands.py`.
"""

import re

_VERBS = (
    "have|has|had|are|is|were|was|do|does|did|raised|offers?|uses?|sells?|makes?|employs?|operates?|recently|"
    "ships?|delivers?|"
    "serves?|costs?|takes?|opens?|closes?|speaks?|lives?|works?|joined|not|never|no|at least|at most|more "
    "than|fewer than|"
    "less than|between|longer than|shorter than|older than|younger than|starts?|ends?|expires?|accepts?|"
    "allows?|supports?|"
    "holds?|owns?|runs?|seats?|climbs?|produces?|supplies|supply|provides?|needs?|can|cannot|also|built|won|"
    "sold|made|led|leads?|"
    "belongs?|lies|lie|exports?|imports?|includes?|contains?|covers?|charges?|teaches|teach|publish(?:es)?|writes?|"
    "haben|hat|sind|ist|liefern|liefert|bieten|bietet|kosten|kostet|wurden?|liegen|liegt|weniger als|höchstens|"
    "tienen?|est[áa]n?|son|es|cuestan?|ofrecen?|admiten?|miden?|pesan?|fueron|fue|abren?|cierran?|exportan?|emplean?|"
    "más de|menos de|al menos|\\w+ed"
)
_RELATIVES = "that|which|who|whose|with|without|deren|dessen|mit|ohne|que|con|sin|cuy[oa]s?"
PREDICATE = re.compile(rf"(?:{_RELATIVES}|in|en|die|der|das|nach|vor|seit|{_VERBS})\b", re.IGNORECASE)
_LISTED = r"(?:an?|at least|more than|fewer than|\d[\d.,]*|eine?[nmr]?|una?|mehr als|mindestens|zwischen)\s"
_JOINED = re.compile(
    rf"\s*;\s*|\s*,?\s+(?:and|und|y|but|aber|sowie)\s+(?=(?:{_RELATIVES}|in|en|die|der|das|nach|vor|seit|"
    rf"{_VERBS})\b|{_LISTED})"
    rf"|\s*,\s+(?=(?:{_RELATIVES}|die|der|das|{_VERBS})\b|{_LISTED})"
)
# After a name or a number a relative word begins a predicate of its own: "in Lyon that are open", "after 2015 with".
_ATTACHED = re.compile(rf"(?<=[\w%€$])\s+(?=(?:{_RELATIVES})\s)", re.IGNORECASE)
_CLOSED = re.compile(
    r"(?:\b[A-ZÀ-Þ][\w’'-]*|\d\w*|\d[\d.,]*\s[a-zà-ÿ]+|\d\s?(?:%|€|km|m|kg|g|euros?|dollars?|minutes|hours|"
    r"years|employees|people))$"
)
_BETWEEN = re.compile(
    r"\b(?P<first>between|zwischen|entre)\s+(?P<low>\S+(?:\s+\w+)?)\s+(?P<joint>and|und|y)\s+(?=\S*\d)",
    re.IGNORECASE,
)


def predicates(text: str) -> list[str]:
    """The predicates of a text in order. "Between 10 and 20" is held together."""
    held = _BETWEEN.sub(lambda match: f"{match['first']} {match['low']}_{match['joint']}_", text)
    found: list[str] = []
    for part in _JOINED.split(held):
        start = 0
        for match in _ATTACHED.finditer(part):
            if _CLOSED.search(part[: match.start()]):
                found.append(part[start : match.start()])
                start = match.end()
        found.append(part[start:])
    loose = [
        part.replace("_and_", " and ").replace("_und_", " und ").replace("_y_", " y ").strip(" ,;.")
        for part in found
    ]
    return [part for part in loose if part]
