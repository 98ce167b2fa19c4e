"""The GraphQL subset of Cloudflare's analytics (3.23): a document in, `data` and `errors` out.

The library is large: import this module when the first query comes. Nothing here knows HTTP or a store; groups
are made in `graphql_groups.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import graphql
from graphql.execution.collect_fields import collect_sub_fields

from penstock.analytics.gateway_size import GatewaySize
from penstock.analytics.graphql_filter import WINDOW_US, BadQuery
from penstock.analytics.graphql_groups import Ask, Node, Selection, call_groups, size_groups
from penstock.analytics.graphql_limits import MAX_CHARS, MAX_TOKENS, check_size
from penstock.analytics.graphql_schema import DATASETS, MAX_LIMIT, SIZE, available_fields, schema_text
from penstock.analytics.times import SECOND_US, text_of
from penstock.stores.rollups import Unanswerable

Sizes = Callable[[str], Sequence[GatewaySize]]
"""The gateways of an account, those the asker may see."""

_BUILT_IN = (graphql.GraphQLInt, graphql.GraphQLFloat, graphql.GraphQLID)


def _schema() -> graphql.GraphQLSchema:
    """With the language's own types, too: the schema uses them nowhere, but clients declare variables with them."""
    given = graphql.build_schema(schema_text()).to_kwargs()
    given["types"] = (*(given["types"] or ()), *_BUILT_IN)
    return graphql.GraphQLSchema(**given)


_SCHEMA: Final = _schema()

# Clients declare a variable `String!` or `string!`, as they like; what values are is checked where they are used.
_RULES: Final = [
    rule for rule in graphql.specified_rules if rule is not graphql.VariablesInAllowedPositionRule
]
_HUNDRED_YEARS = 100 * 366 * 86_400


def execute(
    query: str,
    variables: Mapping[str, object] | None,
    operation_name: str | None,
    ask: Ask,
    now_us: int,
    accounts_allowed: Collection[str] | None,
    sizes: Sizes = lambda account: (),
) -> dict[str, object]:
    """`{"data", "errors"}` as Cloudflare answers: `errors` is None, or there are some and `data` is None.

    `accounts_allowed` is None for who may ask about every account. Whatever `ask` and `sizes` raise is raised,
    except `Unanswerable`, which becomes an error of the query.
    """
    root = {"viewer": {"accounts": _Accounts(ask, now_us, accounts_allowed, sizes)}}
    try:
        document = _checked(query)
        result = graphql.execute_sync(_SCHEMA, document, root, None, dict(variables or {}), operation_name)
    except _Invalid as error:
        return _failed(error.errors, now_us)
    except RecursionError:
        return _failed([graphql.GraphQLError("the query is nested too deeply")], now_us)
    for found in result.errors or ():
        cause = found.original_error
        if cause is not None and not isinstance(cause, BadQuery | Unanswerable | graphql.GraphQLError):
            raise cause
    return _failed(result.errors, now_us) if result.errors else {"data": result.data, "errors": None}


class _Invalid(Exception):
    """What is no document of this schema, or too large a one."""

    def __init__(self, errors: Sequence[graphql.GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = errors


def _checked(query: str) -> graphql.DocumentNode:
    try:
        if len(query) > MAX_CHARS:
            raise graphql.GraphQLError(f"the query is longer than {MAX_CHARS} characters")
        document = graphql.parse(query, max_tokens=MAX_TOKENS)
        check_size(document)
    except graphql.GraphQLError as error:
        raise _Invalid([error]) from None
    if wrong := graphql.validate(_SCHEMA, document, _RULES, max_errors=10):
        raise _Invalid(wrong)
    return document


class _Accounts:
    """Resolves `accounts`."""

    def __init__(self, ask: Ask, now_us: int, allowed: Collection[str] | None, sizes: Sizes) -> None:
        self._ask = ask
        self._now_us = now_us
        self._allowed = allowed
        self._sizes = sizes

    def __call__(self, info: graphql.GraphQLResolveInfo, filter: object = None) -> list[Node]:
        return [self._account(tag) for tag in _tags(filter)]

    def _account(self, tag: str) -> Node:
        if self._allowed is not None and tag not in self._allowed:
            raise graphql.GraphQLError("not authorized for that account", extensions={"code": "authz"})
        datasets = {name: _Dataset(name, tag, self._groups) for name in DATASETS}
        return {"accountTag": tag, "settings": _SETTINGS, **datasets}

    def _groups(self, selection: Selection, account: str) -> list[Node]:
        if selection.dataset == SIZE:
            return size_groups(selection, self._sizes(account))
        return call_groups(selection, account, self._now_us, self._ask)


class _Dataset:
    """Resolves one dataset of an account."""

    def __init__(self, name: str, account: str, groups: Callable[[Selection, str], list[Node]]) -> None:
        self._name = name
        self._account = account
        self._groups = groups

    def __call__(self, info: graphql.GraphQLResolveInfo, **arguments: object) -> list[Node]:
        given, order = arguments.get("filter"), arguments.get("orderBy")
        selection = Selection(
            self._name,
            _selected_dimensions(info),
            given if isinstance(given, dict) else {},
            tuple(map(str, order)) if isinstance(order, list) else (),
            arguments.get("limit"),
        )
        return self._groups(selection, self._account)


_SETTINGS: Final = {
    name: {
        "enabled": True,
        "maxDuration": WINDOW_US // SECOND_US,
        "maxPageSize": MAX_LIMIT,
        "notOlderThan": _HUNDRED_YEARS,
        "availableFields": available_fields(name),
    }
    for name in DATASETS
}


def _tags(given: object) -> list[str]:
    found = given if isinstance(given, dict) else {}
    tags = found.get("accountTag_in") or [found.get("accountTag")]
    if len(tags) != 1 or not isinstance(tags[0], str):
        raise BadQuery("say which account: accounts(filter: {accountTag: …}), one at a time")
    return [tags[0]]


def _selected_dimensions(info: graphql.GraphQLResolveInfo) -> tuple[str, ...]:
    """Which dimensions stand below this field, by whatever alias or fragment."""
    group_type = graphql.get_named_type(info.return_type)
    assert isinstance(group_type, graphql.GraphQLObjectType)
    given = (info.schema, info.fragments, info.variable_values)
    fields = collect_sub_fields(*given, group_type, info.field_nodes)
    nodes = [node for found in fields.values() for node in found if node.name.value == "dimensions"]
    if not nodes:
        return ()
    below = graphql.get_named_type(group_type.fields["dimensions"].type)
    assert isinstance(below, graphql.GraphQLObjectType)
    names = [found[0].name.value for found in collect_sub_fields(*given, below, nodes).values()]
    return tuple(dict.fromkeys(name for name in names if name in below.fields))


def _failed(errors: Sequence[graphql.GraphQLError], now_us: int) -> dict[str, object]:
    shown = [
        {
            "message": error.message,
            "path": None if error.path is None else [str(step) for step in error.path],
            "extensions": {"timestamp": text_of(now_us), **(error.extensions or {})},
        }
        for error in errors
    ]
    return {"data": None, "errors": shown}
