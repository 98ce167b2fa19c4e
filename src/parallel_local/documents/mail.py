"""Mail: a message, or a mailbox whose messages are parts."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from parallel_local.documents.content import Content, Part, Unreadable
from parallel_local.documents.decoding import decode
from parallel_local.documents.html import read_html

_FROM_LINE = re.compile(rb"(?:\A|(?<=\n))From [^\n]*\n")
_QUOTED_FROM = re.compile(r"^>(>*From )", re.MULTILINE)
_SHOWN = ("From", "To", "Cc", "Date")
_MOST_MESSAGES = 20_000
_DEEPEST = 3
_LONGEST_HEADER = 2000


def read_eml(content: bytes) -> Content:
    """One message; its subject is the title. Raises `Unreadable`."""
    part = _part(content, None)
    return Content((Part(text=part.text, date=part.date),), title=part.title, date=part.date)


def read_mbox(content: bytes) -> Content:
    """A part for each message, `message=4`. Raises `Unreadable`."""
    starts = [found.span() for found in _FROM_LINE.finditer(content)]
    if not starts or content[: starts[0][0]].strip():
        raise Unreadable("not a mailbox: its first line does not start with `From `")
    if len(starts) > _MOST_MESSAGES:
        raise Unreadable(f"a mailbox of more than {_MOST_MESSAGES:,} messages")
    ends = [start for start, _ in starts[1:]] + [len(content)]
    parts = [
        _part(content[start:end], number)
        for number, ((_, start), end) in enumerate(zip(starts, ends, strict=True), 1)
    ]
    return Content(tuple(parts))


def _part(content: bytes, number: int | None) -> Part:
    try:
        message = email.message_from_bytes(content, policy=email.policy.default)
        subject = _header(message, "Subject")
        said = "\n\n".join(_said(message, 0))
        heads = [f"- {name}: {value}" for name in _SHOWN if (value := _header(message, name))]
    except Exception as error:  # the parser raises dozens of unrelated types on damaged messages
        if number is None:
            raise Unreadable(f"not a readable message: {type(error).__name__}") from error
        return Part(text="", anchor=f"message={number}", title=f"message {number}")
    if not heads and not subject and number is None:
        raise Unreadable("not a message: it has no header")
    text = "\n\n".join(filter(None, (f"# {subject}" if subject else "", "\n".join(heads), said)))
    anchor = "" if number is None else f"message={number}"
    return Part(text=text, anchor=anchor, title=subject or None, date=_date(message))


def _said(message: EmailMessage, depth: int) -> Iterator[str]:
    """The body as text, messages that came with it, and the names of what else did."""
    body = message.get_body(("plain", "html"))
    if isinstance(body, EmailMessage):
        text = _decoded(body)
        yield read_html(text).text if body.get_content_subtype() == "html" else _unquoted(text)
    names = []
    for attached in message.iter_attachments():
        inner = attached.get_payload(0) if attached.get_content_type() == "message/rfc822" else None
        if isinstance(inner, EmailMessage) and depth < _DEEPEST:
            yield f"## {_header(inner, 'Subject') or 'Message'}"
            yield from _said(inner, depth + 1)
        elif name := attached.get_filename():
            names.append(" ".join(str(name).split()))
    if names:
        yield f"- Attached: {', '.join(names)}"


def _decoded(body: EmailMessage) -> str:
    try:
        return str(body.get_content()).replace("\x00", "").strip()
    except (LookupError, ValueError):  # a coding that nobody knows
        payload = body.get_payload(decode=True)
        return decode(payload).strip() if isinstance(payload, bytes) else ""


def _unquoted(text: str) -> str:
    return _QUOTED_FROM.sub(r"\1", text.replace("\r\n", "\n"))


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message.get(name, "") or "").split())[:_LONGEST_HEADER]


def _date(message: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(message.get("Date", ""))).date().isoformat()
    except (ValueError, TypeError, OverflowError):
        return None
