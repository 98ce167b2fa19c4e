"""What `penstock demo` sets up over the management API, as somebody would: tokens, a provider, its keys, a route.

All of it through one token, so that the audit tells who it was. Secrets in it are made up and open nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from penstock.cli.demo_failed import DemoFailed
from penstock.cli.demo_people import Person
from penstock.cli.demo_shapes import BY_NAME, CUSTOM
from penstock.clock import Clock
from penstock.time_text import rfc3339

_CUSTOM: Final = "custom-providers"
_PLAYED: Final = "made-up-key-for-the-played-parallel"
_SLUG: Final = CUSTOM.partition("-")[2]
_DAY: Final = 86_400
_SECOND_US: Final = 1_000_000
_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_FEEDBACK: Final = (1, -1, 1, 1, -1)
_ROUTE: Final[Sequence[Mapping[str, object]]] = (
    {"id": "start", "type": "start", "outputs": {"next": {"elementId": "paid"}}},
    {
        "id": "paid",
        "type": "conditional",
        "properties": {"conditions": {"metadata.plan": {"$eq": "paid"}}},
        "outputs": {"true": {"elementId": "trial"}, "false": {"elementId": "small"}},
    },
    {
        "id": "trial",
        "type": "percentage",
        "outputs": {"20%": {"elementId": "new"}, "else": {"elementId": "large"}},
    },
    *(
        {
            "id": name,
            "type": "model",
            "properties": {"provider": provider, "model": model, "timeout": 20_000, "retries": 1},
            "outputs": {"success": {"elementId": "end"}, "fallback": {"elementId": then}},
        }
        for name, provider, model, then in (
            ("new", "anthropic", "claude-sonnet-4-5", "large"),
            ("large", "openai", "gpt-4o", "small"),
            ("small", "openai", "gpt-4o-mini", "end"),
        )
    ),
    {"id": "end", "type": "end", "outputs": {}},
)
_MORE_TOKENS: Final[Sequence[Mapping[str, object]]] = (
    {
        "name": "dave's old laptop",
        "user": "dave",
        "team": "web",
        "note": "lost on a train; blocked until found",
    },
    {
        "name": "newsletter",
        "team": "web",
        "note": "writes the newsletter each Monday",
        "models": ["openai/gpt-4o-mini", "anthropic/*"],
        "gateways": ["default"],
        "rate_limit": {"limit": 60, "interval": 60},
    },
)


def set_up(address: str, text: str, providers: str) -> Person | None:
    """Sets things up with the token `text`. Somebody with a limit on money; None where an earlier demonstration has
    done it all. Raises `DemoFailed`.
    """
    with _api(address, text) as api:
        place, default = f"{providers}/{CUSTOM}", "gateways/default"
        if _has_moved(api, place):
            return None
        house = {
            "name": "House models",
            "slug": _SLUG,
            "base_url": place,
            "description": "Models on our own machines. Made up: the demonstration plays it.",
            "enable": True,
        }
        _post(api, _CUSTOM, house)
        for alias in ("default", "night"):
            key = {
                "provider_slug": CUSTOM,
                "alias": alias,
                "default_config": alias == "default",
                "secret": f"made-up-key-{alias}-0000",
            }
            _post(api, f"{default}/provider_configs", key)
        parallel = {
            "provider_slug": "parallel",
            "alias": "default",
            "default_config": True,
            "secret": _PLAYED,
        }
        _post(api, f"{default}/provider_configs", parallel)  # the playground has no key of its own
        _post(api, "models", {"name": BY_NAME, "models": ["anthropic/claude-sonnet-4-5", "openai/gpt-4o"]})
        _post(api, f"{default}/routes", {"name": "by-plan", "elements": _ROUTE})
        _change_a_gateway(api)
        return _make_tokens(api)


def _has_moved(api: httpx.Client, place: str) -> bool:
    """Whether the custom provider was there before; it is at this place now."""
    known = api.get(_CUSTOM)
    if not known.is_success:
        raise DemoFailed(f"{_CUSTOM} answered {known.status_code}: {known.text[:500]}")
    ids = [one["id"] for one in known.json()["result"] if one["slug"] == _SLUG]
    for one in ids:
        _checked(api.patch(f"{_CUSTOM}/{one}", json={"base_url": place}), _CUSTOM)
    return bool(ids)


def look_back(address: str, text: str, logs: Sequence[str]) -> None:
    """Says of some calls how good they were, and takes the token away that all of this was done with."""
    with _api(address, text) as api:
        deadline = time.monotonic() + _SECONDS
        for log, feedback in zip(logs, _FEEDBACK, strict=False):
            path, said = f"gateways/{log}", {"feedback": feedback}
            while _is_missing(api.patch(path, json=said)) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)  # the log is a moment behind the answers
        own = _id_of(text)
        _checked(api.delete(f"tokens/{own}"), "tokens")


def _change_a_gateway(api: httpx.Client) -> None:
    """One that stands in no file, and is changed."""
    fields = {
        "cache_invalidate_on_update": False,
        "cache_ttl": 0,
        "collect_logs": True,
        "rate_limiting_interval": 60,
        "rate_limiting_limit": 100,
    }
    _post(api, "gateways", {"id": "website", **fields})
    changed = {**fields, "cache_ttl": 600, "rate_limiting_limit": 300}
    _checked(api.put("gateways/website", json=changed), "gateways")


def _make_tokens(api: httpx.Client) -> Person:
    ends_us = Clock().now_us() + 3 * _DAY * _SECOND_US
    lost, *_ = [_post(api, "tokens", token) for token in _MORE_TOKENS]
    _checked(api.patch(f"tokens/{lost['id']}", json={"blocked": True}), "tokens")
    trial = {
        "name": "erin's trial",
        "user": "erin",
        "team": "research",
        "note": "for the evaluation; ends by itself",
        "expires_at": rfc3339(ends_us),
        "spend_limit": {"limit": 0.035, "window": 30 * _DAY},
        "max_estimate": 0.5,
    }
    made = _post(api, "tokens", trial)
    return Person("erin", "research", str(made["token"]), str(made["id"]))


def _api(address: str, text: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"{address}/client/v4/accounts/local/ai-gateway/",
        headers={"authorization": f"Bearer {text}"},
        timeout=_SECONDS,
        trust_env=False,
    )


def _post(api: httpx.Client, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
    return _checked(api.post(path, json=dict(body)), path)


def _checked(answer: httpx.Response, path: str) -> Mapping[str, object]:
    if not answer.is_success:
        raise DemoFailed(f"{path} answered {answer.status_code}: {answer.text[:500]}")
    found = answer.json()["result"]
    return found if isinstance(found, dict) else {}


def _is_missing(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.NOT_FOUND


def _id_of(text: str) -> str:
    return text.split("_")[1]
