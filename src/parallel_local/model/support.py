"""Whether proofs support a statement: its numbers, dates and names stand in them, and they neither deny nor plan it.

Pure, and the same for prose, typed values and verdicts. Says how far a statement may be trusted, or that it is not
supported at all. Proofs are verbatim already (`proofs.py`).
"""

from collections.abc import Iterable, Sequence

import msgspec

from parallel_local.model.about import Subject, stray_reason
from parallel_local.model.proofs import Proof
from parallel_local.model.wording import (
    adds_words,
    begins_unheard,
    figures,
    is_stated,
    mentions,
    missing_figure,
    missing_name,
    shared_words,
    shares_a_name,
    states_figure,
)
from parallel_local.text.polarity import clauses, denies, supposes
from parallel_local.wire.common import Confidence

NO_QUOTE = "It has no quotation that stands in a document."
_MOSTLY = 0.5


class Support(msgspec.Struct, frozen=True):
    """How far a statement may be trusted, None when it is not supported, why, and what shows it."""

    confidence: Confidence | None
    reason: str
    proofs: tuple[Proof, ...] = ()


def statement_support(text: str, proofs: Sequence[Proof], subject: Subject) -> Support:
    """The support of a sentence of the model's own."""
    if not proofs:
        return Support(None, NO_QUOTE)
    said = f"{_said(proofs)} {_context(proofs)}"
    if missing := missing_figure(text, _said(proofs)):
        return Support(None, f"Its quotations do not say {missing!r}.")
    if missing := missing_name(text, said):
        return Support(None, f"Its quotations do not name {missing!r}.")
    if contrary := _contrary(text, proofs) or astray(proofs, subject):
        return contrary
    if shared_words(text, said) < _MOSTLY:
        return Support("low", "It is put in words that its quotations do not have.", tuple(proofs))
    if _is_mixed(text, proofs):
        return Support("low", "Its figures are quoted from where its names are not.", tuple(proofs))
    if adds_words(text, _with_headings(proofs)) or begins_unheard(text, said):
        return Support("medium", "It has words that its quotations do not have.", tuple(proofs))
    if not _is_doubtful(text) and any(_is_doubtful(proof.sentence) for proof in proofs):
        return Support("medium", "Its quotations also deny or suppose something.", tuple(proofs))
    return _sound(proofs)


def value_support(value: object, proofs: Sequence[Proof], subject: Subject, label: str) -> Support:
    """The support of one scalar, the value of a field with this label: it stands in the quotations itself."""
    if not proofs:
        return Support(None, NO_QUOTE)
    if isinstance(value, bool):
        return astray(proofs, subject) or _boolean_support(value, proofs, label)
    usable = [proof for proof in proofs if is_stated(value, proof.sentence)]
    if not usable:
        return Support(None, f"Its quotations do not say {str(value)[:80]!r}.")
    if strayed := astray(usable, subject):
        return strayed
    plain = [proof for proof in usable if not _is_doubtful(_clause_with(value, proof.sentence))]
    if not plain:
        return Support("low", "Its quotations deny or only plan it.", tuple(usable))
    if all(_is_doubtful(proof.sentence) for proof in plain):
        return Support("medium", "Its quotations also deny or suppose something.", tuple(plain))
    named = [proof for proof in plain if mentions(label, f"{proof.sentence} {proof.around}")]
    if not any(subject.is_near(f"{one.sentence} {one.around} {one.before}") for one in named):
        return Support(
            "medium", "Its quotations have the value, and do not name what is asked.", tuple(plain)
        )
    return _sound(named)


def _clause_with(value: object, sentence: str) -> str:
    """The clause that states a value; the whole sentence where it is spread over several."""
    return next((clause for clause in clauses(sentence) if is_stated(value, clause)), sentence)


def _is_doubtful(text: str) -> bool:
    return denies(text) or supposes(text)


def condition_support(condition: str, proofs: Sequence[Proof], subject: Subject) -> Support:
    """Whether proofs show that the subject meets a condition: they are about it, and about what is asked for."""
    if not proofs:
        return Support(None, NO_QUOTE)
    own = [proof for proof in proofs if astray([proof], subject) is None]
    if not own:
        return Support(None, f"Its quotations are not about {subject.name}.")
    plain = [proof for proof in own if supposes(proof.sentence) <= supposes(condition)]
    fitting = [proof for proof in plain if denies(proof.sentence) == denies(condition)]
    telling = [proof for proof in fitting if mentions(condition, proof.sentence, loose=True)]
    if not telling:
        return Support(None, "Its quotations do not say what is asked for.")
    if shared_words(condition, "\n".join(proof.sentence for proof in telling)) < _MOSTLY:
        return Support("medium", "Concluded from its quotations.", tuple(telling))
    return _sound(telling)


def astray(proofs: Sequence[Proof], subject: Subject) -> Support | None:
    """What proofs support that are not about the subject; None when one of them is, or nobody is asked about."""
    found = stray_reason(proofs, subject)
    if found is None:
        return None
    surely, reason = found
    return Support(None, reason) if surely else Support("low", reason, tuple(proofs))


def _boolean_support(value: bool, proofs: Sequence[Proof], label: str) -> Support:
    """Yes needs a sentence that mentions the field and does not deny it, no one that does."""
    telling = [proof for proof in proofs if mentions(label, f"{proof.sentence} {proof.around}")]
    if not telling:
        return Support("low", "Its quotations do not mention what is asked.", tuple(proofs))
    if all(supposes(proof.sentence) for proof in telling):
        return Support("low", "Its quotations only plan or suppose it.", tuple(telling))
    agreeing = [proof for proof in telling if denies(proof.sentence) != value]
    if not agreeing:
        return Support(None, "Its quotations say the contrary.")
    return Support("medium", "Concluded from its quotations.", tuple(agreeing))


def _contrary(text: str, proofs: Sequence[Proof]) -> Support | None:
    """A statement whose quotations all deny it, or only plan it, is not supported."""
    clauses_of_it = [_nearest_clause(text, proof.sentence) for proof in proofs]
    if not denies(text) and all(map(denies, clauses_of_it)):
        return Support(None, "Its quotations deny it.")
    if denies(text) and not any(denies(proof.sentence) for proof in proofs):
        return Support(None, "Its quotations do not deny what it denies.")
    if not supposes(text) and all(map(supposes, clauses_of_it)):
        return Support("low", "Its quotations only plan or suppose it.", tuple(proofs))
    return None


def _nearest_clause(text: str, sentence: str) -> str:
    """The clause of a sentence that has most of a statement's words; the sentence where several have."""
    return max(clauses(sentence), key=lambda clause: shared_words(text, clause), default=sentence)


def _is_mixed(text: str, proofs: Sequence[Proof]) -> bool:
    """Whether a figure of a statement is quoted only from where none of its names is mentioned."""
    for figure in figures(text):
        stating = [proof for proof in proofs if states_figure(figure, proof.sentence)]
        if stating and not any(shares_a_name(text, f"{_said([one])} {_context([one])}") for one in stating):
            return True
    return False


def _sound(proofs: Sequence[Proof]) -> Support:
    if all(proof.suspect for proof in proofs):
        reason = "Supported by quotations from a passage that also gives orders to its readers."
        return Support("medium", reason, tuple(proofs))
    urls = len({proof.card.url for proof in proofs})
    reason = f"Supported by verbatim quotations: {len(proofs)}, from {urls} document{'s' * (urls > 1)}."
    return Support("high", reason, tuple(proofs))


def _said(proofs: Iterable[Proof]) -> str:
    return "\n".join(proof.sentence for proof in proofs)


def _with_headings(proofs: Iterable[Proof]) -> str:
    """The sentences themselves and what stands above them: what comes before may be about anything."""
    return "\n".join(f"{proof.sentence}\n{proof.around}" for proof in proofs)


def _context(proofs: Iterable[Proof]) -> str:
    return "\n".join(f"{proof.around}\n{proof.before}" for proof in proofs)
