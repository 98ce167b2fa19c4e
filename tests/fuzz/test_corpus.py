"""What a fuzzer found interesting, and what once broke a law, tried again at every run."""

from __future__ import annotations

import pytest

from fuzz.corpus import FOLDER, inputs
from fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_laws_hold_for_the_corpus(name: str) -> None:
    known = inputs(name)
    assert known
    for data in known:
        TARGETS[name](data)


def test_every_file_of_the_corpus_has_its_target() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(TARGETS)
