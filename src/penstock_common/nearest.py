"""The name that was probably meant by one that there is not. Pure, and bounded: strangers make names up."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_NEAR: Final = 0.6
_LONGEST: Final = 64  # characters of a name that is compared
_MOST: Final = 300  # names that one is compared with


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of these that is most like it; None where none is."""
    known = [one for _, one in zip(range(_MOST), names, strict=False)]
    found = difflib.get_close_matches(name[:_LONGEST], known, n=1, cutoff=_NEAR)
    return found[0] if found else None
