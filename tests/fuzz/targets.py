"""All targets by name. A target takes any bytes, and raises where a law is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from fuzz import filter_laws, journal_laws, search_laws, settings_laws, stored_value_laws, wire_laws

Target = Callable[[bytes], None]

TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "answers": wire_laws.answers_are_read_or_unknown,
        "codings": wire_laws.codings_are_undone_piece_by_piece,
        "controls": wire_laws.controls_are_read_or_refused,
        "events": wire_laws.events_keep_every_byte,
        "heads": wire_laws.heads_are_sorted_soundly,
        "members": wire_laws.members_keep_their_places,
        "models": wire_laws.models_are_read_or_unknown,
        "queries": wire_laws.queries_lose_their_secrets,
        "requests": wire_laws.targets_stay_below_their_provider,
        "universal": wire_laws.steps_are_sound_or_refused,
        "journal": journal_laws.frames_survive_what_stands_between_them,
        "frames": journal_laws.a_frame_is_whole_or_torn,
        "filters": filter_laws.a_query_finds_what_it_says_or_is_refused,
        "searches": search_laws.a_search_is_asked_or_refused,
        "found": search_laws.an_answer_is_parallels_or_none,
        "settings": settings_laws.a_file_is_read_or_explained,
        "stored": stored_value_laws.a_stored_value_is_read_or_called_damaged,
    }
)
