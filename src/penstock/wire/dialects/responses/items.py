"""Items of a Responses answer, as whole answers and streams write them alike (dialects, A2).

An item's id is made of the gateway's own id of the call and the item's place, so that it is the same in both, and never
that of a tool call (`call_id`). Signatures and hidden reasoning stand in `encrypted_content` with their family's name
(`signatures.py`), always: a caller who sends items back as they came keeps everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from penstock.wire.dialects.answer_events import Citation, Opened, TokenLogprob
from penstock.wire.dialects.conversation import Conversation, Family, Opaque
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.signatures import HIDDEN, marked

MESSAGE: Final = "msg"
REASONING: Final = "rs"
CALL: Final = "fc"
FREE_CALL: Final = "ctc"
SEARCH: Final = "ws"
PICTURE: Final = "ig"
DONE: Final = "completed"
CUT: Final = "incomplete"


def item_id(kind: str, asked: Conversation, place: int) -> str:
    """The id of the item at a place of the output."""
    return f"{kind}_{asked.call_id.replace('-', '')}_{place}"


def message(number: str, content: Sequence[Json], status: str) -> Object:
    """What the model says."""
    return {
        "id": number,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": list(content),
    }


def text_part(text: str, annotations: list[Json], tokens: Iterable[TokenLogprob] = ()) -> Object:
    """A text within a message."""
    return {
        "type": "output_text",
        "text": text,
        "annotations": annotations,
        "logprobs": [probability(token) for token in tokens],
    }


def refusal_part(text: str) -> Object:
    """That the model would not answer, within a message."""
    return {"type": "refusal", "refusal": text}


def call(number: str, opened: Opened, arguments: str, status: str) -> Object:
    """A tool call, of a function or free in its form."""
    return {
        "id": number,
        "type": "custom_tool_call" if opened.free else "function_call",
        "status": status,
        "call_id": opened.call_id,
        "name": opened.name,
        "input" if opened.free else "arguments": arguments,
    }


def call_kind(opened: Opened) -> str:
    """What the id of a tool call begins with."""
    return FREE_CALL if opened.free else CALL


def reasoning(number: str, text: str, signature: Opaque | None = None, of: str = "") -> Object:
    """Reasoning, to be read, to be sent back, or both; with `of`, a signature that has no place of its own."""
    item: Object = {"id": number, "type": "reasoning", "summary": [summary_part(text)] if text else []}
    if signature is not None:
        own = signature.family is Family.OPENAI and of == HIDDEN  # whose reasoning is hidden anyway
        item["encrypted_content"] = marked(signature, Family.OPENAI, "" if own else of)
    return item


def summary_part(text: str) -> Object:
    """A text of reasoning."""
    return {"type": "summary_text", "text": text}


def picture(number: str, opened: Opened, *, added: bool = False) -> Object:
    """A picture that the model made; `added`: as it is when it begins."""
    data = None if added or opened.media is None else opened.media.base64
    status = "in_progress" if added else DONE
    return {"id": number, "type": "image_generation_call", "status": status, "result": data}


def probability(token: TokenLogprob) -> Object:
    """A token's log-probability, with those of its rivals."""
    return {**_bare(token), "top_logprobs": [_bare(one) for one in token.top]}


def _bare(token: TokenLogprob) -> Object:
    return {"token": token.token, "logprob": token.logprob, "bytes": [*(token.bytes or ())]}


def annotation(citation: Citation, start: int, end: int) -> Object:
    """A citation of the text between two characters of its part: of a URL, else of a file."""
    cited: Object = {"content": citation.cited} if citation.cited else {}
    places: Object = {"start_index": start, "end_index": end}
    if citation.url:
        return {"type": "url_citation", "url": citation.url, "title": citation.title, **places, **cited}
    return {
        "type": "file_citation",
        "file_id": "",  # only OpenAI's files have one
        "filename": citation.title,
        "index": 0,
        **places,
        **cited,
    }
