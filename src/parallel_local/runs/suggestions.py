"""Suggesting a task for an intent, and processors for a task (Parallel 2.9.9). Pure.

"Find the <field>, <field> and <field> of each <thing>" is grammar, not understanding: where an intent has no such
form, one field asks for all of it, and a warning says so. Which processor is enough is read off the output schema.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from parallel_local.runs.specs import wanted
from parallel_local.text.tokens import slug
from parallel_local.wire.suggestions import PreviousTask, Suggestion, SuggestWarning
from parallel_local.wire.tasks import TaskSpec

_MOST_FIELDS = 25  # of the largest processor (Parallel 2.9.8)
_MOST_INPUTS = 100
_LONGEST_TITLE = 80
_COLUMNS = re.compile(r"\n\s*Input columns available:\s*\n", re.IGNORECASE)
_COLUMN = re.compile(r"^\s*-\s*(?P<name>[^:\n]{1,80}):?[ \t]*(?P<about>[^\n]*)$", re.MULTILINE)
_EACH = re.compile(
    r"\b(?:for|of|about|per|on|in)\s+(?:each|every|all(?:\s+the)?|an?|any|these|those|the\s+given|"
    r"the\s+following|my|our)\s+(?:of\s+the\s+)?(?P<thing>[a-z][\w-]*)",
    re.IGNORECASE,
)
_NAME = r"[A-Z][\w&.'’-]*(?:[ ][A-Z][\w&.'’-]*)*"
_NAMES = re.compile(
    rf"\b(?:of|for|about)\s+(?P<names>{_NAME}(?:,\s+{_NAME})*(?:,?\s+(?:and|or|&)\s+{_NAME})?)"
)
_ASK = re.compile(
    r"\b(?:find(?:\s+out)?|get|fetch|extract|determine|look\s+up|identify|research|collect|tell\s+me|give\s+me|show|"
    r"list|what\s+(?:is|are|was|were)|who\s+(?:is|are|was|were)|add|enrich\s+with|return|check|say)\s+"
    r"(?P<fields>[^.?!;:\n]+)",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\bhow\s+(?:many|much)\s+(?P<thing>[\w-]+)", re.IGNORECASE)
_WHETHER = re.compile(r"\b(?:whether|if)\s+(?P<claim>[^.?!;:\n]{2,200})", re.IGNORECASE)
_REST = re.compile(
    r"\s+(?:of|for|about|from|per|given|by|in|on|at|using|based)\b.*$", re.IGNORECASE | re.DOTALL
)
_JOINT = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|&|as\s+well\s+as|plus)\s+", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:(?:the|an?|its|their|his|her|all|current|me|us)\s+)+", re.IGNORECASE)
_DEED = re.compile(
    r"^\s*(?:please\s+)?(?:send|buy|book|order|call|e-?mail|delete|post|publish|pay|schedule|write\s+to)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^(?:number|count|amount)\s+of\b|\b(?:employees|headcount|population)$|^how many", re.I)
_YEAR = re.compile(r"\byear\b", re.IGNORECASE)
_LIST = re.compile(r"^(?:an?\s+)?(?:lists?|names)\s+of\b", re.IGNORECASE)
_FILLS = {
    "base": 5,
    "core": 10,
    "core2x": 10,
    "pro": 20,
    "ultra": 20,
    "ultra2x": 25,
    "ultra4x": 25,
    "ultra8x": 25,
}
Schema = dict[str, object]


def suggested(intent: str, previous: PreviousTask | None) -> Suggestion:
    """A task for an intent. Columns that are listed below it, or a previous task's, are its input."""
    said, _, listed = _COLUMNS.sub("\0", intent, count=1).partition("\0")
    flat = re.sub(r"\s+", " ", said).strip()
    warnings: list[SuggestWarning] = []
    if _DEED.search(flat):
        message = "this engine quotes documents: it sends, buys and changes nothing"
        warnings.append(SuggestWarning("unattainable_task", message))
    fields = dict(islice(_fields(flat), _MOST_FIELDS))
    if not fields:
        fields = {"answer": {"type": "string", "description": flat[:500]}}
        message = "no fields could be read out of the intent: one field asks for all of it"
        warnings.append(SuggestWarning("schema_generalization", message))
    key, inputs = _inputs(flat, _columns(listed, previous))
    return Suggestion(
        title=_title(flat),
        input_schema=_object(_columns(listed, previous) or {key: _text(f"The {key.replace('_', ' ')}")}),
        output_schema=_object(fields),
        inputs=inputs,
        warnings=warnings or None,
    )


def processors_for(spec: TaskSpec, choice: Sequence[str], known: Sequence[str]) -> list[str]:
    """Those of the choice that are enough, the least first, then the others, the largest first; never `lite`."""
    needed = _needed(spec)
    listed = [name for name in known if name in choice and not name.startswith("lite")]
    enough = [name for name in listed if _FILLS[name.removesuffix("-fast")] >= needed]
    return [*enough, *reversed([name for name in listed if name not in enough])]


def _needed(spec: TaskSpec) -> int:
    """How many fields a processor has to fill; a text counts as few, and a schema of its own as many."""
    ask = wanted(spec)
    schema: object = ask.schema
    if isinstance(spec.output_schema, dict) and "properties" in spec.output_schema:
        schema = spec.output_schema  # a bare JSON Schema, as Parallel's own command line sends it
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if isinstance(properties, dict) and properties:
        return min(len(properties), _MOST_FIELDS)
    return _FILLS["pro"] if ask.form == "auto" else _FILLS["base"]


def _fields(said: str) -> Iterator[tuple[str, object]]:
    """Name and schema of each field that is asked for; what it is asked of is no field."""
    said = _NAMES.sub("", _EACH.sub("", said))
    for found in _COUNT.finditer(said):
        yield slug(f"number of {found['thing']}"), {"type": "integer", "description": found[0]}
    for found in _WHETHER.finditer(said):
        claim = _ARTICLE.sub("", found["claim"]).strip()
        yield slug(claim), {"type": "boolean", "description": f"Whether {found['claim'].strip()}"}
    for found in _ASK.finditer(said):
        if _WHETHER.search(found["fields"]) or _COUNT.search(found["fields"]):
            continue
        for item in _JOINT.split(found["fields"]):
            name = _ARTICLE.sub("", item.strip())
            name = name if _NUMBER.search(name) or _LIST.search(name) else _REST.sub("", name)
            if slug(name):
                yield slug(name), _typed(name)


def _typed(name: str) -> Schema:
    if _LIST.search(name):
        return {"type": "array", "items": {"type": "string"}, "description": _sentence(name)}
    kind = "integer" if _NUMBER.search(name) or _YEAR.search(name) else "string"
    return {"type": kind, "description": _sentence(name)}


def _columns(listed: str, previous: PreviousTask | None) -> dict[str, object]:
    """The columns of a list below the intent, else of a previous task."""
    found = {match["name"].strip(): _text(match["about"].strip()) for match in _COLUMN.finditer(listed)}
    earlier = previous.input_schema.get("properties") if previous and previous.input_schema else None
    return dict(found) or (dict(earlier) if isinstance(earlier, dict) else {})


def _inputs(said: str, columns: dict[str, object]) -> tuple[str, list[dict[str, str]]]:
    """What each input is called, and the ones that the intent names."""
    each, names = _EACH.search(said), _NAMES.search(said)
    key = (
        next(iter(columns), "")
        or (slug(_singular(each["thing"])) if each else "")
        or ("name" if names else "query")
    )
    listed = _JOINT.split(names["names"]) if names and not each else []
    return key, [{key: name} for name in listed[:_MOST_INPUTS] if name]


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun


def _object(properties: dict[str, object]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(about: str) -> Schema:
    return {"type": "string", "description": about}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(said: str) -> str:
    short = said if len(said) <= _LONGEST_TITLE else said[:_LONGEST_TITLE].rsplit(" ", 1)[0]
    return _sentence(short.rstrip(" .?!,;:")) or "Task"
