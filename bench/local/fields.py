"""How well the local engine fills named fields: exact values, and answers of high confidence that are wrong.

The questions are tables of our own writing (`tests/parallel_local/field_traps*.txt`); their form is read here. They are
asked of the library itself, without HTTP: what is measured is the filling.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from parallel_local.answers.basis import Answer
from parallel_local.answers.fill import Filler
from parallel_local.answers.subject import Subject, named_entities, subject_text
from parallel_local.retrieval.library import Library

_FIELD = re.compile(
    r"^(?P<name>\S+?):(?P<type>\[?\w+\]?)(?P<null>\??)(?:\((?P<options>[^)]*)\))?"
    r'(?: "(?P<about>[^"]*)")? = (?P<value>.*)$'
)
_TYPES = {
    "int": "integer",
    "num": "number",
    "str": "string",
    "bool": "boolean",
    "enum": "string",
    "date": "string",
}


class Trap(msgspec.Struct, frozen=True):
    """One field of one task, and the value it should get."""

    given: str | dict[str, object]
    name: str
    schema: dict[str, object]
    value: object


class Given(msgspec.Struct, frozen=True):
    """What the engine answered to a trap."""

    trap: Trap
    answer: Answer

    @property
    def right(self) -> bool:
        """Whether the value is the right one; an absent one is right where nothing is to be found."""
        if self.trap.value is None:
            return not self.answer.found
        return self.answer.found and same(self.answer.value, self.trap.value)


class FieldFigures(msgspec.Struct, frozen=True):
    """Shares: right values where there are some, silence where there are none, wrong ones of high confidence."""

    answers: tuple[Given, ...]

    @property
    def exact(self) -> float:
        """Of the fields that the documents answer, those with exactly that value."""
        asked = [item for item in self.answers if item.trap.value is not None]
        return sum(item.right for item in asked) / max(1, len(asked))

    @property
    def silent(self) -> float:
        """Of the fields that they do not answer, those said to be not found."""
        asked = [item for item in self.answers if item.trap.value is None]
        return sum(item.right for item in asked) / max(1, len(asked))

    @property
    def high(self) -> tuple[Given, ...]:
        """The answers of high confidence."""
        return tuple(item for item in self.answers if item.answer.found and item.answer.confidence == "high")

    @property
    def high_wrong(self) -> float:
        """Of the answers of high confidence, the wrong ones."""
        return sum(not item.right for item in self.high) / max(1, len(self.high))


def measure_fields(table: Path, folder: Path) -> FieldFigures:
    """All traps of a table, answered over its documents, which are written to `folder`."""
    documents, traps = read_table(table.read_text("utf-8"))
    docs = folder / "docs"
    docs.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (docs / name).write_text(text, "utf-8")
    library = Library.open(docs, folder / "data")
    try:
        return FieldFigures(tuple(Given(trap, _answer(library, trap)) for trap in traps))
    finally:
        library.close()


def read_table(text: str) -> tuple[dict[str, str], list[Trap]]:
    """The documents and the traps of a table."""
    documents: dict[str, str] = {}
    traps: list[Trap] = []
    given: str | dict[str, object] | None = None
    name = ""
    for line in text.splitlines():
        if line.startswith("== "):
            name, given = line[3:].strip(), None
            documents[name] = ""
        elif line.startswith("? "):
            given = json.loads(line[2:]) if line[2:].startswith("{") else line[2:]
        elif given is not None and line.strip():
            traps.append(_trap(given, line))
        elif name and given is None:
            documents[name] += line + "\n"
    return documents, traps


def same(one: object, other: object) -> bool:
    """Equal values; of texts what stands in them, not how."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold().strip(" .") == other.casefold().strip(" .")
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _trap(given: str | dict[str, object], line: str) -> Trap:
    match = _FIELD.match(line)
    if match is None:
        raise ValueError(f"no field: {line}")
    return Trap(given, match.group("name"), _schema(match), json.loads(match.group("value")))


def _schema(match: re.Match[str]) -> dict[str, object]:
    kind = match.group("type")
    listed = kind.startswith("[")
    node: dict[str, object] = {"type": _TYPES[kind.strip("[]")]}
    if match.group("options"):
        node["enum"] = match.group("options").split(",")
    if kind == "date":
        node["format"] = "date"
    if listed:
        node = {"type": "array", "items": node}
    if match.group("null"):
        node = {"anyOf": [node, {"type": "null"}]}
    return node | ({"description": match.group("about")} if match.group("about") else {})


def _answer(library: Library, trap: Trap) -> Answer:
    """The answer to one field; `captain.name` is one of an object."""
    text = subject_text(trap.given)
    name, _, inner = trap.name.partition(".")
    schema = {"type": "object", "properties": {inner: trap.schema}} if inner else trap.schema
    root: dict[str, object] = {"type": "object", "properties": {name: schema}}
    subject = Subject(text, named_entities(text, library.entities()), trap.given)
    answer = Filler(library, subject, root, None).field(name, schema)
    if inner and isinstance(answer.value, dict):
        return msgspec.structs.replace(answer, value=answer.value.get(inner))
    return answer


def told(figures: FieldFigures, say: Callable[[str], None]) -> None:
    """The figures in a line, and each wrong answer."""
    say(
        f"fields: {len(figures.answers)}, exact {figures.exact:.3f}, silent {figures.silent:.3f}, "
        f"high {len(figures.high)}, high wrong {figures.high_wrong:.3f}"
    )
    for line in _wrong(figures):
        say(line)


def _wrong(figures: FieldFigures) -> Iterator[str]:
    for item in figures.answers:
        if not item.right:
            got = f"{item.answer.value!r} ({item.answer.confidence})" if item.answer.found else "nothing"
            yield f"  {item.trap.given} {item.trap.name}: {got}, not {item.trap.value!r}"
