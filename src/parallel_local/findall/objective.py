"""Reading an objective: what kind of entity, which conditions it must meet, and what to find out about it.

Pure. "Find all <kind> that <condition> and <condition> and get their <field>, <field>" is grammar, not a
phrase book: the verbs that order, join and ask are listed, everything between them is the user's.
"""

import re

import msgspec

from parallel_local.findall.kinds import head, is_plural
from parallel_local.findall.predicates import predicates
from parallel_local.text.tokens import slug
from parallel_local.wire.findall import MatchCondition

_ORDER_VERBS = (
    "find\\s?all|find|list|get|identify|show|give|discover|search for|look for|i need|i want|compile|collect|name|"
    "which|what|finde|suche|nenne|zeige|liste|gib|welche|encuentra|encuéntrame|busca|enumera|muestra|dame|lista|"
    "quiero|necesito|qué|cuáles son"
)
_ORDER = re.compile(
    rf"^\s*(?:please\s+|bitte\s+)?(?:(?:can|could) you\s+)?(?:(?:{_ORDER_VERBS})\b\s*)?(?:(?:me|mir|us|"
    rf"uns)\s+)?(?:out\s+)?"
    r"(?:(?:an?|the|eine|una)\s+(?:list|set|overview|liste|übersicht|lista)\s+(?:of|von|der|de)\s+)?"
    r"(?:(?:all|every|any|some|alle|jede|jeden|todos|todas|\d+)\s+)?(?:of\s+)?"
    r"(?:the\s+|our\s+|die\s+|unsere\s+|los\s+|las\s+|nuestr[oa]s\s+)?",
    re.IGNORECASE,
)
_FIELD_VERBS = (
    "get|return|include|including|provide|collect|extract|find out|find|list|tell me|give me|give|show|"
    "enrich with|along with|together with|with|report|mit|nenne|nenne mir"
)
_FIELDS = re.compile(
    r"(?:[,;.]\s*(?:and\s+|then\s+|und\s+)?|\s+(?:and|then|und)\s+(?:also\s+)?|\s+)"
    rf"(?:{_FIELD_VERBS})\s+(?:me\s+)?(?:for each\s+)?(?:their|its|his or her|each (?:one|company|entity)['’]s|"
    rf"deren|ihre|ihren|"
    r"(?:the\s+)?(?:following\s*:?))\s+(?P<fields>[^.]+)\.?\s*$",
    re.IGNORECASE,
)
_RELATIVES = (
    "that|which|who|whose|where|with|without|in|from|based|located|headquartered|founded|established|backed|"
    "using|offering|working|operating|building|making|developing|providing|selling|led|having|of|for|between|"
    "since|after|before|near|outside|under|over|more than|less than|fewer than|at least|at most|not|built|written|"
    "published|open|opened|costing|serving|owned|certified|run|born|aged|living|longer|shorter|older|younger|"
    "cheaper|larger|smaller|bigger|higher|lower|heavier|lighter|taller|faster|slower|starting|ending|expiring|"
    "mit|ohne|aus|in|nach|vor|seit|deren|dessen|von|bei|gegründet|mehr als|weniger als|"
    "que|con|sin|en|cuy[oa]s?|fundad[oa]s|situad[oa]s|ubicad[oa]s|desde|entre|más de|menos de"
)
_RELATIVE = re.compile(
    rf"\s*,?\s*\b(?P<joint>{_RELATIVES})\b\s*|\s*,\s*(?P<german>die|der|das)\s+", re.IGNORECASE
)
_PARTICIPLES = re.compile(
    r"(?<!\bwere)(?<!\bwas)(?<!\bare)(?<!\bis)(?<!\bbeen)(?<!recently)(?<!\bnot)(?<!\bwurden)\s+"
    r"(?=(?:founded|based|located|headquartered|established)\b)",
    re.IGNORECASE,
)
_ACTING = re.compile(
    r"(?<=s|n|e)\s+(?=(?:ends?|ships?|delivers?|sells?|makes?|uses?|have|has|offers?|speaks?|costs?|takes?|"
    r"accepts?|expires?|are|is|"
    r"do|does|can|serves?|lives?|works?|employs?|lies|lie|holds?|liefern|kosten|haben|sind|starts?|opens?|"
    r"runs?|owns?)\b)"
)
_OF = ("de", "del")
_BEHIND = re.compile(r"(?:[oa]s|ales|iles|eses|ivos|ivas)$")  # Spanish adjectives follow their noun
_PRONOUN = re.compile(
    r"^(?:and\s+|und\s+|y\s+)?(?:(?:that|which|who|que)\s+|(?:die|der|das)\s+(?=.*[a-zäöü]$))", re.IGNORECASE
)


class Objective(msgspec.Struct, frozen=True):
    """An objective taken apart. `entity_type` is the plural noun without its qualifiers."""

    entity_type: str
    conditions: tuple[MatchCondition, ...]
    fields: tuple[str, ...]


def read_objective(text: str) -> Objective:
    """The parts of an objective; a bare phrase is an entity type with its qualifiers as the condition."""
    flat = re.sub(r"\s+", " ", text).strip()
    rest, fields = _take_fields(flat)
    wanted = _ORDER.sub("", rest, count=1).strip(" .?!,;:")
    kind, clauses = _take_clauses(wanted)
    noun, qualifier = _noun(kind)
    conditions = [_qualified(qualifier, noun)] if qualifier else []
    conditions += [_condition(clause) for clause in clauses]
    if not conditions:
        conditions = [MatchCondition(f"{slug(noun)}_check", f"Must be one of the {noun}.")]
    return Objective(entity_type=noun, conditions=tuple(_unique(conditions)), fields=tuple(fields))


def enrichment_schema(fields: tuple[str, ...]) -> dict[str, object]:
    """The JSON Schema that asks for the named fields, all as text."""
    properties: dict[str, object] = {
        slug(field): {"type": "string", "description": f"{field} of the entity"} for field in fields
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _take_fields(text: str) -> tuple[str, list[str]]:
    """The text without its request for details, and the details."""
    found = _FIELDS.search(text)
    if found is None:
        return text, []
    items = re.split(r"\s*,\s*(?:and\s+|und\s+)?|\s+(?:and|und)\s+|\s*;\s*|\s*&\s+", found.group("fields"))
    cleaned = [
        re.sub(r"^(?:the|their|its|an?|die|der|das)\s+", "", item.strip(" .:"), flags=re.IGNORECASE)
        for item in items
    ]
    return text[: found.start()], list(dict.fromkeys(item for item in cleaned if item))


def _take_clauses(wanted: str) -> tuple[str, list[str]]:
    """The noun phrase before the first relative word, and the clauses after it."""
    joint = next((match for match in _RELATIVE.finditer(wanted) if match.start() > 0), None)
    acting = next(
        (match for match in _ACTING.finditer(wanted) if is_plural(head(wanted[: match.start()]))), None
    )
    if acting and (joint is None or acting.start() < joint.start()):
        kind, tail = wanted[: acting.start()], wanted[acting.end() :]
    elif joint:
        start = joint.start("joint") if joint.group("joint") else joint.end()
        kind, tail = wanted[: joint.start()], wanted[start:]
    else:
        return wanted, []
    parts = [part for predicate in predicates(tail) for part in _PARTICIPLES.split(predicate)]
    clauses = [_PRONOUN.sub("", part).strip(" .,;") for part in parts]
    return kind.strip(" ,"), [clause for clause in clauses if clause]


def _noun(kind: str) -> tuple[str, str]:
    """Plural noun and qualifier: "AI companies" are companies, qualified by AI; "bares veganos" are bares."""
    words = kind.split()
    if not words:
        return "entities", ""
    if len(words) > 1 and (words[1] in _OF or _BEHIND.search(words[-1])) and is_plural(words[0].casefold()):
        return words[0].casefold(), " ".join(words[1:])
    return words[-1].casefold(), " ".join(words[:-1])


def _qualified(qualifier: str, noun: str) -> MatchCondition:
    return MatchCondition(f"{slug(qualifier)}_check", f"Must be {qualifier} {noun}.")


def _condition(clause: str) -> MatchCondition:
    return MatchCondition(f"{slug(clause)}_check", f"Must meet: {clause}.")


def _unique(conditions: list[MatchCondition]) -> list[MatchCondition]:
    return list({condition.name: condition for condition in conditions}.values())
