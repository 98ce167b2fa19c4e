"""Tokens over the management API: made, shown once, changed, blocked, rotated, revoked; and by whom.

The gateway takes each change up, so that what a token may is seen by calling with it.
"""

from __future__ import annotations

import pytest
from management_kit import ACCOUNT, ENVIRON, Api

from conftest import Connect, OpenGateway
from penstock.providers.operation_grants import TABLES
from support.access import bearer, take_up
from support.configuration import gateways, providers
from support.replies import whole
from support.upstream import Upstream

TOKENS = f"{ACCOUNT}/ai-gateway/tokens"
CALL = "/v1/acct/gw/openai/v1/models"


@pytest.fixture
async def api(open_gateway: OpenGateway, upstream: Upstream) -> Api:
    text = gateways(gw={"authentication": True}, other={}) + providers({"openai": upstream.url})
    return Api(await open_gateway(text, ENVIRON))


async def made(api: Api, **fields: object) -> dict[str, object]:
    return (await api.post(TOKENS, {"name": "bot", **fields})).result


async def status(api: Api, connect: Connect, upstream: Upstream, token: object) -> int:
    """What a call with a token is answered with, after the gateway has taken up what was changed."""
    take_up(api.gateway)
    upstream.will(whole(b"{}"))
    client = await connect(api.gateway.url)
    return (await client.ask("GET", CALL, bearer(str(token)), ("authorization", "Bearer sk-1"))).status


async def test_a_token_from_its_making_to_its_end(api: Api, upstream: Upstream, connect: Connect) -> None:
    first = await made(
        api, user="ada", team="research", note="the notebook", spend_limit={"limit": 5, "window": 3600}
    )
    text, one = first.pop("token"), f"{TOKENS}/{first['id']}"
    assert (first["state"], first["accounts"], first["permissions"]) == ("live", ["acct"], ["run"])
    assert first["spend"] == {"used": 0, "limit": 5, "left": 5, "resets_at": first["spend"]["resets_at"]}  # type: ignore[index]
    assert await status(api, connect, upstream, text) == 200
    shown = await api.get(one)
    assert {**shown.result, "spend": None} == {**first, "spend": None}
    assert str(text) not in shown.text
    assert (await api.get(f"{TOKENS}/bot")).result["id"] == first["id"]
    assert [row["id"] for row in (await api.get(f"{TOKENS}?search=NOTEBOOK&user=ada&state=live")).items] == [
        first["id"]
    ]
    assert (await api.get(f"{TOKENS}?user=bob")).items == []

    assert (await api.patch(one, {"blocked": True})).result["state"] == "blocked"
    assert await status(api, connect, upstream, text) == 401
    assert (await api.patch(one, {"blocked": False})).result["state"] == "live"
    assert await status(api, connect, upstream, text) == 200

    again = (await api.post(f"{one}/rotate", {})).result
    assert await status(api, connect, upstream, text) == 401
    assert await status(api, connect, upstream, again["token"]) == 200
    assert (await api.delete(f"{TOKENS}/bot")).result["id"] == first["id"]
    assert await status(api, connect, upstream, again["token"]) == 401
    (await api.get(one)).problem(404, 7002)


async def test_what_is_used_of_limits_is_told(api: Api, upstream: Upstream, connect: Connect) -> None:
    token = await made(api, rate_limit={"limit": 3, "interval": 60})
    await status(api, connect, upstream, token["token"])
    await status(api, connect, upstream, token["token"])
    used = (await api.get(f"{TOKENS}/bot")).result["requests"]
    assert isinstance(used, dict)
    assert (used["used"], used["limit"], used["left"]) == (2, 3, 1)
    await api.gateway.rows(2)  # in the ledger
    last = (await api.get(f"{TOKENS}/bot")).result["last_used_at"]
    assert str(last).endswith(":00:00.000Z")


async def test_changes_leave_what_they_do_not_name(api: Api) -> None:
    token = await made(api, user="ada", models=["openai/gpt-*"], rate_limit={"limit": 3, "interval": 60})
    one = f"{TOKENS}/{token['id']}"
    changed = (
        await api.patch(one, {"rate_limit": None, "models": None, "expires_at": "2999-01-01T00:00:00Z"})
    ).result
    assert (changed["rate_limit"], changed["models"], changed["user"]) == (None, [], "ada")
    assert changed["expires_at"] == "2999-01-01T00:00:00.000Z"
    assert (await api.patch(one, {"expires_at": None})).result["expires_at"] is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"gateways": ["otehr"]}, 'did you mean "other"?'),
        ({"gateways": ["acct/gx"]}, "there is no gateway"),
        ({"gateways": ["elsewhere/gw"]}, "not good for"),
        ({"providers": ["opena"]}, "openai"),
        ({"models": ["a b"]}, "no blanks"),
        ({"operations": ["chatt"]}, 'did you mean "chat"?'),
        ({"operations": ["chat", "openai.embedings.create"]}, 'did you mean "openai.embeddings.create"?'),
        ({"operations": ["openai.responses.create.background"]}, "openai.responses.create"),
        ({"operations": ["unknown"]}, "stands for no operation"),
        ({"operations": ["x\u202ey"]}, "stands for no operation"),
        ({"operations": "chat"}, "operations"),
        ({"operations": sorted(row.name for one in TABLES for row in one.rows)}, "1000"),
        ({"name": "  "}, "a name"),
        ({"name": "a\u202eb"}, "printed"),
        ({"permissions": []}, "block it"),
        ({"metadata": {"cf.user": "x"}}, "reserved"),
        ({"expires_at": "soon"}, "RFC 3339"),
        ({"rate_limit": {"limit": 0, "interval": 60}}, "rate_limit"),
        ({"spend_limit": {"limit": 1, "window": 0}}, "spend_limit"),
        ({"max_active": 0}, "max_active"),
        ({"secrets": []}, "secrets"),
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, body: dict[str, object], said: str) -> None:
    refused = await api.post(TOKENS, {"name": "bot", **body})
    assert said in str(refused.problems(400)), refused.text
    assert (await api.get(TOKENS)).items == []


async def test_a_name_is_given_once_and_an_old_double_is_told_apart_by_ids(api: Api) -> None:
    first = await made(api)
    assert "take another name" in str((await api.post(TOKENS, {"name": "bot"})).problem(400, 7001))
    other = await made(api, name="cat")
    assert "take another name" in str((await api.patch(f"{TOKENS}/cat", {"name": "bot"})).problem(400, 7001))
    api.access.token("bot")  # as directories of before may have them
    said = str((await api.get(f"{TOKENS}/bot")).problem(404, 7002)["message"])
    assert str(first["id"]) in said
    assert str(other["id"]) not in said
    assert (await api.patch(f"{TOKENS}/{first['id']}", {"note": "x"})).result["note"] == "x"
    assert 'did you mean "cat"?' in str((await api.get(f"{TOKENS}/cats")).problem(404, 7002)["message"])


async def test_nobody_gives_what_they_have_not(api: Api) -> None:
    powerful = await made(api, name="chief", permissions=["run", "edit", "read", "metadata_read"])
    editor = api.using(api.access.token("editor", permissions=("edit",), accounts=("acct",)))
    assert "may not run" in str((await editor.post(TOKENS, {"name": "x"})).problem(403, 10000))
    for change in ({"name": "y"}, {"blocked": False, "note": "z"}):
        (await editor.patch(f"{TOKENS}/chief", change)).problem(403, 10000)
    (await editor.post(f"{TOKENS}/chief/rotate", {})).problem(403, 10000)
    assert (await editor.post(TOKENS, {"name": "x", "permissions": ["read"]})).result["accounts"] == ["acct"]
    assert (await editor.patch(f"{TOKENS}/chief", {"blocked": True})).result["state"] == "blocked"
    (await editor.patch(f"{TOKENS}/chief", {"blocked": False})).problem(403, 10000)
    assert (await editor.delete(f"{TOKENS}/chief")).result["id"] == powerful["id"]


async def test_limits_of_a_token_are_not_got_round_with_another(api: Api) -> None:
    permissions: tuple[str, ...] = ("run", "edit")
    limited = api.using(api.access.token("limited", permissions=permissions, models=("openai/*",)))  # type: ignore[arg-type]
    assert "limited" in str((await limited.post(TOKENS, {"name": "x"})).problem(403, 10000))
    ending = api.using(api.access.token("ending", permissions=permissions, expires=3600))  # type: ignore[arg-type]
    assert "longer" in str((await ending.post(TOKENS, {"name": "x"})).problem(403, 10000))


async def test_operations_are_given_changed_and_taken_away(
    api: Api, upstream: Upstream, connect: Connect
) -> None:
    token = await made(api, operations=["Agent-Run", "openai.models.*", "agent run"])
    assert token["operations"] == ["agent run", "openai.models.*"]
    text = token["token"]
    assert await status(api, connect, upstream, text) == 200
    one = f"{TOKENS}/bot"
    assert (await api.patch(one, {"operations": ["chat"]})).result["operations"] == ["chat"]
    assert await status(api, connect, upstream, text) == 403
    assert (await api.patch(one, {"note": "x"})).result["operations"] == ["chat"]
    assert (await api.patch(one, {"operations": None})).result["operations"] == []
    assert await status(api, connect, upstream, text) == 200
    entry = api.access.control_store.audit(None, 1)[0]
    assert (entry.before, entry.after) == ({"operations": ["chat"]}, {"operations": []})


async def test_a_word_that_has_gone_meanwhile_keeps_no_other_change_back(api: Api) -> None:
    """A table may lose a name with a newer version; the token is then for less, and never for more."""
    api.access.token("old", operations=("openai.gone.create", "chat"))
    one = f"{TOKENS}/old"
    assert (await api.patch(one, {"note": "x"})).result["operations"] == ["openai.gone.create", "chat"]
    assert (await api.patch(one, {"operations": ["openai.gone.create"]})).result["note"] == "x"
    assert "no operation" in str(
        (await api.patch(one, {"operations": ["openai.gone.list"]})).problem(400, 7001)
    )


async def test_who_is_for_certain_operations_makes_no_other_that_may_call(api: Api) -> None:
    limited = api.using(api.access.token("limited", permissions=("run", "edit"), operations=("chat",)))
    for body in ({}, {"operations": ["chat"]}):
        assert "limited" in str((await limited.post(TOKENS, {"name": "x", **body})).problem(403, 10000))
    assert "limited" in str(
        (await limited.patch(f"{TOKENS}/limited", {"operations": None})).problem(403, 10000)
    )


async def test_tokens_of_others_are_not_there(api: Api) -> None:
    api.access.token("theirs", accounts=("elsewhere",))
    api.access.token("everywhere")
    mine = await made(api)
    names = [row["name"] for row in (await api.get(TOKENS)).items]
    assert names == ["everywhere", "bot"]
    (await api.get(f"{TOKENS}/theirs")).problem(404, 7002)
    of_account = api.using(api.access.token("keeper", permissions=("edit",), accounts=("acct",)))
    assert (await of_account.get(TOKENS)).items[0]["id"] == mine["id"]
    (await of_account.get(f"{TOKENS}/everywhere")).problem(404, 7002)
    (await of_account.delete(f"{TOKENS}/everywhere")).problem(404, 7002)


async def test_the_audit_has_who_did_what_and_no_secret(api: Api) -> None:
    token = await made(api)
    await api.patch(f"{TOKENS}/bot", {"blocked": True})
    made_entry, blocked = reversed(api.access.control_store.audit(None, 10))
    assert (made_entry.actor, made_entry.action, blocked.after) == ("admin", "create", {"blocked": True})
    assert str(token["token"]).rpartition("_")[2] not in repr((made_entry, blocked))
