"""What a monitor remembers from one execution to the next. Data."""

import msgspec


class Known(msgspec.Struct, frozen=True):
    """A document that answered the query: its title, and marks of all its sentences and of the best answer."""

    title: str
    lines: frozenset[str]
    said: str


class Memory(msgspec.Struct, frozen=True):
    """`seq` is the journal's number at the last execution; `known` is by address, and about `query`."""

    seq: int
    query: str
    known: dict[str, Known] = {}
