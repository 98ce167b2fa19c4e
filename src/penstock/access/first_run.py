"""The first token: a gateway whose directory nobody may change gets one that may do everything."""

from __future__ import annotations

from penstock.access import tokens
from penstock.stores.control_store import Add, ControlStore, Token

ACTOR = "first-run"

_NAME = "admin"


def ensure_admin(
    store: ControlStore, now_us: int, id_bytes: bytes, secret_bytes: bytes, salt: bytes
) -> str | None:
    """The text of a new token `admin`, to be shown once; None when a live one has the permission "edit".

    The bytes are random: `tokens.ID_BYTES`, `SECRET_BYTES`, `SALT_BYTES`. Raises `DirectoryError`.
    """
    known = store.snapshot().tokens
    if any("edit" in token.permissions and tokens.is_live(token, now_us) for token in known):
        return None
    text = tokens.new_token_text(id_bytes, secret_bytes)
    token = Token(
        id=tokens.id_of(text),
        name=_NAME,
        permissions=tokens.PERMISSIONS,
        secrets=(tokens.secret_hash(text, salt),),
        created_us=now_us,
    )
    store.apply([Add(token)])
    return text
