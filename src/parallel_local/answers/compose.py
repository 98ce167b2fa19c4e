"""Composing the output of a task: text, a given JSON Schema, or a schema of the engine's own.

`compose` is a generator: it yields steps as the work goes on and the output as its last item, so that
whoever drives it can tell progress, and stop between steps. It blocks on the index: drive it from a thread.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from parallel_local.answers.answering import answer, judge
from parallel_local.answers.auto import auto_answers, auto_schema
from parallel_local.answers.basis import NOT_FOUND, Answer, basis, unfound
from parallel_local.answers.brief import Brief, read_brief
from parallel_local.answers.evidence import Line
from parallel_local.answers.fill import Filler
from parallel_local.answers.render import not_found, report_markdown, short_markdown
from parallel_local.answers.report import Depth, Report, ReportWriter, Step
from parallel_local.answers.schema_view import view
from parallel_local.answers.statements import Statement, cite, confidence
from parallel_local.answers.subject import Subject, named_entities, subject_text
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import RELEVANT, Found
from parallel_local.wire.common import SourcePolicy
from parallel_local.wire.tasks import JsonOutput, Output, TextOutput


class Assignment(msgspec.Struct, frozen=True):
    """What to compose. `context` is the text of an earlier interaction this one continues."""

    given: object
    form: Literal["text", "json", "auto"]
    depth: Depth
    instruction: str = ""
    schema: dict[str, object] = {}
    policy: SourcePolicy | None = None
    context: str = ""
    deep: bool = False
    per_element: bool = False


def compose(library: Library, task: Assignment) -> Iterator[Step | Output]:
    """Steps, and the output as the last item."""
    text = " ".join(part for part in (subject_text(task.given), task.context) if part)
    if task.form == "json":
        yield from _structured(library, task, text)
        return
    brief = _brief(subject_text(task.given), task.instruction)
    query = library.query(f"{brief.topic} {task.context}")
    yield Step("plan", _plan(brief, library))
    yield Step("search", f"Objective: {brief.topic}")
    if (task.form == "auto" and task.deep) or (task.form == "text" and brief.is_report):
        found = library.search([query, library.query(f"{brief.genre} {brief.topic}")], task.policy)
        yield _read(
            [item for item in found if item.coverage >= RELEVANT], len({item.card.id for item in found})
        )
        yield from _report(library, task, brief, query, found)
    else:
        yield from _short(library, task)


def direct_statements(library: Library, query: Query, found: Sequence[Found]) -> list[Statement]:
    """The few sentences of these passages that answer a query, best first; empty when none does."""
    return judge(library, query, found).statements()


def _brief(text: str, instruction: str) -> Brief:
    """The input says what to look for; the description of the output may add aspects, or ask for a report."""
    brief, form = read_brief(text), read_brief(instruction)
    aspects = tuple(dict.fromkeys((*brief.aspects, *form.aspects)))
    return msgspec.structs.replace(brief, aspects=aspects, is_report=brief.is_report or form.is_report)


def _plan(brief: Brief, library: Library) -> str:
    aspects = f", covering {', '.join(brief.aspects)}" if brief.aspects else ""
    return f"Look up {brief.topic}{aspects} in {len(library.cards)} documents and quote what they say."


def _read(relevant: Sequence[Found | Line], considered: int) -> Step:
    urls = tuple(dict.fromkeys(item.card.url for item in relevant))
    passages = len({item.passage for item in relevant})
    return Step("result", f"{passages} relevant passages in {len(urls)} documents", urls, considered)


def _report(
    library: Library, task: Assignment, brief: Brief, query: Query, found: Sequence[Found]
) -> Iterator[Step | Output]:
    for item in ReportWriter(library, brief, task.depth, task.policy).write(found, query):
        if not isinstance(item, Report):
            yield item
        elif not item.summary.statements and not item.sections:
            yield from _short(library, task)
        elif task.form == "auto":
            yield _auto(auto_answers(item), task)
        else:
            quoted = [part for section in (item.summary, *item.sections) for part in section.quoted()]
            yield _text(report_markdown(item), quoted)


def _short(library: Library, task: Assignment) -> Iterator[Step | Output]:
    said = answer(library, subject_text(task.given), task.policy, task.context)
    yield _read(said.quoted, len({line.card.id for line in said.ranked}))
    quoted = said.statements()
    sources = tuple(cite(quoted))
    if task.form == "text":
        text = short_markdown(quoted) if quoted else not_found(said)
        whole = Answer(text, sources, said.confidence, _reason(quoted))
        yield TextOutput(content=text, basis=basis({"output": whole}, per_element=False))
        return
    content = " ".join(statement.text for statement in quoted) or NOT_FOUND
    yield _auto({"answer": Answer(content, sources, said.confidence, _reason(quoted))}, task)


def _text(content: str, quoted: Sequence[Statement]) -> Output:
    whole = Answer(content, tuple(cite(quoted)), confidence(quoted), _reason(quoted))
    return TextOutput(content=content, basis=basis({"output": whole}, per_element=False))


def _reason(quoted: Sequence[Statement]) -> str:
    if not quoted:
        return "Not found in the documents."
    sources = len({statement.card.url for statement in quoted})
    return f"Quoted from {sources} document{'s' if sources > 1 else ''}, {len(quoted)} passages in all."


def _auto(answers: dict[str, Answer], task: Assignment) -> Output:
    content = {name: answer.value for name, answer in answers.items()}
    entries = basis(answers, per_element=task.per_element)
    return JsonOutput(content=content, basis=entries, output_schema=auto_schema(answers))


def _structured(library: Library, task: Assignment, text: str) -> Iterator[Step | Output]:
    subject = Subject(text, named_entities(text, library.entities()), task.given)
    filler = Filler(library, subject, task.schema, task.policy)
    properties = view(task.schema, task.schema).properties()
    yield Step("plan", f"Fill {len(properties)} fields from {len(library.cards)} documents.")
    yield Step("search", f"Objective: {text[:300]}")
    answers: dict[str, Answer] = {}
    for name, raw in properties.items():
        answers[name] = filler.field(name, raw)
        urls = tuple(citation.url for citation in answers[name].citations)
        state = f"found in {len(urls)} documents" if urls else NOT_FOUND
        notices = unfound(answers[name])
        yield Step("search", f"Query: {name.replace('_', ' ')} — {state}", urls, len(urls), notices)
    content = {name: answer.value for name, answer in answers.items()}
    yield JsonOutput(content=content, basis=basis(answers, per_element=task.per_element))
