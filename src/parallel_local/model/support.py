"""Whether proofs support a statement: its numbers, dates and names stand in them, and they neither deny nor plan it.

Pure, and the same for prose, typed values and verdicts. Says how far a statement may be trusted, or that it is not
supported at all. Proofs are verbatim already (`proofs.py`).
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from parallel_local.model.proofs import Proof
from parallel_local.text.date_parts import date_parts, stated_dates
from parallel_local.text.polarity import denies, supposes
from parallel_local.text.tokens import words
from parallel_local.text.values import dates, numbers, years
from parallel_local.text.verbatim import fold
from parallel_local.wire.common import Confidence

_WORD = re.compile(r"[^\W_][\w'’&.-]*[\w]|[^\W_]")
_CAPITAL = re.compile(r"[A-ZÀ-ÞĀ-ŽА-Я]")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|\n\s*)[\"'“‘(\[*_-]*$")
_DIGITS = re.compile(r"\d+")
_SHORTEST_TOLD = 4
_SHORTEST_NAMED = 3
_FORM = """
name value number count total amount date year type list the and for answer result text info field of must meet
meets should have has been are was were that which with company companies entity entities
"""
_FORM_WORDS = frozenset(_FORM.split())
_SHARED = 0.7  # of the longer word, from its beginning: the same word in another form
_ROOT = 5
_MOSTLY = 0.5
NO_QUOTE = "It has no quotation that stands in a document."
_COUNTED = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
_WORDS_OF_NUMBERS = _COUNTED.split()


class Subject(msgspec.Struct, frozen=True):
    """Whom a statement has to be about: any of `names`. `others` are known names of somebody else."""

    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class Support(msgspec.Struct, frozen=True):
    """How far a statement may be trusted, None when it is not supported, why, and what shows it."""

    confidence: Confidence | None
    reason: str
    proofs: tuple[Proof, ...] = ()


def statement_support(text: str, proofs: Sequence[Proof], subject: Subject) -> Support:
    """The support of a sentence of the model's own."""
    if not proofs:
        return Support(None, NO_QUOTE)
    said, context = _said(proofs), _context(proofs)
    if missing := _missing_figure(text, said):
        return Support(None, f"Its quotations do not say {missing!r}.")
    if missing := _missing_name(text, f"{said} {context}"):
        return Support(None, f"Its quotations do not name {missing!r}.")
    if contrary := _contrary(text, proofs) or astray(proofs, subject):
        return contrary
    if _shared_words(text, f"{said} {context}") < _MOSTLY:
        return Support("low", "It is put in words that its quotations do not have.", tuple(proofs))
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
    if all(supposes(proof.sentence) for proof in usable) or all(denies(proof.sentence) for proof in usable):
        return Support("low", "Its quotations deny or only plan it.", tuple(usable))
    if not any(_mentions(label, f"{proof.sentence} {proof.around}") for proof in usable):
        return Support("medium", "Its quotations have the value, and do not name the field.", tuple(usable))
    return _sound(usable)


def condition_support(condition: str, proofs: Sequence[Proof], subject: Subject) -> Support:
    """Whether proofs show that the subject meets a condition: they are about it, and about what is asked for."""
    if not proofs:
        return Support(None, NO_QUOTE)
    own = [proof for proof in proofs if astray([proof], subject) is None]
    if not own:
        return Support(None, f"Its quotations are not about {subject.names[0]}.")
    plain = [proof for proof in own if supposes(proof.sentence) <= supposes(condition)]
    fitting = [proof for proof in plain if denies(proof.sentence) == denies(condition)]
    telling = [
        proof for proof in fitting if _mentions(condition, f"{proof.sentence} {proof.around}", loose=True)
    ]
    if not telling:
        return Support(None, "Its quotations do not say what is asked for.")
    if _shared_words(condition, "\n".join(proof.sentence for proof in telling)) < _MOSTLY:
        return Support("medium", "Concluded from its quotations.", tuple(telling))
    return _sound(telling)


def is_stated(value: object, text: str) -> bool:
    """Whether a text states a scalar: a number as counted, a date as meant, anything else as written."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return _states_number(float(value), text)
    if not isinstance(value, str) or not value.strip():
        return False
    wanted = fold(value).casefold().strip(" .")
    if wanted and _bounded(wanted, fold(text).casefold()):
        return True
    parts = (
        date_parts(value) if dates(value) or re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", value.strip()) else None
    )
    return parts is not None and any(stated.covers(parts) for stated in stated_dates(text))


def astray(proofs: Sequence[Proof], subject: Subject) -> Support | None:
    """Why proofs are not about the subject; None when one of them is, or nobody in particular is asked about."""
    if not subject.names or any(names_any(proof.sentence, subject.names) for proof in proofs):
        return None
    if any(names_any(proof.sentence, subject.others) for proof in proofs):
        return Support(None, f"Its quotations are about somebody else than {subject.names[0]}.")
    if any(names_any(f"{proof.around} {proof.before}", subject.names) for proof in proofs):
        return None
    return Support("low", f"Its quotations do not mention {subject.names[0]}.", tuple(proofs))


def _boolean_support(value: bool, proofs: Sequence[Proof], label: str) -> Support:
    """Yes needs a sentence that mentions the field and does not deny it, no one that does."""
    telling = [proof for proof in proofs if _mentions(label, f"{proof.sentence} {proof.around}")]
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
    if not denies(text) and all(denies(proof.sentence) for proof in proofs):
        return Support(None, "Its quotations deny it.")
    if denies(text) and not any(denies(proof.sentence) for proof in proofs):
        return Support(None, "Its quotations do not deny what it denies.")
    if not supposes(text) and all(supposes(proof.sentence) for proof in proofs):
        return Support("low", "Its quotations only plan or suppose it.", tuple(proofs))
    return None


def _sound(proofs: Sequence[Proof]) -> Support:
    if all(proof.suspect for proof in proofs):
        reason = "Supported by quotations from a passage that also gives orders to its readers."
        return Support("medium", reason, tuple(proofs))
    urls = len({proof.card.url for proof in proofs})
    reason = f"Supported by verbatim quotations: {len(proofs)}, from {urls} document{'s' * (urls > 1)}."
    return Support("high", reason, tuple(proofs))


def _said(proofs: Iterable[Proof]) -> str:
    return "\n".join(proof.sentence for proof in proofs)


def _context(proofs: Iterable[Proof]) -> str:
    return "\n".join(f"{proof.around}\n{proof.before}" for proof in proofs)


def _missing_figure(text: str, said: str) -> str | None:
    """The first number or date of a statement that nothing quoted states."""
    stated = stated_dates(said)
    looked_at: list[str] = []
    for value in dates(text):
        parts = date_parts(value.text)
        if parts is not None and not any(one.covers(parts) for one in stated):
            return value.text
        looked_at.append(value.text)
    for number in numbers(text):
        if not _states_number(number.amount, said):
            return number.text
        looked_at.append(number.text)
    for word in words(text):
        if word in _WORDS_OF_NUMBERS[2:] and not _states_number(_WORDS_OF_NUMBERS.index(word), said):
            return word
    known = set(_DIGITS.findall(f"{said} {' '.join(looked_at)}"))
    return next((run for run in _DIGITS.findall(text) if run not in known), None)


def _states_number(amount: float, text: str) -> bool:
    stated = [number.amount for number in numbers(text)]
    stated += [float(year.text) for year in years(text) if year.text.isdigit()]
    stated += [float(_WORDS_OF_NUMBERS.index(word)) for word in words(text) if word in _WORDS_OF_NUMBERS]
    return any(abs(amount - one) <= 1e-9 * max(1.0, abs(one)) for one in stated)


def _missing_name(text: str, said: str) -> str | None:
    """The first name of a statement that nothing quoted, nor what stands above it, has."""
    known = set(words(said))
    for match in _WORD.finditer(text):
        word = match.group()
        if not _CAPITAL.match(word) or _DIGITS.search(word) or _SENTENCE_START.search(text[: match.start()]):
            continue
        if any(part not in known and not _is_form_of(part, known) for part in words(word)):
            return word
    return None


def _mentions(label: str, text: str, *, loose: bool = False) -> bool:
    """Whether a text has a word of a label that says what it is about; `loose`: or a word of the same root."""
    telling = {word for word in words(label) if len(word) >= _SHORTEST_NAMED and word not in _FORM_WORDS}
    known = set(words(text))
    if not telling or any(word in known or _is_form_of(word, known) for word in telling):
        return True
    return loose and any(_same_beginning(word, other) >= _ROOT for word in telling for other in known)


def _shared_words(text: str, said: str) -> float:
    """The share of a text's longer words that stand in what is said, in whichever form."""
    told = {word for word in words(text) if len(word) >= _SHORTEST_TOLD or _DIGITS.search(word)}
    known = set(words(said))
    if not told:
        return 1.0
    return sum(word in known or _is_form_of(word, known) for word in told) / len(told)


def _is_form_of(word: str, known: Iterable[str]) -> bool:
    return any(
        _same_beginning(word, other) >= _SHARED * max(len(word), len(other), _SHORTEST_TOLD)
        for other in known
    )


def _same_beginning(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def names_any(text: str, names: Iterable[str]) -> bool:
    """Whether a text mentions one of the names, as whole words."""
    folded = f" {' '.join(words(text))} "
    return any(f" {' '.join(words(name))} " in folded for name in names if words(name))


def _bounded(wanted: str, text: str) -> bool:
    """Whether a text has `wanted` with no letter or digit on either side; scripts without blanks have none."""
    before = r"(?<![^\W_])" if wanted[0].isalnum() and wanted[0].isascii() else ""
    after = r"(?![^\W_])" if wanted[-1].isalnum() and wanted[-1].isascii() else ""
    return re.search(before + re.escape(wanted) + after, text) is not None
