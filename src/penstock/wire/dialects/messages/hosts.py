"""Where Claude is served, and what a request looks like there: on Anthropic's own service, Bedrock or Vertex AI.

All of them take the same body but for a few members (dialects, A3 "On other hosts"); a caller's own body is changed in
these only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.wire.dialects.claude_models import BEDROCK_BETAS
from penstock.wire.dialects.dialect import HeaderLines, Sent, Target
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused

VERSION: Final = "2023-06-01"
"""`anthropic-version` of requests that are written here."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """What a service takes."""

    version: str = ""  # of the body; empty: it stands in the header
    names_model: bool = True  # in the body
    says_stream: bool = True  # in the body
    betas_in_body: bool = False
    known_betas: frozenset[str] | None = None  # None: it ignores what it does not know
    top_cache: bool = False  # `cache_control` of the whole request
    urls: bool = False  # images and documents by URL
    searches: bool = True  # has the web search tool
    tiers: bool = False  # `service_tier`


OWN: Final = Host(top_cache=True, urls=True, tiers=True)

HOSTS: Final[Mapping[str, Host]] = {
    "": OWN,
    "bedrock": Host(
        version="bedrock-2023-05-31",
        names_model=False,
        says_stream=False,
        betas_in_body=True,
        known_betas=BEDROCK_BETAS,
        searches=False,
    ),
    "vertex": Host(version="vertex-2023-10-16", names_model=False),
}

# Members that only a flag opens, by how its name begins.
_MEMBERS_OF_BETAS: Final[Mapping[str, str]] = {
    "code-execution-": "container",
    "compact-": "context_management",
    "context-management-": "context_management",
    "fast-mode-": "speed",
    "mcp-client-": "mcp_servers",
    "skills-": "container",
    "structured-outputs-": "output_format",
}
_UNMARKABLE: Final = ("thinking", "redacted_thinking")


def sent(body: Object, betas: tuple[str, ...], target: Target, dropped: Dropped) -> Sent:
    """A body of Anthropic's own service as the target's host takes it. The body stays as it is.

    Raises `Refused` for members whose flag the host does not know.
    """
    host = HOSTS.get(target.host, OWN)
    found = {name: value for name, value in body.items() if name not in _ELSEWHERE}
    flags = _known_betas(betas, found, host, dropped)
    headers: HeaderLines = ()
    if host.version:
        found["anthropic_version"] = host.version
    else:
        headers = (("anthropic-version", VERSION),)
    if flags and host.betas_in_body:
        found["anthropic_beta"] = list[Json](flags)
    elif flags:
        headers = (*headers, ("anthropic-beta", ",".join(flags)))
    if not host.names_model:
        found.pop("model", None)
    if not host.says_stream:
        found.pop("stream", None)
    if not host.top_cache and found.get("cache_control") is not None:
        found = _marked(found, found.pop("cache_control"))
    return Sent(body=found, headers=headers)


_ELSEWHERE: Final = frozenset({"anthropic_version", "anthropic_beta", "betas"})


def _known_betas(betas: tuple[str, ...], body: Object, host: Host, dropped: Dropped) -> tuple[str, ...]:
    flags = tuple(dict.fromkeys(flag.strip() for flag in betas if flag.strip()))
    if host.known_betas is None:
        return flags
    for flag in flags:
        if flag in host.known_betas:
            continue
        for start, member in _MEMBERS_OF_BETAS.items():
            if flag.startswith(start) and body.get(member) is not None:
                raise Refused(member, f"needs the beta {flag}, which this provider does not know")
        dropped(f"anthropic-beta.{flag}")
    return tuple(flag for flag in flags if flag in host.known_betas)


def _marked(body: Object, mark: Json) -> Object:
    """The body with a mark on the last block that can bear one, in place of one at the top."""
    for name in ("messages", "system", "tools"):
        found = _last_marked(body.get(name), mark)
        if found is not None:
            return {**body, name: found}
    return body


def _last_marked(value: Json, mark: Json) -> Json:
    """A list with a mark on its last thing that can bear one, or in that; None where there is none."""
    if isinstance(value, str):
        return [{"type": "text", "text": value, "cache_control": mark}] if value.strip() else None
    if not isinstance(value, list):
        return None
    for place in range(len(value) - 1, -1, -1):
        found = _with_mark(value[place], mark)
        if found is not None:
            return [*value[:place], found, *value[place + 1 :]]
    return None


def _with_mark(value: Json, mark: Json) -> Json:
    if not isinstance(value, dict) or value.get("type") in _UNMARKABLE or value.get("text") == "":
        return None
    if "role" not in value:
        return value if "cache_control" in value else {**value, "cache_control": mark}
    content = _last_marked(value.get("content"), mark)
    return None if content is None else {**value, "content": content}
