"""Org files as Markdown. Pure: what the two say differently is said as Markdown does, everything else stays."""

import re

from parallel_local.documents.content import Content, whole
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.front_matter import iso_date

_HEADING = re.compile(r"(\*{1,20}) +(?:(?:TO[D]O|DONE) +)?(?:\[#[A-Z]\] +)?(.*?)(?: +:[\w@:]+:)?$")
_KEYWORD = re.compile(r"#\+(\w+):[ \t]*(.*)$", re.IGNORECASE)
_BLOCK = re.compile(r"[ \t]*#\+(begin|end)_(\w+)[ \t]*(\S*)", re.IGNORECASE)
_LINK = re.compile(r"\[\[([^\]\[\n]+)\](?:\[([^\]\[\n]+)\])?\]")
_BOLD = re.compile(r"(?<![\w*])\*([^\s*](?:[^*\n]{0,200}[^\s*])?)\*(?![\w*])")
_RULE = re.compile(r"[ \t]*\|[-+|: ]+$")
_DRAWER = re.compile(r"[ \t]*:([A-Z_]+):[ \t]*$")
_DATE = re.compile(r"[<\[]?(\d{4}-\d{2}-\d{2})")
_CODE = frozenset({"src", "example"})


def read_org(content: bytes) -> Content:
    """The text, with title and date of its keywords."""
    lines: list[str] = []
    keywords: dict[str, str] = {}
    fenced = drawer = False
    for line in decode_text(content).splitlines():
        block, keyword = _BLOCK.match(line), _KEYWORD.match(line)
        if block and block.group(2).lower() in _CODE:
            fenced = block.group(1).lower() == "begin"
            lines.append(f"```{block.group(3)}" if fenced else "```")
        elif fenced:
            lines.append(line)
        elif found := _DRAWER.match(line):
            drawer = found.group(1) != "END"
        elif keyword and not block:
            keywords.setdefault(keyword.group(1).lower(), keyword.group(2).strip())
        elif not block and not drawer and not line.lstrip().startswith("# "):
            lines.append(_line(line))
    date = _DATE.match(keywords.get("date", ""))
    text = "\n".join(lines).strip()
    return whole(text, keywords.get("title") or None, iso_date(date.group(1)) if date else None)


def _line(line: str) -> str:
    heading = _HEADING.match(line)
    if heading:
        return f"{'#' * min(len(heading.group(1)), 6)} {_inline(heading.group(2))}"
    if _RULE.match(line) and "-" in line:
        return "|" + " --- |" * max(line.count("+") + 1, line.count("|") - 1)
    return _inline(line)


def _inline(text: str) -> str:
    linked = _LINK.sub(lambda found: f"[{found.group(2) or found.group(1)}]({found.group(1)})", text)
    return _BOLD.sub(r"**\1**", linked)
