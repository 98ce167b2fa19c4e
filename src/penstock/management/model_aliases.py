"""What models are called in an account: list names, add, look at, replace and remove them. An addition of our own.

Which names may be is decided in `control/model_aliases.py`, with those of the configuration file in view. Those are
not listed here, for they are of all accounts.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.control.model_aliases import AliasRefused, check_change, not_too_many
from penstock.management.endpoint import delete, endpoints, get, post, put
from penstock.management.paging import Listing, Paging, page_of
from penstock.management.problem import ManagementError, invalid, not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.settings.models import ModelName, Models
from penstock.stores.control_store import Add, Remove, Replace, Snapshot
from penstock.stores.model_alias import ModelAlias
from penstock.time_text import rfc3339

_BASE: Final = "/accounts/{account_id}/ai-gateway/models"
_ONE: Final = f"{_BASE}/{{model_alias_id}}"
_TAG: Final = "Names of models"


class ModelAliasBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name, and what it stands for."""

    name: ModelName
    """What callers write; `*` for all names that mean nothing by themselves."""
    models: Models
    """What is called, each in turn: `provider/model`, or another name; for `*` providers."""


class ModelAliasAnswer(msgspec.Struct, frozen=True):
    """A name as it is shown."""

    id: str
    """What the API knows it by."""
    account_id: str
    """The account it belongs to."""
    name: str
    """What callers write."""
    models: tuple[str, ...]
    """What is called, each in turn."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""


class ModelAliasesQuery(Paging, frozen=True):
    """Which names: `name` is the whole one, `search` a part of a name or of what it stands for, in any case."""

    name: str | None = None
    """The whole name."""
    search: str = ""
    """A part of a name, or of what it stands for, in any case."""


@get(_BASE, "penstock-list-model-aliases", permission="read", tag=_TAG)
def list_model_aliases(
    resources: Resources, request: Request, query: ModelAliasesQuery
) -> Listing[ModelAliasAnswer]:
    """List the account's names for models."""
    rows = resources.control_store(request.caller).all(ModelAlias)
    return page_of([_shown(row) for row in rows if _fits(row, request.account, query)], query)


@post(_BASE, "penstock-create-model-alias", permission="edit", tag=_TAG)
def create_model_alias(resources: Resources, request: Request, body: ModelAliasBody) -> ModelAliasAnswer:
    """Give a name to a model, or to several that are tried in turn."""
    store = resources.control_store(request.caller)
    row = ModelAlias(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        name=body.name,
        models=body.models,
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    _check(resources, store.snapshot(), request, None, row)
    store.apply([Add(row), not_too_many(request.account)])
    return _shown(row)


@get(_ONE, "penstock-get-model-alias", permission="read", tag=_TAG)
def get_model_alias(resources: Resources, request: Request) -> ModelAliasAnswer:
    """One name."""
    return _shown(_row(resources.snapshot(), request))


@put(_ONE, "penstock-update-model-alias", permission="edit", tag=_TAG)
def update_model_alias(resources: Resources, request: Request, body: ModelAliasBody) -> ModelAliasAnswer:
    """Replace a name, or what it stands for."""
    store = resources.control_store(request.caller)
    snapshot = store.snapshot()
    old = _row(snapshot, request)
    new = msgspec.structs.replace(old, name=body.name, models=body.models, modified_us=request.now_us)
    _check(resources, snapshot, request, old, new)
    store.apply([Replace(old, new)])
    return _shown(new)


@delete(_ONE, "penstock-delete-model-alias", permission="edit", tag=_TAG)
def delete_model_alias(resources: Resources, request: Request) -> ModelAliasAnswer:
    """Remove a name. One that another stands for stays."""
    store = resources.control_store(request.caller)
    snapshot = store.snapshot()
    row = _row(snapshot, request)
    _check(resources, snapshot, request, row, None)
    store.apply([Remove(row)])
    return _shown(row)


def _check(
    resources: Resources,
    snapshot: Snapshot,
    request: Request,
    old: ModelAlias | None,
    new: ModelAlias | None,
) -> None:
    try:
        check_change(resources.settings, snapshot, request.account, old, new)
    except AliasRefused as error:
        raise _refused(error) from None


def _refused(error: AliasRefused) -> ManagementError:
    return invalid(str(error), "body", error.field) if error.field else invalid(str(error))


def _row(snapshot: Snapshot, request: Request) -> ModelAlias:
    for row in snapshot.model_aliases:
        if (row.account, row.id) == (request.account, request.names["model_alias_id"]):
            return row
    raise not_found("model alias")


def _fits(row: ModelAlias, account: str, query: ModelAliasesQuery) -> bool:
    if row.account != account or query.name not in (None, row.name):
        return False
    return any(query.search.casefold() in text.casefold() for text in (row.name, *row.models))


def _shown(row: ModelAlias) -> ModelAliasAnswer:
    return ModelAliasAnswer(
        row.id, row.account, row.name, row.models, rfc3339(row.created_us), rfc3339(row.modified_us)
    )


ENDPOINTS = endpoints(
    list_model_aliases, create_model_alias, get_model_alias, update_model_alias, delete_model_alias
)
