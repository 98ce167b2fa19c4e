"""Trying calls out: what to send, twice beside each other, and what comes back. `?from=ID` begins with a stored call.

The calls themselves go from the browser to this server as any program's do (`static/playground.js`), with the token
that is typed in: signing in gives no right to call.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.calls.log_record import body_text
from penstock.calls.pretty import pretty
from penstock.management.open_ledger import reading
from penstock.management.problem import ManagementError
from penstock.management.resources import Resources
from penstock.pages.dashboard.log import own_row
from penstock.pages.dashboard.page import Visit, page, pages

_MOST_BODY: Final = 24_000
_UNIX: Final = "http+unix:"  # how the local engine is reached


class Preset(msgspec.Struct, frozen=True):
    """A call to begin with: its path below the gateway, and its body."""

    name: str
    path: str
    body: str


class Playground(msgspec.Struct, frozen=True):
    """`wanted` is the stored call that was asked for; `remark` says why it is not there.

    `local` is the provider that this machine plays, which wants some key and takes any; empty: none.
    """

    address: str
    gateways: tuple[str, ...]
    gateway: str
    presets: tuple[Preset, ...]
    wanted: str
    remark: str
    local: str


@page("/accounts/{account}/playground", "playground.html", permission=None, title="Playground")
def playground(resources: Resources, visit: Visit) -> Playground:
    """Calls to try, with the addresses of a gateway."""
    snapshot = resources.snapshot()
    gateways = tuple(one.id for one in resources.catalog(snapshot).of(visit.account)) or ("default",)
    gateway, presets, remark = visit.given("gateway"), PRESETS, ""
    if wanted := visit.given("from"):
        stored, gateway, remark = _stored(resources, visit, wanted)
        presets = (*stored, *PRESETS)
    gateway = gateway if gateway in gateways else gateways[0]
    address = f"{visit.base_url}/v1/{visit.account}/{gateway}"
    parallel = resources.settings.providers.get("parallel")
    local = "parallel" if parallel is not None and (parallel.base_url or "").startswith(_UNIX) else ""
    return Playground(address, gateways, gateway, presets, wanted, remark, local)


def _stored(resources: Resources, visit: Visit, call_id: str) -> tuple[tuple[Preset, ...], str, str]:
    """A stored call as a preset, and its gateway; without one, why."""
    try:
        with reading(resources) as ledger:
            row = own_row(ledger, visit, call_id)
            may_read = visit.caller.may("read", visit.account, row.gateway)
            bodies = ledger.bodies(row.id) if ledger is not None and may_read else None
    except ManagementError:
        return (), "", "There is no such call."
    if row.method != "POST":
        return (), row.gateway, f"This call was a {row.method}: only POSTs are sent from here."
    whole = bodies is not None and not bodies.request_cut
    text = (
        body_text(bodies.request, row.request_content_type, row.request_encoding, 4 * _MOST_BODY + 1)
        if bodies and whole
        else None
    )
    if text is None:
        return (), row.gateway, "What this call has sent was not kept as text, or may not be seen."
    laid_out = pretty(text, row.request_content_type) if len(text) <= _MOST_BODY else text
    if len(laid_out) > _MOST_BODY:
        return (), row.gateway, "What this call has sent is too long for a form."
    path = f"compat/{row.path}" if row.compat else f"{row.provider}/{row.path}"
    return (Preset(f"call {row.id[-12:]}", path, laid_out),), row.gateway, ""


def _chat(model: str) -> str:
    return (
        f'{{\n  "model": "{model}",\n  "stream": true,\n  "messages": [\n'
        '    {"role": "user", "content": "Why is the sky blue? Answer in two sentences."}\n  ]\n}'
    )


PRESETS: Final[tuple[Preset, ...]] = (
    Preset("Parallel, chat", "compat/chat/completions", _chat("parallel/speed")),
    Preset(
        "Parallel, search",
        "parallel/v1beta/search",
        '{\n  "objective": "When was the United Nations founded?",\n'
        '  "search_queries": ["founding of the United Nations"],\n  "max_results": 3\n}',
    ),
    Preset(
        "Parallel, task",
        "parallel/v1/tasks/runs",
        '{\n  "input": "When was the United Nations founded?",\n  "processor": "base",\n'
        '  "task_spec": {"output_schema": "the date"}\n}',
    ),
    Preset("OpenAI", "compat/chat/completions", _chat("openai/gpt-4o-mini")),
    Preset("Anthropic", "compat/chat/completions", _chat("anthropic/claude-haiku-4-5")),
    Preset("Google", "compat/chat/completions", _chat("google-ai-studio/gemini-2.5-flash")),
)
"""What to begin with; the local engine answers the first ones."""

PAGES = pages(playground)
