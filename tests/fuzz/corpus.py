"""Inputs that are worth trying again: one Python literal of bytes a line, in a file for each target."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "corpus"


def inputs(target: str) -> Sequence[bytes]:
    """Those of one target."""
    return [_literal(line) for line in (FOLDER / f"{target}.txt").read_text().splitlines()]


def unfold(target: str, folder: Path) -> None:
    """Writes them to files of their own, as a fuzzer wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs(target)):
        (folder / f"{number:04}").write_bytes(data)


def fold(target: str, found: Iterable[Path]) -> None:
    """Adds what is in these files to the target's own, each once."""
    known = {*inputs(target), *(path.read_bytes() for path in found)}
    lines = sorted(map(repr, known), key=lambda line: (len(line), line))
    (FOLDER / f"{target}.txt").write_text("\n".join(lines) + "\n")


def _literal(line: str) -> bytes:
    data = ast.literal_eval(line)
    assert isinstance(data, bytes)
    return data
