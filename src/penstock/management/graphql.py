"""The GraphQL endpoint of Cloudflare's analytics (Cloudflare 3.23): the account stands in the query.

What can be asked is in `analytics/graphql.py`. Answers have GraphQL's own envelope, and status 200 also with errors
in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from penstock.analytics.gateway_size import GatewaySize
from penstock.analytics.parameters import within
from penstock.management.analytics import answered
from penstock.management.endpoint import endpoints, post
from penstock.management.open_ledger import reading
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.ledger import Query
from penstock.stores.rollups import Group, Question


class GraphqlBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A query and its variables."""

    query: str
    """The query, in GraphQL."""
    variables: dict[str, object] | None = None
    """What stands for its `$names`."""
    operation_name: str | None = msgspec.field(default=None, name="operationName")
    """Which of several operations to run."""


class GraphqlAnswer(msgspec.Struct, frozen=True):
    """`errors` is null, or `data` is."""

    data: dict[str, object] | None
    """What was asked for; null where something is wrong."""
    errors: list[dict[str, object]] | None
    """What is wrong; null where nothing is."""


@post(
    "/graphql",
    "graphql",
    permission="metadata_read",
    scope="some",
    tag="AI Gateway Analytics",
    envelope=False,
)
def ask_graphql(
    resources: Resources, request: Request, body: GraphqlBody
) -> Annotated[dict[str, object], GraphqlAnswer]:
    """Cloudflare's analytics in GraphQL: four datasets of an account."""
    from penstock.analytics.graphql import execute  # noqa: PLC0415 - the grammar is large, and rarely needed

    token = request.caller.token
    accounts = token.accounts if token is not None and token.accounts else None

    def groups(question: Question) -> Sequence[Group]:
        allowed = request.caller.gateways("metadata_read", question.account or "")
        return answered(resources, within(question, allowed))

    def sizes(account: str) -> Sequence[GatewaySize]:
        return list(_sizes(resources, request, account))

    return execute(body.query, body.variables, body.operation_name, groups, request.now_us, accounts, sizes)


def _sizes(resources: Resources, request: Request, account: str) -> Iterator[GatewaySize]:
    """How much the gateways keep that the caller may see."""
    catalog = resources.catalog(resources.snapshot())
    implied = (one for one in catalog.implied_defaults() if one.account == account)
    listed = [*catalog.of(account), *implied]
    with reading(resources) as ledger:
        for one in listed:
            if ledger is not None and request.caller.may("metadata_read", account, one.id):
                rows = ledger.count(Query(account=account, gateways=(one.id,)))
                if not rows and one.source == "implied":
                    continue  # nobody has used it
                yield GatewaySize(one.id, rows or 0, one.fields.log_management or 0)


ENDPOINTS = endpoints(ask_graphql)
