"""The door of the dashboard: hosts, forms of others, twins, errors, headers; and who may see what."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_kit import ADMIN, AT, CONFIG, START_US, Elements, Site, call, call_id
from dashboard_runs import arrive

from penstock.pages.dashboard.page import FILE, WAY
from penstock.pages.dashboard.site import PAGES
from penstock.runs.run import Owner
from support.kept_routes import keep_route
from support.kept_runs import make, numbered
from support.known_runs import task

SHOWN = [page.path for page in PAGES if page.template not in ("", FILE, WAY)]
CHANGING = [page.path for page in PAGES if not page.template]
LOG = call_id(1)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.store(call(1))
    run = numbered(1, START_US, task("core"), Owner("acc", "main"), id=LOG)
    make(site.data, run)
    arrive(site.data, 1, run)
    site.token("run", accounts=("acc",))
    keep_route(site.access.control_store, ("acc", "main"), "support")
    return site


NAMES = {
    "account": "acc",
    "id": LOG,  # of a call, and of a run
    "number": "1",  # of an event
    "token_id": "bot",
    "gateway_id": "main",
    "route_id": "support",
    "provider_config_id": "none",
    "custom_provider_id": "none",
}


def filled(path: str) -> str:
    """With names of what is there."""
    return path.format_map(NAMES)


@pytest.mark.parametrize("path", SHOWN)
def test_each_page_and_its_twin(site: Site, path: str) -> None:
    site.sign_in()
    text = site.read(filled(path))
    assert "<h1" in text
    assert isinstance(site.json(filled(path)), dict)


@pytest.mark.parametrize("path", SHOWN)
def test_programs_take_the_twin_with_a_token(site: Site, path: str) -> None:
    twin = f"{filled(path)}.json"
    browser = site.new_browser()
    shown = {"authorization": f"Bearer {ADMIN}"}
    assert browser.get(twin, headers=shown).status_code == 200
    assert browser.get(twin).status_code == 401
    assert browser.get(twin, headers={"authorization": "Bearer nonsense"}).status_code == 401
    assert browser.get(filled(path), headers=shown).status_code == 303  # pages are for people


@pytest.mark.parametrize("path", SHOWN)
def test_pages_load_nothing_from_elsewhere_and_run_nothing_of_their_own(site: Site, path: str) -> None:
    site.sign_in()
    found = site.get(filled(path))
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert found.headers["cache-control"] == "no-store"
    for tag, attributes in Elements(found.text).found:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "?", "#")), (tag, attributes)
        assert tag != "style"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "localhost.evil"]
)
def test_a_name_of_others_that_leads_here_is_refused(site: Site, host: str) -> None:
    site.sign_in()
    found = site.browser.get(f"{AT}/overview", headers={"host": host})
    assert found.status_code == 403
    assert "own_hosts" in found.text
    assert site.browser.post("/sign-in", data={"token": ADMIN}, headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "host", ["localhost:8787", "127.0.0.1", "[::1]:8787", "192.0.2.7:80", "gate.example:8787"]
)
def test_names_of_its_own(tmp_path: Path, host: str) -> None:
    site = Site(tmp_path, config=f'[server]\nown_hosts = ["gate.example:8787"]\n{CONFIG}')
    site.sign_in()
    assert site.browser.get(f"{AT}/overview", headers={"host": host}).status_code == 200


# -- forms


@pytest.mark.parametrize("path", CHANGING)
def test_a_form_wants_what_only_its_page_knows(site: Site, path: str) -> None:
    site.sign_in()
    for form in ({}, {"form": ""}, {"form": "guess"}):
        assert site.browser.post(filled(path), data=form).status_code == 403
    assert site.new_browser().post(filled(path)).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", *CHANGING])
def test_forms_of_other_pages_are_refused(site: Site, path: str, headers: dict[str, str]) -> None:
    site.sign_in()
    assert site.browser.post(filled(path), data={"token": ADMIN}, headers=headers).status_code == 403


def test_a_token_sends_no_forms(site: Site) -> None:
    """A page cannot make a browser send one; forms are for sessions."""
    found = site.new_browser().post(filled(CHANGING[0]), headers={"authorization": f"Bearer {ADMIN}"})
    assert found.headers["location"].startswith("/sign-in")


def test_a_form_of_another_session_is_refused(site: Site, tmp_path: Path) -> None:
    site.sign_in()
    page = site.read(f"{AT}/logs/{LOG}")
    hidden = next(one["value"] for one in Elements(page).of("input") if one.get("name") == "form")
    site.browser.post("/sign-out")
    site.sign_in()
    found = site.browser.post(f"{AT}/logs/{LOG}/feedback", data={"form": hidden or "", "thumb": "up"})
    assert found.status_code == 403
    assert "load its page again" in found.text


def test_forms_have_a_size(site: Site) -> None:
    site.sign_in()
    found = site.browser.post(f"{AT}/logs/{LOG}/feedback", content=b"a=" + b"b" * 300_000)
    assert found.status_code == 413
    assert site.new_browser().post("/sign-in", content=b"token=" + b"b" * 9000).status_code == 413


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&" * 2000, b"a=%ff"])
def test_a_form_that_is_none(site: Site, body: bytes) -> None:
    site.sign_in()
    assert site.browser.post(f"{AT}/logs/{LOG}/feedback", content=body).status_code in (400, 403)


# -- who may see what


@pytest.mark.parametrize("path", SHOWN)
def test_what_is_of_other_accounts_is_not_shown(site: Site, path: str) -> None:
    site.sign_in(site.token("read", accounts=("acc2",)))
    found = site.get(filled(path))
    assert found.status_code in (403, 404) or LOG not in found.text


@pytest.mark.parametrize("permission", ["run", "set_costs"])
def test_a_token_for_calls_sees_none(site: Site, permission: str) -> None:
    site.sign_in(site.token(permission))  # type: ignore[arg-type]
    for path in ("overview", "logs", f"logs/{LOG}"):
        found = site.get(f"{AT}/{path}")
        assert found.status_code == 403
        assert "metadata_read" in found.text


def test_no_such_page_and_no_such_account(site: Site) -> None:
    site.sign_in()
    assert site.get(f"{AT}/nothing").status_code == 404
    assert site.get(f"/accounts/{'x' * 65}/logs").status_code == 404
    assert site.get(f"{AT}/logs/nothing").status_code == 404


def test_a_new_installation_has_pages(tmp_path: Path) -> None:
    """Before the first call, and before there is a ledger."""
    site = Site(tmp_path)
    site.sign_in()
    assert site.get("/").headers["location"] == f"{AT}/start"
    assert "No calls in this time" in site.read(f"{AT}/overview")
    assert "No calls yet" in site.read(f"{AT}/logs")
    assert "Waiting for the first call" in site.read(f"{AT}/start")
    site.store(call(1))
    assert site.get("/").headers["location"] == f"{AT}/overview"
    assert f"{AT}/logs/{LOG}" in site.read(f"{AT}/start")


def test_the_files_beside_the_pages(site: Site) -> None:
    page = site.browser.get("/sign-in").text
    (style,) = [one["href"] or "" for one in Elements(page).of("link") if one.get("rel") == "stylesheet"]
    found = site.browser.get(style)
    assert found.headers["content-type"].startswith("text/css")
    assert "immutable" in found.headers["cache-control"]
    for name in ("nothing.css", "..%2fdoor.py", "door.py"):
        assert site.browser.get(f"/static/{name}").status_code == 404
