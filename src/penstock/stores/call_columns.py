"""What a column of a call is, and what its kind means to all who keep it, ask for it or tell it.

The columns themselves are the fields of `CallRow` (`ledger.py`): each is declared once, with its type. Schema, rows,
filters, log records and exports are made of that. How an engine keeps a kind is the engine's, how an output words
it the output's. Pure.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, Final, Literal, NamedTuple, get_args, get_type_hints

FIRST: Final = 1
"""The version of the ledger that the oldest columns came with."""

Kind = Literal[
    "id", "event", "moment", "arrival", "account", "gateway", "outcome", "metadata", "path",
    "name", "text", "number", "code", "duration", "money", "flag", "json", "json_text", "msgpack",
]  # fmt: skip
"""How the values of a column are to be taken. Of the first nine there is one column each:

- `id` is the call's own, `event` that of its event, which is most often the same; `moment` is when it began, in
  microseconds; `arrival` its place in the order in which calls came into the ledger
- `account` and `gateway` are where it was sent; `outcome` is how it ended; `metadata` what the caller named;
  `path` a text that is often, but not always, one of few

The others may be any column's:

- `name`: one of few texts, which come again and again
- `text`: any text, most often empty
- `number`: of many values, as it is; `code`: a number of few values
- `duration`: microseconds; `money`: nano-dollars
- `flag`: true or false
- `json`: plain data; `json_text`: the same, encoded before it comes to the ledger; `msgpack`: structs
"""


class Column(NamedTuple):
    """One column. Two values are taken from where it stands: `name` and `hint`, the field's own and its type."""

    kind: Kind
    number: int = 0  # by which a file tells it from others, where it keeps names or counts; never given twice
    source: str | None = (
        ""  # in a `NewCall`; "": `record.` and its name; None: it is said of a call afterwards
    )
    wire: str = ""  # what filters and log records call it; "": as here
    filtered: bool = False  # calls may be chosen by it: then its name on the wire is a `Key`
    since: int = FIRST  # the version of the ledger that it came with; older files get it when they are opened
    name: str = ""
    hint: object = None

    @property
    def is_optional(self) -> bool:
        """Whether it may be None."""
        return NoneType in get_args(self.hint)

    @property
    def is_later(self) -> bool:
        """Whether it came after the first version. Outputs tell such columns by rule, if they say nothing else."""
        return self.since > FIRST


def columns_of(row: type) -> tuple[Column, ...]:
    """The columns that a class declares as its fields: `name: Annotated[type, Column(...)]`."""
    return tuple(_named(name, hint) for name, hint in get_type_hints(row, include_extras=True).items())


def _named(name: str, hint: Any) -> Column:  # noqa: ANN401 -- what annotations are
    plain, column = get_args(hint)
    assert isinstance(column, Column)
    source = f"record.{name}" if column.source == "" else column.source
    return column._replace(name=name, hint=plain, source=source, wire=column.wire or name)
