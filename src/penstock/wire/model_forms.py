"""All models that a multipart form may be taken to ask for, by any reader there may be behind the gateway.

As `model_names.py` for JSON: nothing is chosen, and a form that some reader may take apart in another way is
`Unclear`. For the log, where nobody is to be fooled, see `multipart.py`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from penstock.wire.model_names import CHOOSING, Unclear, folded

_TYPE = re.compile(
    r'multipart/form-data\s*;\s*boundary=(?:"([\w\'()+,./:=?-]{1,70})"|([\w\'()+,./:=?-]{1,70}))\s*',
    re.A | re.I,
)
_DISPOSITION = re.compile(
    rb'content-disposition:[ \t]*form-data;[ \t]*name="([^"\\%\x00-\x1f]*)"'
    rb'((?:;[ \t]*filename="[^"\r\n]*")?(?:;[ \t]*filename\*=[\w\'%.!#$&+^`|~-]*)?)[ \t]*',
    re.I,
)
_OTHER_LINE = re.compile(rb"content-(?:type|length):[^\x00-\x1f\x7f]*", re.I)
_MOST_PARTS = 1000
_LONGEST_HEAD = 4096
_LONGEST_NAME = 512


def models_in_form(body: bytes, content_type: str, own: Sequence[str]) -> tuple[list[str], list[str]]:
    """The models that the fields `own` name, and those that any other field may name. Raises `Unclear`."""
    names, others = list[str](), list[str]()
    own_folded = {folded(name) for name in own}
    for name, is_file, value in _parts(body, content_type):
        short = folded(name)
        if short not in CHOOSING and short not in own_folded:
            continue
        if is_file or len(value) > _LONGEST_NAME or (short in own_folded and name not in own):
            raise Unclear(f"its form has {name[:64]!r} in a way that not all read alike")
        try:
            (names if name in own else others).append(value.decode())
        except UnicodeDecodeError:
            raise Unclear(f"its {name[:64]!r} is no text") from None
    return names, others


def _parts(body: bytes, content_type: str) -> Iterator[tuple[str, bool, bytes]]:
    """Name, whether it is a file, and value of each part."""
    told = _TYPE.fullmatch(content_type.strip())
    mark = b"--" + (told[1] or told[2]).encode() if told else b""
    parts = body.split(b"\r\n" + mark, _MOST_PARTS) if mark and body.startswith(mark) else []
    if not parts or body.count(mark) != len(parts) or parts[-1] not in (b"--", b"--\r\n"):
        raise Unclear("its body is a form that not all read alike")
    parts[0] = parts[0][len(mark) :]
    for part in parts[:-1]:
        yield _part(part)


def _part(part: bytes) -> tuple[str, bool, bytes]:
    head, gap, _ = part[: _LONGEST_HEAD + 4].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    disposition = [found for line in lines[1:] if (found := _DISPOSITION.fullmatch(line))]
    rest = [line for line in lines[1:] if not _OTHER_LINE.fullmatch(line)]
    if not gap or lines[0] or len(disposition) != 1 or len(rest) != 1:
        raise Unclear("a part of its form has a head that not all read alike")
    name = disposition[0][1].decode("utf-8", "replace")
    return name, disposition[0][2] != b"", part[len(head) + len(gap) :]
