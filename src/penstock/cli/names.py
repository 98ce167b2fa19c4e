"""Names of accounts, gateways, models, providers and hosts on the command line: whether they can be right.

Pure. Every function raises `click.BadParameter`.
"""

from __future__ import annotations

from typing import Any, get_args

import click
import msgspec

from penstock.control import provider_rows
from penstock.control.token_operations import operation_word
from penstock.settings.gateways import AccountId, GatewayId
from penstock.settings.models import ModelName
from penstock.settings.server import HostName


def account_name(text: str) -> str:
    """An account's name."""
    return _checked(text, AccountId, "an account")


def gateway_name(text: str) -> str:
    """A gateway's name."""
    return _checked(text, GatewayId, "a gateway")


def gateway_path(text: str) -> str:
    """A gateway's name, or `account/gateway`."""
    account, slash, gateway = text.rpartition("/")
    if slash:
        account_name(account)
    gateway_name(gateway)
    return text


def host_name(text: str) -> str:
    """A host, in lower case."""
    return _checked(text.lower(), HostName, "a host")


def model_name(text: str) -> str:
    """What a model may be called."""
    return _checked(text, ModelName, "a name of a model")


def provider_slug(text: str) -> str:
    """The slug of a provider's name or alias, or of one of the operator's own (`custom-…`)."""
    try:
        return provider_rows.provider_slug(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def operation(text: str) -> str:
    """A word for operations: a kind, a name, or a pattern of names."""
    try:
        return operation_word(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


# `kind` is an annotated type, for which typing has no name.
def _checked(text: str, kind: Any, what: str) -> str:  # noqa: ANN401
    try:
        msgspec.convert(text, type=kind)
    except msgspec.ValidationError:
        raise click.BadParameter(
            f"{text!r} cannot be {what}: allowed is {get_args(kind)[1].description}"
        ) from None
    return text
