"""Reports and short answers as Markdown with numbered citations. Pure."""

from collections.abc import Sequence

from parallel_local.answers.answering import Answered
from parallel_local.answers.report import Report, Section
from parallel_local.answers.statements import Statement
from parallel_local.retrieval.index import Card
from parallel_local.text.sentences import Kind, flat


class Numbering:
    """Numbers for documents in order of first citation."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.cards: list[Card] = []

    def of(self, card: Card) -> int:
        """The number of a document, given on first use."""
        if card.url not in self._numbers:
            self._numbers[card.url] = len(self._numbers) + 1
            self.cards.append(card)
        return self._numbers[card.url]


def report_markdown(report: Report) -> str:
    """The whole report: headline, summary, sections, gaps and references."""
    numbering = Numbering()
    blocks = [f"# {report.title}"]
    for section in (report.summary, *report.sections):
        blocks.append(f"## {section.title}\n\n{section_markdown(section, numbering)}")
    if report.missing:
        gaps = "\n".join(f"- {aspect}" for aspect in report.missing)
        blocks.append(f"## Not found in the documents\n\n{gaps}")
    blocks.append(references(numbering))
    return "\n\n".join(blocks)


def section_markdown(section: Section, numbering: Numbering) -> str:
    """Paragraphs and bullets of quotations, then the table."""
    parts: list[str] = []
    run: list[str] = []
    kind: Kind | None = None
    for statement in section.statements:
        if statement.kind is not kind:
            parts.append(_join(run, kind))
            run, kind = [], statement.kind
        run.append(quotation(statement, numbering))
    parts.append(_join(run, kind))
    if section.table:
        rows = "\n".join(row.text for row in section.table.rows)
        parts.append(f"{rows}\n\nTable from [{numbering.of(section.table.rows[0].card)}].")
    return "\n\n".join(part for part in parts if part)


def quotation(statement: Statement, numbering: Numbering) -> str:
    """A quoted sentence followed by the number of its source."""
    return f"{flat(statement.text)} [{numbering.of(statement.card)}]"


def references(numbering: Numbering) -> str:
    """The numbered list of cited documents."""
    lines = [
        f"{number}. {card.title} — {card.url}" + (f" ({card.date})" if card.date else "")
        for number, card in enumerate(numbering.cards, start=1)
    ]
    return "## References\n\n" + "\n".join(lines)


def short_markdown(quoted: Sequence[Statement]) -> str:
    """A short answer: the quotations, then where they come from."""
    numbering = Numbering()
    body = "\n\n".join(quotation(statement, numbering) for statement in quoted)
    sources = "\n".join(
        f"[{number}] {card.title} — {card.url}" for number, card in enumerate(numbering.cards, start=1)
    )
    return f"{body}\n\nSources:\n{sources}"


def not_found(said: Answered) -> str:
    """Saying that nothing answers, with what is missing."""
    return f"Not found in the documents: nothing relevant to {said.missing}."


def _join(run: Sequence[str], kind: Kind | None) -> str:
    if kind is Kind.ITEM:
        return "\n".join(f"- {line}" for line in run)
    return " ".join(run)
