"""Reading a decoded JSON object member by member, so that none is overlooked and each mistake names its place.

What was never asked for is left over: a dialect says of that what it does with it. `null` is the same as absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Refused

T = TypeVar("T", bound=str)


class Members:
    """An object at a path of the caller's request. Each method takes a member away and gives its value.

    Raises `Refused` with the member's path for a value of another kind than the method says.
    """

    __slots__ = ("_left", "path")

    def __init__(self, value: Json, path: str = "") -> None:
        if not isinstance(value, dict):
            raise Refused(path, "must be an object")
        self._left: Object = {name: one for name, one in value.items() if one is not None}
        self.path = path

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether it is there and not `null`; it stays."""
        return name in self._left

    def take(self, name: str) -> Json:
        """Whatever it is; None where it is absent."""
        return self._left.pop(name, None)

    def text(self, name: str) -> str | None:
        """A string."""
        value = self.take(name)
        if value is None or isinstance(value, str):
            return value
        raise Refused(self.at(name), "must be a string")

    def needed_text(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None:
            raise Refused(self.at(name), "is missing: it must be a string")
        return value

    def word(self, name: str, allowed: Sequence[T]) -> T | None:
        """One of some words."""
        value = self.text(name)
        for one in allowed:
            if one == value:
                return one
        if value is None:
            return None
        raise Refused(self.at(name), f"must be one of {', '.join(allowed)}")

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.take(name)
        if value is None or isinstance(value, bool):
            return value
        raise Refused(self.at(name), "must be true or false")

    def whole(self, name: str, least: int = 0) -> int | None:
        """A whole number; 3.0 is one."""
        value = self.number(name)
        if value is None:
            return None
        if value != int(value) or value < least:
            raise Refused(self.at(name), f"must be a whole number of at least {least}")
        return int(value)

    def number(self, name: str) -> float | None:
        """A number."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(self.at(name), "must be a number")
        return value

    def object(self, name: str) -> Members | None:
        """An object."""
        value = self.take(name)
        return None if value is None else Members(value, self.at(name))

    def plain_object(self, name: str) -> Object | None:
        """An object that is passed on as it is, such as a schema."""
        value = self.take(name)
        if value is None or isinstance(value, dict):
            return value
        raise Refused(self.at(name), "must be an object")

    def list(self, name: str) -> Sequence[Json] | None:
        """An array, of whatever."""
        value = self.take(name)
        if value is None or isinstance(value, list):
            return value
        raise Refused(self.at(name), "must be an array")

    def objects(self, name: str) -> Iterator[Members]:
        """The objects of an array, each with its path; none where it is absent."""
        for number, one in enumerate(self.list(name) or ()):
            yield Members(one, f"{self.at(name)}[{number}]")

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of an array."""
        found = []
        for number, one in enumerate(self.list(name) or ()):
            if not isinstance(one, str):
                raise Refused(f"{self.at(name)}[{number}]", "must be a string")
            found.append(one)
        return tuple(found)

    def left_over(self) -> tuple[str, ...]:
        """The paths of members that nobody asked for."""
        return tuple(self.at(name) for name in self._left)

    def copy(self) -> Object:
        """What nobody asked for so far; it stays."""
        return dict(self._left)

    def rest(self) -> Object:
        """What nobody asked for, taken away."""
        left, self._left = self._left, {}
        return left
