"""Text as it is: Markdown and plain text, with front matter, and source code.

Code becomes one fenced block, so that its comments are no headings.
"""

import re

from parallel_local.documents.content import Content, Part, whole
from parallel_local.documents.decoding import decode_text
from parallel_local.documents.front_matter import split_front_matter

_FENCE = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def read_plain(content: bytes) -> Content:
    """The text as it is. Front matter that cannot be read stays in it, and is noted."""
    matter, text = split_front_matter(decode_text(content))
    return Content(
        parts=(Part(text=text),),
        title=matter.title,
        url=matter.url,
        date=matter.date,
        entities=matter.entities,
        note=f"{matter.problem}; the text is taken" if matter.problem else None,
    )


def read_source_code(content: bytes, language: str) -> Content:
    """The code, verbatim. The title is the file's name."""
    return whole(fenced(decode_text(content), language))


def fenced(code: str, language: str = "") -> str:
    """A fenced block whose fence is longer than any within."""
    longest = max((len(found) for found in _FENCE.findall(code)), default=0)
    fence = "`" * max(longest + 1, 3)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"
