"""The gateway's own tokens in texts that others wrote: found by their form (`pst_{id}_{secret}`), in any spelling.

Pure text work. Spellings are percent-encoding, also several times over, escapes of JSON, and Basic credentials where
a credential stands. A token of the environment has no form, and is looked for as it is. Whether a token is good is
not known here.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Final
from urllib.parse import unquote_to_bytes

TOKEN_PREFIX: Final = b"pst_"

SHORTEST: Final = 21  # a token that has the form, without its secret

UNDERSCORE, PERCENT, BACKSLASH = b"_%\\"  # one of them stands in every spelling of a token that has the form

_ENCODED = re.compile(rb"%[0-9A-Fa-f]{2}")
_BEGUN = re.compile(rb"pst_[0-9a-z]{16}_[0-9A-Za-z]*")
_JSON_ESCAPE = re.compile(rb"\\u00([0-7][0-9A-Fa-f])")
_BASIC = re.compile(rb"(?i)\bbasic[ \t]+([A-Za-z0-9+/_-]{8,})")
_PARTS = re.compile(rb"([^\s,;&=?/\"'():]+)")
_MOST_SPELLINGS = 8  # one inside the other; what is deeper still is taken for one
_MOST_ESCAPES = 22_000  # more than the usual head has room for; what has more is taken for one, too
_MOST_WORDS = 1000  # of `Basic`, likewise
_WHOLE_WORD = 8  # a token of the environment that is shorter than this might be part of any word
_REDACTED = b"[redacted]"


class OwnTokens:
    """Looks for tokens. Costs next to nothing where nothing looks like one."""

    __slots__ = ("_admin", "has_form")

    def __init__(self, admin_token: str = "") -> None:
        """`admin_token` is the one of the environment, or empty."""
        self._admin = admin_token.encode() if admin_token else None
        self.has_form = not admin_token  # all that there may be: then a text without these bytes has none

    def stands_in(self, text: bytes) -> bool:
        """Whether a token, or its beginning with the whole id, stands anywhere in a text."""
        # For `in` numbers, and `find` for more bytes: `in` tries bytes as a number first, and makes an exception.
        if (
            (UNDERSCORE in text and text.find(TOKEN_PREFIX) >= 0)
            or (PERCENT in text and _is_encoded(text))
            or (BACKSLASH in text and text.find(b"\\u00") >= 0)
        ):
            return self.find(text) is not None
        if self._admin is None:
            return False
        if PERCENT in text and _ENCODED.search(text):
            return self.find(text) is not None
        return self._has_admin(text)

    def in_credential(self, value: bytes) -> bytes | None:
        """The token that a header for credentials holds, if any: `Basic` hides one."""
        return self.find(value) or self._in_basic(value)

    def find(self, text: bytes) -> bytes | None:
        """The first token in a text, as it is written plainly; what follows the id may be cut."""
        for _ in range(_MOST_SPELLINGS):
            found = self._literal(text)
            if found is not None or not (PERCENT in text or BACKSLASH in text):
                return found
            if text.count(b"%") + text.count(b"\\u00") > _MOST_ESCAPES:
                return text
            plain = _JSON_ESCAPE.sub(_unescaped, unquote_to_bytes(text))
            if plain == text:
                return None
            text = plain
        return text

    def redacted(self, text: bytes) -> bytes:
        """The text without the words that hold a token."""
        if not self.stands_in(text):
            return text
        cleaned = _PARTS.sub(lambda part: _REDACTED if self.stands_in(part[0]) else part[0], text)
        return _REDACTED if self.stands_in(cleaned) else cleaned

    def _literal(self, text: bytes) -> bytes | None:
        match = _BEGUN.search(text) if text.find(TOKEN_PREFIX) >= 0 else None
        if match is not None:
            return match[0]
        return self._admin if self._has_admin(text) else None

    def _has_admin(self, text: bytes) -> bool:
        admin = self._admin
        return (
            admin is not None
            and text.find(admin) >= 0
            and (len(admin) >= _WHOLE_WORD or admin in _PARTS.findall(text))
        )

    def _in_basic(self, text: bytes) -> bytes | None:
        """A token that stands as user name or password of `Basic`."""
        words = _BASIC.findall(text)
        if len(words) > _MOST_WORDS:
            return text
        for word in words:
            plain = b64decode(word.translate(_URL_SAFE) + b"===")
            found = self.find(plain)
            if found is not None:
                return found
        return None


NO_ADMIN = OwnTokens()
"""Where the environment has no token."""

_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _is_encoded(text: bytes) -> bool:
    """Whether letters of the tokens' beginning may stand there encoded, once or several times."""
    return text.find(b"%5") >= 0 or text.find(b"%7") >= 0 or text.find(b"%25") >= 0


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes((int(escape[1], 16),))
