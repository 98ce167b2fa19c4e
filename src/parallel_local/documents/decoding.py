"""Bytes as text, whatever coding they were saved in, and telling text from what is none. Pure."""

from parallel_local.documents.content import Unreadable

_BINARY = {
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\x7fELF": "a program",
    b"SQLite format 3\x00": "a database",
}
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LOOKED_AT = 4096
_MOST_NULS = 0.02  # of all bytes: text has none, what is damaged has a few


def decode(content: bytes) -> str:
    """UTF-8 where it is UTF-8, UTF-16 or UTF-32 where it says or shows so, else Windows-1252; NUL bytes are dropped."""
    coding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _wide(content)
    try:
        text = content.decode(coding or "utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\x00", "")


def decode_text(content: bytes) -> str:
    """The same for a file that its name calls text. Raises `Unreadable` when it is something else."""
    for mark, what in _BINARY.items():
        if content.startswith(mark):
            raise Unreadable(f"not text: by its first bytes it is {what}")
    head = content[:_LOOKED_AT]
    is_marked = any(content.startswith(mark) for mark, _ in _MARKS)
    if not is_marked and not _wide(content) and head.count(0) > _MOST_NULS * len(head):
        raise Unreadable("not text: it is full of NUL bytes")
    return decode(content)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark shows in its NULs, where it has letters of the Latin alphabet: all at one side."""
    head = content[:_LOOKED_AT]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.3 and even == 0:
        return "utf-16-le"
    if even > len(head) * 0.3 and odd == 0:
        return "utf-16-be"
    return None
