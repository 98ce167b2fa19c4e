"""Variables of the environment that nobody reads, and that are like one that somebody does: mistyped, most likely.

Pure. Others that begin so are left alone: they may hold secrets that files name (`config_as_code/placeholders.py`),
and container platforms make some of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from penstock.access.master_key import KeySource
from penstock.config_place import CONFIG_VARIABLE
from penstock.settings import SERVER_VARIABLES, TOKEN_VARIABLE
from penstock_common.nearest import nearest

_PREFIX: Final = "PENSTOCK_"
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
        near = nearest(name.removeprefix(_PREFIX), known)
        if near is not None:
            yield f"environment: nobody reads {name}; did you mean {_PREFIX}{near}?"
