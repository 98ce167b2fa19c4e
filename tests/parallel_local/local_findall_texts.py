"""Folders for FindAll as text files beside this one, `findall_*.txt`: documents, and who meets which conditions.

A line `#### name` begins a folder, `==== path` a document, and `???? kind | condition & condition | name; name` is a
question; with `=` as its kind the engine takes an objective apart itself. Each was written before the engine was run on
it, and is told in other words than those before.
"""

from collections.abc import Iterator
from pathlib import Path

from local_findall_sets import Folder, Question, asked, read

_HERE = Path(__file__).parent
_FOLDER, _DOCUMENT, _QUESTION = "#### ", "==== ", "???? "


def _folders(text: str) -> Iterator[Folder]:
    for part in text.split(_FOLDER)[1:]:
        name, _, body = part.partition("\n")
        documents, *questions = body.split(_QUESTION)
        files = dict(document.split("\n", 1) for document in documents.split(_DOCUMENT)[1:])
        yield Folder(name, files, tuple(_question(line.strip()) for line in questions))


def _question(line: str) -> Question:
    kind, conditions, names = (part.strip() for part in line.split("|"))
    right = {name.strip() for name in names.split(";") if name.strip()}
    return read(conditions, right) if kind == "=" else asked(kind, tuple(conditions.split(" & ")), right)


FOLDERS = tuple(
    folder for path in sorted(_HERE.glob("findall_*.txt")) for folder in _folders(path.read_text())
)
