"""Runs that calls have made, on the dashboard of the same gateway, over real connections: from a call to its run and
back, with what came of it.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from runs_kit import GROUP, ID, caller, result, task_run, told

from conftest import Connect, OpenGateway
from support.client import Answer, Client
from support.configuration import gateways, providers
from support.upstream import Upstream

ADMIN = "the-admin-token"
OTHER_ID = f"{ID[:-1]}0"
PAGES = "/accounts/acct"


async def signed_in(client: Client) -> str:
    """The cookie of a session."""
    form = urlencode({"token": ADMIN, "to": "/"}).encode()
    answer = await client.ask(
        "POST", "/sign-in", ("content-type", "application/x-www-form-urlencoded"), body=form
    )
    assert answer.status == 303
    return next(value for name, value in answer.headers if name == "set-cookie").partition(";")[0]


async def test_from_a_call_to_its_run_and_back(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(
        gateways(gw={}) + providers({"parallel": upstream.url}), {"PENSTOCK_ADMIN_TOKEN": ADMIN}
    )
    ann = await caller(connect, gateway)
    upstream.will(told(task_run(metadata={"team": "a"}), 202))
    await ann.create()
    upstream.will(told(result()))
    await ann.get(f"/v1/tasks/runs/{ID}/result")
    added = {"status": {}, "run_ids": [OTHER_ID]}
    upstream.will(told(added))
    await ann.post(f"/v1/tasks/groups/{GROUP}/runs", {"inputs": [{"input": "x", "processor": "lite"}]})
    calls = {call.path: call.id for call in await gateway.calls(3)}

    browser = await connect(gateway.url)
    cookie = ("cookie", await signed_in(browser))

    async def page(path: str) -> Answer:
        answer = await browser.ask("GET", f"{PAGES}/{path}", cookie)
        assert answer.status == 200, answer.body
        return answer

    listed = json.loads((await page("runs.json")).body)
    assert {row["id"]: row["state"] for row in listed["rows"]} == {ID: "completed", OTHER_ID: "queued"}
    for path, made in (
        ("v1/tasks/runs", ID),
        (f"v1/tasks/runs/{ID}/result", ID),
        (f"v1/tasks/groups/{GROUP}/runs", OTHER_ID),
    ):
        row = await page(f"logs/{calls[path]}.json")
        assert made in json.loads(row.body)["runs"]
        assert f'href="{PAGES}/runs/{made}"'.encode() in (await page(f"logs/{calls[path]}")).body
    made_by = calls["v1/tasks/runs"]
    shown = (await page(f"runs/{ID}")).body
    assert f'href="{PAGES}/logs/{made_by}"'.encode() in shown
    assert b"A pipe." in shown
    assert b"Read." in shown
    evidence = json.loads((await page("evidence.json")).body)
    assert [(row["name"], row["shares"]["high"]) for row in evidence["processors"]] == [("ultra", 1.0)]
