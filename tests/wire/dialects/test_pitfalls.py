"""Each pitfall that others fell into is shown: by a golden exchange, or a test, that names its number (dialects, C)."""

from __future__ import annotations

import re
from pathlib import Path

ALL = range(1, 155)
NOT_OF_BODIES = {
    8: "no provider is asked in Responses",
    79: "likewise",
    81: "likewise",
    82: "likewise",
    145: "who may ask, and queries",
    153: "what is tried again",
    154: "headers",
}
FOLDER = Path(__file__).parent
_TAG = re.compile(r"\bC ?(\d{1,3})\b")


def test_every_pitfall_is_shown() -> None:
    files = [*FOLDER.glob("golden/*.txt"), *(one for one in FOLDER.glob("*.py") if one != Path(__file__))]
    texts = [re.sub(r"\n *#? ?", " ", file.read_text()) for file in files]
    shown = {int(number) for text in texts for number in _TAG.findall(text)}
    assert set(ALL) - shown == set(NOT_OF_BODIES)
