"""The pages of gateways: looked at, changed after a preview; their keys and routes, providers, prices, audit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from time import perf_counter

import pytest
from settings_kit import Enter, Visitor, entering

from conftest import Connect, OpenGateway
from penstock.access.limit_counters import stored_key_counter
from penstock.pages.dashboard.route_drawing import placed, route_drawing
from penstock.stores.control_store import (
    ProviderKey,
)
from penstock.stores.counters import Claim
from support.access import Access, take_up
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.kept_routes import keep_route
from support.replies import whole
from support.upstream import Upstream

ADMIN = "the-admin-token"
ENVIRON = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
GATEWAYS = "/accounts/acct/gateways"
KEYS = "/accounts/acct/keys"
FIELDS = re.compile(r'<(?:select|input|textarea) id="field-(\w+)"')
HIDDEN = re.compile(r'name="(sent|seen)" value="([^"]*)"')


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    async with entering() as one:
        yield one


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    text = gateways(of_file={"cache_ttl": 60}) + providers({"openai": upstream.url})
    return await open_gateway(text, ENVIRON)


@pytest.fixture
async def admin(gateway: InProcess, enter: Enter) -> Visitor:
    """With a gateway `mine` of the directory."""
    visitor = await enter(gateway, ADMIN)
    await visitor.get(GATEWAYS)
    await visitor.send(GATEWAYS, {"id": "mine"})
    return visitor


async def form_of(visitor: Visitor, name: str = "mine") -> dict[str, str]:
    """What the form of a gateway would send as it is."""
    page = await visitor.get(f"{GATEWAYS}/{name}")
    shown = await visitor.json(f"{GATEWAYS}/{name}.json")
    assert set(FIELDS.findall(page)) == {one["name"] for one in shown["fields"]}
    return {"seen": shown["seen"], **{one["name"]: one["value"] for one in shown["fields"]}}


async def confirm(visitor: Visitor, fields: dict[str, str]) -> dict[str, str]:
    """The preview of a form, and what it would send."""
    answer = await visitor.send(f"{GATEWAYS}/mine/preview", fields, 200)
    return {name: unescape(value) for name, value in HIDDEN.findall(answer.text)}


async def test_nothing_is_saved_before_it_was_looked_at(admin: Visitor) -> None:
    fields = await form_of(admin)
    assert (
        "Nothing: all fields are as they were"
        in (await admin.send(f"{GATEWAYS}/mine/preview", fields, 200)).text
    )
    rules = '{"enabled": true, "rules": [{"id": "a", "limit": 5, "limitType": "cost", "window": 3600}]}'
    fields |= {"cache_ttl": "300", "authentication": "true", "spend_limits": rules, "retry_backoff": "linear"}
    sent = await confirm(admin, fields)
    assert all(name in admin.seen for name in ("cache_ttl", "spend_limits", "retry_backoff"))
    assert (await form_of(admin))["cache_ttl"] == "0"
    await admin.send(f"{GATEWAYS}/mine", sent)
    then = await form_of(admin)
    assert (then["cache_ttl"], then["authentication"], then["retry_backoff"]) == ("300", "true", "linear")
    assert '"limit": 5' in then["spend_limits"]
    (limit,) = (await admin.json(f"{GATEWAYS}/mine.json"))["limits"]
    assert (limit["name"], limit["use"]["used"], limit["use"]["limit"]) == ("rule a", 0, 5)


async def test_another_change_meanwhile_is_noticed(admin: Visitor) -> None:
    fields = await form_of(admin)
    first = await confirm(admin, {**fields, "cache_ttl": "1"})
    second = await confirm(admin, {**fields, "cache_ttl": "2"})
    admin.gateway.clock.ahead += 1
    await admin.send(f"{GATEWAYS}/mine", first)
    refused = await admin.send(f"{GATEWAYS}/mine", second, 400)
    assert "meanwhile" in refused.text
    assert (await form_of(admin))["cache_ttl"] == "1"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("cache_ttl", "-1", "cache_ttl"),
        ("retry_max_attempts", "9", "retry_max_attempts"),
        ("retry_backoff", "cubic", "retry_backoff"),
        ("spend_limits", "{", "not JSON"),
        ("spend_limits", '{"rule": 1}', "rule"),
        ("otel", '[{"url": "file:///etc/passwd", "headers": {}}]', "otel"),
    ],
)
async def test_what_makes_no_sense_is_told_before_it_is_saved(
    admin: Visitor, field: str, value: str, said: str
) -> None:
    fields = {**await form_of(admin), field: value}
    answer = await admin.send(f"{GATEWAYS}/mine/preview", {**fields, "retry_delay": "77"}, 400)
    text = unescape(answer.text)
    assert said in text
    is_never_said = field in ("retry_backoff", "otel")  # no choice of the list; may hold a secret
    for typed in (value, "77"):
        is_there = f'value="{typed}"' in text or f">{typed}</textarea>" in text
        assert is_there != (is_never_said and typed == value)


@pytest.mark.parametrize("name", ["mine", "of_file", "Not A Name"])
async def test_a_name_that_cannot_be_is_told_beside_what_was_typed(admin: Visitor, name: str) -> None:
    answer = await admin.send(GATEWAYS, {"id": name}, 400)
    assert 'role="alert"' in answer.text
    assert f'value="{name}"' in answer.text


async def test_secrets_of_a_gateway_stay_and_are_not_shown(admin: Visitor) -> None:
    otel = '[{"url": "https://traces.example", "headers": {"x-key": "VERYSECRET"}}]'
    await admin.send(f"{GATEWAYS}/mine", await confirm(admin, {**await form_of(admin), "otel": otel}))
    admin.seen = ""
    fields = await form_of(admin)
    assert "********" in fields["otel"]
    await admin.send(f"{GATEWAYS}/mine", await confirm(admin, {**fields, "cache_ttl": "9"}))
    await admin.get("/accounts/acct/audit")
    assert "VERYSECRET" not in admin.seen
    stored = Access(admin.gateway.data).control_store.snapshot().gateways[0]
    assert stored.sealed is not None


SECRETS = {
    "otel": '[{"url": "https://traces.example", "headers": {"x-key": "VERYSECRET"}, "authorization": "VERYSECRET2"}]',
    "stripe": '{"authorization": "VERYSECRET3", "usage_events": []}',
    "parallel": '{"webhook": {"url": "https://here.example", "secrets": ["whsec_VERYSECRETVERYSECRET"],'
    ' "signing_secret": "whsec_VERYSECRETZZ"}}',
}


@pytest.mark.parametrize("field", SECRETS)
async def test_a_secret_that_was_just_typed_is_not_in_the_preview(admin: Visitor, field: str) -> None:
    admin.seen = ""
    fields = await form_of(admin)
    sent = await confirm(admin, {**fields, field: SECRETS[field]})
    assert "VERYSECRET" not in admin.seen
    assert "********" in admin.seen
    await admin.send(f"{GATEWAYS}/mine", sent)
    stored = Access(admin.gateway.data).control_store.snapshot().gateways[0]
    assert stored.sealed is not None
    assert "VERYSECRET" not in admin.seen


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("otel", '[{"url": "no address", "headers": {"x-key": "VERYSECRET"}}]'),
        ("otel", '{"headers": "VERYSECRET"'),
        ("otel", "VERYSECRET"),
        (
            "parallel",
            '{"webhook": {"url": "https://here.example", "secrets": [], "signing_secret": "VERYSECRET"}}',
        ),
    ],
)
async def test_a_secret_in_a_form_that_is_wrong_is_not_said_back(
    admin: Visitor, field: str, value: str
) -> None:
    answer = await admin.send(f"{GATEWAYS}/mine/preview", {**await form_of(admin), field: value}, 400)
    assert "VERYSECRET" not in answer.text


async def test_only_what_was_looked_at_is_done(admin: Visitor, enter: Enter) -> None:
    """Not another text, not on another gateway, not by somebody else, and not an hour later."""
    await admin.get(GATEWAYS)
    await admin.send(GATEWAYS, {"id": "yours"})
    sent = await confirm(admin, {**await form_of(admin), "cache_ttl": "7"})
    seen = {"seen": (await admin.json(f"{GATEWAYS}/yours.json"))["seen"]}
    for text in ("", "e30=", "{}", "ä", sent["sent"][:-8], sent["sent"][:40] + "AAAA" + sent["sent"][44:]):
        assert "begin anew" in (await admin.send(f"{GATEWAYS}/mine", {**sent, "sent": text}, 400)).text
    assert "begin anew" in (await admin.send(f"{GATEWAYS}/yours", {**sent, **seen}, 400)).text
    editor = await enter(admin.gateway, Access(admin.gateway.data).token("editor", permissions=("edit",)))
    await editor.get(f"{GATEWAYS}/mine")
    await editor.send(f"{GATEWAYS}/mine", sent, 400)
    admin.gateway.clock.ahead += 3600
    await admin.send(f"{GATEWAYS}/mine", sent, 400)
    admin.gateway.clock.ahead -= 1
    await admin.send(f"{GATEWAYS}/mine", sent)
    assert (await form_of(admin))["cache_ttl"] == "7"


async def test_a_gateway_of_the_file_is_looked_at(admin: Visitor) -> None:
    page = await admin.get(f"{GATEWAYS}/of_file")
    assert "penstock.toml" in page
    assert "What will change" not in page
    shown = await admin.json(f"{GATEWAYS}/of_file.json")
    assert (shown["source"], shown["may_edit"]) == ("file", False)
    fields = {one["name"]: one["value"] for one in shown["fields"]}
    await admin.send(f"{GATEWAYS}/of_file/preview", fields, 400)


async def test_keys_go_in_and_never_out(admin: Visitor) -> None:
    keys = f"{GATEWAYS}/mine/keys"
    await admin.get(f"{GATEWAYS}/mine")
    await admin.send(keys, {"provider": "openai", "alias": "a", "secret": "sk-first-1234567890"})
    await admin.send(keys, {"provider": "openai", "alias": "b", "secret": "sk-second-0987654321"})
    admin.seen = ""
    await admin.get(f"{GATEWAYS}/mine")
    one, two = (await admin.json(f"{GATEWAYS}/mine.json"))["stored"]["keys"]
    assert (one["alias"], one["secret_preview"], two["default_config"]) == ("a", "…7890", False)
    await admin.send(f"{keys}/{two['id']}", {"do": "default"})
    assert (await admin.json(f"{GATEWAYS}/mine.json"))["stored"]["keys"][1]["default_config"] is True
    await admin.send(f"{keys}/{one['id']}", {"do": "remove"})
    assert [key.alias for key in Access(admin.gateway.data).control_store.all(ProviderKey)] == ["b"]
    assert "sk-first" not in admin.seen
    assert "sk-second" not in admin.seen
    assert (
        "no call"
        not in (await admin.send(keys, {"provider": "opena", "alias": "x", "secret": "s"}, 400)).text
    )


async def test_a_key_is_replaced(admin: Visitor, upstream: Upstream, connect: Connect) -> None:
    """Calls go out with the new one; on the gateway's page as on the account's."""
    client, call = await connect(admin.gateway.url), ("POST", "/v1/acct/mine/openai/chat/completions")
    for at, shown in ((f"{GATEWAYS}/mine/keys", f"{GATEWAYS}/mine"), (KEYS, KEYS)):
        await admin.get(shown)
        await admin.send(at, {"provider": "openai", "alias": "default", "secret": "sk-old-1234567890"})
        (key,) = (await admin.json(f"{shown}.json"))["stored"]["keys"]
        admin.seen = ""
        assert "Replace" in await admin.get(shown)
        await admin.send(f"{at}/{key['id']}", {"do": "replace", "secret": ""}, 400)
        await admin.send(f"{at}/{key['id']}", {"do": "nonsense", "secret": "sk-new"}, 400)
        await admin.get(shown)
        await admin.send(f"{at}/{key['id']}", {"do": "replace", "secret": "sk-new-0987654321"})
        assert (await admin.json(f"{shown}.json"))["stored"]["keys"][0]["secret_preview"] == "…4321"
        assert "sk-new" not in admin.seen
        take_up(admin.gateway)
        upstream.will(whole(b"{}"))
        assert (await client.ask(*call, body=b'{"model": "m"}')).status == 200
        assert upstream.requests[-1].header("authorization") == b"Bearer sk-new-0987654321"
        await admin.get(shown)
        await admin.send(f"{at}/{key['id']}", {"do": "remove"})
        assert Access(admin.gateway.data).control_store.all(ProviderKey) == ()


async def test_keys_of_an_account_are_nobodys_who_has_a_part_of_it(admin: Visitor, enter: Enter) -> None:
    access = Access(admin.gateway.data)
    await admin.get(KEYS)
    await admin.send(KEYS, {"provider": "openai", "alias": "<b>x", "secret": "sk-first-1234567890"})
    (key,) = access.control_store.all(ProviderKey)
    assert (key.account, key.gateway) == ("acct", "")
    assert "openai (&lt;b&gt;x)" in await admin.get(f"{GATEWAYS}/mine")
    wrong = await admin.send(KEYS, {"provider": "<i>nope", "alias": "kept", "secret": "sk-wrong-1234"}, 400)
    assert 'value="kept"' in wrong.text
    assert "<i>nope" not in wrong.text
    assert "sk-wrong" not in wrong.text
    part = await enter(admin.gateway, access.token("part", permissions=("edit",), gateways=("acct/mine",)))
    await part.get(KEYS, 403)
    await part.get(f"{GATEWAYS}/mine")
    for wanted in ("default", "remove", "replace"):
        await part.send(f"{KEYS}/{key.id}", {"do": wanted, "secret": "sk-evil"}, 403)
        await part.send(f"{GATEWAYS}/mine/keys/{key.id}", {"do": wanted, "secret": "sk-evil"}, 404)
    await part.send(KEYS, {"provider": "openai", "secret": "sk-evil"}, 403)
    reader = await enter(admin.gateway, access.token("reader", permissions=("read",)))
    page = await reader.get(KEYS)
    assert "…7890" in page
    assert "Store this key" not in page
    assert "Replace" not in page
    await reader.get(f"{GATEWAYS}/mine")
    await reader.send(KEYS, {"provider": "openai", "secret": "sk-evil"}, 403)
    await admin.get(KEYS)
    await admin.send(f"{KEYS}/{key.id}", {"do": "remove"}, 403, form="guessed")
    assert access.control_store.all(ProviderKey) == (key,)


async def test_how_often_a_key_has_gone_out_is_told(admin: Visitor) -> None:
    access = Access(admin.gateway.data)
    key = access.key("openai", "sk-1234567890", rate=(10, 60))
    counter = stored_key_counter(key, 10, 60)
    claim = Claim(counter.key, 9, 10, counter.window)
    admin.gateway.parts.counters.take([claim], admin.gateway.clock.now_us())
    await admin.gateway.catch_up()
    assert "9 of 10 requests a minute, trailing" in await admin.get(KEYS)
    assert "near its limit" in await admin.get(KEYS)
    limit = (await admin.json(f"{KEYS}.json"))["stored"]["limits"][key]
    assert (limit["use"]["used"], limit["use"]["limit"], limit["window"]) == (9, 10, 60)


async def test_a_provider_of_ones_own_comes_and_goes(admin: Visitor) -> None:
    place = "/accounts/acct/providers"
    await admin.get(place)
    wrong = await admin.send(place, {"slug": "acme", "name": "<b>", "base_url": "http://10.0.0.1/"}, 400)
    assert 'value="acme"' in wrong.text
    new = {
        "slug": "acme",
        "base_url": "https://acme.example",
        "header": "x-key",
        "header_value": "VERYSECRET",
    }
    await admin.send(place, new)
    admin.seen = ""
    assert "custom-acme" in await admin.get(place)
    assert "VERYSECRET" not in admin.seen
    (one,) = (await admin.json(f"{place}.json"))["providers"]
    await admin.send(f"{place}/{one['id']}", {"do": "disable"})
    assert (await admin.json(f"{place}.json"))["providers"][0]["enable"] is False
    await admin.send(f"{place}/{one['id']}", {"do": "remove"})
    assert (await admin.json(f"{place}.json"))["providers"] == []


async def test_the_audit_is_shown_to_whom_it_concerns(admin: Visitor, enter: Enter) -> None:
    access = Access(admin.gateway.data)
    reader = access.token("reader", permissions=("read",), accounts=("acct",))
    whole = await admin.json("/accounts/acct/audit.json")
    assert {one["kind"] for one in whole["entries"]} == {"gateway", "token"}
    assert {one["actor"] for one in whole["entries"]} == {"admin", "penstock"}
    part = await (await enter(admin.gateway, reader)).json("/accounts/acct/audit.json")
    assert {one["kind"] for one in part["entries"]} == {"gateway"}
    assert "mine" in await admin.get("/accounts/acct/audit")


async def test_a_gateway_goes_only_if_that_is_meant(admin: Visitor) -> None:
    await admin.get(f"{GATEWAYS}/mine")
    await admin.send(f"{GATEWAYS}/mine/delete", {})
    await admin.get(f"{GATEWAYS}/mine")
    await admin.send(f"{GATEWAYS}/mine/delete", {"sure": "yes"})
    await admin.get(f"{GATEWAYS}/mine", 404)


async def test_who_may_not_does_not_see(admin: Visitor, enter: Enter) -> None:
    access, fields = Access(admin.gateway.data), await form_of(admin)
    reader = await enter(admin.gateway, access.token("reader", permissions=("read",)))
    page = await reader.get(f"{GATEWAYS}/mine")
    assert "What will change" not in page
    assert "Store this key" not in page
    part = await enter(admin.gateway, access.token("part", permissions=("edit",), gateways=("acct/mine",)))
    assert [one["id"] for one in (await part.json(f"{GATEWAYS}.json"))["gateways"]] == ["mine"]
    await part.get(f"{GATEWAYS}/of_file", 403)
    await part.get("/accounts/acct/audit", 403)
    await part.get("/accounts/acct/providers", 403)
    await part.get(f"{GATEWAYS}/mine")
    await part.send(f"{GATEWAYS}/mine/preview", {**fields, "cache_ttl": "5"}, 200)
    await part.send(f"{GATEWAYS}/of_file/preview", fields, 403)
    await part.send(GATEWAYS, {"id": "new"}, 403)
    await admin.send(f"{GATEWAYS}/mine/preview", fields, 403, form="guessed")
    other = await enter(admin.gateway, access.token("other", permissions=("edit",), accounts=("other",)))
    await other.get(GATEWAYS, 403)
    await admin.get(f"{GATEWAYS}/nobody", 404)


async def test_prices_say_where_they_are_from(admin: Visitor) -> None:
    found = await admin.json("/accounts/acct/prices.json?provider=parallel&search=task+core")
    assert {"task core", "task core-fast"} <= {one["model"] for one in found["prices"]}
    assert all("parallel card 20" in one["source"] for one in found["prices"])
    page = await admin.get("/accounts/acct/prices?provider=%3Cscript%3E&search=%3Cscript%3Ealert")
    assert "<script>alert" not in page


# -- drawings

ROUTE: list[object] = [
    {"id": "s", "type": "start", "outputs": {"next": {"elementId": "m"}}},
    {
        "id": "m",
        "type": "model",
        "properties": {"provider": "openai", "model": "<script>gpt</script>"},
        "outputs": {"success": {"elementId": "e"}, "fallback": {"elementId": "f"}},
    },
    {"id": "f", "type": "model", "properties": {}, "outputs": {"success": {"elementId": "e"}}},
    {"id": "e", "type": "end", "outputs": {}},
]


async def test_routes_are_drawn_while_there_is_room(admin: Visitor) -> None:
    store = Access(admin.gateway.data).control_store
    for number in range(40):
        keep_route(store, ("acct", "mine"), f"route-{number}", ROUTE)
    page = await admin.get(f"{GATEWAYS}/mine")
    assert page.count('<svg class="route"') == 25
    assert "<script>gpt" not in page
    assert len(page) < 150_000
    assert (await admin.get(f"{GATEWAYS}/mine?route=route-39")).count('<svg class="route"') == 1


def test_elements_stand_to_the_right_of_what_leads_to_them() -> None:
    places = {box.id: (box.column, box.row) for box in placed(ROUTE)}
    assert places == {"s": (0, 0), "m": (1, 0), "f": (2, 1), "e": (3, 0)}


def test_a_drawing_holds_no_markup_of_others() -> None:
    drawn = route_drawing(ROUTE, "<b>")
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn
    assert drawn.count("<rect") == 4
    assert drawn.count("<path") == 4


def test_a_route_of_any_size_is_drawn_quickly() -> None:
    """A chain of the longest kind, in the worst order: a drawing is a matter of milliseconds."""
    many: list[object] = [
        {"id": str(number), "type": "model", "outputs": {"success": {"elementId": str(number - 1)}}}
        for number in range(2000)
    ]
    begun = perf_counter()
    assert route_drawing(many, "x").count("<rect") == 100
    assert perf_counter() - begun < 2
