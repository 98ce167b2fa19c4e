"""Getting started: where this server is, and what to send there. `/` leads here until the first call has come."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.access.tokens import grants
from penstock.control.token_changes import free_name
from penstock.management.open_ledger import reading
from penstock.management.reading import Pairs
from penstock.management.resources import Resources
from penstock.management.token_shapes import TokenBody
from penstock.management.tokens import create_token
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, need, page, pages
from penstock.stores.control_store import Permission
from penstock.stores.ledger import Query


class Snippet(msgspec.Struct, frozen=True):
    """A program that calls this server; `text` as it is to be copied."""

    id: str
    title: str
    text: str


class Start(msgspec.Struct, frozen=True):
    """`call` is the first call that has come, empty until then; `token` one that was just made, shown this once."""

    base_url: str
    address: str
    gateways: tuple[str, ...]
    gateway: str
    snippets: tuple[Snippet, ...]
    call: str
    may_make: bool
    token: str = ""


@page("/", "home.html", permission=None, title="Penstock")
def home(resources: Resources, visit: Visit) -> Done:
    """To the overview; to the first steps as long as there was no call."""
    place = "overview" if _latest(resources, visit) else "start"
    return Done(f"/accounts/{visit.account}/{place}")


@page("/accounts/{account}/start", "start.html", permission=None, title="Start")
def start(resources: Resources, visit: Visit) -> Start:
    """The addresses of this server, and programs with them filled in."""
    return _start(resources, visit, visit.given("gateway"), "")


@action("/accounts/{account}/start", permission="edit")
def make_token(resources: Resources, visit: Visit, form: Pairs) -> Answered:
    """A token to begin with, filled into the programs of this one answer."""
    need(visit, "edit")
    holder = visit.caller.token
    permissions = tuple(name for name in _FIRST if holder is None or name == "run" or grants(holder, name))
    name = free_name(_NAME, resources.tokens())
    user = "" if holder is None else holder.user
    made = create_token(
        resources, visit.request(""), TokenBody(name=name, permissions=permissions, user=user)
    )
    return Answered("start.html", "Start", _start(resources, visit, first(form, "gateway"), made.token))


def _start(resources: Resources, visit: Visit, asked: str, token: str) -> Start:
    snapshot = resources.snapshot()
    gateways = tuple(one.id for one in resources.catalog(snapshot).of(visit.account)) or ("default",)
    gateway = asked if asked in gateways else gateways[0]
    address = f"{visit.base_url}/v1/{visit.account}/{gateway}"
    snippets = tuple(_snippets(visit.base_url, address, visit.account, gateway))
    if token:
        snippets = tuple(msgspec.structs.replace(one, text=_filled(one.text, token)) for one in snippets)
    may_make = visit.caller.may("edit", visit.account)
    latest = _latest(resources, visit)
    return Start(visit.base_url, address, gateways, gateway, snippets, latest, may_make, token)


def _filled(text: str, token: str) -> str:
    """A program with the token itself, in place of where it would look for one."""
    for place in _PLACES:
        text = text.replace(place, token)
    filled = text.replace(_ALONE, f'"{token}"').replace(f'f"Bearer {token}"', f'"Bearer {token}"')
    return filled if "os.environ" in filled else filled.replace("import os\n", "")


def _latest(resources: Resources, visit: Visit) -> str:
    """The id of the latest call that the visitor may see; empty where there is none."""
    gateways = visit.caller.gateways("metadata_read", visit.account)
    if gateways == ():
        return ""
    with reading(resources) as ledger:
        rows = [] if ledger is None else ledger.calls(Query(visit.account, gateways or ()), 1)
    return rows[0].id if rows else ""


def _snippets(base_url: str, address: str, account: str, gateway: str) -> list[Snippet]:
    return [
        Snippet("curl", "curl", _CURL.format(address=address)),
        Snippet("openai", "OpenAI SDK, Python", _OPENAI.format(address=address)),
        Snippet("anthropic", "Anthropic SDK, Python", _ANTHROPIC.format(address=address)),
        Snippet("parallel", "Parallel SDK, Python", _PARALLEL.format(address=address)),
        Snippet("javascript", "OpenAI SDK, JavaScript", _JAVASCRIPT.format(address=address)),
        Snippet(
            "cloudflare",
            "Cloudflare SDK, Python",
            _CLOUDFLARE.format(base_url=base_url, account=account, gateway=gateway),
        ),
    ]


_NAME: Final = "first steps"
_FIRST: Final[tuple[Permission, ...]] = ("run", "metadata_read")
_PLACES: Final = (
    "$PENSTOCK_TOKEN",
    "{os.environ['PENSTOCK_TOKEN']}",
    "${process.env.PENSTOCK_TOKEN}",
)
_ALONE: Final = 'os.environ["PENSTOCK_TOKEN"]'

_CURL = """curl {address}/compat/chat/completions \\
  -H "cf-aig-authorization: Bearer $PENSTOCK_TOKEN" \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{{"model": "openai/gpt-4o-mini", "messages": [{{"role": "user", "content": "Hello"}}]}}'
"""
_OPENAI = """import os
from openai import OpenAI

client = OpenAI(
    base_url="{address}/openai",
    default_headers={{"cf-aig-authorization": f"Bearer {{os.environ['PENSTOCK_TOKEN']}}"}},
)
answer = client.chat.completions.create(
    model="gpt-4o-mini", messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.choices[0].message.content)
"""
_ANTHROPIC = """import os
from anthropic import Anthropic

client = Anthropic(
    base_url="{address}/anthropic",
    default_headers={{"cf-aig-authorization": f"Bearer {{os.environ['PENSTOCK_TOKEN']}}"}},
)
answer = client.messages.create(
    model="claude-haiku-4-5", max_tokens=200, messages=[{{"role": "user", "content": "Hello"}}]
)
print(answer.content[0].text)
"""
_PARALLEL = """import os
from parallel import Parallel

client = Parallel(
    base_url="{address}/parallel",
    default_headers={{"cf-aig-authorization": f"Bearer {{os.environ['PENSTOCK_TOKEN']}}"}},
)
run = client.task_run.execute(input="Who founded the United Nations?", processor="base", output="a short answer")
print(run.output.content, run.output.basis)
"""
_JAVASCRIPT = """import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "{address}/openai",
  defaultHeaders: {{ "cf-aig-authorization": `Bearer ${{process.env.PENSTOCK_TOKEN}}` }},
}});
const answer = await client.chat.completions.create({{
  model: "gpt-4o-mini",
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);
"""
_CLOUDFLARE = """import os
from cloudflare import Cloudflare

client = Cloudflare(base_url="{base_url}/client/v4", api_token=os.environ["PENSTOCK_TOKEN"])
for log in client.ai_gateway.logs.list("{gateway}", account_id="{account}"):
    print(log.created_at, log.model, log.cost)
"""

PAGES = pages(home, start, make_token)
