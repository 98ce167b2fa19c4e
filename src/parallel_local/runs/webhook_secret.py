"""The secret that webhooks are signed with: made once for a data folder, and kept there for its owner alone."""

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path

from parallel_local.private import private_file
from penstock_common.webhook_signatures import PREFIX, decoded

_FILE = "webhook-secret"
_BYTES = 32


class NoSecret(ValueError):
    """What stands for no key; the message never holds it."""


def own_secret(data: Path) -> str:
    """The data folder's secret, made now if there is none. Raises `NoSecret` for a file that holds none."""
    path = data / _FILE
    if not path.exists():
        _make(path)
    private_file(path)
    secret = path.read_text().strip()
    if decoded(secret) is None:
        raise NoSecret(f"{path} holds no webhook secret: remove it, and another is made")
    return secret


def check_secrets(given: tuple[str, ...]) -> None:
    """Raises `NoSecret` when one of the given secrets is none."""
    if not all(decoded(secret) for secret in given):
        raise NoSecret(f"a webhook secret is {PREFIX} and a key in Base64")


def _make(path: Path) -> None:
    """Whole or not at all; of two that make one at a time, the first one's stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{_FILE}-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode() + "\n")
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        made.unlink()
