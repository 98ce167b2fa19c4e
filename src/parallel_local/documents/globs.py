"""Globs as `.gitignore` has them: which files of a folder a pattern means. Pure."""

import re

_TOKEN = re.compile(r"(/?\*\*/?)|(\*)|(\?)|(\[!?[^\]/]+\])|([^*?\[]+|\[)")


def is_match(pattern: str, path: str) -> bool:
    """Whether a pattern means the file, or a folder above it.

    A pattern without `/` is for the name of either, at any depth; one with `/` starts at the top. `**` is for any
    number of folders, `*` and `?` stay within a name.
    """
    return re.fullmatch(_expression(pattern), path) is not None


def _expression(pattern: str) -> str:
    anchored = pattern.strip("/")
    prefix = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    parts = [_translated(found) for found in _TOKEN.finditer(anchored)]
    return f"(?s:{prefix}{''.join(parts)}(?:/.*)?)"


def _translated(found: re.Match[str]) -> str:
    folders, any_, one, class_, plain = found.groups()
    if folders == "/**/":
        return "/(?:.*/)?"
    if folders == "**/":
        return "(?:.*/)?"
    if folders:
        return ".*"
    if any_:
        return "[^/]*"
    if one:
        return "[^/]"
    if class_:
        inside = class_[1:-1]
        negated = "^" if inside.startswith("!") else ""
        return f"[{negated}{re.escape(inside.removeprefix('!')).replace(chr(92) + '-', '-')}]"
    return re.escape(plain)
