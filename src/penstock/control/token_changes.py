"""What a token may be like, and the changes of the control store that making or changing one comes to.

For the commands, the management API, `penstock apply` and the pages alike. Pure: nothing is written here, and secrets
come in as hashes. Who may make or change which token is in `token_rights.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count
from typing import Final

import msgspec

from penstock.control.provider_rows import provider_slug
from penstock.control.token_operations import operation_word
from penstock.settings.gateways import DEFAULT_GATEWAY, LONGEST_WINDOW, AnyAccountId, GatewayId
from penstock.stores.control_store import Add, Change, OneOfName, Replace, Token
from penstock_common.check import quote
from penstock_common.nearest import nearest

LONGEST_TEXT: Final = 200
LONGEST_NOTE: Final = 1000
MOST_NUMBER: Final = 2**53 - 1
MOST_DOLLARS: Final = 1e12
MOST_ACTIVE: Final = 1_000_000
MOST_METADATA: Final = 5  # Cloudflare 3.18
RESERVED: Final = "cf."  # Cloudflare 3.18
MODEL: Final = re.compile(r"[!-~]{1,256}")

_MOST_VALUES = 1000  # of a list

Place = tuple[str, str]
"""A gateway: its account, and its name."""


class TokenRefused(ValueError):
    """A token that cannot be, and why. `field` is the one to blame."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class NoSuchToken(LookupError):
    """No token has this id or name, or several have the name; the text says which."""


def token_called(tokens: Sequence[Token], text: str) -> Token:
    """The token of an id, or else the one of a name. Raises `NoSuchToken`."""
    by_id = next((one for one in tokens if one.id == text), None)
    if by_id is not None:
        return by_id
    named = [one for one in tokens if one.name == text]
    if len(named) > 1:
        ids = ", ".join(one.id for one in named)
        raise NoSuchToken(f"{len(named)} tokens are called {quote(text)}: say which by its id: {ids}")
    if named:
        return named[0]
    near = nearest(text, (one.name for one in tokens))
    meant = ": list them to see both" if near is None else f"; did you mean {quote(near)}?"
    raise NoSuchToken(f"no token has the id or the name {quote(text)}{meant}")


def free_name(name: str, tokens: Iterable[Token]) -> str:
    """The name, with a number behind it where a token is called so already."""
    taken = {one.name for one in tokens}
    numbered = (f"{name} {number}" for number in count(2))
    return next(one for one in chain((name,), numbered) if one not in taken)


def changes_to(places: Collection[Place], old: Token | None, new: Token) -> list[Change]:
    """What makes a token, or makes another of it; nothing where it stays as it is. Raises `TokenRefused`.

    `places` are the gateways there are. What was there before is not looked at again: a gateway that is gone keeps no
    other change back.
    """
    if new == old:
        return []
    _check_texts(new)
    _check_numbers(new)
    _check_lists(new)
    _check_metadata(new)
    known = () if old is None else old.gateways
    for gateway in new.gateways:
        if gateway not in known:
            _check_gateway(places, new.accounts, gateway)
    change: Change = Add(new) if old is None else Replace(old, new)
    return [change] if old is not None and old.name == new.name else [change, OneOfName(new.name)]


def with_names(token: Token, old: Token) -> Token:
    """The same with providers by their slugs, and operations by the words that are kept, each once. Words that the old
    one has may have gone meanwhile. Raises `TokenRefused`.
    """
    try:
        slugs = tuple(dict.fromkeys(map(provider_slug, token.providers)))
    except ValueError as error:
        raise TokenRefused("providers", str(error)) from None
    try:
        words = (one if one in old.operations else operation_word(one) for one in token.operations)
        operations = tuple(dict.fromkeys(words))
    except ValueError as error:
        raise TokenRefused("operations", str(error)) from None
    return msgspec.structs.replace(token, providers=slugs, operations=operations)


def _check_gateway(places: Collection[Place], accounts: Sequence[str], path: str) -> None:
    """Raises `TokenRefused` for a gateway that there is not, naming the nearest."""
    account, _, name = path.rpartition("/")
    _fits("gateways", name, GatewayId)
    if account:
        _fits("gateways", account, AnyAccountId)
    if (
        account and accounts and account not in accounts
    ):  # who may not see that account is not told what is there
        raise TokenRefused("gateways", f"{quote(path)} is of an account that the token is not good for")
    where = [account] if account else [*accounts]
    found = [gateway for owner, gateway in places if not where or owner in where]
    if name == DEFAULT_GATEWAY or name in found:
        return
    near = nearest(name, dict.fromkeys((*found, DEFAULT_GATEWAY)))
    meant = "" if near is None else f"; did you mean {quote(f'{account}/{near}' if account else near)}?"
    place = f" of {' or '.join(where)}" if where else ""
    raise TokenRefused("gateways", f"there is no gateway {quote(path)}{place}{meant}")


def _check_texts(token: Token) -> None:
    if not token.name.strip():
        raise TokenRefused("name", "a token has a name")
    texts = (("name", LONGEST_TEXT), ("user", LONGEST_TEXT), ("team", LONGEST_TEXT), ("note", LONGEST_NOTE))
    for field, most in texts:
        text: str = getattr(token, field)
        if len(text) > most or not text.isprintable():
            raise TokenRefused(field, f"{field} has up to {most} characters, all of which can be printed")


def _check_numbers(token: Token) -> None:
    rate, spend = token.rate_limit, token.spend_limit
    numbers = (
        ("rate_limit", None if rate is None else rate.limit, MOST_NUMBER, "a number of requests"),
        ("rate_limit", None if rate is None else rate.interval, LONGEST_WINDOW, "a number of seconds"),
        ("spend_limit", None if spend is None else spend.limit, MOST_DOLLARS, "an amount of US dollars"),
        ("spend_limit", None if spend is None else spend.window, LONGEST_WINDOW, "a number of seconds"),
        ("max_estimate", token.max_estimate, MOST_DOLLARS, "an amount of US dollars"),
        ("max_active", token.max_active, MOST_ACTIVE, "a number of runs"),
    )
    for field, value, most, what in numbers:
        if value is not None and not 0 < value <= most:
            raise TokenRefused(field, f"{value} is not {what}: above 0 and up to {most:.0f}")


def _check_lists(token: Token) -> None:
    if not token.permissions:
        raise TokenRefused("permissions", "a token has some permission: to keep it from everything, block it")
    for field in ("accounts", "gateways", "providers", "models", "operations"):
        if len(getattr(token, field)) > _MOST_VALUES:
            raise TokenRefused(field, f"{field} has at most {_MOST_VALUES} values")
    for account in token.accounts:
        _fits("accounts", account, AnyAccountId)
    for model in token.models:
        if MODEL.fullmatch(model) is None:
            raise TokenRefused(
                "models",
                f"{quote(model)} cannot be a model: it has no blanks and up to 256 ASCII characters",
            )


def _check_metadata(token: Token) -> None:
    if len(token.metadata) > MOST_METADATA:
        raise TokenRefused("metadata", f"a call has at most {MOST_METADATA} entries of metadata")
    for key, value in token.metadata.items():
        if not key or not key.isprintable() or len(key) > LONGEST_TEXT or key.startswith(RESERVED):
            raise TokenRefused(
                "metadata",
                f"{quote(key)} cannot be a key of metadata; those that begin with {RESERVED} are reserved",
            )
        if not _is_plain(value):
            raise TokenRefused("metadata", f"the value of {quote(key)} is too long or too large")


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_NOTE and value.isprintable()
    return isinstance(value, bool) or (
        isinstance(value, int | float) and math.isfinite(value) and abs(value) <= MOST_NUMBER
    )


def _fits(field: str, text: str, kind: object) -> None:
    try:
        msgspec.convert(text, type=kind)
    except msgspec.ValidationError:
        raise TokenRefused(field, f"{quote(text)} cannot be one of {field}") from None
