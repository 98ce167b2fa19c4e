"""Who gets into the management API, and what it makes of requests that no client of good will sends."""

from __future__ import annotations

import json

import pytest
from management_kit import ACCOUNT, ADMIN, ENVIRON, GATEWAYS, PLAIN, Api

from conftest import Connect, OpenGateway
from penstock.stores.control_store import Permission
from support.client import request

ONE = f"{GATEWAYS}/g"


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    """A gateway `acct/g`."""
    api = Api(await open_gateway("", ENVIRON))
    await api.gateway_("g")
    return api


# -- tokens


@pytest.mark.parametrize("token", [None, "nonsense", "pst_0123456789abcdef_" + "0" * 43, ADMIN[:-1]])
async def test_without_a_good_token_nothing_is_answered(api: Api, token: str | None) -> None:
    stranger = api.using(token)
    for path in (GATEWAYS, "/accounts", "/user/tokens/verify"):
        (await stranger.get(path)).problem(401, 10000)
    (await stranger.post(GATEWAYS, {"id": "x", **PLAIN})).problem(401, 10000)


async def test_a_refusal_says_which(api: Api) -> None:
    async def said(text: str | None) -> str:
        return str((await api.using(text).get(GATEWAYS)).problem(401, 10000)["message"])

    ended = api.access.token("ended", permissions=("read",), expires=60)
    blocked, gone = (api.access.token(name, permissions=("read",)) for name in ("blocked", "gone"))
    api.access.block(blocked)
    api.access.revoke(gone)
    api.gateway.clock.ahead += 120
    assert "no token was sent" in await said(None)
    assert "is not known" in await said(gone)
    assert "has expired" in await said(ended)
    assert "is blocked" in await said(blocked)
    for text in (ended, blocked):  # who has not the secret is a stranger
        assert "is not known" in await said(text[:-1] + ("a" if text[-1] != "a" else "b"))


async def test_tokens_come_as_bearer_or_as_key(api: Api) -> None:
    stranger = api.using(None)
    for headers in (
        {"authorization": f"bearer {ADMIN}"},
        {"x-auth-key": ADMIN, "x-auth-email": "a@example.com"},
    ):
        assert (await stranger.call("GET", GATEWAYS, headers=headers)).status == 200
    basic = {"authorization": f"Basic {ADMIN}"}
    (await stranger.call("GET", GATEWAYS, headers=basic)).problem(401, 10000)


async def test_a_token_is_good_until_it_ends(api: Api) -> None:
    mine = api.using(api.access.token(permissions=("read",), expires=60))
    verified = (await mine.get("/user/tokens/verify")).result
    assert verified["status"] == "active"
    assert verified["expires_on"]
    assert (await mine.get(GATEWAYS)).status == 200
    api.gateway.clock.ahead += 120
    (await mine.get(GATEWAYS)).problem(401, 10000)


@pytest.mark.parametrize(
    ("permission", "may_read", "may_edit"),
    [("run", False, False), ("metadata_read", False, False), ("read", True, False), ("edit", True, True)],
)
async def test_each_permission_opens_its_own_doors(
    api: Api, permission: Permission, may_read: bool, may_edit: bool
) -> None:
    mine = api.using(api.access.token(permissions=(permission,)))
    for reply, allowed in (
        (await mine.get(ONE), may_read),
        (await mine.get(GATEWAYS), may_read),
        (await mine.get(f"{ACCOUNT}/audit_logs"), may_read),
        (await mine.put(ONE, PLAIN), may_edit),
        (await mine.delete(f"{GATEWAYS}/g"), may_edit),
    ):
        if allowed:
            assert reply.status == 200
        else:
            reply.problem(403, 10000)
    assert (await mine.get("/user/tokens/verify")).status == 200


async def test_accounts_are_kept_apart(api: Api) -> None:
    mine = api.using(api.access.token(permissions=("edit",), accounts=("mine",)))
    (await mine.get(GATEWAYS)).problem(403, 10000)
    (await mine.put(ONE, PLAIN)).problem(403, 10000)
    assert (await mine.get("/accounts/mine/ai-gateway/gateways")).items == []
    assert [one["id"] for one in (await mine.get("/accounts")).items] == ["mine"]
    assert [one["id"] for one in (await api.get("/accounts")).items] == ["acct", "local", "mine"]
    assert (await mine.get("/accounts/mine")).result == {"id": "mine", "name": "mine", "type": "standard"}
    (await mine.get("/accounts/acct")).problem(404, 7002)


async def test_the_body_of_a_stranger_is_not_waited_for(api: Api, connect: Connect) -> None:
    client = await connect(api.gateway.url)
    head = request("POST", f"/client/v4{GATEWAYS}", ("Content-Length", "1000000000"))
    await client.send(head)
    assert (await client.answer()).status == 401


# -- paths and methods


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/accounts/no%20account/ai-gateway/gateways", 404, 7003),
        ("/accounts/" + "a" * 65 + "/ai-gateway/gateways", 404, 7003),
        ("/accounts/a%00b/ai-gateway/gateways", 404, 7003),
        ("/accounts/acct%2Fai-gateway/gateways", 404, 7003),
        ("/accounts/acct%252e/ai-gateway/gateways", 404, 7003),
        ("/accounts/%2e%2e/ai-gateway/gateways", 404, 7003),
        ("/accounts//ai-gateway/gateways", 404, 7003),
        ("/nothing", 404, 7003),
        ("/accounts/acct/ai-gateway/gateways/", 404, 7003),
        (f"{GATEWAYS}/g%2Flogs", 404, 7003),
        (f"{GATEWAYS}/%67%00", 404, 7002),
        (f"{GATEWAYS}/%2567", 404, 7002),
        (f"{GATEWAYS}/G", 404, 7002),
        (f"{GATEWAYS}/g%27%20OR%201=1--", 404, 7002),
        (f"{GATEWAYS}/%ff", 404, 7002),
        (f"{GATEWAYS}/" + "g" * 5000, 404, 7002),
    ],
)
async def test_odd_paths_are_not_found(api: Api, path: str, status: int, code: int) -> None:
    (await api.get(path)).problem(status, code)


async def test_a_name_is_decoded_once(api: Api) -> None:
    assert (await api.get(f"{GATEWAYS}/%67")).result["id"] == "g"


async def test_methods_that_a_path_does_not_take(api: Api) -> None:
    for method, path, allowed in (
        ("POST", ONE, "GET, PUT, DELETE, HEAD"),
        ("OPTIONS", GATEWAYS, "GET, POST, HEAD"),
        ("TRACE", GATEWAYS, "GET, POST, HEAD"),
        ("DELETE", "/user/tokens/verify", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ):
        reply = await api.call(method, path)
        reply.problem(405, 7003)
        assert reply.headers["allow"] == allowed
    head = await api.call("HEAD", ONE)
    assert (head.status, head.text) == (200, "")
    assert int(head.headers["content-length"]) > 100
    assert (await api.using(None).call("HEAD", ONE)).status == 401


# -- bodies and queries


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"[" * 100_000,
        b'{"cache_ttl": 1e999}',
        b'{"id": "g2"} trailing',
        b'{"cache_ttl": NaN}',
    ],
)
async def test_bodies_that_are_no_gateway(api: Api, content: bytes) -> None:
    for one in (await api.call("POST", GATEWAYS, content=content)).problems(400):
        assert one["code"] == 7001
        assert one["path"] == ["body"]


async def test_a_body_of_the_wrong_size(api: Api) -> None:
    (await api.call("POST", GATEWAYS, content=b" " * (4 * 1024 * 1024 + 1))).problem(413, 7001)
    assert (await api.get(ONE)).status == 200


async def test_whole_numbers_may_be_written_as_fractions(api: Api) -> None:
    text = json.dumps({**PLAIN, "cache_ttl": 60}).replace("60", "60.0").encode()
    assert (await api.call("PUT", ONE, content=text)).result["cache_ttl"] == 60
    text = text.replace(b"60.0", b"60.5")
    assert (await api.call("PUT", ONE, content=text)).problem(400, 7001)["path"] == ["body", "cache_ttl"]


@pytest.mark.parametrize(
    "query",
    [
        "page=1&page=x",
        "%ff=1",
        "page=%ff",
        "&".join(f"a{n}=1" for n in range(1001)),
        "page",
        "per_page=1;2",
        "page=%00",
    ],
)
async def test_queries_that_mean_nothing(api: Api, query: str) -> None:
    (await api.get(f"{GATEWAYS}?{query}")).problem(400, 7001)


async def test_of_a_parameter_given_twice_the_last_one_counts(api: Api) -> None:
    found = await api.get(f"{GATEWAYS}?search=zzz&search=g")
    assert [one["id"] for one in found.items] == ["g"]


async def test_sql_in_a_search_is_text(api: Api) -> None:
    for search in ("'%20OR%20''='", "%25", "_", "g%00", "%22;DROP%20TABLE%20gateways;--"):
        assert (await api.get(f"{GATEWAYS}?search={search}")).items == []
    assert (await api.get(ONE)).status == 200


async def test_a_bad_host_is_no_disaster(api: Api, connect: Connect) -> None:
    client = await connect(api.gateway.url)
    head = request("GET", f"/client/v4{ONE}/url/openai", ("Authorization", f"Bearer {ADMIN}"))
    await client.send(head.replace(b"gateway.test", b"[oops"))
    answer = await client.answer()
    assert answer.status in (200, 400)
    assert json.loads(answer.body)["success"] is (answer.status == 200)


async def test_answers_are_not_kept_by_anybody(api: Api) -> None:
    assert (await api.get(ONE)).headers["cache-control"] == "no-store"
    assert (await api.using(None).get(ONE)).headers["cache-control"] == "no-store"
