"""Prose made of claims: only those that quotations support, each with the numbers of its sources. Pure."""

from collections.abc import Sequence

import msgspec

from parallel_local.answers.basis import NOT_FOUND, Answer
from parallel_local.answers.render import Numbering, references
from parallel_local.model.about import Subject
from parallel_local.model.claims import Claim
from parallel_local.model.proofs import Proof, cited
from parallel_local.model.support import statement_support
from parallel_local.text.sentences import flat
from parallel_local.text.tokens import slug
from parallel_local.wire.common import Confidence

_LONGEST_CLAIM = 1_500
_LONGEST_TITLE = 120
_SURE: Sequence[Confidence] = ("low", "medium", "high")


class Supported(msgspec.Struct, frozen=True):
    """A claim that may be said, and what shows it."""

    text: str
    section: str
    proofs: tuple[Proof, ...]
    confidence: Confidence


def supported(claims: Sequence[tuple[Claim, Sequence[Proof]]], subject: Subject) -> list[Supported]:
    """The claims that their proofs support, each once; those that are doubtful only where there is nothing better."""
    kept: dict[str, Supported] = {}
    for claim, proofs in claims:
        text = flat(claim.text)[:_LONGEST_CLAIM].strip()
        support = statement_support(text, proofs, subject)
        if text and support.confidence is not None:
            section = flat(claim.section or "")[:_LONGEST_TITLE].lstrip("#").strip()
            kept.setdefault(text, Supported(text, section, support.proofs, support.confidence))
    sound = [one for one in kept.values() if one.confidence != "low"]
    return sound or list(kept.values())


def short_text(claims: Sequence[Supported]) -> str:
    """An answer in a few sentences, then where they come from."""
    numbering = Numbering()
    body = " ".join(_numbered(claim, numbering) for claim in claims)
    sources = "\n".join(
        f"[{place}] {card.title} — {card.url}" for place, card in enumerate(numbering.cards, 1)
    )
    return f"{body}\n\nSources:\n{sources}"


def report_text(title: str, claims: Sequence[Supported]) -> str:
    """A report as Markdown: a section after the other, and the references."""
    numbering = Numbering()
    blocks = [f"# {title}"]
    for name, part in sections(claims).items():
        body = " ".join(_numbered(claim, numbering) for claim in part)
        blocks.append(f"## {name}\n\n{body}")
    return "\n\n".join([*blocks, references(numbering)])


def sections(claims: Sequence[Supported]) -> dict[str, list[Supported]]:
    """Claims by section, in order of first mention."""
    parts: dict[str, list[Supported]] = {}
    for claim in claims:
        parts.setdefault(claim.section or "Summary", []).append(claim)
    return parts


def as_answer(claims: Sequence[Supported], text: str) -> Answer:
    """A text with its evidence: as sure as the least sure of its claims."""
    if not claims:
        return Answer(text, reasoning=f"The model says: {NOT_FOUND}.")
    proofs = [proof for claim in claims for proof in claim.proofs]
    sure = min((claim.confidence for claim in claims), key=_SURE.index)
    citations = cited(proofs)
    reason = (
        f"Written by the model; {len(claims)} claims, each supported by words of {len(citations)} documents."
    )
    return Answer(text, citations, sure, reason)


def auto_fields(claims: Sequence[Supported], *, deep: bool) -> dict[str, Answer]:
    """Answers for the engine's own schema: one, or a field per section."""
    if not deep:
        return {"answer": as_answer(claims, _plain(claims))}
    fields: dict[str, Answer] = {}
    for name, part in sections(claims).items():
        key = slug(name)
        fields[key if key not in fields else f"{key}_{len(fields)}"] = as_answer(part, _plain(part))
    return fields


def _plain(claims: Sequence[Supported]) -> str:
    numbering = Numbering()
    return " ".join(_numbered(claim, numbering) for claim in claims)


def _numbered(claim: Supported, numbering: Numbering) -> str:
    numbers = dict.fromkeys(numbering.of(proof.card) for proof in claim.proofs)
    return f"{claim.text} {''.join(f'[{number}]' for number in numbers)}"
