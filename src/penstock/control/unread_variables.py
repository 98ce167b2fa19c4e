"""Variables of the environment that nobody reads, and that are like one that somebody does: mistyped, most likely.

Pure. Others that begin so are left alone: they may hold secrets that files name (`config_as_code/placeholders.py`),
and container platforms make some of their own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from penstock.access.master_key import KeySource
from penstock.config_place import CONFIG_VARIABLE
from penstock.settings import SERVER_VARIABLES, TOKEN_VARIABLE

_PREFIX: Final = "PENSTOCK_"
_NEAR: Final = 0.6
_LONGEST: Final = 64  # characters of a name that is compared
_OF_PROGRAMS: Final = f"{_PREFIX}TOKEN"  # programs that call take theirs from it, by the guides
READ: Final = (
    *(variable.name for variable in SERVER_VARIABLES),
    CONFIG_VARIABLE,
    TOKEN_VARIABLE,
    *(source.value for source in KeySource if source.value.startswith(_PREFIX)),
)
"""All that are read."""


def mistyped_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each."""
    known = [name.removeprefix(_PREFIX) for name in READ]
    for name in sorted(environ):
        if not name.startswith(_PREFIX) or name in READ or name == _OF_PROGRAMS:
            continue
        near = difflib.get_close_matches(name.removeprefix(_PREFIX)[:_LONGEST], known, n=1, cutoff=_NEAR)
        if near:
            yield f"environment: nobody reads {name}; did you mean {_PREFIX}{near[0]}?"
