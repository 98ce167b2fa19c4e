"""Tokens in a plan: those that are good for one account and no other. Their secrets are in no file.

A token is known by its name. One that the directory does not have is made, and whoever applies the plan shows its text
once (`Plan.texts`); one that it has keeps its secrets. Tokens for several accounts, or all, are nobody's here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from penstock.access.tokens import fresh_secret
from penstock.config_as_code.document import TokenTable
from penstock.config_as_code.draft import Draft
from penstock.config_as_code.plan import Step, differences
from penstock.control.token_changes import Place, TokenRefused, changes_to, with_names
from penstock.settings.toml_position import KeyPath
from penstock.stores.audit_entry import Action, Json
from penstock.stores.control_store import RateLimit, Remove, SpendLimit, Token
from penstock.time_text import moment_us, rfc3339

_KIND = "token"
_PLAIN = (
    "permissions",
    "gateways",
    "providers",
    "models",
    "operations",
    "user",
    "team",
    "note",
    "max_estimate",
    "max_active",
    "blocked",
)


def tokens_of(tokens: Iterable[Token], account: str) -> list[Token]:
    """Those that a file may speak of."""
    return [one for one in tokens if one.accounts == (account,)]


def plan_tokens(draft: Draft, account: str, wanted: Mapping[str, TokenTable]) -> None:
    """All tokens of an account whose table has any."""
    theirs: dict[str, list[Token]] = {}
    for token in tokens_of(draft.now.snapshot.tokens, account):
        theirs.setdefault(token.name, []).append(token)
    others = {one.name for one in draft.now.snapshot.tokens if one.accounts != (account,)}
    places = {
        *draft.now.catalog.gateways,
        *((account, name) for name in draft.document.accounts[account].gateways),
    }
    for name, table in sorted(wanted.items()):
        path, there = (account, "tokens", name), theirs.get(name, [])
        if len(there) > 1:
            draft.wrong(path, f"{len(there)} tokens are called {name!r}: give all but one another name first")
        elif name in others:
            draft.wrong(path, f"a token {name!r} of another account, or of several, is there already")
        else:
            _plan_token(draft, path, table, there[0] if there else None, places)
    for name, there in theirs.items():
        if name not in wanted:
            for token in there:
                draft.does(Step("delete", _KIND, f"{account}/{name}"), Remove(token))


def token_fields(token: Token) -> dict[str, Json]:
    """What a file says of a token; what is as good as nothing is left out."""
    fields: dict[str, Json] = {name: _listed(getattr(token, name)) for name in _PLAIN}
    fields["metadata"] = token.metadata
    for name in ("rate_limit", "spend_limit"):
        fields[name] = msgspec.to_builtins(getattr(token, name))
    fields["expires_at"] = None if token.expires_us is None else rfc3339(token.expires_us)
    return {name: value for name, value in fields.items() if value not in (None, "", [], {}, False)}


def _plan_token(
    draft: Draft, path: KeyPath, table: TokenTable, old: Token | None, places: Collection[Place]
) -> None:
    account, name = str(path[0]), str(path[-1])
    try:
        new = _as_said(draft, account, name, table, old)
        changes = changes_to(places, old, new)
    except TokenRefused as error:
        draft.wrong((*path, error.field), f"token {name!r}: {error}")
        return
    if not changes:
        return
    before = {} if old is None else token_fields(old)
    action: Action = "create" if old is None else "update"
    draft.does(Step(action, _KIND, f"{account}/{name}", differences(before, token_fields(new))), *changes)


def _as_said(draft: Draft, account: str, name: str, table: TokenTable, old: Token | None) -> Token:
    """The token that a table speaks of. Raises `TokenRefused`."""
    if old is None:
        fresh = fresh_secret(draft.now.random)
        draft.texts[f"{account}/{name}"] = fresh.text
        old = Token(
            id=fresh.id,
            name=name,
            permissions=(),
            accounts=(account,),
            secrets=(fresh.hash,),
            created_us=draft.now.now_us,
        )
    rate, spend = table.rate_limit, table.spend_limit
    said = {field: getattr(table, field) for field in _PLAIN}
    return with_names(
        msgspec.structs.replace(
            old,
            **said,
            metadata=dict(table.metadata),
            rate_limit=None if rate is None else RateLimit(rate.limit, rate.interval, rate.technique),
            spend_limit=None if spend is None else SpendLimit(spend.limit, spend.window, spend.technique),
            expires_us=_ends(table.expires_at, old),
        ),
        old,
    )


def _ends(text: str | None, old: Token) -> int | None:
    """When it ends: as it is stored, where the text says the same, for texts have milliseconds."""
    if text is None:
        return None
    found = moment_us(text)
    if found is None:
        raise TokenRefused("expires_at", "expires_at is a time in RFC 3339, as 2027-01-31T12:00:00Z")
    if old.expires_us is not None and old.expires_us // 1000 == found // 1000:
        return old.expires_us
    return found


def _listed(value: Json) -> Json:
    return [*value] if isinstance(value, tuple) else value
