"""The pages of dynamic routes: listed, drawn, made and changed after a preview, compared, deployed, removed."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from time import process_time
from typing import Any

import pytest
from dashboard_kit import Elements
from settings_kit import Enter, Visitor, entering

from conftest import OpenGateway
from penstock.pages.dashboard.route_templates import TEMPLATES
from penstock.stores.control_store import DynamicRoute
from support.access import Access
from support.configuration import gateways
from support.inprocess import InProcess

ADMIN = "the-admin-token"
ENVIRON = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
ROUTES = "/accounts/acct/gateways/main/routes"
REFUSED = re.compile("wants the permission edit|is not for this account")
HIDDEN = re.compile(r'<input type="hidden" name="(seen|name|text|comment)" value="([^"]*)">')
RTL = "\u202e"

Node = dict[str, Any]


def model(name: str, fallback: str = "e", **properties: object) -> Node:
    given = {"provider": "openai", "model": "gpt-5", "timeout": 1000, "retries": 0, **properties}
    outputs = {"success": {"elementId": "e"}, "fallback": {"elementId": fallback}}
    return {"id": name, "type": "model", "properties": given, "outputs": outputs}


def elements(*between: Node) -> list[Node]:
    """A start, what is between, and an end."""
    first = between[0]["id"] if between else "e"
    start = {"id": "s", "type": "start", "outputs": {"next": {"elementId": first}}}
    return [start, *between, {"id": "e", "type": "end", "outputs": {}}]


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    async with entering() as one:
        yield one


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> InProcess:
    return await open_gateway(gateways(main={}, other={}), ENVIRON)


@pytest.fixture
async def admin(gateway: InProcess, enter: Enter) -> Visitor:
    return await enter(gateway, ADMIN)


def routes_of(visitor: Visitor) -> dict[str, DynamicRoute]:
    """What is stored, by name."""
    found = Access(visitor.gateway.data).control_store.all(DynamicRoute)
    return {one.name: one for one in found}


def hidden(page: str) -> dict[str, str]:
    """What the first form of a preview would send."""
    return {name: unescape(value) for name, value in reversed(HIDDEN.findall(page))}


def typed_in(page: str) -> str:
    """What stands in the text area."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


async def made(visitor: Visitor, name: str = "support", *between: Node) -> str:
    """The page of a new route, made as people do it."""
    text = json.dumps(elements(*(between or (model("m"),))))
    await visitor.get(f"{ROUTES}/new")
    shown = (await visitor.send(f"{ROUTES}/new", {"name": name, "text": text, "do": "preview"}, 200)).text
    answer = await visitor.send(ROUTES, hidden(shown))
    return answer.headers["location"]


async def form_of(visitor: Visitor, here: str) -> dict[str, str]:
    """What the form of a route would send as it is."""
    shown = await visitor.json(f"{here}/edit.json")
    await visitor.get(f"{here}/edit")
    return {"seen": shown["seen"], "text": shown["typed"]["text"], "do": "preview"}


async def test_nothing_is_made_before_it_was_looked_at(admin: Visitor) -> None:
    page = await admin.get(f"{ROUTES}/new?template=budget")
    text = typed_in(page)
    assert json.loads(text)[1]["properties"]["limitType"] == "cost"
    sent = {"name": "support", "text": text, "comment": "first", "do": "preview"}
    preview = (await admin.send(f"{ROUTES}/new", sent, 200)).text
    assert preview.count('<svg class="route"') == 1
    assert routes_of(admin) == {}
    assert "None yet" in await admin.get(ROUTES)
    answer = await admin.send(ROUTES, hidden(preview))
    assert "dynamic/support" in await admin.get(answer.headers["location"])
    (line,) = (await admin.json(f"{ROUTES}.json"))["routes"]
    assert (line["name"], line["elements"], line["versions"], line["newer"]) == ("support", 5, 1, 0)
    assert routes_of(admin)["support"].versions[0].comment == "first"
    (entry, *_) = (await admin.json("/accounts/acct/audit.json"))["entries"]
    assert (entry["action"], entry["kind"], entry["actor"]) == ("create", "route", "admin")


@pytest.mark.parametrize("begun", TEMPLATES, ids=lambda one: one.key)
async def test_each_template_could_be_saved_as_it_is(admin: Visitor, begun: Any) -> None:  # noqa: ANN401
    text = typed_in(await admin.get(f"{ROUTES}/new?template={begun.key}"))
    preview = await admin.send(f"{ROUTES}/new", {"name": begun.key, "text": text}, 200)
    assert "no provider is called" not in preview.text
    await admin.send(ROUTES, hidden(preview.text))
    assert routes_of(admin)[begun.key].versions[0].elements == begun.elements


async def test_a_version_is_saved_and_deployed_later(admin: Visitor) -> None:
    here = await made(admin)
    form = await form_of(admin, here)
    form |= {
        "text": json.dumps(elements(model("m", "m2"), model("m2", model="gpt-5-mini"))),
        "comment": "why",
    }
    preview = (await admin.send(f"{here}/edit", form, 200)).text
    assert preview.count('<svg class="route"') == 2
    assert 'class="node model is-new"' in preview
    assert 'class="node model is-changed"' in preview
    assert "gpt-5-mini" in preview
    saved = await admin.send(f"{here}/versions", {**hidden(preview), "deploy": "no"})
    there = saved.headers["location"]
    assert "A version that is not deployed" in await admin.get(there)
    shown = await admin.json(there.replace("?", ".json?"))
    assert (shown["is_deployed"], len(shown["elements"]), len(shown["differences"])) == (False, 4, 8)
    assert (await admin.json(f"{here}.json"))["is_deployed"] is True
    assert (await admin.json(f"{ROUTES}.json"))["routes"][0]["newer"] == 1
    sent = {"seen": shown["seen"], "version": shown["shown"], "comment": "go"}
    await admin.send(f"{here}/deployments", sent)
    now = await admin.json(f"{here}.json")
    assert (now["shown"], now["deployments"][0]["comment"]) == (shown["shown"], "go")
    assert [(one["comment"], one["differs"], one["is_deployed"]) for one in now["versions"]] == [
        ("why", 2, True), ("", None, False),
    ]  # fmt: skip
    first = now["versions"][1]["id"]
    await admin.send(f"{here}/deployments", {"seen": now["seen"], "version": first})
    assert len((await admin.json(f"{here}.json"))["elements"]) == 3


async def test_saving_and_deploying_is_one_step(admin: Visitor) -> None:
    here = await made(admin)
    form = await form_of(admin, here)
    preview = await admin.send(f"{here}/edit", {**form, "text": json.dumps(elements(model("x")))}, 200)
    await admin.send(f"{here}/versions", {**hidden(preview.text), "deploy": "yes"})
    route = routes_of(admin)["support"]
    assert route.deployments[-1].version_id == route.versions[-1].id
    entries = (await admin.json("/accounts/acct/audit.json"))["entries"]
    assert [one["action"] for one in entries if one["kind"] == "route"] == ["update", "create"]
    assert {one["field"] for one in entries[0]["changes"]} >= {"versions", "deployments"}


async def test_what_would_change_nothing_says_so(admin: Visitor) -> None:
    here = await made(admin)
    preview = (await admin.send(f"{here}/edit", await form_of(admin, here), 200)).text
    assert "Nothing: all elements are as in the version that is deployed" in preview
    assert "Save and deploy" not in preview


BAD = [
    ("", "", "", "nothing is here"),
    ("[{]", "", "", "not JSON"),
    ('[{"a": 1, "a": 2}]', "", "", "stands twice"),
    ("[NaN]", "", "", "no number"),
    ("5", "", "", "must be an array"),
    ("[]", "", "", "from 1 to 200 elements"),
    (f"[{'9' * 5000}]", "", "", "digits"),
    ('["\\ud800"]', "", "", "not JSON"),
    ("[" * 1000 + "]" * 1000, "", "", "nested too deeply"),
    ('{"a":' * 900 + "1" + "}" * 900, "", "", "nested too deeply"),
    (json.dumps(elements(*(model(f"m{n}", f"m{n + 1}") for n in range(300)))), "", "", "not 302"),
    (
        json.dumps(elements(model("m", "mm"))),
        '"m", number 2',
        "outputs.fallback.elementId",
        "did you mean 'm'?",
    ),
    (json.dumps(elements(model("m", timeout=0))), '"m", number 2', "properties.timeout", "from 1 to 3600000"),
    (
        json.dumps(elements(model("m", retry=1))),
        '"m", number 2',
        "properties.retry",
        'did you mean "retries"?',
    ),
    (json.dumps(elements(model("a", "b"), model("b", "a"))), '"a", number 2', "", "leads back to itself"),
    (json.dumps([*elements(), model("m")]), '"m", number 3', "", "let an output lead to it"),
    (json.dumps([*elements(), {}]), "number 3", "id", "lacks"),
]


@pytest.mark.parametrize(("text", "node", "field", "said"), BAD, ids=lambda one: str(one)[:30])
async def test_mistakes_are_told_by_node_and_field_and_nothing_is_lost(
    admin: Visitor, text: str, node: str, field: str, said: str
) -> None:
    here = await made(admin)
    form = await form_of(admin, here)
    for path, more in (
        (f"{here}/edit", form),
        (f"{here}/versions", form),
        (f"{ROUTES}/new", {}),
        (ROUTES, {}),
    ):
        answer = await admin.send(path, {**more, "name": "n", "text": text, "comment": "kept <b>"}, 400)
        page = unescape(answer.text)
        assert said in page
        assert node in page
        assert field in page
        assert typed_in(answer.text) == text
        assert 'value="kept &lt;b&gt;"' in answer.text
    assert len(routes_of(admin)["support"].versions) == 1


async def test_the_line_of_a_node_is_told(admin: Visitor) -> None:
    text = json.dumps(elements(model("m", timeout=0)), indent=1)
    await admin.get(f"{ROUTES}/new")
    page = (await admin.send(f"{ROUTES}/new", {"name": "n", "text": text}, 400)).text
    line = next(number for number, one in enumerate(text.splitlines(), 1) if '"id": "m"' in one)
    assert f'<td class="right">{line}</td>' in page


async def test_going_on_editing_keeps_what_was_typed(admin: Visitor) -> None:
    text = json.dumps(elements(model("m")), indent=3)
    await admin.get(f"{ROUTES}/new")
    preview = await admin.send(f"{ROUTES}/new", {"name": "a b", "text": text, "comment": "c"}, 200)
    page = (await admin.send(f"{ROUTES}/new", {**hidden(preview.text), "do": "edit"}, 200)).text
    assert typed_in(page) == text
    assert 'value="a b"' in page


async def test_nobodys_change_is_lost(admin: Visitor, enter: Enter) -> None:
    here, other = await made(admin), await enter(admin.gateway, ADMIN)
    mine, theirs = await form_of(admin, here), await form_of(other, here)
    theirs["text"] = json.dumps(elements(model("theirs")))
    preview = await other.send(f"{here}/edit", theirs, 200)
    waiting = await admin.send(f"{here}/edit", {**mine, "text": json.dumps(elements(model("mine")))}, 200)
    await other.send(f"{here}/versions", {**hidden(preview.text), "deploy": "yes"})

    refused = await admin.send(f"{here}/versions", {**hidden(waiting.text), "deploy": "yes"}, 409)
    assert "somebody has changed this route" in refused.text
    assert json.loads(typed_in(refused.text))[1]["id"] == "mine"
    assert len(routes_of(admin)["support"].versions) == 2
    assert "somebody has changed" in (await admin.send(f"{here}/edit", mine, 409)).text

    again = {**hidden(refused.text), "text": typed_in(refused.text)}
    preview = await admin.send(f"{here}/edit", again, 200)
    assert "theirs" in preview.text
    await admin.send(f"{here}/versions", {**hidden(preview.text), "deploy": "yes"})
    assert [one.elements[1]["id"] for one in routes_of(admin)["support"].versions] == ["m", "theirs", "mine"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("action", "fields"),
    [("deployments", {"version": "x"}), ("name", {"name": "new"}), ("delete", {"sure": "yes"})],
)
async def test_an_old_page_changes_nothing(admin: Visitor, action: str, fields: dict[str, str]) -> None:
    here = await made(admin)
    seen = (await admin.json(f"{here}.json"))["seen"]
    await admin.get(here)
    admin.gateway.clock.ahead += 1
    await admin.send(f"{here}/name", {"seen": seen, "name": "other"})
    refused = await admin.send(f"{here}/{action}", {"seen": seen, **fields}, 409)
    assert "somebody has changed this route" in refused.text
    assert set(routes_of(admin)) == {"other"}


async def test_a_route_that_has_gone_can_be_made_anew_of_what_was_typed(admin: Visitor) -> None:
    here = await made(admin)
    form = await form_of(admin, here)
    text = json.dumps(elements(model("typed")))
    await admin.send(f"{here}/delete", {"seen": form["seen"], "sure": "yes"})
    assert routes_of(admin) == {}
    await admin.get(here, 404)
    await admin.get(f"{ROUTES}/new")
    for path in (f"{here}/edit", f"{here}/versions"):
        page = (await admin.send(path, {**form, "text": text}, 409)).text
        assert "somebody has removed this route" in page
        assert typed_in(page) == text
        assert f'action="{ROUTES}/new"' in page


async def test_small_changes_need_no_json(admin: Visitor) -> None:
    chance = {
        "id": "p",
        "type": "percentage",
        "outputs": {
            "10%": {"elementId": "m"},
            "20.5%": {"elementId": "m2"},
            "else": {"elementId": "e"},
        },
    }
    budget = {
        "id": "r",
        "type": "rate",
        "properties": {"limitType": "cost", "key": "metadata.user", "limit": 5, "window": 60},
        "outputs": {"success": {"elementId": "p"}},
    }
    here = await made(admin, "support", budget, chance, model("m"), model("m2"))
    form = {**await form_of(admin, here), "do": "values"}
    names = [
        one["name"] for node in (await admin.json(f"{here}/edit.json"))["nodes"] for one in node["values"]
    ]
    assert len(names) == 13
    form |= {"node1.limit": "2.5", "node2.share0": "33", "node2.share1": "33", "node4.model": " o5 "}
    preview = (await admin.send(f"{here}/edit", form, 200)).text
    await admin.send(f"{here}/versions", {**hidden(preview), "deploy": "yes"})
    after: Any = routes_of(admin)["support"].versions[-1].elements
    assert after[1]["properties"]["limit"] == 2.5
    assert {name: one["elementId"] for name, one in after[2]["outputs"].items()} == {
        "33%": "m", "33.0%": "m2", "else": "e",
    }  # fmt: skip
    assert after[3] == model("m")
    assert after[4] == model("m2", model="o5")

    form = {**await form_of(admin, here), "do": "values", "node3.timeout": "soon", "node2.share0": "80"}
    wrong = unescape((await admin.send(f"{here}/edit", form, 400)).text)
    assert "properties.timeout" in wrong
    assert "sum to 113%" in wrong
    assert '"soon"' in wrong


async def test_names_are_unique_and_clean(admin: Visitor) -> None:
    here, text = await made(admin, "one"), json.dumps(elements())
    await made(admin, "two")
    seen = (await admin.json(f"{here}.json"))["seen"]
    for name in ("two", "a/b", "", "x" * 129, "new\nline"):
        page = await admin.send(f"{here}/name", {"seen": seen, "name": name}, 400)
        assert 'role="alert"' in page.text
        for path in (f"{ROUTES}/new", ROUTES):
            page = await admin.send(path, {"name": name, "text": text}, 400)
            assert typed_in(page.text) == text
    assert set(routes_of(admin)) == {"one", "two"}
    await admin.send(f"{here}/name", {"seen": seen, "name": " three "})
    assert set(routes_of(admin)) == {"three", "two"}


async def test_a_route_goes_only_if_that_is_meant(admin: Visitor) -> None:
    here = await made(admin)
    seen = (await admin.json(f"{here}.json"))["seen"]
    await admin.send(f"{here}/delete", {"seen": seen})
    assert "Nothing was removed" in await admin.get(here)
    assert set(routes_of(admin)) == {"support"}


async def test_who_may_only_look_sees_no_forms(admin: Visitor, enter: Enter) -> None:
    here = await made(admin)
    access = Access(admin.gateway.data)
    reader = await enter(admin.gateway, access.token("reader", permissions=("read",)))
    for page in (here, ROUTES):
        shown = Elements(await reader.get(page))
        assert [one["action"] for one in shown.of("form") if one.get("method") == "post"] == ["/sign-out"]
        assert not [one for one in shown.of("a") if str(one.get("href")).endswith(("/new", "/edit"))]
    assert (await reader.json(f"{here}.json"))["may_edit"] is False
    lister = await enter(admin.gateway, access.token("lister", permissions=("metadata_read",)))
    for visitor, pages in ((reader, ()), (lister, (here, ROUTES, f"{here}.json"))):
        for page in (*pages, f"{here}/edit", f"{ROUTES}/new", f"{here}/edit.json"):
            await visitor.get(page, 403)


@pytest.mark.parametrize(
    ("gateways", "accounts", "own"),
    [
        (("acct/other",), (), "/accounts/acct/gateways/other"),
        ((), ("b",), "/accounts/b/gateways"),
    ],
    ids=["gateway", "account"],
)
async def test_tokens_of_others_change_nothing(
    admin: Visitor, enter: Enter, gateways: tuple[str, ...], accounts: tuple[str, ...], own: str
) -> None:
    here = await made(admin)
    changes = {"name": "x", "text": json.dumps(elements()), "sure": "yes"}
    changes |= {"seen": (await admin.json(f"{here}.json"))["seen"]}
    access = Access(admin.gateway.data)
    token = access.token("part", permissions=("edit", "read"), gateways=gateways, accounts=accounts)
    visitor = await enter(admin.gateway, token)
    assert 'name="form"' in await visitor.get(own)
    for page in (here, ROUTES, f"{here}/edit", f"{ROUTES}/new"):
        await visitor.get(page, 403)
    for path in ("edit", "versions", "deployments", "name", "delete"):
        refused = await visitor.send(f"{here}/{path}", changes, 403)
        assert REFUSED.search(refused.text)
    for path in (f"{ROUTES}/new", ROUTES):
        assert REFUSED.search((await visitor.send(path, changes, 403)).text)
    (left,) = routes_of(admin).values()
    assert (left.name, len(left.versions)) == ("support", 1)


async def test_who_may_change_one_gateway_changes_its_routes(admin: Visitor, enter: Enter) -> None:
    here = await made(admin)
    access = Access(admin.gateway.data)
    limited = access.token("own", permissions=("edit", "read"), gateways=("acct/main",))
    own = await enter(admin.gateway, limited)
    assert "Change it" in await own.get(here)
    await own.send(f"{here}/name", {"seen": (await own.json(f"{here}.json"))["seen"], "name": "theirs"})
    assert set(routes_of(admin)) == {"theirs"}
    (entry, *_) = (await admin.json("/accounts/acct/audit.json"))["entries"]
    assert (entry["who"], entry["action"]) == ("own", "update")


async def test_a_route_is_found_below_its_own_gateway_only(admin: Visitor) -> None:
    here = await made(admin)
    away = here.replace("/main/", "/other/")
    for path in (away, f"{away}.json", f"{away}/edit", here.replace("/main/", "/nobody/"), f"{ROUTES}/x"):
        await admin.client.get(path)
        await admin.get(path, 404)
    seen = (await admin.json(f"{here}.json"))["seen"]
    await admin.get(here)
    for action in ("deployments", "name", "delete"):
        await admin.send(f"{away}/{action}", {"seen": seen, "name": "x", "sure": "yes"}, 404)
    assert set(routes_of(admin)) == {"support"}


async def test_versions_are_held_against_each_other(admin: Visitor) -> None:
    here = await made(admin)
    for name in ("a", "b"):
        form = {**await form_of(admin, here), "text": json.dumps(elements(model(name)))}
        preview = await admin.send(f"{here}/edit", form, 200)
        await admin.send(f"{here}/versions", {**hidden(preview.text), "deploy": "no"})
    last, middle, first = (one["id"] for one in (await admin.json(f"{here}.json"))["versions"])
    shown = await admin.json(f"{here}.json?version={last}&against={middle}")
    assert {one["node"] for one in shown["differences"]} == {"s", "a", "b"}
    assert shown["marks"] == {"a": "gone", "s": "changed", "b": "new"}
    assert (await admin.json(f"{here}.json?version={last}"))["against"] == first
    assert "Nothing: both have the same" in await admin.get(f"{here}?version={last}&against={last}")
    await admin.get(f"{here}?version=nobody", 404)
    await admin.get(f"{here}?against=%3Cscript%3E", 404)


async def test_a_drawing_is_also_a_list(admin: Visitor) -> None:
    here = await made(admin, "support", model("m", "m2"), model("m2"))
    page = await admin.get(here)
    assert "<title>the route support: 4 elements</title><desc>1 start, 2 model, 1 end</desc>" in page
    assert "1. " not in page
    steps = (await admin.json(f"{here}.json"))["steps"]
    assert [one["id"] for one in steps] == ["s", "m", "m2", "e"]
    assert [(way["output"], way["step"]) for way in steps[1]["ways"]] == [("success", 4), ("fallback", 3)]
    assert re.search(r"fallback → 3, <code[^>]*>m2</code>", page)


async def test_a_provider_that_there_is_not_is_noted(admin: Visitor) -> None:
    await admin.get(f"{ROUTES}/new")
    sent = {"name": "n", "text": json.dumps(elements(model("m", "m2", provider="opena"), model("m2")))}
    page = (await admin.send(f"{ROUTES}/new", sent, 200)).text
    assert "no provider is called opena; did you mean openai?" in page
    await admin.send("/accounts/acct/providers", {"slug": "acme", "base_url": "https://acme.example"})
    sent["text"] = json.dumps(elements(model("m", provider="custom-acme")))
    assert "no provider is called" not in (await admin.send(f"{ROUTES}/new", sent, 200)).text


async def test_what_a_route_holds_is_shown_harmlessly(admin: Visitor) -> None:
    bad = f"</script><script>alert(1)</script>{RTL}\"'>{{{{7*7}}}}"
    name = bad.replace("/", "")
    first, second = model(bad, "m2", model=bad, provider=bad), model("m2")
    here = await made(admin, name, first, second)
    form = await form_of(admin, here)
    assert RTL not in form["text"]
    assert json.loads(form["text"])[1] == first
    form |= {"text": json.dumps(elements(model("x", model=bad))), "comment": bad}
    preview = await admin.send(f"{here}/edit", form, 200)
    saved = await admin.send(f"{here}/versions", {**hidden(preview.text), "deploy": "yes"})
    await admin.send(f"{here}/edit", {**form, "text": f'[{{"id": {json.dumps(bad)}}}]'}, 400)
    for path in (here, saved.headers["location"], f"{here}/edit", ROUTES, "/accounts/acct/gateways/main"):
        await admin.get(path)
    assert "<script>alert" not in admin.seen
    assert "49" not in re.findall(r"\{\{7\*7\}\}|>49<", admin.seen)
    for shown in re.findall(r"<svg.*?</svg>|<h1.*?</h1>|<li>.*?</li>|<td.*?</td>", admin.seen, re.DOTALL):
        assert RTL not in shown


async def test_what_others_have_nested_deeply_is_shown_and_not_taken_up(admin: Visitor) -> None:
    deep = "[" * 480 + "]" * 480
    text = json.dumps([{"x": 0, **one} for one in elements()]).replace('"x": 0', f'"x": {deep}')
    made_by_api = await admin.client.post(
        "/client/v4/accounts/acct/ai-gateway/gateways/main/routes",
        content=f'{{"name": "deep", "elements": {text}}}',
        headers={"authorization": f"Bearer {ADMIN}"},
    )
    assert made_by_api.status_code == 200
    here = f"{ROUTES}/{made_by_api.json()['result']['id']}"
    assert deep in await admin.get(here)
    assert (await admin.json(f"{here}.json"))["name"] == "deep"
    refused = await admin.send(f"{here}/edit", await form_of(admin, here), 400)
    assert "nested too deeply" in refused.text


async def test_the_largest_route_is_quick_and_bounded(admin: Visitor) -> None:
    chain = [model(f"m{n}", f"m{n + 1}" if n < 197 else "e") for n in range(198)]
    here = await made(admin, "large", *chain)
    begun = process_time()
    page = await admin.get(here)
    assert process_time() - begun < 2
    assert page.count("<rect") == 100
    assert page.count("<strong>model</strong>") == 198
    assert len(page) < 150_000
    edit = await admin.get(f"{here}/edit")
    assert edit.count("<fieldset") == 60
    form = await form_of(admin, here)
    chain[5] = model("m5", "m6", timeout=5)
    preview = await admin.send(f"{here}/edit", {**form, "text": json.dumps(elements(*chain))}, 200)
    await admin.send(f"{here}/versions", {**hidden(preview.text), "deploy": "yes"})
    assert len(routes_of(admin)["large"].versions) == 2


async def test_a_form_that_is_too_large_is_refused(admin: Visitor) -> None:
    here = await made(admin)
    form = await form_of(admin, here)
    refused = await admin.send(f"{here}/edit", {**form, "text": "[" + " " * 1_000_000 + "]"}, 413)
    assert "256 kB" in refused.text


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{f"x{n}": 1 for n in range(6_000)}]),
        json.dumps(elements({"id": "p", "type": "percentage", "outputs": {f"{n}x": 1 for n in range(5000)}})),
        "[" + ",".join(["{}"] * 25_000) + "]",
        "{" * 80_000,
    ],
    ids=["fields", "shares", "many", "open"],
)
async def test_any_text_is_told_about_quickly(admin: Visitor, text: str) -> None:
    await admin.get(f"{ROUTES}/new")
    begun = process_time()
    answer = await admin.send(f"{ROUTES}/new", {"name": "n", "text": text}, 400)
    assert process_time() - begun < 5
    assert len(answer.text) < 2 * len(text) + 60_000
    assert answer.text.count("<tr>") <= 31


async def test_the_gateways_page_leads_to_its_routes(admin: Visitor) -> None:
    assert f'href="{ROUTES}/new"' in await admin.get("/accounts/acct/gateways/main")
    here = await made(admin)
    page = await admin.get("/accounts/acct/gateways/main")
    assert f'href="{here}"' in page
    assert f'href="{ROUTES}"' in page
    assert f'href="{ROUTES}"' in await admin.get("/accounts/acct/gateways")
