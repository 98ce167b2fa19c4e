"""What a model is called in an account: a noun of the directory, beside those of `control_store.py`.

Shape only. What names may be, and what they come to, is in `settings/models.py` and `control/model_aliases.py`.
"""

from __future__ import annotations

import msgspec


class ModelAlias(msgspec.Struct, frozen=True, kw_only=True):
    """A name that callers may use for models, each tried in turn."""

    id: str
    account: str
    name: str  # unique in its account; `*` stands for all that mean nothing by themselves
    models: tuple[str, ...]  # `provider/model` or other names; of `*` providers
    created_us: int
    modified_us: int
