"""What callers of the Chat dialect get beside text and tool calls: citations, log-probabilities, names of answers.

Shared by whole answers and streams, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from penstock.wire.dialects.answer_events import Began, Citation, Opened, TokenLogprob
from penstock.wire.dialects.conversation import Conversation, Data, Family, Opaque
from penstock.wire.dialects.data_urls import data_url
from penstock.wire.dialects.json_value import Json, Object

_PREFIX = "chatcmpl-"


def answer_id(began: Began, asked: Conversation) -> str:
    """The surface's prefix, and the provider's own id behind it (dialects, B1 10)."""
    number = began.id or asked.call_id
    return number if number.startswith(_PREFIX) else _PREFIX + number


def asks_in_old_form(asked: Conversation) -> bool:
    """Whether the caller offered `functions`, and gets `function_call`."""
    return asked.at("tools") == "functions"


def google_extra(signature: Opaque | None) -> Object:
    """Members that carry a signature of Google's, as its own tree of this dialect has them; none for others'."""
    if signature is None or signature.family is not Family.GOOGLE:
        return {}
    return {"extra_content": {"google": {"thought_signature": signature.value}}}


def picture(media: Data, number: int, signature: Opaque | None) -> Object:
    """One of `images` of a message, as OpenRouter has them."""
    image: Object = {"type": "image_url", "image_url": {"url": data_url(media)}, "index": number}
    return {**image, **google_extra(signature)}


def call_start(opened: Opened, signature: Opaque | None, arguments: str) -> Object:
    """A tool call, with what is known of its arguments."""
    extra = google_extra(opened.signature or signature)
    if opened.free:
        inner: Object = {"name": opened.name, "input": arguments}
        return {"id": opened.call_id, "type": "custom", "custom": inner, **extra}
    inner = {"name": opened.name, "arguments": arguments}
    return {"id": opened.call_id, "type": "function", "function": inner, **extra}


def annotation(citation: Citation, start: int, end: int) -> Object:
    """A citation of the text between two characters of it: of a URL, else of a file."""
    places: Object = {"start_index": start, "end_index": end}
    if citation.url:
        inner: Object = {"url": citation.url, "title": citation.title, **places}
        return {
            "type": "url_citation",
            "url_citation": {**inner, "content": citation.cited} if citation.cited else inner,
        }
    inner = {"filename": citation.title, **places}
    return {
        "type": "file_citation",
        "file_citation": {**inner, "content": citation.cited} if citation.cited else inner,
    }


def logprobs(tokens: Iterable[TokenLogprob], refusal: Iterable[TokenLogprob]) -> Json:
    """`logprobs` of a choice; null where there are none."""
    said: list[Json] = [_probability(token) for token in tokens]
    refused: list[Json] = [_probability(token) for token in refusal]
    return {"content": said or None, "refusal": refused or None} if said or refused else None


def _probability(token: TokenLogprob) -> Object:
    return {**_bare(token), "top_logprobs": [_bare(one) for one in token.top]}


def _bare(token: TokenLogprob) -> Object:
    written: list[Json] | None = None if token.bytes is None else [*token.bytes]
    return {"token": token.token, "logprob": token.logprob, "bytes": written}
