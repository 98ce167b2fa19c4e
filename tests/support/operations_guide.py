"""The page of all operations, made of the providers' tables: what is known of each request that may be sent.

`python -m support.operations_guide` writes it (`make operations`); `test_docs.py` holds it against the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from penstock.providers import custom
from penstock.providers.base import Provider
from penstock.providers.model_tasks import TASKS
from penstock.providers.operation import Bills, Cacheable, Effect, Kind, Operation, otel_name
from penstock.providers.registry import BUILT_IN, UNIFIED

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "operations.md"

_BILLS = {Bills.WORK: "yes", Bills.NOTHING: "no", Bills.LATER: "by its end", Bills.UNKNOWN: "unknown"}
_KEPT = {
    Cacheable.REFUSED: "never",
    Cacheable.NEVER: "no",
    Cacheable.ALWAYS: "yes",
    Cacheable.UNFLAGGED: "yes, but",
}
_EFFECTS = {
    Effect.GENERATE: "an answer out of the request, which leaves nothing behind",
    Effect.READ: "what is stored there",
    Effect.ORDER: "makes something that lives on: a job, an object, a session, a key",
    Effect.CHANGE: "changes what is stored",
    Effect.CANCEL: "ends what is under way",
    Effect.DELETE: "removes what is stored",
    Effect.UPLOAD: "brings something to be kept",
}
_BY_TASK = ", ".join(f"`{task}`" for task in TASKS)

# Where a row's path is no path of the provider's as it stands.
_NOTES = {
    "aws-bedrock": "What follows `runtime/` is a path of `bedrock-runtime.{region}.amazonaws.com`, what follows "
    "`mantle/` one of `bedrock-mantle.{region}.api.aws`: both have an `openai/v1/`, and not the same behind it.",
    "azure-openai": "Deployments have names of the customer's own: the model that answered is told by the answer.",
    "baseten": "What follows `model/{id}/` is a path of that model's own host, `https://model-{id}.api.baseten.co`.",
    "fal": "`run/`, `stream/`, `queue/` and `ws/` stand for hosts: `fal.run` and its answers in pieces, "
    "`queue.fal.run`, `ws.fal.run`; `api/` for all others. A path names an endpoint and not what that does. Where the "
    "endpoint's name tells, its task stands in front, which is no part of the path: `run/text-to-image/{x*}` is "
    "`fal-ai/flux/dev`.",
    "huggingface": "`model/{o}/{m}` is the path of a model below the base, with its organisation, or without.",
    "workers-ai": "A path names a model and not what that does. Where the model's name tells, its task stands in "
    "front, which is no part of the path: `run/text-to-image/{x*}` is `run/@cf/black-forest-labs/flux-1-schnell`.",
    "custom": "Of providers of your own nothing is known but their base URL. A row is known by the end of a path, "
    "whatever stands before it.",
    "compat": "What it answers on the unified endpoint without asking a provider.",
}

_TITLES = {"custom": "Providers of your own", "compat": "The gateway itself"}

_COLUMNS = {
    "Operation": "Its name. What a flag makes of it has the flag's name behind it: "
    "`openai.responses.create.background`",
    "Request": "Method and path behind the provider's host. `{x}` is one segment, `{x*}` one or more; `WS` is an "
    "upgrade to a WebSocket. A `GET` is a `HEAD`, too",
    "Kind": "What the work is, in the words of the log's `request_type`; the label `operation` of metrics",
    "Paid": "`yes`: by what it uses; `no`: known to be free, whatever its answer quotes; `by its end`: what it orders "
    "is paid by what the end tells; `unknown`",
    "Effect": "; ".join(f"`{effect}`: {words}" for effect, words in _EFFECTS.items())
    + ". An order is [sent once](resilience.md#orders), unless its provider carries it out `once by` a key of the "
    "request's. With `secret` no body is kept anywhere",
    "Kept": "Whether its answer may be kept where a gateway [keeps answers](caching.md); `never`: not even where "
    "its caller asks for it. `yes, but`: unless the "
    "request says one of these",
    "Model": "Where the request names its model: in the JSON body, a form, the query, a header, or the path. "
    "`search-…` goes in front of what is named there; in brackets is what the provider takes where nothing is named. "
    "Of a list of models: where its answer names each",
    "Unit": "What a price of it multiplies",
    "Sure": "`yes`: from the vendor's papers or client; `no`: inferred",
}
_COLUMN_LINES = "".join(f"| {name} | {words} |\n" for name, words in _COLUMNS.items())

_HEAD = f"""# Operations

What each request is that a provider takes, by what the gateway knows of it. This page is made of the tables that the
gateway goes by (`make operations`), so it says what it does, not what it should do.

The name of a call's operation stands in [the log](logs.md), in [sums](analytics.md), [traces, metrics and pushed
logs](export.md), and in `penstock explain`; a token may be
[for some of them](access.md#tokens-for-certain-operations). What no row knows is `unknown`: it passes through, its
answer is never kept unasked, and it costs nothing but where a `POST` is answered with usage. Paths are read as the
provider reads them: percent-encoding undone but for `/`, doubled slashes as one, a version segment by the provider's
rule in [the guide of providers](providers.md#the-table).

| Column | |
|---|---|
{_COLUMN_LINES}
Tasks that models' names are looked through for are {_BY_TASK}.

## Kinds

`gen_ai.operation.name` is OpenTelemetry's word for it, and left out where that has none, or the call is no work.

| Kind | `gen_ai.operation.name` |
|---|---|
"""


def page() -> str:
    """All of it."""
    parts = [_HEAD, *_kinds()]
    for provider in sorted(BUILT_IN, key=lambda one: one.slug):
        parts += _section(provider.slug, provider.operations.rows, _root(provider))
    parts += _section("custom", custom.OPERATIONS.rows, "…/")
    parts += _section("compat", UNIFIED.rows, "compat/")
    return "".join(parts)


def _kinds() -> Iterator[str]:
    for kind in Kind:
        work = Operation("", kind, Effect.GENERATE, Bills.WORK)
        order = Operation("", kind, Effect.ORDER, Bills.LATER)
        word, ordered = otel_name(work), otel_name(order)
        told = " and ".join(f"`{one}`" for one in dict.fromkeys((word, ordered)) if one)
        yield f"| {kind.value} | {told} |\n"


def _root(provider: Provider) -> str:
    return "" if provider.operation_path is not None else provider.root


def _section(slug: str, rows: Iterable[Operation], root: str) -> Iterator[str]:
    yield f"\n## {_TITLES.get(slug, slug)}\n\n"
    if slug in _NOTES:
        yield f"{_NOTES[slug]}\n\n"
    yield f"| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|\n"
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        method, _, path = row.pattern.partition(" ")
        lines.setdefault((row.name, *_facts(row)), []).append(f"`{method} {root}{path}`")
    for (name, *facts), requests in lines.items():
        yield f"| `{name}` | {'<br>'.join(requests)} | {' | '.join(facts)} |\n"


def _facts(row: Operation) -> Iterator[str]:
    yield row.kind.value
    yield _BILLS[row.bills]
    once = f", once by its {_place(row.once)}" if row.once else ""
    yield row.effect.value + once + (", secret" if row.secret else "")
    yield _kept(row)
    yield _model(row)
    yield row.unit if row.is_work else ""
    yield "yes" if row.sure else "no"


def _kept(row: Operation) -> str:
    if row.cacheable is not Cacheable.UNFLAGGED:
        return _KEPT[row.cacheable]
    flags = (flag for flag in row.flags if flag.cacheable in (Cacheable.NEVER, Cacheable.REFUSED))
    never = (" and ".join(_place(one) for one in flag.when) for flag in flags)
    return f"{_KEPT[row.cacheable]}: {', '.join(never)}"


def _model(row: Operation) -> str:
    if row.lists:
        return "answer " + ", ".join(f"`{place}`" for place in row.lists)
    places = ", ".join(map(_place, row.models))
    if not row.product:
        return f"{places} [{row.default}]" if row.default else places
    named = f"`{row.product}-…` {places}" if places else f"`{row.product}`"
    return f"{named} [{row.default}]" if row.default else named


def _place(place: str) -> str:
    """`body:model=x` in words."""
    where, _, name = place.partition(":")
    return f"{where} `{name}`" if name else where


if __name__ == "__main__":
    GUIDE.write_text(page(), encoding="utf-8")
