"""The engine's own output schema for tasks that give none: a report as fields, one per section. Pure."""

from collections.abc import Mapping

from parallel_local.answers.basis import Answer
from parallel_local.answers.render import Numbering, section_markdown
from parallel_local.answers.report import Report, Section
from parallel_local.answers.statements import cite, confidence
from parallel_local.text.tokens import slug

_SUMMARY = "executive_summary"


def auto_answers(report: Report) -> dict[str, Answer]:
    """Title, summary and one text per section; bracketed numbers count the citations of their own field."""
    answers: dict[str, Answer] = {}
    if report.summary.statements:
        answers[_SUMMARY] = _section(report.summary)
    for section in report.sections:
        name = slug(section.title)
        if name in answers:
            name = f"{name}_{len(answers)}"
        answers[name] = _section(section)
    if report.missing:
        answers["not_found_in_documents"] = Answer(list(report.missing))
    return answers


def auto_schema(answers: Mapping[str, Answer]) -> dict[str, object]:
    """The JSON Schema that describes such answers."""
    properties: dict[str, object] = {name: _property(name, answer) for name, answer in answers.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _property(name: str, answer: Answer) -> dict[str, object]:
    words = name.replace("_", " ").capitalize()
    if isinstance(answer.value, list):
        return {"type": "array", "items": {"type": "string"}, "description": words}
    return {"type": "string", "description": f"{words}, as Markdown quoted from the documents"}


def _section(section: Section) -> Answer:
    quoted = section.quoted()
    citations = tuple(cite(quoted))
    reasoning = f"“{section.title}”: {len(quoted)} passages quoted from {len(citations)} documents."
    return Answer(section_markdown(section, Numbering()), citations, confidence(quoted), reasoning)
