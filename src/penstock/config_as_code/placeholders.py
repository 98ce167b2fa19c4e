"""`${NAME}` in place of a secret: the environment says what it is. Pure.

Only whole values in places of secrets are taken so; anywhere else it is plain text. A variable that is not set
leaves the stored secret as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from penstock.settings.gateway_fields import Fields
from penstock.settings.gateway_secrets import MASK, join_secrets, split_secrets

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")


def variable_of(value: str) -> str | None:
    """The variable that a value names, if it names one."""
    match = _PLACEHOLDER.fullmatch(value)
    return None if match is None else match[1]


def filled(value: str, environ: Mapping[str, str]) -> str:
    """The value, or what the environment says in its place; the mask where it says nothing."""
    name = variable_of(value)
    return value if name is None else environ.get(name) or MASK


def filled_fields(fields: Mapping[str, object], environ: Mapping[str, str]) -> Fields:
    """A gateway's fields with their secrets from the environment."""
    shown, secrets = split_secrets(fields)
    return join_secrets(shown, {path: filled(value, environ) for path, value in secrets.items()})


class Names:
    """Gives each secret a variable of its own, the same ones in the same order."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def placeholder(self, *parts: str) -> str:
        """`${LOCAL_PROD_OTEL_0_AUTHORIZATION}` for a secret in these places."""
        plain = _NOT_IN_A_NAME.sub("_", "_".join(parts).upper()).strip("_")
        plain = f"PENSTOCK_{plain}"
        name, number = plain, 1
        while name in self.taken:
            number += 1
            name = f"{plain}_{number}"
        self.taken.append(name)
        return f"${{{name}}}"
