"""Routes to begin with: two models by chance, one after the other, below a budget, by who calls. Pure.

Each is a whole route that could be saved as it is; names of models are there to be changed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.stores.audit_entry import Json


class Template(msgspec.Struct, frozen=True):
    """A route to begin with; `about` says in a line what it does."""

    key: str
    title: str
    about: str
    elements: list[Json]


def template(key: str) -> Template | None:
    """The one of this name."""
    return next((one for one in TEMPLATES if one.key == key), None)


def _to(name: str) -> dict[str, Json]:
    return {"elementId": name}


def _start(name: str) -> Json:
    return {"id": "start", "type": "start", "outputs": {"next": _to(name)}}


def _model(name: str, provider: str, model: str, fallback: str = "end") -> Json:
    return {
        "id": name,
        "type": "model",
        "properties": {"provider": provider, "model": model, "timeout": 30_000, "retries": 1},
        "outputs": {"success": _to("end"), "fallback": _to(fallback)},
    }


_END: Final[Json] = {"id": "end", "type": "end", "outputs": {}}
_LARGE: Final = ("openai", "gpt-5")
_SMALL: Final = ("openai", "gpt-5-mini")
_OTHER: Final = ("anthropic", "claude-sonnet-4-5")

TEMPLATES: Final = (
    Template(
        "fallback",
        "One after the other",
        "a second provider is asked where the first does not answer",
        [_start("first"), _model("first", *_LARGE, "second"), _model("second", *_OTHER), _END],
    ),
    Template(
        "split",
        "A/B split",
        "a tenth of the calls goes to another model",
        [
            _start("by-chance"),
            {
                "id": "by-chance",
                "type": "percentage",
                "outputs": {"10%": _to("candidate"), "else": _to("current")},
            },
            _model("candidate", *_OTHER, "current"),
            _model("current", *_LARGE),
            _END,
        ],
    ),
    Template(
        "budget",
        "Budget",
        "each user has five dollars a day at the large model, and the small one then",
        [
            _start("budget"),
            {
                "id": "budget",
                "type": "rate",
                "properties": {"limitType": "cost", "key": "metadata.user_id", "limit": 5, "window": 86_400},
                "outputs": {"success": _to("large"), "fallback": _to("small")},
            },
            _model("large", *_LARGE, "small"),
            _model("small", *_SMALL),
            _END,
        ],
    ),
    Template(
        "metadata",
        "By metadata",
        "who pays is answered by the large model",
        [
            _start("paid"),
            {
                "id": "paid",
                "type": "conditional",
                "properties": {"conditions": {"metadata.plan": {"$eq": "paid"}}},
                "outputs": {"true": _to("large"), "false": _to("small")},
            },
            _model("large", *_LARGE, "small"),
            _model("small", *_SMALL),
            _END,
        ],
    ),
)
