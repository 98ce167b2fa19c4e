"""Answers of Parallel's API in a few lines, for a person who watches the demonstration. Pure: JSON to text."""

from __future__ import annotations

from textwrap import shorten

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_WIDTH = 110
_RESULTS = 3
_SECTIONS = 6


def brief_run(answer: Json) -> str:
    """A task run that has been accepted."""
    return f"task run {_at(answer, 'run_id')} is {_at(answer, 'status')}"


def brief_search(answer: Json) -> str:
    """How many results, and the first ones."""
    results = _list(_at(answer, "results"))
    lines = [f"{len(results)} results"]
    for result in results[:_RESULTS]:
        lines.append(f"- {_at(result, 'title')} ({_at(result, 'url')})")
        excerpts = _list(_at(result, "excerpts"))
        if excerpts:
            lines.append(f"  {_short(excerpts[0])}")
    return "\n".join(lines)


def brief_ingest(answer: Json) -> str:
    """What a FindAll objective was understood as."""
    conditions = ", ".join(
        str(_at(condition, "name")) for condition in _list(_at(answer, "match_conditions"))
    )
    fields = [
        name
        for enrichment in _list(_at(answer, "enrichments"))
        for name in _dict(_at(_at(_at(enrichment, "output_schema"), "json_schema"), "properties"))
    ]
    lines = [f"looks for {_at(answer, 'entity_type')} where: {conditions}"]
    if fields:
        lines.append(f"and asks of each: {', '.join(fields)}")
    return "\n".join(lines)


def brief_chat(answer: Json) -> str:
    """The first words of a chat completion."""
    choices = _list(_at(answer, "choices"))
    return _short(_at(_at(choices[0], "message"), "content")) if choices else "no answer"


def brief_report(answer: Json) -> str:
    """The parts of a task's result, and how well they are founded."""
    output = _at(answer, "output")
    basis = _list(_at(output, "basis"))
    cited = {_at(citation, "url") for field in basis for citation in _list(_at(field, "citations"))}
    head = (
        f"{_at(_at(answer, 'run'), 'status')}: {len(basis)} fields with a basis, {len(cited)} sources cited"
    )
    content = _at(output, "content")
    if not isinstance(content, dict):
        return f"{head}\n{_short(content)}"
    lines = [
        f"- {name}: {_short(text, _WIDTH - len(name))}" for name, text in list(content.items())[:_SECTIONS]
    ]
    more = len(content) - len(lines)
    return "\n".join([head, *lines, *([f"- and {more} more sections"] if more > 0 else [])])


def _short(value: Json, width: int = _WIDTH) -> str:
    return shorten(str(value), max(width, 20), placeholder=" …")


def _at(value: Json, name: str) -> Json:
    return _dict(value).get(name)


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
