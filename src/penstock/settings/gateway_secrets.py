"""Which fields of a gateway are secret, and taking them apart from the others and together again.

Pure, on plain data. A secret is named by the path to it, as a JSON pointer: `/otel/0/headers/x-api-key`. Those
typed `Secret` in `gateways.py` are meant; a test holds the two together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from penstock.settings.gateway_fields import Fields

MASK = "********"
"""What is shown in place of a secret, and stored in the open."""

WITH_SECRETS: Final = frozenset({"otel", "parallel", "stripe"})
"""Fields in which secrets may stand."""

Secrets = dict[str, str]  # by the path to each


class SecretLost(ValueError):
    """The mask stands where no stored secret belongs. `path` is the place; the text says what to do."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}: {MASK} stands for a stored secret, but there is none for this address: give it"
        )
        self.path = path


class _Array:
    """An array as if it were a table, whose keys are places in it."""

    def __init__(self, items: list[object]) -> None:
        self._items = items

    def __getitem__(self, key: str) -> object:
        return self._items[int(key)]

    def __setitem__(self, key: str, value: object) -> None:
        self._items[int(key)] = value


class _Place(NamedTuple):
    """Where a secret stands, and whom it is for: the receiver's address, which it must not outlive."""

    path: str
    table: dict[str, object] | _Array
    key: str
    audience: tuple[str, ...]


def masked(fields: Mapping[str, object]) -> Fields:
    """The fields as they may be shown."""
    return split_secrets(fields)[0]


def split_secrets(fields: Mapping[str, object]) -> tuple[Fields, Secrets]:
    """The fields with the mask in place of each secret, and the secrets."""
    shown, secrets = copy.deepcopy(dict(fields)), {}
    for place in _places(shown):
        value = place.table[place.key]
        if isinstance(value, str):
            secrets[place.path] = value
            place.table[place.key] = MASK
    return shown, secrets


def join_secrets(fields: Mapping[str, object], secrets: Mapping[str, str]) -> Fields:
    """What was split. Raises `SecretLost` where one is missing."""
    whole = copy.deepcopy(dict(fields))
    for place in _places(whole):
        if place.table[place.key] == MASK:
            if place.path not in secrets:
                raise SecretLost(place.path)
            place.table[place.key] = secrets[place.path]
    return whole


def keep_secrets(fields: Mapping[str, object], old: Mapping[str, object]) -> Fields:
    """New fields, with the secret of the old ones (joined) wherever the mask was sent back.

    A secret is kept for the address it was given for: who may change a gateway must not have it sent elsewhere.
    Raises `SecretLost`.
    """
    known = {place.audience: place.table[place.key] for place in _places(copy.deepcopy(dict(old)))}
    whole = copy.deepcopy(dict(fields))
    for place in _places(whole):
        if place.table[place.key] == MASK:
            if place.audience not in known:
                raise SecretLost(place.path)
            place.table[place.key] = known[place.audience]
    return whole


def _places(fields: dict[str, object]) -> Iterator[_Place]:
    receivers = fields.get("otel")
    seen: list[str] = []
    for index, receiver in enumerate(receivers if isinstance(receivers, list | tuple) else ()):
        if isinstance(receiver, dict):
            url = str(receiver.get("url"))
            yield from _otel_places(receiver, f"/otel/{index}", ("otel", url, str(seen.count(url))))
            seen.append(url)
    stripe = fields.get("stripe")
    if isinstance(stripe, dict) and "authorization" in stripe:
        yield _Place("/stripe/authorization", stripe, "authorization", ("stripe",))
    rules = fields.get("parallel")
    webhook = rules.get("webhook") if isinstance(rules, dict) else None
    if isinstance(webhook, dict):
        yield from _webhook_places(webhook, "/parallel/webhook")


def _otel_places(receiver: dict[str, object], path: str, audience: tuple[str, ...]) -> Iterator[_Place]:
    headers = receiver.get("headers")
    if isinstance(headers, dict):
        for name in headers:
            yield _Place(f"{path}/headers/{_escaped(name)}", headers, name, (*audience, "headers", name))
    if receiver.get("authorization") is not None:
        yield _Place(f"{path}/authorization", receiver, "authorization", (*audience, "authorization"))


def _webhook_places(webhook: dict[str, object], path: str) -> Iterator[_Place]:
    """These go nowhere: events are verified and signed with them, whatever the address."""
    secrets = webhook.get("secrets")
    if isinstance(secrets, list | tuple):
        webhook["secrets"] = items = list(secrets)
        for index in range(len(items)):
            audience = ("webhook", "secrets", str(index))
            yield _Place(f"{path}/secrets/{index}", _Array(items), str(index), audience)
    if "signing_secret" in webhook:
        yield _Place(f"{path}/signing_secret", webhook, "signing_secret", ("webhook", "signing_secret"))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
