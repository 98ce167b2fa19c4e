"""Golden exchanges: readable text files that say what is asked, what goes to the provider, and what comes back.

A file holds exchanges, each begun by a line `@ INBOUND -> OUTBOUND PROVIDER/MODEL [name=value …]` (the values are those
of `Target`) under lines of `#` that say what it shows. Its sections begin with `--- NAME`:

    request            the caller's body, JSON
    sent               the provider's request, JSON
    headers            header lines that go with it, `name: value`
    dropped            what was left out, a path a line
    refused PATH       in place of `sent`: the member that cannot be carried; below it a part of the reason
    answer             a provider's whole answer, JSON
    given              what the caller gets for it, JSON
    stream             a provider's stream: server-sent events as they are; for Converse a JSON object a line, each
                       `{"event name": payload}`, or `{"!exception name": payload}`; for Claude on Bedrock
                       (`host=bedrock`) one event's JSON a line, or an exception likewise
    given stream       what the caller gets for it, server-sent events
    failed STATUS      in place of `given`: the provider fails where an answer should have begun, and the caller is told
                       with this status, JSON; `failed stream STATUS` in place of `given stream`
    error STATUS       a provider's error; header lines may stand before it, with an empty line between
    given error STATUS what the caller gets for it, JSON

JSON is compared as values; of events the names and the JSON of their data; comments by themselves.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.cohere import COHERE
from penstock.wire.dialects.converse import CONVERSE
from penstock.wire.dialects.dialect import Inbound, Outbound, Target
from penstock.wire.dialects.gemini import GEMINI
from penstock.wire.dialects.messages import MESSAGES
from penstock.wire.dialects.responses import RESPONSES

DIALECTS_IN: Mapping[str, Inbound] = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}
DIALECTS_OUT: Mapping[str, Outbound] = {
    "chat": CHAT,
    "cohere": COHERE,
    "converse": CONVERSE,
    "gemini": GEMINI,
    "messages": MESSAGES,
}
FOLDER = Path(__file__).parents[1] / "wire" / "dialects" / "golden"
CALL_ID = "0192f0c1-7a00-7000-8000-000000000001"
ASKED_AT = 1_790_000_000

_HEAD = re.compile(r"@ (\w+) -> (\w+) ([\w-]+)/(\S+)(.*)")


@dataclass(slots=True)
class Exchange:
    """One of them."""

    place: str  # file and line
    shows: str
    inbound: str
    outbound: str
    target: Target
    sections: dict[str, str] = field(default_factory=dict)

    def json(self, name: str) -> object:
        """A section of JSON."""
        return json.loads(self.sections[name])

    def lines(self, name: str) -> list[str]:
        """A section of lines; none where it is not there."""
        return [line for line in self.sections.get(name, "").splitlines() if line.strip()]

    def with_argument(self, name: str) -> tuple[str, str] | None:
        """The argument and the text of a section whose name has one."""
        for full, text in self.sections.items():
            if full.startswith(f"{name} ") and " " not in (argument := full.removeprefix(f"{name} ")):
                return argument, text
        return None


def exchanges() -> Iterator[Exchange]:
    """All there are."""
    for path in sorted(FOLDER.glob("*.txt")):
        yield from _of_file(path)


def _of_file(path: Path) -> Iterator[Exchange]:
    exchange: Exchange | None = None
    section = ""
    comments: list[str] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := _HEAD.fullmatch(line):
            if exchange is not None:
                yield exchange
            options = dict(part.split("=", 1) for part in match[5].split())
            most = options.pop("most_output", None)
            target = Target(
                provider=match[3], model=match[4], most_output=None if most is None else int(most), **options
            )
            shows, comments, section = " ".join(comments), [], ""
            exchange = Exchange(f"{path.name}:{number}", shows, match[1], match[2], target)
        elif line.startswith("# ") and (exchange is None or not section or _ended(exchange, section)):
            comments.append(line.removeprefix("# "))
        elif line.startswith("--- ") and exchange is not None:
            section = line.removeprefix("--- ").strip()
            exchange.sections[section] = ""
        elif exchange is not None and section:
            exchange.sections[section] += line + "\n"
    if exchange is not None:
        yield exchange


def _ended(exchange: Exchange, section: str) -> bool:
    """A comment stands behind an empty line."""
    return exchange.sections[section].endswith("\n\n") or not exchange.sections[section]


def provider_stream(exchange: Exchange) -> bytes:
    """The bytes of `stream`, as the provider's dialect frames them."""
    text = exchange.sections["stream"]
    if exchange.outbound == "messages" and exchange.target.host == "bedrock":
        return b"".join(_chunk(line) for line in exchange.lines("stream"))
    if exchange.outbound != "converse":
        return text.rstrip("\n").encode() + b"\n\n" if text.strip() else b""
    return b"".join(
        converse_frame(*next(iter(json.loads(line).items()))) for line in exchange.lines("stream")
    )


def _chunk(line: str) -> bytes:
    """One event in a frame of a model's own stream, or an exception."""
    if line.startswith('{"!'):
        return converse_frame(*next(iter(json.loads(line).items())))
    return converse_frame("chunk", {"bytes": base64.b64encode(line.encode()).decode()})


def converse_frame(name: str, payload: object) -> bytes:
    """One message of `application/vnd.amazon.eventstream`."""
    if name.startswith("!"):
        headers = {":message-type": "exception", ":exception-type": name[1:]}
    else:
        headers = {":message-type": "event", ":event-type": name}
    headers[":content-type"] = "application/json"
    packed = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(packed) + len(body), len(packed))
    message = prelude + struct.pack(">I", binascii.crc32(prelude)) + packed + body
    return message + struct.pack(">I", binascii.crc32(message))


def events(stream: bytes) -> list[tuple[str, object]]:
    """The events of a stream: name, and data as a value; of a comment `:` and its text."""
    found: list[tuple[str, object]] = []
    for block in re.split(r"\n\n+", stream.decode().replace("\r\n", "\n").strip("\n")):
        name, data, comments = "", [], []
        for line in block.splitlines():
            if line.startswith(":"):
                comments.append(line[1:].strip())
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
        found += [(":", comment) for comment in comments]
        if data:
            text = "\n".join(data)
            found.append((name, text if text == "[DONE]" else json.loads(text)))
    return found
