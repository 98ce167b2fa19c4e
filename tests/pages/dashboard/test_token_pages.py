"""The pages of tokens: made in a form, shown once, changed, blocked, rotated, revoked; by whom; hostile text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
from settings_kit import Enter, Visitor, entering

from conftest import Connect, OpenGateway
from penstock.providers.operation import Kind
from support.access import Access, bearer, take_up
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

ADMIN = "the-admin-token"
ENVIRON = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
TOKENS = "/accounts/acct/tokens"
FORM = {
    "name": "ada",
    "user": "ada",
    "permissions": ["run"],
    "models": "openai/gpt-* , openai/o1",
    "kinds": ["models", "agent run"],
    "operations": "parallel.tasks.*, openai.embeddings.create",
    "gateways": "gw",
    "metadata": "plan=paid\nseats=3",
    "rate": "20",
    "rate_time": "2",
    "rate_time_unit": "hours",
    "spend": "0.5",
    "spend_time": "1",
    "spend_time_unit": "days",
    "spend_sliding": "yes",
    "expires": "2999-01-31T12:30",
}
TOKEN = re.compile(r"pst_[0-9a-z]{16}_[0-9A-Za-z]{43}")


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    async with entering() as one:
        yield one


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url})
    return await open_gateway(text, ENVIRON)


@pytest.fixture
async def admin(gateway: InProcess, enter: Enter) -> Visitor:
    visitor = await enter(gateway, ADMIN)
    await visitor.get(f"{TOKENS}/new")
    return visitor


async def made(admin: Visitor, **fields: str) -> tuple[str, str]:
    """The text and the id of a new token."""
    answer = await admin.send(TOKENS, {**FORM, **fields}, 200)
    (text,) = set(TOKEN.findall(answer.text))
    return text, text.split("_")[1]


async def test_a_token_is_made_in_a_form_and_shown_once(
    admin: Visitor, upstream: Upstream, connect: Connect
) -> None:
    answer = await admin.send(TOKENS, FORM, 200)
    assert "no-store" in answer.headers["cache-control"]
    (text,) = set(TOKEN.findall(answer.text))
    take_up(admin.gateway)
    upstream.will(whole(b"{}"))
    client = await connect(admin.gateway.url)
    called = await client.ask(
        "GET", "/v1/acct/gw/openai/v1/models/o1", bearer(text), ("authorization", "Bearer x")
    )
    assert called.status == 200

    admin.seen = ""
    for path in (TOKENS, f"{TOKENS}/{text.split('_')[1]}", f"{TOKENS}.json"):
        await admin.get(path)
    assert text.rpartition("_")[2] not in admin.seen
    (row,) = (await admin.json(f"{TOKENS}.json"))["tokens"]
    assert (row["user"], row["models"], row["gateways"]) == ("ada", ["openai/gpt-*", "openai/o1"], ["gw"])
    assert row["operations"] == ["models", "agent run", "parallel.tasks.*", "openai.embeddings.create"]
    assert row["metadata"] == {"plan": "paid", "seats": 3}
    assert row["rate_limit"] == {"limit": 20, "interval": 7200, "technique": "fixed"}
    assert row["spend_limit"] == {"limit": 0.5, "window": 86_400, "technique": "sliding"}
    assert row["expires_at"] == "2999-01-31T12:30:00.000Z"
    assert row["requests"]["used"] == 1


async def test_what_a_form_shows_changes_nothing_when_it_is_sent_back(admin: Visitor) -> None:
    _, token_id = await made(admin)
    before = (await admin.json(f"{TOKENS}/{token_id}.json"))["token"]
    form = (await admin.json(f"{TOKENS}/{token_id}.json"))["form"]
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    for name in ("rate_time", "spend_time"):
        fields |= {name: form[name]["number"], f"{name}_unit": form[name]["unit"]}
    fields |= {name: "yes" for name in ("rate_sliding", "spend_sliding") if form[name]}
    lists = {name: form[name] for name in ("permissions", "kinds")}
    await admin.send(f"{TOKENS}/{token_id}", {**fields, **lists})
    assert (await admin.json(f"{TOKENS}/{token_id}.json"))["token"] == before


async def test_operations_are_ticked_in_groups_or_written(admin: Visitor) -> None:
    page = await admin.get(f"{TOKENS}/new")
    assert "Operations: all" in page
    kinds = re.findall(r'name="kinds" value="([^"]+)"', page)
    assert sorted(kinds) == sorted(one.value for one in Kind)
    assert "Search and research" in page
    _, token_id = await made(admin)
    page = await admin.get(f"{TOKENS}/{token_id}")
    assert "Operations: only some" in page
    assert re.findall(r'name="kinds" value="([^"]+)" checked', page) == ["models", "agent run"]
    assert "models, agent run, parallel.tasks.*" in await admin.get(TOKENS)
    await admin.send(f"{TOKENS}/{token_id}", {**FORM, "kinds": [], "operations": ""})
    assert (await admin.json(f"{TOKENS}/{token_id}.json"))["token"]["operations"] == []


async def test_a_form_with_an_operation_there_is_not_comes_back_as_it_was(admin: Visitor) -> None:
    answer = await admin.send(TOKENS, {**FORM, "operations": "chatt <b>"}, 400)
    assert "did you mean &#34;chat&#34;?" in answer.text
    assert 'value="chatt &lt;b&gt;"' in answer.text
    assert re.findall(r'name="kinds" value="([^"]+)" checked', answer.text) == ["models", "agent run"]
    assert (await admin.json(f"{TOKENS}.json"))["tokens"] == []


async def test_a_token_is_blocked_rotated_and_revoked(admin: Visitor) -> None:
    text, token_id = await made(admin)
    one, access = f"{TOKENS}/{token_id}", Access(admin.gateway.data)
    await admin.send(f"{one}/block", {"blocked": "yes"})
    assert access.control_store.snapshot().tokens[0].blocked
    assert "Let it in again" in await admin.get(one)
    await admin.send(f"{one}/block", {"blocked": "no"})
    rotated = await admin.send(f"{one}/rotate", {"overlap": "0", "overlap_unit": "minutes"}, 200)
    (again,) = set(TOKEN.findall(rotated.text))
    assert again != text
    assert again.split("_")[1] == token_id
    await admin.send(f"{one}/revoke", {})
    assert len(access.control_store.snapshot().tokens) == 1
    await admin.send(f"{one}/revoke", {"sure": "yes"})
    assert access.control_store.snapshot().tokens == ()
    await admin.get(one, 404)


async def test_a_form_that_is_wrong_comes_back_with_what_was_written(admin: Visitor) -> None:
    answer = await admin.send(TOKENS, {**FORM, "gateways": "gww", "note": "keep <me>"}, 400)
    assert "did you mean" in answer.text
    assert "keep &lt;me&gt;" in answer.text
    await made(admin)
    answer = await admin.send(TOKENS, FORM, 400)
    assert "take another name" in unescape(answer.text)
    for field, value in (("rate", "-1"), ("rate", "many"), ("spend", "nan"), ("expires", "soon")):
        await admin.send(TOKENS, {**FORM, "name": "b", field: value}, 400)
    assert len((await admin.json(f"{TOKENS}.json"))["tokens"]) == 1


@pytest.mark.parametrize("path", ["", "/{other}"])
async def test_a_name_that_is_taken_is_told_beside_what_was_written(admin: Visitor, path: str) -> None:
    await made(admin, name="taken")
    _, other = await made(admin, name="another")
    fields = {"name": "taken", "team": "of my own", "permissions": "run"}
    answer = await admin.send(f"{TOKENS}{path.format(other=other)}", fields, 400)
    assert "there is a token" in answer.text
    assert 'value="of my own"' in answer.text


async def test_a_form_of_another_page_is_refused(admin: Visitor) -> None:
    await admin.send(TOKENS, FORM, 403, form="")
    await admin.send(TOKENS, FORM, 403, form="guessed")
    await admin.get("/accounts/acct/tokens")
    assert Access(admin.gateway.data).control_store.snapshot().tokens == ()


async def test_who_may_not_does_not_see(gateway: InProcess, enter: Enter) -> None:
    access = Access(gateway.data)
    reader = await enter(gateway, access.token("reader", permissions=("read",), accounts=("acct",)))
    page = await reader.get(TOKENS)
    assert "New token" not in page
    await reader.get(f"{TOKENS}/new", 403)
    await reader.send(TOKENS, FORM, 403)
    of_gateway = await enter(gateway, access.token("part", permissions=("edit",), gateways=("acct/gw",)))
    await of_gateway.get(TOKENS, 403)
    lister = await enter(gateway, access.token("lister", permissions=("metadata_read",)))
    await lister.get(TOKENS, 403)
    editor = await enter(gateway, access.token("editor", permissions=("edit",), accounts=("acct",)))
    assert "New token" in await editor.get(TOKENS)
    await editor.get(f"{TOKENS}/new")
    refused = await editor.send(TOKENS, FORM, 403)
    assert "may not run" in refused.text
    strange = access.token("strange", accounts=("other",))
    await editor.get(f"{TOKENS}/{strange.split('_')[1]}", 404)


async def test_hostile_text_is_text(admin: Visitor) -> None:
    name = "\"'><script>alert(1)</script>" + "x" * 150
    _, token_id = await made(admin, name=name, user="<b>ada</b>", team="{{ 7 * 7 }}")
    for path in (TOKENS, f"{TOKENS}/{token_id}"):
        page = await admin.get(path)
        assert "<script>alert" not in page
        assert "<b>ada" not in page
        assert "{{ 7 * 7 }}" in page
    await admin.send(TOKENS, {**FORM, "name": "a\u202eb"}, 400)


async def test_many_tokens_are_shown_in_pages(admin: Visitor) -> None:
    access = Access(admin.gateway.data)
    for number in range(130):
        access.token(f"token {number}")
    first = await admin.get(TOKENS)
    assert len(first) < 150_000
    assert 'href="?page=2' in first
    assert len((await admin.json(f"{TOKENS}.json?page=2"))["tokens"]) == 30
    assert (await admin.json(f"{TOKENS}.json?page=99"))["tokens"] == []
    assert (await admin.json(f"{TOKENS}.json?search=token+77"))["total"] == 1


async def test_one_click_makes_a_token_and_fills_it_into_the_programs(
    admin: Visitor, upstream: Upstream, connect: Connect
) -> None:
    await admin.get("/accounts/acct/start")
    answer = await admin.send("/accounts/acct/start", {"gateway": "gw"}, 200)
    (text,) = set(TOKEN.findall(answer.text))
    programs = unescape(answer.text)
    assert f'-H "cf-aig-authorization: Bearer {text}"' in programs
    assert f'"cf-aig-authorization": "Bearer {text}"' in programs
    assert f'api_token="{text}"' in programs
    assert f"`Bearer {text}`" in programs
    assert "PENSTOCK_TOKEN" not in programs
    assert "import os" not in programs
    take_up(admin.gateway)
    upstream.will(whole(b"{}"))
    client = await connect(admin.gateway.url)
    called = await client.ask(
        "GET", "/v1/acct/gw/openai/v1/models", bearer(text), ("authorization", "Bearer x")
    )
    assert called.status == 200
    assert text not in await admin.get("/accounts/acct/start")
    await admin.send("/accounts/acct/start", {"gateway": "gw"}, 200)
    names = [one["name"] for one in (await admin.json(f"{TOKENS}.json"))["tokens"]]
    assert names == ["first steps", "first steps 2"]
    await admin.send("/accounts/acct/start", {}, 403, form="guessed")


async def test_who_may_not_make_tokens_has_no_button(gateway: InProcess, enter: Enter) -> None:
    caller = await enter(gateway, Access(gateway.data).token("caller", permissions=("run", "metadata_read")))
    assert "Make a token" not in await caller.get("/accounts/acct/start")
