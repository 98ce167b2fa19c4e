"""Whom quotations are about: the one that is asked about, somebody else, or nobody in particular. Pure."""

from collections.abc import Iterable, Iterator, Sequence, Set

import msgspec

from parallel_local.model.proofs import Proof
from parallel_local.model.wording import shares_a_name
from parallel_local.text.tokens import words
from parallel_local.text.values import names

_LONGEST_NAME = 8  # words
_MOST_ASKED = 500  # characters of an input whose names are looked for
_SHORT_INPUT = 5  # words: an input that is nothing but a name


class Subject(msgspec.Struct, frozen=True):
    """The one that a statement has to be about; nobody in particular without a `name`.

    `others` are the names of somebody else, as `spoken` has them; `asked` is the whole input.
    """

    name: str = ""
    others: frozenset[str] = frozenset()
    asked: str = ""

    def sentence_is_about(self, sentence: str) -> bool:
        """Whether a sentence mentions the one that is asked about."""
        return mentions_any(sentence, {spoken(self.name)})

    def is_near(self, text: str) -> bool:
        """Whether a text has any of the names in the input; true where it has none."""
        return shares_a_name(self.asked, text)

    def is_elsewhere(self, sentence: str) -> bool:
        """Whether it mentions a known other one."""
        return mentions_any(sentence, self.others)


def spoken(name: str) -> str:
    """A name as it is compared: its folded words."""
    return " ".join(words(name))


def mentions_any(text: str, wanted: Set[str]) -> bool:
    """Whether a text has one of these names, as `spoken` has them."""
    return bool(wanted) and any(phrase in wanted for phrase in _phrases(words(text)))


def subject_of(text: str, known: Sequence[str], everybody: Set[str]) -> Subject:
    """Whom an input asks about: the one known name in it, or what is nothing but a name.

    Where it has several, or none, it asks about nobody in particular.
    """
    parts = text.split()
    name = known[0] if len(known) == 1 else ""
    if not known and 0 < len(parts) <= _SHORT_INPUT and all(part[:1].isupper() for part in parts):
        name = " ".join(parts)
    return Subject(name, frozenset(everybody - {spoken(name)}) if name else frozenset(), text[:_MOST_ASKED])


def stray_reason(proofs: Sequence[Proof], subject: Subject) -> tuple[bool, str] | None:
    """Why proofs are not about the subject, and whether they are surely about another; None when one of them is."""
    if not subject.name or any(subject.sentence_is_about(proof.sentence) for proof in proofs):
        return None
    if any(subject.is_elsewhere(proof.sentence) for proof in proofs):
        return True, f"Its quotations are about somebody else than {subject.name}."
    unnamed = [proof for proof in proofs if not names(proof.sentence)]
    if any(subject.sentence_is_about(f"{proof.around} {proof.before}") for proof in unnamed or ()):
        return None
    return False, f"Its quotations do not mention {subject.name}."


def _phrases(found: Sequence[str]) -> Iterator[str]:
    for start in range(len(found)):
        for length in range(1, min(_LONGEST_NAME, len(found) - start) + 1):
            yield " ".join(found[start : start + length])


def everybody(listed: Iterable[str]) -> frozenset[str]:
    """Names as they are compared, without what has no words."""
    return frozenset(filter(None, map(spoken, listed)))
