"""Examples of what is sent and answered about tokens, for the documentation; see `examples.py`."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.management.token_shapes import (
    RateLimitBody,
    RotateBody,
    SpendLimitBody,
    TokenAnswer,
    TokenBody,
    TokenMade,
    TokenPatch,
    TokensQuery,
    Used,
)

TOKEN_ID: Final = "35lkmusyn0ut2epc"


def token_examples(account: str, made: str) -> tuple[object, ...]:
    """By the types that they are of."""
    rate, spend = RateLimitBody(100, 60), SpendLimitBody(5.0, 86_400)
    fields: dict[str, object] = {
        "id": TOKEN_ID,
        "name": "ada's notebook",
        "note": "for the evaluation in January",
        "state": "live",
        "permissions": ("run",),
        "accounts": (account,),
        "gateways": (),
        "providers": ("openai",),
        "models": ("openai/gpt-*",),
        "operations": ("chat", "responses"),
        "user": "ada",
        "team": "research",
        "metadata": {"team": "research"},
        "rate_limit": rate,
        "spend_limit": spend,
        "max_estimate": None,
        "max_active": None,
        "requests": Used(12.0, 100.0, 88.0, made),
        "spend": Used(1.25, 5.0, 3.75, made),
        "active": None,
        "last_used_at": made,
        "created_at": made,
        "expires_at": None,
        "blocked": False,
    }
    return (
        TokenBody(name="ada's notebook", user="ada", spend_limit=spend),
        TokenPatch(spend_limit=SpendLimitBody(10.0, 86_400)),
        RotateBody(3600),
        TokensQuery(user="ada"),
        msgspec.convert(fields, TokenAnswer, from_attributes=True),
        msgspec.convert({**fields, "token": "the token, once"}, TokenMade, from_attributes=True),
    )
