"""The schema of the GraphQL subset, as text, and the tables it is made of (Cloudflare 3.23).

Types are called as Cloudflare calls them, for clients name them when they declare variables. Pure text: what it
means is in `graphql_filter.py` and `graphql_groups.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

MAX_LIMIT: Final = 10_000

TEXTS: Final[Mapping[str, str]] = {name: name for name in ("model", "provider", "gateway", "operation")}
NUMBERS: Final[Mapping[str, str]] = {
    "statusCode": "status",
    "cached": "cached",
    "rateLimited": "rate_limited",
    "error": "error",
}
"""By their names in the schema, the dimensions of the roll-ups."""

MINUTES: Final[Mapping[str, int]] = {
    "datetimeMinute": 1,
    "datetimeFiveMinutes": 5,
    "datetimeTenMinutes": 10,
    "datetimeFifteenMinutes": 15,
    "datetimeHour": 60,
    "datetimeSixHours": 360,
    "date": 1440,
}
"""Buckets of time by their length."""

MONTH: Final = "datetimeMonth"
METADATA_RAW: Final = "metadataRaw"
SUMS: Final = (
    "cachedRequests",
    "erroredRequests",
    "cachedTokensIn",
    "cachedTokensOut",
    "uncachedTokensIn",
    "uncachedTokensOut",
    "cost",
    "estimatedRequests",
    "estimatedTokensIn",
    "estimatedTokensOut",
    "estimatedCost",
)
_USD: Final = ("cost", "estimatedCost")

REQUESTS: Final = "aiGatewayRequestsAdaptiveGroups"
ERRORS: Final = "aiGatewayErrorsAdaptiveGroups"
CACHE: Final = "aiGatewayCacheAdaptiveGroups"
SIZE: Final = "aiGatewaySizeAdaptiveGroups"
DATASETS: Final = (REQUESTS, ERRORS, CACHE, SIZE)

_SCALARS = ("string", "uint8", "uint16", "uint32", "uint64", "int64", "float64", "Time", "Date", "boolean")
_ORDERED = ("gt", "lt", "geq", "leq")


def schema_text() -> str:
    """The whole schema in GraphQL's own language."""
    scalars = "\n".join(f"scalar {name}" for name in _SCALARS)
    fields = "\n".join(f"  {_field(dataset)}" for dataset in DATASETS)
    settings = "\n".join(f"  {dataset}: DatasetSettings!" for dataset in DATASETS)
    return f"""
{scalars}
type Query {{ viewer: viewer! }}
type viewer {{ accounts(filter: AccountFilter_InputObject): [account!]! }}
input AccountFilter_InputObject {{ accountTag: string, accountTag_in: [string!] }}
type account {{
  accountTag: string!
  settings: AccountSettings!
{fields}
}}
type AccountSettings {{
{settings}
}}
type DatasetSettings {{
  enabled: boolean!
  maxDuration: uint64!
  maxPageSize: uint64!
  notOlderThan: uint64!
  availableFields: [string!]!
}}
{_counted(REQUESTS, f"sum: {_name(REQUESTS)}Sum", _ALL_DIMENSIONS, ["count", *(f"sum_{name}" for name in SUMS)])}
type {_name(REQUESTS)}Sum {{
{_lines(_sum_type(name) for name in SUMS)}
}}
{_counted(ERRORS, "", _ALL_DIMENSIONS, ["count"])}
{_counted(CACHE, "", _ALL_DIMENSIONS, ["count"])}
{_sizes()}
"""


def available_fields(dataset: str) -> list[str]:
    """What can be selected, the way the settings node tells it: `sum_cost`, `dimensions_model`."""
    if dataset == SIZE:
        return ["max_rows", "dimensions_gateway", "dimensions_logManagement"]
    sums = [f"sum_{name}" for name in SUMS] if dataset == REQUESTS else []
    known = [name for name in _ALL_DIMENSIONS if name != METADATA_RAW]
    return ["count", *sums, *(f"dimensions_{name}" for name in known)]


def _types() -> dict[str, str]:
    times = {name: "Date" if name == "date" else "Time" for name in MINUTES}
    texts = dict.fromkeys((*TEXTS, METADATA_RAW), "string")
    numbers = {name: "uint16" if name == "statusCode" else "uint8" for name in NUMBERS}
    return {**texts, **numbers, **times, MONTH: "Date"}


_ALL_DIMENSIONS: Final = _types()


def _name(dataset: str) -> str:
    return f"Account{dataset[0].upper()}{dataset[1:]}"


def _field(dataset: str) -> str:
    name = _name(dataset)
    arguments = f"limit: uint64, filter: {name}Filter_InputObject, orderBy: [{name}OrderBy!]"
    return f"{dataset}({arguments}): [{name}!]!"


def _counted(dataset: str, sums: str, dimensions: Mapping[str, str], orders: Iterable[str]) -> str:
    name = _name(dataset)
    return f"""
type {name} {{
  count: uint64!
  {sums}
  dimensions: {name}Dimensions
}}
{_dimensions(name, dimensions)}
input {name}Filter_InputObject {{
  AND: [{name}Filter_InputObject!]
  OR: [{name}Filter_InputObject!]
{_lines(_filters())}
}}
{_orders(name, [*orders, *dimensions])}"""


def _sizes() -> str:
    name = _name(SIZE)
    return f"""
type {name} {{
  max: {name}Max
  dimensions: {name}Dimensions
}}
type {name}Max {{ rows: uint64! }}
{_dimensions(name, {"gateway": "string", "logManagement": "uint64"})}
input {name}Filter_InputObject {{
{_lines(_compared("gateway", "string"))}
}}
{_orders(name, ["max_rows", "gateway", "logManagement"])}"""


def _dimensions(name: str, dimensions: Mapping[str, str]) -> str:
    return f"type {name}Dimensions {{\n{_lines(f'{one}: {kind}!' for one, kind in dimensions.items())}\n}}"


def _orders(name: str, fields: Iterable[str]) -> str:
    return f"enum {name}OrderBy {{\n{_lines(f'{one}_ASC {one}_DESC' for one in fields)}\n}}"


def _filters() -> list[str]:
    times = {"datetime": "Time", **{name: _ALL_DIMENSIONS[name] for name in MINUTES}}
    found = [
        f"{name}{suffix}: {kind}" for name, kind in times.items() for suffix in ("", *_suffixes(_ORDERED))
    ]
    found += [line for name in TEXTS for line in (*_compared(name, "string"), f"{name}_like: string")]
    found += [line for name in NUMBERS for line in _compared(name, _ALL_DIMENSIONS[name])]
    return [*found, "metadataKeys_has: string", "metadataValues_has: string"]


def _compared(name: str, kind: str) -> list[str]:
    one = [f"{name}{suffix}: {kind}" for suffix in ("", *_suffixes(("neq", *_ORDERED)))]
    return [*one, *(f"{name}{suffix}: [{kind}!]" for suffix in _suffixes(("in", "notin")))]


def _suffixes(operators: Iterable[str]) -> list[str]:
    return [f"_{operator}" for operator in operators]


def _sum_type(name: str) -> str:
    return f"{name}: {'float64' if name in _USD else 'uint64'}!"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
