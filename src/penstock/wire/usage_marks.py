"""Whether a piece of an answer speaks of usage at all, without reading it: for who estimates what is not told.

Text that speaks of usage has its quotes escaped, and is none. Pure; what is told is read in `usage.py`.
"""

from __future__ import annotations

import re
from typing import Final

from penstock.wire.tolerant_json import value_end

_OBJECT: Final = re.compile(
    rb'"(?:usage|usageMetadata|billed_units|amazon-bedrock-invocationMetrics)"\s*+:\s*+\{\s*+"'
)
_ANY: Final = re.compile(rb'"(?:usage|usageMetadata|billed_units)"\s*+:\s*+(?!null)')
_NAMES: Final = (b'"usage"', b'"usageMetadata"')
_SCALAR: Final = re.compile(rb':\s*+[-0-9"tf]')


def last_usage(data: bytes) -> int:
    """Where the last one is that may be something; -1 for none."""
    return max(data.rfind(name) for name in _NAMES)


def tells_usage(data: bytes) -> bool:
    """Whether there is an object with something in it."""
    return _OBJECT.search(data) is not None


def is_odd(data: bytes) -> bool:
    """Whether there is something that nobody understands; to be asked where no usage was told."""
    for found in _ANY.finditer(data):
        if data[found.end() : found.end() + 1] != b"{":
            return True
        try:
            end = value_end(data, found.end())
        except ValueError:  # nested too deeply
            return True
        if end > 0 and _SCALAR.search(data, found.end(), end):
            return True
    return False
