"""What earlier tasks, chats and events were about, for those that name one as their `previous_interaction_id`.

A task is found by its own record; of a chat only the question is kept, of a monitor's event what it told.
"""

import msgspec

from parallel_local.answers.subject import subject_text
from parallel_local.runs.store import RunStore
from parallel_local.runs.task_records import TASK, TaskRecord

_CHAT = "interaction"


class Interaction(msgspec.Struct, frozen=True):
    """What a chat or an event was about."""

    text: str


class Interactions:
    """Looking up and remembering interactions."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def context(self, interaction_id: str | None) -> str:
        """What an earlier interaction was about; empty when it is unknown."""
        if interaction_id is None:
            return ""
        task = self._store.get(TASK, interaction_id, TaskRecord)
        if task is not None:
            return subject_text(task.input.input)
        chat = self._store.get(_CHAT, interaction_id, Interaction)
        return chat.text if chat else ""

    def remember(self, interaction_id: str, text: str) -> None:
        """Keep what a chat or an event was about."""
        self._store.put(_CHAT, interaction_id, Interaction(text), active=False)

    def forget(self, interaction_id: str) -> None:
        """Keep it no longer."""
        self._store.remove(_CHAT, interaction_id)
