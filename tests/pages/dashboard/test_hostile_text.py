"""What callers, providers and pages have written, in every field that they have: text on each page, and nothing more;
small however large it is, quickly made, and marked where it is cut.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import shlex
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from dashboard_kit import AT, START_US, Elements, Site, call, call_id
from dashboard_runs import FINDALL, NOW, arrive, candidate, completed, found

from penstock.journal.record import Event
from penstock.pages.dashboard.page import FILE
from penstock.pages.dashboard.site import PAGES
from penstock.runs.run import Owner
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import Add, Replace, RouteDeployment, RouteVersion, Token
from support.control_store_rows import GATEWAY, ROUTE
from support.kept_runs import basis, make, numbered, result_of, see
from support.known_runs import task

EVIL = (
    "\"'><evil-mark onload=x evil-attr=1></script></textarea></title></option></pre><!-- {{ 7*7 }} {% evil %} "
    "${7*7} &lt;evil-mark&gt; \u202e\u2066\u200b\ufeff\x00\x07\x1b[31m\x85\u2028 javascript:alert(1)"
)
PLAIN = (
    "\"'><evil-mark onload=x evil-attr=1></script>{{ 7*7 }}{% evil %}&lt;evil-mark&gt;"  # that can be printed
)
NOT_SHOWN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00\x07\x1b\x85\u2028]")
LOG, RUN = call_id(1), "trun_\"'><evil-mark x>{{ 7*7 }}"
SHOWN = [page.path for page in PAGES if page.template not in ("", FILE) and page.path != "/"]
MOST_ON_THE_WIRE = 150_000


def said(text: str) -> bytes:
    turn = {"role": text, "content": text}
    asked = {"model": text, "messages": [turn, {**turn, "role": "user"}], "tools": [tool(text)]}
    return msgspec.json.encode({**asked, "choices": [{"message": turn, "finish_reason": text}]})


def tool(text: str) -> object:
    return {"type": "function", "function": {"name": text, "description": text, "parameters": {}}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("hostile"))
    site.clock.ahead = (NOW - site.clock.now_us()) / 1e6
    site.store(
        call(
            1, (said(EVIL), said(EVIL)), model=EVIL[:256], operation="openai.chat_completions", status=500,
            method=EVIL[:20], request_type=EVIL, response_type=EVIL, event_id=EVIL, provider=EVIL, stored_key=EVIL,
            metadata={EVIL: EVIL}, controls={EVIL: EVIL}, trail=(Event(EVIL, 1, EVIL),), answered_model=EVIL,
            created_us=START_US + 1_000_000,
            path=EVIL, user_agent=EVIL, error_detail=EVIL, user=EVIL, team=EVIL, token=EVIL, provider_error=EVIL,
        ),
        call(2, (said(EVIL), said(EVIL)), operation="openai.chat_completions", path="chat/completions"),
    )  # fmt: skip
    owner = Owner("acc", "main", user=EVIL)
    run = numbered(1, NOW - 60_000_000, task(EVIL), owner, id=RUN, metadata={EVIL: EVIL})
    make(site.data, run, FINDALL)
    urls = [
        "javascript:alert(1)",
        "data:text/html,<evil-mark>",
        f"https://a.example/{EVIL}",
        " https://b.example",
    ]
    rests_on = [basis(EVIL, EVIL, url) for url in urls]
    see(site.data, run, EVIL, after=30, error=EVIL)
    see(site.data, run, "completed", after=60, result=result_of(run, content={EVIL: EVIL}, basis=rests_on))
    sly = dict.fromkeys(("candidate_id", "name", "description", "match_status"), EVIL)
    output = {EVIL: {"value": EVIL, "is_matched": True}, "link": {"value": "javascript:alert(1)"}}
    found_ones = [candidate(1, url=url, output=output, **sly) for url in urls]
    completed(site, FINDALL, found(*found_ones))
    arrive(site.data, 1, run, EVIL, status=EVIL)
    _fill_directory(site)
    return site


def _fill_directory(site: Site) -> None:
    store = site.access.control_store
    site.access.token("bot", accounts=("acc",), user=PLAIN, team=PLAIN, metadata={PLAIN: PLAIN})
    (token,) = store.all(Token)
    store.apply([Replace(token, msgspec.structs.replace(token, name=PLAIN, note=PLAIN, models=(PLAIN,)))])
    site.access.key("openai", "sk-1", alias=PLAIN, account="acc", gateway="stored", hosts=(PLAIN,))
    provider = site.access.provider("own", "https://p.example", account="acc")
    store.apply(
        [Replace(provider, msgspec.structs.replace(provider, name=PLAIN, base_url="javascript:alert(1)"))]
    )
    elements: list[Json] = [
        {"id": PLAIN, "type": "start", "outputs": {PLAIN: {"elementId": "m"}}},
        {"id": "m", "type": PLAIN, "properties": {"provider": PLAIN, "model": PLAIN}, "outputs": {}},
    ]
    route = msgspec.structs.replace(
        ROUTE, account="acc", gateway="stored", name=PLAIN,
        versions=(RouteVersion(id="v", elements=elements, created_us=1),),
        deployments=(RouteDeployment(id="d", version_id="v", created_us=1),),
    )  # fmt: skip
    gateway = msgspec.structs.replace(GATEWAY, account="acc", gateway="stored", sealed=None)
    store.apply([Add(gateway), Add(route)])


def names(path: str) -> dict[str, str]:
    is_run = "/runs/" in path
    return {
        "account": "acc",
        "id": FINDALL.id if is_run else LOG,
        "number": "1",
        "token_id": "bot",
        "gateway_id": "stored",
        "route_id": ROUTE.id,
    }


def check(text: str) -> None:
    """A browser makes of it what the templates say, whatever stands in it."""
    for tag, attributes in Elements(text).found:
        assert tag != "evil-mark"
        assert "evil-attr" not in attributes
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        if tag == "script":
            assert (attributes.get("src") or "").startswith("/static/")
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "?", "#", "https://")), (tag, attributes)
    assert NOT_SHOWN.search(text) is None
    assert "49 " not in text.replace("49 ms", "")


@pytest.mark.parametrize("path", [*SHOWN, f"{AT}/logs/{call_id(2)}", f"{AT}/runs/{quote(RUN)}"])
def test_text_stays_text(site: Site, path: str) -> None:
    site.sign_in()
    (token,) = site.access.control_store.all(Token)
    here = path.format_map({**names(path), "token_id": token.id})
    page, twin = site.get(here), site.get(f"{here}.json")
    assert page.status_code == twin.status_code == 200, page.text
    check(page.text)
    assert (twin.headers["x-content-type-options"], twin.headers["content-type"]) == (
        "nosniff",
        "application/json",
    )
    msgspec.json.decode(twin.content)


def test_no_link_leads_to_a_script(site: Site) -> None:
    """Addresses that are cited, or found, are links where they are of the web; else they are text."""
    site.sign_in()
    for run in (quote(RUN), FINDALL.id):
        page = site.read(f"{AT}/runs/{run}")
        assert "javascript:alert(1)" in page
        assert not [
            one for one in Elements(page).of("a") if (one["href"] or "").startswith(("javascript", "data"))
        ]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("logs", [("search", PLAIN), ("model", PLAIN), (f"metadata.{PLAIN}", PLAIN)]),
        ("logs", [("status", PLAIN)]),
        ("runs", [("owner", PLAIN), ("state", PLAIN)]),
        ("runs", [("since", PLAIN)]),
        ("evidence", [("domain", PLAIN), ("since", PLAIN)]),
        ("tokens", [("search", PLAIN)]),
        ("prices", [("search", PLAIN), ("provider", PLAIN)]),
        ("playground", [("from", PLAIN), ("gateway", PLAIN)]),
        ("start", [("gateway", PLAIN)]),
        ("gateways/stored", [("route", PLAIN)]),
        ("audit", [("before", PLAIN)]),
        (f"runs/{FINDALL.id}", [("match", PLAIN), ("candidate", PLAIN), ("from", PLAIN)]),
    ],
)
def test_so_does_what_stands_in_an_address(site: Site, path: str, query: list[tuple[str, str]]) -> None:
    site.sign_in()
    page = site.get(f"{AT}/{path}", query)
    assert page.status_code in (200, 400)
    check(page.text)


@pytest.mark.parametrize("path", ["logs/", "runs/", "tokens/", "gateways/", "hooks/", ""])
def test_so_does_what_there_is_not(site: Site, path: str) -> None:
    site.sign_in()
    page = site.get(f"{AT}/{path}{quote(PLAIN.replace('/', ''))}")
    assert page.status_code == 404
    if page.headers["content-type"].startswith("text/html"):
        check(page.text)


# -- what leaves the pages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=cmd|' /C calc'!A0", True),
        ("+1", True),
        ("-1", True),
        ("@SUM(1)", True),
        ("\t=1", True),
        ("\r=1", True),
        ("\n=1", True),
        ("\uff1d1", True),
        ("\uff20x", True),
        ("a=1", False),
        ('"=1', False),
    ],
)
def test_a_spreadsheet_computes_nothing(tmp_path: Path, text: str, expected: bool) -> None:
    site = Site(tmp_path)
    site.store(call(1, user=text, path=text, error_detail=text, metadata={"a": text}))
    site.sign_in()
    (row,) = csv.DictReader(io.StringIO(site.get(f"{AT}/logs.csv").content.decode(), newline=""))
    for name in ("user", "path", "error_detail"):
        assert row[name] == (f"'{text}" if expected else text)
    assert row["metadata"].startswith("{")


def test_a_line_of_a_file_is_a_call(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.store(*(call(number, user="a\nb\r\u2028c", path='x"\n') for number in range(1, 4)))
    site.sign_in()
    found = site.get(f"{AT}/logs.ndjson").content
    assert [msgspec.json.decode(line)["user"] for line in found.split(b"\n")[:-1]] == ["a\nb\r\u2028c"] * 3
    assert len(list(csv.DictReader(io.StringIO(site.get(f"{AT}/logs.csv").text, newline="")))) == 3


@pytest.mark.parametrize("body", [b"@/etc/passwd", b"@-", b"-K/etc/passwd", b"{}"])
def test_a_command_sends_what_was_sent_and_no_file(tmp_path: Path, body: bytes) -> None:
    """curl takes `@` at the beginning of what `-d` gets for the name of a file, and sends that."""
    site = Site(tmp_path)
    path = "chat/[1-9999]/{a,b}/../../../x?a=$(id)"
    site.store(call(1, (body, b""), path=path, request_type="text/plain", request_size=len(body)))
    site.sign_in()
    words = shlex.split(site.json(f"{AT}/logs/{LOG}")["curl"].replace("\\\n", ""))
    assert words[words.index("--data-raw") + 1] == body.decode()
    assert not {"-d", "--data", "-K", "-o"} & set(words)
    assert {"--globoff", "--path-as-is"} <= set(words)
    assert f"http://127.0.0.1:8787/v1/acc/main/openai/{path}" in words


@pytest.mark.parametrize("path", ["../../../../accounts/x", "a/%2e%2e/b", "a/./b", "..?x"])
def test_the_playground_leads_nowhere_else(tmp_path: Path, path: str) -> None:
    """A browser would resolve steps back in a path, and send what is typed in to another provider."""
    site = Site(tmp_path)
    site.store(call(1, path=path))
    site.sign_in()
    shown = site.json(f"{AT}/playground", [("from", LOG)])
    assert "steps back" in shown["remark"]
    assert path not in str(shown["presets"])


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "text/html\r\nset-cookie: a=b", "x" * 3000, ""]
)
@pytest.mark.parametrize("name", ["request", "response"])
def test_a_body_is_a_file_and_no_page(tmp_path: Path, kind: str, name: str) -> None:
    site = Site(tmp_path)
    evil = b"<script>alert(1)</script>"
    site.store(call(1, (evil, evil), request_type=kind, response_type=kind))
    site.sign_in()
    found = site.get(f"{AT}/logs/{LOG}/{name}")
    assert found.status_code == 200
    assert found.content == evil
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "set-cookie" not in found.headers


# -- how much


LARGE = {
    "deep": b"[" * 50_000 + b"]" * 50_000,
    "brackets": b"[]" * 600_000,
    "many numbers": b"[" + b",".join([b"1"] * 500_000) + b"]",
    "one line": b'"' + b"x" * 1_000_000 + b'"',
    "quotes": b'"' * 400_000,
    "nothing": b"\0" * 400_000,
    "no text": b"\xff\xfe\x80" * 100_000,
    "directions": "\u202e".encode() * 100_000,
    "turns": b'{"messages":[' + b",".join([b'{"role":"user","content":"x"}'] * 10_000) + b"]}",
    "events": b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n' * 5_000,
}
BOMB = gzip.compress(b"[" * 30_000_000)


@pytest.mark.parametrize("body", LARGE.values(), ids=LARGE)
def test_a_large_body_makes_a_small_page(tmp_path: Path, body: bytes) -> None:
    site = Site(tmp_path)
    kind = "text/event-stream" if body.startswith(b"data:") else "application/json"
    sizes: dict[str, Any] = {"request_size": len(body), "response_size": len(body)}
    site.store(
        call(
            1,
            (body, body),
            operation="openai.chat_completions",
            request_type=kind,
            response_type=kind,
            **sizes,
        )
    )
    site.sign_in()
    for path in (f"{AT}/logs/{LOG}", f"{AT}/playground?from={LOG}"):
        page = site.read(path)
        assert len(page.encode()) < MOST_ON_THE_WIRE
        assert "This is its beginning." in page or "Not text" in page or "playground" in path


def test_a_body_that_laid_out_comes_to_much_more(tmp_path: Path) -> None:
    body = b"[" * 80 + b",".join([b"[]"] * 400_000) + b"]" * 80
    site = Site(tmp_path)
    site.store(call(1, (body, body), request_size=len(body), response_size=len(body)))
    _is_little_work(site, 12_000_000)


def test_a_body_that_unpacks_to_much_more(tmp_path: Path) -> None:
    site = Site(tmp_path)
    coding: dict[str, Any] = {"request_encoding": "gzip", "response_encoding": "gzip"}
    sizes: dict[str, Any] = {"request_size": len(BOMB), "response_size": len(BOMB)}
    site.store(call(1, (BOMB, BOMB), operation="openai.chat_completions", **coding, **sizes))
    _is_little_work(site, 24_000_000)
    page = site.read(f"{AT}/logs/{LOG}")
    assert page.count("This is its beginning.") == 2
    assert "[[[[" in page


def _is_little_work(site: Site, most: int) -> None:
    """What is made on the way to a page has no more bytes than these."""
    site.sign_in()
    site.read(f"{AT}/overview")  # templates are loaded
    for path in (f"{AT}/logs/{LOG}", f"{AT}/playground?from={LOG}"):
        tracemalloc.start()
        try:
            page = site.read(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < most
        assert len(page.encode()) < MOST_ON_THE_WIRE


def test_a_list_stays_small_whatever_its_calls_hold(tmp_path: Path) -> None:
    """A head may have 64 kB, and a page has fifty calls."""
    site = Site(tmp_path)
    long = '<&"' * 10_000
    words = {f"{number}{long[:3000]}": long[:6000] for number in range(5)}
    site.store(*(call(number, path=long, user_agent=long, metadata=words) for number in range(1, 61)))
    site.sign_in()
    page = site.read(f"{AT}/logs", [("column", name) for name in ("time", "path", "metadata")])
    assert len(page.encode()) < 4 * MOST_ON_THE_WIRE
    assert len(site.read(f"{AT}/logs").encode()) < MOST_ON_THE_WIRE
    assert page.count("…") >= 50
    assert len(site.read(f"{AT}/logs/{LOG}").encode()) < MOST_ON_THE_WIRE
    assert long in msgspec.json.decode(site.get(f"{AT}/logs.ndjson").content.split(b"\n")[0])["path"]
