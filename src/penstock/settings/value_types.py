"""What all parts of the settings are made of: the base of every table, and the types of single values.

A type carries its range, so that the check, the error text and the reader see the same rule. Tables live in
`server.py` and `gateways.py`; nothing is read here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

_LARGEST = 2**53 - 1  # every JSON reader holds it exactly
_TERABYTE = 2**40
_WEEK = 7 * 24 * 3600

Count = Annotated[int, Meta(ge=0, le=_LARGEST)]
Bytes = Annotated[int, Meta(ge=1, le=_TERABYTE)]
BytesOrNone = Annotated[int, Meta(ge=0, le=_TERABYTE)]
Seconds = Annotated[float, Meta(gt=0, le=_WEEK)]
SecondsOrNone = Annotated[float, Meta(ge=0, le=_WEEK)]
Secret = Annotated[str, Meta(extra={"secret": True})]  # never shown in an error
Dollars = Annotated[float, Meta(gt=0, le=1_000_000_000_000)]
HttpUrl = Annotated[
    str,
    Meta(
        # What stands before an @ would be shown wherever the URL is.
        pattern=r"^https?://[^\s\x00-\x1f/?#@]+([/?#][^\s\x00-\x1f]*)?\Z",
        description="an http(s) URL without user and password",
    ),
]
Names = Annotated[tuple[str, ...], Meta(max_length=1000)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the settings. Fields named in `secrets` are not shown by `repr`, `str` and rich."""

    secrets: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return [(name, "***" if value and name in self.secrets else value) for name, value in values]
