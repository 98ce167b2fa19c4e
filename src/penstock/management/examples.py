"""An example of everything that is sent and answered, for the documentation: values of the types themselves.

Each goes through the encoder that answers go through, so that it says what the API says. Made when the document is;
nothing in it is anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Final, get_args, get_origin

import msgspec

from penstock.analytics.report import Figures, GroupFigures, Report
from penstock.calls.log_record import LogDetail, LogRecord
from penstock.control.catalog import Listed
from penstock.control.evaluators import COST
from penstock.management import accounts, audit_logs, billing, custom_provider_shapes, datasets, evaluations
from penstock.management import dynamic_route_shapes as routes
from penstock.management import provider_configs as configs
from penstock.management.analytics import AnalyticsQuery
from penstock.management.endpoint import Endpoint
from penstock.management.gateway_shapes import GatewayAnswer, GatewayCreate, GatewayUpdate, shown
from penstock.management.graphql import GraphqlAnswer, GraphqlBody
from penstock.management.log_filters.filters import DatasetFilter, LogFilter
from penstock.management.log_filters.parameters import LogDeleteQuery, LogListQuery
from penstock.management.logs import Deleted, LogPatch
from penstock.management.model_aliases import ModelAliasAnswer, ModelAliasBody, ModelAliasesQuery
from penstock.management.paging import Listing, Paging
from penstock.management.response import JSON, response
from penstock.management.run_examples import RUN_ID, run_examples
from penstock.management.token_examples import TOKEN_ID, token_examples
from penstock.settings.gateways import GatewaySettings

_ID: Final = "0197f7c4-5d1e-7a30-8b52-3f0c6a1d9e84"
_OTHER_ID: Final = "0197f7c4-5d1f-7c11-9a06-52c7e8b0d413"
_MADE: Final = "2026-01-31T12:00:00.000Z"
_ACCOUNT: Final = "local"
_GATEWAY: Final = "main"

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "account_id": ("The account.", _ACCOUNT),
    "gateway_id": ("The gateway.", _GATEWAY),
    "id": ("What the API knows it by.", _ID),
    "version_id": ("The version.", _OTHER_ID),
    "provider": ("The provider, as calls name it.", "openai"),
    "provider_config_id": ("The stored key.", _ID),
    "custom_provider_id": ("The custom provider.", _ID),
    "model_alias_id": ("The name of a model.", _ID),
    "token_id": ("The token, by its id or its name.", TOKEN_ID),
    "run_id": ("The run, by its provider's id.", RUN_ID),
}
"""What stands in the braces of paths: what it is, and an example."""

_LOG: Final[Mapping[str, object]] = {
    "id": _ID,
    "created_at": _MADE,
    "event_id": _ID,
    "provider": "openai",
    "model": "gpt-5",
    "model_type": "language",
    "request_type": "chat",
    "path": "chat/completions",
    "method": "POST",
    "account": _ACCOUNT,
    "gateway": _GATEWAY,
    "request_content_type": JSON,
    "response_content_type": JSON,
    "status_code": 200,
    "success": True,
    "outcome": "complete",
    "cached": False,
    "duration": 812,
    "timings": {"total": 812.4, "latency": 401.2},
    "tokens_in": 400,
    "tokens_out": 80,
    "usage_metadata": None,
    "cost": 0.0013,
    "custom_cost": False,
    "price_source": "genai-prices 0.0.30",
    "metadata": {"team": "a"},
    "step": 0,
    "feedback": None,
    "score": None,
    "user_agent": "example/1.0",
    "authentication": True,
    "byok": False,
    "wholesale": False,
    "attempts": 1,
    "token": None,
    "user": None,
    "team": None,
    "compatibilityMode": False,
    "request_size": 180,
    "response_size": 640,
    "error_code": None,
    "error_detail": None,
    "operation": "openai.chat.completions.create",
    "answered_model": "openai/gpt-5-2026-08-07",
    "provider_error": None,
    "estimated": False,
}


def given_example(kind: type[msgspec.Struct]) -> dict[str, object]:
    """What may be sent as this body or query: the fields that are not left at their defaults, as JSON has them."""
    value = _values().get(kind)
    if value is None:
        return {}
    return {
        field.encode_name: _json(getattr(value, field.name))
        for field in msgspec.structs.fields(kind)
        if getattr(value, field.name) != field.default
    }


def result_example(endpoint: Endpoint) -> object:
    """What an endpoint may answer, envelope and all."""
    if endpoint.is_raw:
        return {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
    kind = endpoint.result
    if get_origin(kind) is Annotated:  # always the same
        value: object = get_args(kind)[1].extra_json_schema["const"]
    else:
        value = _values()[kind]
    if endpoint.is_list:
        value = Listing([value], Paging(), 1)
    return msgspec.json.decode(response(value, envelope=endpoint.envelope, again=endpoint.again).body)


def _json(value: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(value))


@cache
def _values() -> dict[object, object]:
    """By type."""
    values = (
        *_of_accounts(),
        *_of_gateways(),
        *_of_provider_keys(),
        *_of_custom_providers(),
        *_of_model_aliases(),
        *_of_billing(),
        *_of_analytics(),
        *_of_logs(),
        *token_examples(_ACCOUNT, _MADE),
        *run_examples(_ACCOUNT, _GATEWAY, _ID, _MADE),
        *_of_datasets(),
        *_of_routes(),
    )
    of_gateway = shown(Listed(_ACCOUNT, _GATEWAY, GatewaySettings(cache_ttl=300), "file"))
    return {**{type(value): value for value in values}, GatewayAnswer: of_gateway}


def _of_accounts() -> tuple[object, ...]:
    return (
        accounts.TokenState(_ID, "active", "2027-01-31T12:00:00.000Z"),
        accounts.Account(_ACCOUNT, _ACCOUNT),
        accounts.AccountsQuery(name="loc"),
        audit_logs.AuditQuery(since="2026-01-01", action_type="update"),
        audit_logs.AuditLog(
            id="42",
            when=_MADE,
            actor=audit_logs.Actor("admin", "admin"),
            action=audit_logs.Action("update"),
            resource=audit_logs.Named("ai_gateway.gateway", _GATEWAY),
            owner=audit_logs.Owner(_ACCOUNT),
            interface="API",
            old_value_json={"cache_ttl": 0},
            new_value_json={"cache_ttl": 300},
            old_value='{"cache_ttl":0}',
            new_value='{"cache_ttl":300}',
        ),
    )


def _of_gateways() -> tuple[object, ...]:
    fields = {
        "cache_invalidate_on_update": False,
        "cache_ttl": 300,
        "collect_logs": True,
        "rate_limiting_interval": 60,
        "rate_limiting_limit": 100,
        "rate_limiting_technique": "sliding",
    }
    return (
        msgspec.convert({"id": _GATEWAY, **fields}, GatewayCreate),
        msgspec.convert(fields, GatewayUpdate),
        "http://127.0.0.1:8787/v1/local/main/openai",
    )


def _of_provider_keys() -> tuple[object, ...]:
    return (
        configs.ProviderConfigBody(
            alias="team-a", default_config=True, provider_slug="openai", secret="the provider's key"
        ),
        configs.ProviderConfigUpdate(secret="another key of the provider"),
        configs.ProviderConfigAnswer(
            id=_ID,
            alias="team-a",
            default_config=True,
            gateway_id=_GATEWAY,
            modified_at=_MADE,
            provider_slug="openai",
            secret_id=_ID,
            secret_preview="the…key",
            rate_limit=None,
            rate_limit_period=60,
            hosts=(),
        ),
    )


def _of_custom_providers() -> tuple[object, ...]:
    return (
        custom_provider_shapes.CustomProvidersQuery(enable=True, order_by="name ASC"),
        custom_provider_shapes.CustomProviderBody(
            name="Our models",
            slug="ours",
            base_url="https://models.example/v1",
            enable=True,
            headers='{"x-api-key": "the provider\'s key"}',
        ),
        custom_provider_shapes.CustomProviderPatch(enable=False),
        custom_provider_shapes.CustomProviderAnswer(
            id=_ID,
            account_id=_ACCOUNT,
            account_tag=_ACCOUNT,
            name="Our models",
            slug="ours",
            base_url="https://models.example/v1",
            enable=True,
            headers='{"x-api-key":"********"}',
            created_at=_MADE,
            modified_at=_MADE,
        ),
    )


def _of_model_aliases() -> tuple[object, ...]:
    models = ("anthropic/claude-sonnet-4-5", "openai/gpt-5")
    return (
        ModelAliasesQuery(search="claude"),
        ModelAliasBody("smart", models),
        ModelAliasAnswer(_ID, _ACCOUNT, "smart", models, _MADE, _MADE),
    )


def _of_billing() -> tuple[object, ...]:
    return (
        billing.InvoicePreview(1_767_225_600, 1_769_904_000),
        billing.InvoiceQuery("auto"),
        billing.UsageQuery("day", 1_767_225_600_000.0),
        billing.SpendingLimitBody(10_000, "monthly", "sliding"),
        billing.TopupBody(1000),
        billing.TopupStatusBody("none"),
        billing.TopupStatus("none"),
        billing.TopupConfigBody(1000, 500),
    )


def _of_analytics() -> tuple[object, ...]:
    figures = {
        "requests": 120,
        "errors": 2,
        "cached": 30,
        "rate_limited": 0,
        "tokens_in": 48_000,
        "tokens_out": 9600,
        "cached_tokens_in": 12_000,
        "cached_tokens_out": 2400,
        "cost": 0.156,
        "unpriced": 0,
        "estimated": 120,
        "estimated_tokens_in": 9000,
        "estimated_tokens_out": 2100,
        "estimated_cost": 0.012,
    }
    group = {"begins_at": "2026-01-31T11:00:00Z", "dimensions": {"model": "openai/gpt-5"}}
    query = "query { viewer { accounts { aiGatewayRequestsAdaptiveGroups(limit: 10) { count } } } }"
    return (
        AnalyticsQuery(since="7d", bucket="1d", by="model,metadata.team"),
        Report(
            since="2026-01-31T11:00:00Z",
            until="2026-01-31T12:00:00Z",
            bucket="1h",
            by=("model",),
            groups=[msgspec.convert(figures | group, GroupFigures)],
            totals=msgspec.convert(figures, Figures),
        ),
        GraphqlBody(query=query),
        GraphqlAnswer(
            {"viewer": {"accounts": [{"aiGatewayRequestsAdaptiveGroups": [{"count": 120}]}]}}, None
        ),
    )


def _of_logs() -> tuple[object, ...]:
    heads = {"request_head": '{"model":"gpt-5"}', "request_head_complete": True}
    return (
        LogListQuery(filters=(LogFilter("provider", "eq", ("openai",)),), per_page=50, order_by="cost"),
        LogDeleteQuery(filters=(LogFilter("success", "eq", (False,)),), limit=100),
        msgspec.convert(_LOG, LogRecord),
        msgspec.convert({**_LOG, **heads}, LogDetail),
        LogPatch(feedback=1, metadata={"team": "b"}),
        Deleted(True),
    )


def _of_datasets() -> tuple[object, ...]:
    filters = (DatasetFilter("model", "contains", ("gpt",)),)
    dataset = datasets.DatasetAnswer(
        id=_ID,
        name="dear calls",
        enable=True,
        filters=[_json(one) for one in filters],
        gateway_id=_GATEWAY,
        account_id=_ACCOUNT,
        account_tag=_ACCOUNT,
        created_at=_MADE,
        modified_at=_MADE,
    )
    said = evaluations.ResultAnswer(
        _OTHER_ID, _ID, COST.id, "0.001300000", 1, "of 120 logs with a known cost", 120, _MADE, _MADE
    )
    return (
        datasets.DatasetBody("dear calls", True, filters),
        dataset,
        datasets.DatasetsQuery(search="dear"),
        evaluations.EvaluationBody("January", (_ID,), (COST.id,)),
        evaluations.EvaluationAnswer(_ID, "January", _GATEWAY, True, 120, [dataset], [said], _MADE, _MADE),
        evaluations.EvaluationsQuery(name="January"),
        evaluations.EvaluationTypesQuery(order_by="name"),
        COST,
    )


def _of_routes() -> tuple[object, ...]:
    asked = {"provider": "openai", "model": "gpt-5", "timeout": 20_000, "retries": 1}
    ends = {"success": {"elementId": "end"}, "fallback": {"elementId": "end"}}
    elements: list[dict[str, object]] = [
        {"id": "start", "type": "start", "outputs": {"next": {"elementId": "model"}}},
        {"id": "model", "type": "model", "properties": asked, "outputs": ends},
        {"id": "end", "type": "end", "outputs": {}},
    ]
    text = msgspec.json.encode(elements).decode()
    version = routes.Version(_OTHER_ID, "true", _MADE, text, "the first")
    deployment = routes.Deployment(_ID, _OTHER_ID, _MADE, "")
    return (
        routes.RouteBody("support", tuple(elements)),
        routes.RoutePatch("support"),
        routes.VersionBody(tuple(elements), "with another model"),
        routes.DeploymentBody(_OTHER_ID, "it is tried"),
        version,
        deployment,
        routes.Route(_ID, _ACCOUNT, "support", _GATEWAY, _MADE, _MADE, [*elements], version, deployment),
        routes.RouteVersionAnswer(
            _ID, "support", _GATEWAY, _MADE, _MADE, [*elements], _OTHER_ID, "true", text, "the first"
        ),
    )
