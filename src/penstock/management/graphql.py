"""The GraphQL endpoint of Cloudflare's analytics (Cloudflare 3.23): the account stands in the query.

What can be asked is in `analytics/graphql.py`. Answers have GraphQL's own envelope, and status 200 also with errors
in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.analytics.gateway_size import GatewaySize
from penstock.analytics.parameters import within
from penstock.management.analytics import answered
from penstock.management.answer import Answer, bare
from penstock.management.endpoint import Ask, Endpoint, read_body
from penstock.management.open_ledger import reading
from penstock.management.problem import forbidden
from penstock.management.resources import Desk
from penstock.stores.ledger import Query
from penstock.stores.rollups import Group, Question


class GraphqlBody(msgspec.Struct, frozen=True, kw_only=True):
    """A query and its variables."""

    query: str
    variables: dict[str, object] | None = None
    operation_name: str | None = msgspec.field(default=None, name="operationName")


class GraphqlAnswer(msgspec.Struct, frozen=True):
    """`errors` is null, or `data` is."""

    data: dict[str, object] | None
    errors: list[dict[str, object]] | None


def ask_graphql(desk: Desk, ask: Ask) -> Answer:
    from penstock.analytics.graphql import execute  # noqa: PLC0415 - the grammar is large, and rarely needed

    token = ask.caller.token
    accounts = token.accounts if token is not None and token.accounts else None
    if not ask.caller.may_somewhere("metadata_read", accounts[0] if accounts else ""):
        raise forbidden()
    body = read_body(ask, GraphqlBody)

    def groups(question: Question) -> Sequence[Group]:
        allowed = ask.caller.gateways("metadata_read", question.account or "")
        return answered(desk, within(question, allowed))

    def sizes(account: str) -> Sequence[GatewaySize]:
        return list(_sizes(desk, ask, account))

    answer = execute(body.query, body.variables, body.operation_name, groups, ask.now_us, accounts, sizes)
    return bare(answer)


def _sizes(desk: Desk, ask: Ask, account: str) -> Iterator[GatewaySize]:
    """How much the gateways keep that the caller may see."""
    listed = desk.catalog(desk.control_store(ask.caller).snapshot()).of(account)
    with reading(desk) as ledger:
        for one in listed:
            if ledger is not None and ask.caller.may("metadata_read", account, one.id):
                rows = ledger.count(Query(account=account, gateways=(one.id,)))
                yield GatewaySize(one.id, rows or 0, one.fields.log_management or 0)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="POST",
        path="/graphql",
        handler=ask_graphql,
        permission=None,
        name="graphql",
        summary="Cloudflare's analytics in GraphQL: four datasets of an account",
        tag="AI Gateway Analytics",
        body=GraphqlBody,
        result=GraphqlAnswer,
        plain=True,
    ),
)
