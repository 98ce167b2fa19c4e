"""Elements of dynamic routes for tests: one of each kind, and the same in the older dialect."""

from __future__ import annotations

from copy import deepcopy

Element = dict[str, object]


def to(element_id: str) -> Element:
    """Where an output leads."""
    return {"elementId": element_id}


def model(element_id: str, success: str = "e", fallback: str = "e", **properties: object) -> Element:
    """An element that asks a model."""
    known = {"provider": "openai", "model": "gpt-5", "timeout": 20_000, "retries": 1}
    return {
        "id": element_id,
        "type": "model",
        "properties": {**known, **properties},
        "outputs": {"success": to(success), "fallback": to(fallback)},
    }


START: Element = {"id": "s", "type": "start", "outputs": {"next": to("c")}}
CONDITIONAL: Element = {
    "id": "c",
    "type": "conditional",
    "properties": {"conditions": {"metadata.plan": {"$eq": "paid"}}},
    "outputs": {"true": to("r"), "false": to("m2")},
}
RATE: Element = {
    "id": "r",
    "type": "rate",
    "properties": {"limitType": "cost", "key": "metadata.user_id", "limit": 5, "window": 3600},
    "outputs": {"success": to("p"), "fallback": to("m2")},
}
PERCENTAGE: Element = {
    "id": "p",
    "type": "percentage",
    "outputs": {"10%": to("m1"), "90%": to("m2")},
}
END: Element = {"id": "e", "type": "end", "outputs": {}}

_EVERY = [START, CONDITIONAL, RATE, PERCENTAGE, model("m1", fallback="m2"), model("m2"), END]


def every_kind() -> list[Element]:
    """A route with one element of each kind, and a second model."""
    return deepcopy(_EVERY)


def simple(provider: str = "openai") -> list[Element]:
    """A start, a model and an end."""
    start: Element = {"id": "s", "type": "start", "outputs": {"next": to("m")}}
    return deepcopy([start, model("m", provider=provider), END])


def older() -> list[Element]:
    """`every_kind` as older documents write it."""
    found = every_kind()
    found[1]["properties"] = {"condition": {"metadata.plan": {"$eq": "paid"}}}
    found[1]["outputs"] = {"true": to("r"), "else": to("m2")}
    found[2]["type"] = "rate_limit"
    found[2]["properties"] = {
        "limitType": "cost", "key": "metadata.user_id", "limit": 5, "interval": 3600, "technique": "fixed",
    }  # fmt: skip
    found[3]["outputs"] = {"10%": to("m1"), "else": to("m2")}
    del found[6]["outputs"]
    return found
