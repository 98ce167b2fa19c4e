"""Names of tools and ids of calls in the spelling of a target, by a fixed rule, and the way back.

What is legal stays as it is. Everything else gets a hash of what it was at its end, so that two never become one, the
same name is the same in every turn, and both sides of a pair of call and result are changed alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

_HASH_DIGITS: Final = 8
_PLACEHOLDER: Final = "_"  # every dialect allows it, everywhere


class Spelling(msgspec.Struct, frozen=True):
    """What a target allows: classes of characters as regular expressions have them, without brackets."""

    first: str
    rest: str
    longest: int

    def is_legal(self, text: str) -> bool:
        """Whether it goes as it is."""
        return bool(re.fullmatch(f"[{self.first}][{self.rest}]{{0,{self.longest - 1}}}", text))

    def legal(self, text: str, salt: str = "") -> str:
        """The text where it is legal, else a legal one that is always the same; a salt gives another one."""
        if self.is_legal(text) and not salt:
            return text
        stem = re.sub(f"[^{self.rest}]", _PLACEHOLDER, text)
        if not re.match(f"[{self.first}]", stem):
            stem = _PLACEHOLDER + stem
        digest = hashlib.sha256((salt + text).encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
        return f"{stem[: self.longest - _HASH_DIGITS - 1]}_{digest}"


OPENAI_NAME: Final = Spelling("A-Za-z0-9_-", "A-Za-z0-9_-", 64)
CLAUDE_NAME: Final = Spelling("A-Za-z0-9_-", "A-Za-z0-9_-", 128)
CONVERSE_NAME: Final = Spelling("A-Za-z0-9_-", "A-Za-z0-9_-", 64)
GEMINI_NAME: Final = Spelling("A-Za-z_", "A-Za-z0-9_.:-", 64)
"""128 are documented today; 64 is what every version of the service has taken."""

OPENAI_ID: Final = Spelling(r"\x21-\x7e", r"\x21-\x7e", 64)
CLAUDE_ID: Final = Spelling("A-Za-z0-9_-", "A-Za-z0-9_-", 128)
CONVERSE_ID: Final = Spelling("A-Za-z0-9_.:-", "A-Za-z0-9_.:-", 64)


class ToolNames:
    """The names of one request: what the target gets for each, and what the caller called it.

    Made anew for the answer from the same tools, it gives the same.
    """

    __slots__ = ("_caller", "_spelling", "_target")

    def __init__(self, spelling: Spelling, declared: Iterable[str]) -> None:
        self._spelling = spelling
        self._target: dict[str, str] = {}
        self._caller: dict[str, str] = {}
        names = tuple(dict.fromkeys(declared))
        for name in sorted(names, key=lambda name: not spelling.is_legal(name)):  # those that stay come first
            legal, salt = spelling.legal(name), 0
            while legal in self._caller:
                salt += 1
                legal = spelling.legal(name, str(salt))
            self._target[name], self._caller[legal] = legal, name

    def legal(self, name: str) -> str:
        """What the target gets, also for a name in the history that is not declared any more."""
        return self._target.get(name) or self._spelling.legal(name)

    def original(self, name: str, prefix: str = "") -> str:
        """The caller's name for the target's; what was never declared stays as the model wrote it.

        A prefix that a model writes before names (`default_api:`) is cut where the rest is a declared name.
        """
        found = self._caller.get(name)
        if found is None and prefix and name.startswith(prefix):
            found = self._caller.get(name.removeprefix(prefix))
        return name if found is None else found


def made_id(call_id: str, number: int, choice: int = 0) -> str:
    """An id for a call of an answer whose provider gives none: the same for the same place of the same answer.

    `call_id` is the gateway's own of the request, so that ids of several turns differ.
    """
    place = f"{choice}_{number}" if choice else str(number)
    return f"call_{call_id.replace('-', '')}_{place}"
