"""The operations that a token's form offers: kinds, in groups for people. Pure.

Names and patterns of names are written beside them; what any of them stands for is in
`providers/operation_grants.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.providers.operation import Kind


class OperationGroup(msgspec.Struct, frozen=True):
    """Kinds that people look for together."""

    name: str
    kinds: tuple[str, ...]


_LANGUAGE: Final = (
    Kind.CHAT, Kind.MESSAGES, Kind.RESPONSES, Kind.COMPLETION, Kind.GENERATE, Kind.CONVERSATION, Kind.INTERACTION,
    Kind.EMBEDDINGS, Kind.RERANK, Kind.CLASSIFY, Kind.MODERATION, Kind.GUARDRAIL, Kind.TOKEN_COUNT, Kind.MODELS,
)  # fmt: skip
_RESEARCH: Final = (Kind.SEARCH, Kind.EXTRACT, Kind.RESEARCH, Kind.FINDALL, Kind.MONITOR, Kind.MEMORY)
_MEDIA: Final = (
    Kind.IMAGE, Kind.IMAGE_EDIT, Kind.IMAGE_READ, Kind.OCR, Kind.VIDEO, Kind.SPEECH, Kind.VOICE, Kind.AUDIO_EDIT,
    Kind.TRANSCRIPTION, Kind.TRANSLATION, Kind.REALTIME, Kind.SESSION,
)  # fmt: skip
_AGENTS: Final = (
    Kind.AGENT,
    Kind.AGENT_RUN,
    Kind.THREAD,
    Kind.TOOL,
    Kind.SKILL,
    Kind.CONTAINER,
    Kind.WORKFLOW,
)
_GROUPS: Final = (
    ("Language", _LANGUAGE),
    ("Search and research (tasks of Parallel are research)", _RESEARCH),
    ("Pictures, sound, video", _MEDIA),
    ("Agents and tools", _AGENTS),
)
_GROUPED: Final = frozenset(kind for _, kinds in _GROUPS for kind in kinds)

GROUPS: Final = (
    *(OperationGroup(name, tuple(one.value for one in kinds)) for name, kinds in _GROUPS),
    OperationGroup("Files, jobs, accounts", tuple(one.value for one in Kind if one not in _GROUPED)),
)
"""All kinds there are, each once."""

_KINDS: Final = frozenset(one.value for one in Kind)


def kinds_of(words: Sequence[str]) -> tuple[str, ...]:
    """Those that are kinds."""
    return tuple(one for one in words if one in _KINDS)


def names_of(words: Sequence[str]) -> tuple[str, ...]:
    """Those that are names and patterns of names."""
    return tuple(one for one in words if one not in _KINDS)
