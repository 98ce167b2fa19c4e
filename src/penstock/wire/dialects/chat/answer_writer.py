"""A whole answer for callers of the Chat dialect."""

from __future__ import annotations

from penstock.wire.dialects.answer import Answer, Block, Choice
from penstock.wire.dialects.answer_events import BlockKind, Stopped, StopReason
from penstock.wire.dialects.chat.finish_words import write_word
from penstock.wire.dialects.chat.message_parts import (
    annotation,
    answer_id,
    asks_in_old_form,
    call_start,
    google_extra,
    logprobs,
    picture,
)
from penstock.wire.dialects.chat.reasoning import hidden_block, thinking_block
from penstock.wire.dialects.chat.sound import is_sound, whole_sound
from penstock.wire.dialects.chat.usage import write_usage
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Json, Object


def write_answer(answer: Answer, asked: Conversation) -> Object:
    """`chat.completion`, with what the provider alone has beside it."""
    began = answer.began
    written: Object = {
        "id": answer_id(began, asked),
        "object": "chat.completion",
        "created": began.created or asked.asked_at,
        "model": began.model or asked.model,
        "choices": [
            _choice(number, answer.choice(number), asked) for number in sorted(answer.choices) or [0]
        ],
    }
    if answer.counted is not None:
        written["usage"] = write_usage(answer.counted)
    if began.service_tier:
        written["service_tier"] = began.service_tier
    if began.fingerprint:
        written["system_fingerprint"] = began.fingerprint
    return {**answer.extra, **written}


def finish(stopped: Stopped | None, calls: int, old: bool) -> Object:
    """The members that say why a choice ended: the dialect's word, never null, and the provider's own beside it."""
    reason = StopReason.END if stopped is None else stopped.reason
    word = write_word(reason)
    if reason is StopReason.TOOL_CALLS and old and calls:
        word = "function_call"
    members: Object = {"finish_reason": word}
    if stopped is not None and stopped.native not in ("", word):
        members["native_finish_reason"] = stopped.native
    return members


def explanation(stopped: Stopped | None) -> str:
    """Why the model would not answer, where it says so at the end."""
    refused = stopped is not None and stopped.reason is StopReason.REFUSED
    return stopped.explanation if stopped is not None and refused else ""


def _choice(number: int, choice: Choice, asked: Conversation) -> Object:
    old = asks_in_old_form(asked)
    calls = [block for block in choice.blocks if block.opened.kind is BlockKind.TOOL_CALL]
    return {
        **choice.extra,
        "index": number,
        "message": _message(choice, calls, old, asked),
        "logprobs": logprobs(choice.logprobs, choice.refusal_logprobs),
        **finish(choice.stopped, len(calls), old),
    }


def _message(choice: Choice, calls: list[Block], old: bool, asked: Conversation) -> Object:
    texts = _of(choice, BlockKind.TEXT)
    refusal = "".join(block.text for block in _of(choice, BlockKind.REFUSAL)) or explanation(choice.stopped)
    content = "".join(block.text for block in texts)
    message: Object = {
        "role": "assistant",
        "content": content if content or not (calls or refusal) else None,
        "refusal": refusal or None,
    }
    _add_thinking(choice, message)
    if annotations := _annotations(texts):
        message["annotations"] = annotations
    for block in texts:
        message.update(google_extra(block.signature))
    _add_media(choice, message, asked)
    if old and calls:  # the older form has room for one
        message["function_call"] = {"name": calls[0].opened.name, "arguments": calls[0].text}
        calls = calls[1:]
    if calls:
        message["tool_calls"] = [call_start(block.opened, block.signature, block.text) for block in calls]
    return message


def _of(choice: Choice, kind: BlockKind) -> list[Block]:
    return [block for block in choice.blocks if block.opened.kind is kind]


def _add_thinking(choice: Choice, message: Object) -> None:
    """The text to be read, and the blocks to be sent back where something in them is signed or hidden."""
    shown = "".join(block.text for block in _of(choice, BlockKind.THINKING))
    if shown:
        message["reasoning_content"] = shown
    blocks: list[Json] = []
    for block in choice.blocks:
        if block.opened.kind is BlockKind.THINKING and block.signature is not None:
            blocks.append(thinking_block(block.text, block.signature, block.id))
        elif block.opened.kind is BlockKind.HIDDEN_THINKING and block.opened.data is not None:
            blocks.append(hidden_block(block.opened.data, block.id))
    if blocks:
        message["thinking_blocks"] = blocks


def _add_media(choice: Choice, message: Object, asked: Conversation) -> None:
    """Sound and pictures. Where there are only these, nothing is said."""
    blocks = [
        (block.opened.media, block.signature) for block in choice.blocks if block.opened.media is not None
    ]
    sounds = [media.base64 for media, _ in blocks if is_sound(media)]
    pictures = [one for one in blocks if not is_sound(one[0])]
    if sounds:
        message["audio"] = whole_sound(sounds, asked)
    if pictures:
        message["images"] = [picture(media, place, signed) for place, (media, signed) in enumerate(pictures)]
    if blocks and not message["content"]:
        message["content"] = None


def _annotations(texts: list[Block]) -> list[Json]:
    """Places that the provider did not tell are those of the block that the citation belongs to."""
    found: list[Json] = []
    begin = 0
    for block in texts:
        end = begin + len(block.text)
        for one in block.citations:
            known = one.start >= 0 and one.end >= 0
            found.append(annotation(one, one.start if known else begin, one.end if known else end))
        begin = end
    return found
