"""The GraphQL subset as Cloudflare's clients use it: their documents, their types, their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from graphql import build_client_schema, get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.analytics.gateway_size import GatewaySize
from penstock.analytics.graphql import execute
from penstock.analytics.graphql_filter import BadQuery, read_filter
from penstock.journal.record import Outcome
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.rollups import Group, Question
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from penstock.stores.sqlite.rollups.writer import RollupWriter
from support.rollups import BY_ESTIMATE, DAY_US, HOUR_US, MINUTE_US, START_US, RollupFile, rolled

NOW = START_US + 2 * DAY_US
REQUESTS = "aiGatewayRequestsAdaptiveGroups"
CALLS = (
    rolled(START_US + 5 * MINUTE_US, model="openai/a", cost=1_500_000_000, metadata={"team": "red"}),
    rolled(START_US + 25 * MINUTE_US, model="openai/a", cost=0, cached=True),
    rolled(START_US + HOUR_US, model="openai/b", status=500, cost=None, metadata={"team": "blue"}),
    rolled(START_US + DAY_US, provider="groq", model=None, gateway="prod", cost=500_000_000),
    rolled(
        START_US + DAY_US, gateway="prod", status=429, outcome=Outcome.REFUSED, error_code=2003, cost=None
    ),
    rolled(START_US + DAY_US, account="other"),
)

TIMESERIES = """
query Series($accountTag: string!, $filter: AccountAiGatewayRequestsAdaptiveGroupsFilter_InputObject, $limit: Int!) {
  viewer { accounts(filter: {accountTag: $accountTag}) {
    aiGatewayRequestsAdaptiveGroups(limit: $limit, filter: $filter, orderBy: [datetimeHour_DESC]) {
      count
      sum { cachedRequests erroredRequests uncachedTokensIn uncachedTokensOut cachedTokensIn cachedTokensOut cost }
      dimensions { datetimeHour gateway }
    }
  } }
}"""


@pytest.fixture
def rollups(tmp_path: Path) -> Iterator[SqliteRollups]:
    file = RollupFile(tmp_path / "ledger.db")
    file.add(RollupWriter(), *CALLS)
    with closing(file.db), closing(SqliteRollups(file.path)) as reader:
        yield reader


class Client:
    """Sends documents, and looks into what comes back."""

    def __init__(self, rollups: SqliteRollups) -> None:
        self._rollups = rollups
        self.sizes: list[GatewaySize] = []

    def send(self, query: str, variables: dict[str, object] | None = None) -> dict[str, object]:
        sizes = self.sizes
        return execute(query, variables, None, self._rollups.ask, NOW, {"acc"}, lambda account: sizes)

    def groups(self, fields: str, arguments: str = "", dataset: str = REQUESTS) -> list[dict[str, object]]:
        """The groups of one dataset; there must be no error."""
        found = self.send(
            f'{{viewer{{accounts(filter:{{accountTag:"acc"}}){{found:{dataset}{arguments}{{{fields}}}}}}}}}'
        )
        assert found["errors"] is None
        data = found["data"]
        assert isinstance(data, dict)
        groups = data["viewer"]["accounts"][0]["found"]
        assert isinstance(groups, list)
        return groups

    def count(self, filter_text: str, dataset: str = REQUESTS) -> int:
        groups = self.groups("count", f"(filter:{{{filter_text}}})", dataset)
        assert len(groups) <= 1
        count = groups[0]["count"] if groups else 0
        assert isinstance(count, int)
        return count

    def error(self, query: str, variables: dict[str, object] | None = None) -> dict[str, object]:
        """The only error."""
        found = self.send(query, variables)
        assert found["data"] is None
        assert isinstance(found["errors"], list)
        (error,) = found["errors"]
        assert isinstance(error, dict)
        return error


@pytest.fixture
def client(rollups: SqliteRollups) -> Client:
    return Client(rollups)


def test_a_time_series_as_clients_ask_for_it(client: Client) -> None:
    between = {"datetimeHour_geq": "2025-10-31T00:00:00Z", "datetimeHour_leq": "2025-11-01T00:00:00Z"}
    found = client.send(
        TIMESERIES, {"accountTag": "acc", "limit": 2, "filter": {**between, "gateway": "main"}}
    )
    nothing = {"cachedRequests": 0, "cachedTokensIn": 0, "cachedTokensOut": 0}
    assert found == {
        "data": {
            "viewer": {
                "accounts": [
                    {
                        REQUESTS: [
                            {
                                "count": 1,
                                "sum": {
                                    **nothing,
                                    "erroredRequests": 1,
                                    "uncachedTokensIn": 10,
                                    "uncachedTokensOut": 5,
                                    "cost": 0.0,
                                },
                                "dimensions": {"datetimeHour": "2025-10-31T01:00:00Z", "gateway": "main"},
                            },
                            {
                                "count": 2,
                                "sum": {
                                    "cachedRequests": 1,
                                    "erroredRequests": 0,
                                    "uncachedTokensIn": 10,
                                    "uncachedTokensOut": 5,
                                    "cachedTokensIn": 10,
                                    "cachedTokensOut": 5,
                                    "cost": 1.5,
                                },
                                "dimensions": {"datetimeHour": "2025-10-31T00:00:00Z", "gateway": "main"},
                            },
                        ]
                    }
                ]
            }
        },
        "errors": None,
    }


def test_what_is_estimated_stands_beside_the_sums(tmp_path: Path) -> None:
    file = RollupFile(tmp_path / "estimated.db")
    file.add(RollupWriter(), rolled(), rolled(estimated=(4, 2), source=BY_ESTIMATE, cost=500_000_000))
    with closing(file.db), closing(SqliteRollups(file.path)) as reader:
        names = "estimatedRequests estimatedTokensIn estimatedTokensOut estimatedCost uncachedTokensIn"
        (found,) = Client(reader).groups(f"sum{{{names}}}", "(orderBy: [sum_estimatedCost_DESC])")
    assert found["sum"] == {
        "estimatedRequests": 1,
        "estimatedTokensIn": 4,
        "estimatedTokensOut": 2,
        "estimatedCost": 0.5,
        "uncachedTokensIn": 20,
    }


def test_variables_may_be_declared_in_either_words(client: Client) -> None:
    other = TIMESERIES.replace("string!", "String!").replace("Int!", "uint64!")
    given = {"accountTag": "acc", "limit": 1, "filter": {}}
    assert client.send(other, given)["errors"] is None
    assert "Unknown type" in str(client.error(TIMESERIES.replace("string!", "Nope!"), given)["message"])


@pytest.mark.parametrize(
    ("filter_text", "count"),
    [
        ("", 5),
        ('model: "openai/a"', 2),
        ('model_neq: "openai/a"', 3),
        ('model_in: ["openai/a", ""]', 3),
        ('model_notin: ["openai/a", ""]', 2),
        ('model_like: "%/B"', 1),
        ('provider_gt: "groq"', 4),
        ('operation: "openai.chat.completions.create"', 5),
        ('operation_notin: ["unknown", "openai.chat.completions.create"]', 0),
        ('operation_like: "%.CHAT.%", model_like: "%/B"', 1),
        ("statusCode_geq: 400", 2),
        ("statusCode_gt: 429, statusCode_leq: 500", 1),
        ("cached: 1", 1),
        ("cached: true", 1),
        ("rateLimited: 1", 1),
        ("error: 0", 3),
        ('OR: [{statusCode: 500}, {gateway: "prod"}]', 3),
        ('OR: [{statusCode: 500}, {gateway: "prod", error: 1}]', 2),
        ('AND: [{gateway: "prod"}, {OR: [{error: 1}, {provider: "groq"}]}]', 2),
        ('datetime_geq: "2025-11-01T00:00:00Z"', 2),
        ('datetime_gt: "2025-10-31T00:25:30Z"', 4),
        ('datetime_lt: "2025-10-31T00:25:00Z"', 1),
        ('datetime_leq: "2025-10-31T00:25:00Z"', 1),
        ('datetime: "2025-10-31T00:25:00Z"', 1),
        ('datetimeHour_gt: "2025-10-31T00:00:00Z"', 3),
        ('datetimeHour_lt: "2025-10-31T00:30:00Z"', 2),
        ('datetimeHour_geq: "2025-10-31T00:30:00Z"', 3),
        ('datetimeHour: "2025-10-31T00:00:00Z"', 2),
        ('date: "2025-10-31"', 3),
        ('date_gt: "2025-10-31"', 2),
        ('date_leq: "2025-10-31"', 3),
        ('datetimeFiveMinutes: "2025-10-31T00:25:00Z"', 1),
        ('metadataKeys_has: "team"', 2),
        ('metadataKeys_has: "team", metadataValues_has: "red"', 1),
        ('AND: [{metadataKeys_has: "team"}, {metadataValues_has: "blue"}], gateway: "main"', 1),
    ],
)
def test_filters_choose(client: Client, filter_text: str, count: int) -> None:
    assert client.count(filter_text) == count


def test_operations_are_a_dimension(client: Client) -> None:
    found = client.groups("count dimensions{operation provider}", "(orderBy:[count_DESC,operation_ASC])")
    operation = "openai.chat.completions.create"
    assert found == [
        {"count": 4, "dimensions": {"operation": operation, "provider": "openai"}},
        {"count": 1, "dimensions": {"operation": operation, "provider": "groq"}},
    ]


def test_errors_and_cached_answers_are_datasets_of_their_own(client: Client) -> None:
    assert client.count("", "aiGatewayErrorsAdaptiveGroups") == 2
    assert client.count('gateway: "main"', "aiGatewayErrorsAdaptiveGroups") == 1
    assert client.count("", "aiGatewayCacheAdaptiveGroups") == 1


def test_sizes_come_from_the_ledger(client: Client) -> None:
    client.sizes = [GatewaySize("a", 5, 100), GatewaySize("b", 9, 100), GatewaySize("c", 7, 200)]
    dataset = "aiGatewaySizeAdaptiveGroups"
    fields = "max{rows} dimensions{gateway logManagement}"
    found = client.groups(fields, '(limit: 2, orderBy: [max_rows_DESC], filter: {gateway_neq: "x"})', dataset)
    assert found == [
        {"max": {"rows": 9}, "dimensions": {"gateway": "b", "logManagement": 100}},
        {"max": {"rows": 7}, "dimensions": {"gateway": "c", "logManagement": 200}},
    ]
    assert client.groups("max{rows}", "", dataset) == [{"max": {"rows": 9}}]


def test_all_buckets_of_time(client: Client) -> None:
    names = "datetimeMinute datetimeFiveMinutes datetimeTenMinutes datetimeFifteenMinutes datetimeHour"
    names += " datetimeSixHours date datetimeMonth"
    (group,) = client.groups(f"dimensions{{{names}}}", "(filter: {cached: 1})")
    assert group["dimensions"] == {
        "datetimeMinute": "2025-10-31T00:25:00Z",
        "datetimeFiveMinutes": "2025-10-31T00:25:00Z",
        "datetimeTenMinutes": "2025-10-31T00:20:00Z",
        "datetimeFifteenMinutes": "2025-10-31T00:15:00Z",
        "datetimeHour": "2025-10-31T00:00:00Z",
        "datetimeSixHours": "2025-10-31T00:00:00Z",
        "date": "2025-10-31",
        "datetimeMonth": "2025-10-01",
    }


def test_groups_that_look_the_same_are_one(client: Client) -> None:
    found = client.groups("count dimensions{datetimeMonth}")
    assert [(group["count"], group["dimensions"]) for group in found] == [
        (3, {"datetimeMonth": "2025-10-01"}),
        (2, {"datetimeMonth": "2025-11-01"}),
    ]
    found = client.groups(
        "count dimensions{datetimeTenMinutes datetimeFifteenMinutes}", '(filter:{date:"2025-10-31"})'
    )
    assert [group["count"] for group in found] == [1, 1, 1]


def test_order_is_by_the_first_then_the_second(client: Client) -> None:
    fields = "count sum{cost} dimensions{gateway provider statusCode}"
    found = client.groups(fields, "(orderBy: [gateway_DESC, sum_cost_DESC, count_ASC, statusCode_ASC])")
    assert [
        list(group["dimensions"].values()) for group in found if isinstance(group["dimensions"], dict)
    ] == [
        ["prod", "groq", 200],
        ["prod", "openai", 429],
        ["main", "openai", 200],
        ["main", "openai", 500],
    ]


def test_aliases_fragments_and_directives_work(client: Client) -> None:
    found = client.send(
        """
        query ($with: Boolean!) {
          viewer { accounts(filter: {accountTag: "acc"}) { a: aiGatewayRequestsAdaptiveGroups(limit: 1) {
            ...Both
            dimensions @include(if: $with) { gateway }
          } } }
        }
        fragment Both on AccountAiGatewayRequestsAdaptiveGroups { n: count __typename ... { dimensions { m: model } } }
        """,
        {"with": False},
    )
    expected = {
        "n": 2,
        "__typename": "AccountAiGatewayRequestsAdaptiveGroups",
        "dimensions": {"m": "openai/a"},
    }
    assert found["data"] == {"viewer": {"accounts": [{"a": [expected | {"n": 1, "dimensions": {"m": ""}}]}]}}


def test_the_settings_tell_the_limits(client: Client) -> None:
    found = client.send(
        '{viewer{accounts(filter:{accountTag_in:["acc"]}){accountTag settings{aiGatewayRequestsAdaptiveGroups'
        "{enabled maxDuration maxPageSize availableFields}}}}}"
    )
    data = found["data"]
    assert isinstance(data, dict)
    (account,) = data["viewer"]["accounts"]
    settings = account["settings"][REQUESTS]
    assert account["accountTag"] == "acc"
    assert (settings["enabled"], settings["maxDuration"], settings["maxPageSize"]) == (True, 2764800, 10000)
    assert {"count", "sum_cost", "dimensions_datetimeHour"} <= set(settings["availableFields"])


def test_the_schema_can_be_read_by_tools(client: Client) -> None:
    found = client.send(get_introspection_query())
    data = found["data"]
    assert isinstance(data, dict)
    assert "viewer" in build_client_schema(data).type_map  # type: ignore[arg-type]


# -- errors


def of_account(rest: str, tag: str = "acc") -> str:
    return f'{{viewer{{accounts(filter:{{accountTag:"{tag}"}}){{{rest}}}}}}}'


def test_an_error_tells_where_and_when(client: Client) -> None:
    assert client.error(of_account(f"{REQUESTS}(limit:0){{count}}")) == {
        "message": "limit must be positive number and not greater than 10000",
        "path": ["viewer", "accounts", "0", REQUESTS],
        "extensions": {"timestamp": "2025-11-02T00:00:00Z"},
    }


def test_another_account_is_not_shown(client: Client) -> None:
    error = client.error(of_account(f"{REQUESTS}{{count}}", "other"))
    assert error["message"] == "not authorized for that account"
    assert error["extensions"] == {"timestamp": "2025-11-02T00:00:00Z", "code": "authz"}


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("nope", "Cannot query field 'nope'"),
        (f"{REQUESTS}{{count", "Syntax Error"),
        (f'{REQUESTS}(limit:"x"){{count}}', "limit must be positive"),
        (f"{REQUESTS}(limit:10001){{count}}", "limit must be positive"),
        (f"{REQUESTS}(filter:{{colour:1}}){{count}}", "Field 'colour' is not defined"),
        (f'{REQUESTS}(filter:{{date_geq:"2025-01-01"}}){{count}}', "it's 26352000s"),
        (f'{REQUESTS}(filter:{{date_geq:"today"}}){{count}}', "date_geq is a time like"),
        (
            f'{REQUESTS}(filter:{{datetimeHour:"2025-10-31T00:01:00Z"}}){{count}}',
            "no datetimeHour begins then",
        ),
        (f"{REQUESTS}(filter:{{statusCode:[1.5]}}){{count}}", "statusCode cannot be"),
        (f'{REQUESTS}(filter:{{statusCode:"4xx"}}){{count}}', "status is a number"),
        (f'{REQUESTS}(filter:{{OR:[{{date:"2025-10-31"}}]}}){{count}}', "in OR there can be no time"),
        (f'{REQUESTS}(filter:{{metadataValues_has:"x"}}){{count}}', "one metadataKeys_has"),
        (f'{REQUESTS}(filter:{{metadataKeys_has:"a"}}){{dimensions{{model}}}}', "crossed with gateway only"),
        (f"{REQUESTS}{{dimensions{{metadataRaw}}}}", "metadataRaw is not kept"),
        (f"{REQUESTS}(orderBy:[model_ASC]){{count}}", "select dimensions { model }, too"),
        (f"{REQUESTS}(orderBy:[nope_ASC]){{count}}", "does not exist in"),
    ],
)
def test_what_cannot_be_answered_is_said(client: Client, rest: str, says: str) -> None:
    assert says in str(client.error(of_account(rest))["message"])


def test_an_account_is_wanted(client: Client) -> None:
    for query in (
        "{viewer{accounts{accountTag}}}",
        '{viewer{accounts(filter:{accountTag_in:["a","b"]}){accountTag}}}',
    ):
        assert "say which account" in str(client.error(query)["message"])


def test_several_errors_are_all_told(client: Client) -> None:
    found = client.send(of_account("nope1 nope2"))
    assert isinstance(found["errors"], list)
    assert len(found["errors"]) == 2


def test_a_ledger_that_does_not_answer_is_no_error_of_the_query() -> None:
    def ask(question: Question) -> Sequence[Group]:
        raise LedgerUnavailable("it is gone")

    with pytest.raises(LedgerUnavailable, match="it is gone"):
        execute(of_account(f"{REQUESTS}{{count}}"), None, None, ask, NOW, None)


# -- hostile documents

_CHAIN = " ".join(f"fragment f{n} on viewer{{...f{n + 1} ...f{n + 1}}}" for n in range(30))
_DEEP = "[" * 3000


@pytest.mark.parametrize(
    "query",
    [
        of_account(" ".join(f"a{n}:{REQUESTS}{{count}}" for n in range(21))),
        of_account(f"{REQUESTS}{{{'count ' * 600}}}"),
        "{viewer{...f0}} " + _CHAIN + " fragment f30 on viewer{accounts{accountTag}}",
        "{viewer{...a}} fragment a on viewer{...b} fragment b on viewer{...a}",
        "{" * 100_001,
        "{a" * 1300 + "}" * 1300,
        of_account(f"{REQUESTS}(filter:{_DEEP}"),
        "{__schema{types{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}",
        "{viewer{accounts{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{...{accountTag"
        + "}" * 24,
        of_account(
            f"{REQUESTS}(filter:{{OR:[{','.join('{cached:1,error:1,model:1}' for _ in range(8))}]}}){{count}}"
        ),
        "mutation{viewer}",
        "subscription{viewer}",
        "",
    ],
)
def test_a_document_that_asks_too_much_is_refused(client: Client, query: str) -> None:
    found = client.send(query)
    assert found["data"] is None
    assert found["errors"]


def test_filters_nested_without_end_are_refused(client: Client) -> None:
    nested: dict[str, object] = {}
    for _ in range(5000):
        nested = {"AND": [nested]}
    found = client.send(TIMESERIES, {"accountTag": "acc", "limit": 1, "filter": nested})
    assert found["data"] is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
fields = st.sampled_from(
    ["datetime_geq", "date", "model_in", "statusCode_gt", "metadataKeys_has", "AND", "OR"]
)
filters = st.recursive(
    st.dictionaries(fields, json_values, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(["AND", "OR"]), st.lists(inner, max_size=3), max_size=2),
    max_leaves=6,
)


@settings(max_examples=100)
@given(filters)
def test_no_filter_breaks_the_reading_of_it(given_filter: dict[str, object]) -> None:
    try:
        conditions = read_filter(given_filter, "acc", NOW)
    except BadQuery:
        return
    assert conditions.until_us - conditions.since_us <= 32 * DAY_US
