"""Providers that speak the OpenAI dialect on one fixed host: a row each (Cloudflare 1.3.1, 1.3.2).

A provider belongs here when a path rule of `paths.py` and a chat path say all there is to say about it. As
soon as one needs a host from the tail, own headers or a body, it gets a file of its own.
"""

from __future__ import annotations

import re

from penstock.providers.base import Locate, Provider
from penstock.providers.paths import as_is, versioned


def _row(
    slug: str,
    host: str,
    locate: Locate,
    chat_path: str,
    aliases: tuple[str, ...] = (),
    creates: re.Pattern[str] | None = None,
    *,
    stream_usage: bool = False,
    model_address: re.Pattern[str] | None = None,
) -> Provider:
    return Provider(
        slug=slug,
        aliases=aliases,
        domains=(host,),
        locate=locate,
        compat=(slug, *aliases),
        chat_path=chat_path,
        creates=creates,
        stream_usage=stream_usage,
        model_address=model_address,
        model_is_own=model_address is not None,
    )


_V1_CHAT = "v1/chat/completions"

PROVIDERS = (
    _row("cerebras", "api.cerebras.ai", versioned("https://api.cerebras.ai"), _V1_CHAT, stream_usage=True),
    _row(
        "deepseek",
        "api.deepseek.com",
        versioned("https://api.deepseek.com", siblings=("anthropic/", "beta/", "user/")),
        _V1_CHAT,
        stream_usage=True,
    ),
    _row(
        "fireworks",
        "api.fireworks.ai",
        versioned("https://api.fireworks.ai", "inference/"),
        _V1_CHAT,
        model_address=re.compile(r"/workflows/(accounts/[^/]+/models/[^/]+)"),
    ),
    _row("grok", "api.x.ai", versioned("https://api.x.ai"), _V1_CHAT, ("xai",)),
    _row("groq", "api.groq.com", versioned("https://api.groq.com", "openai/"), _V1_CHAT),
    _row("mistral", "api.mistral.ai", as_is("https://api.mistral.ai"), _V1_CHAT),
    _row(
        "openai",
        "api.openai.com",
        versioned("https://api.openai.com"),
        _V1_CHAT,
        creates=re.compile(
            r"(?:v1/)?(?:assistants|batches|containers|conversations|evals|files|fine_tuning|threads|uploads"
            r"|vector_stores|videos)(?:/|\Z)"
        ),
        stream_usage=True,
    ),
    _row(
        "openrouter", "openrouter.ai", versioned("https://openrouter.ai", "api/"), _V1_CHAT, stream_usage=True
    ),
    _row(
        "perplexity-ai",
        "api.perplexity.ai",
        as_is("https://api.perplexity.ai"),
        "chat/completions",
        ("perplexity",),
    ),
)
