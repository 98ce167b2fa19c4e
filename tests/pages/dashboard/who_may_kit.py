"""A site with three owners for tests of who may see what: a gateway of one's own, its sibling, another account.

Whatever belongs to the sibling has the word SIBLING in it, and whatever belongs to the other account FOREIGN, wherever
text can stand: in names, metadata, paths, bodies, errors. One look finds a page that shows any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import httpx
import msgspec
from dashboard_kit import ACCOUNT, START_US, Site, call, call_id
from dashboard_runs import arrive
from starlette.testclient import TestClient

from penstock.pages.dashboard import sessions
from penstock.pages.dashboard.sign_in_files import session_key
from penstock.runs.run import Owner, Run
from penstock.stores.control_store import Add, Permission
from support.control_store_rows import ROUTE
from support.kept_runs import basis, make, numbered, result_of, see
from support.known_runs import task

SIBLING, FOREIGN = "zzsibling", "zzforeign"
OWN_LOG, SIBLING_LOG, FOREIGN_LOG = call_id(1), call_id(2), call_id(3)
OWN_RUN, SIBLING_RUN, FOREIGN_RUN = "trun_own", f"trun_{SIBLING}", f"trun_{FOREIGN}"
CONFIG = f"""
[accounts.{ACCOUNT}.gateways.main]
[accounts.{ACCOUNT}.gateways.{SIBLING}]
[accounts.{FOREIGN}.gateways.{FOREIGN}]
[pricing]
"""


class World:
    """The site, and what stands where the rows of the site have names in braces: `own`, `sibling`, `foreign`."""

    def __init__(self, folder: Path) -> None:
        self.site = site = Site(folder, config=CONFIG)
        self._call(1, ACCOUNT, "main", "own")
        self._call(2, ACCOUNT, SIBLING, SIBLING)
        self._call(3, FOREIGN, FOREIGN, FOREIGN)
        events = [
            self._run(1, OWN_RUN, ACCOUNT, "main", "own"),
            self._run(2, SIBLING_RUN, ACCOUNT, SIBLING, SIBLING),
            self._run(3, FOREIGN_RUN, FOREIGN, FOREIGN, FOREIGN),
        ]
        keys = [
            site.access.key("openai", "sk-1", alias=alias, account=account, gateway=gateway)
            for alias, account, gateway in (
                ("own", ACCOUNT, "main"),
                (SIBLING, ACCOUNT, SIBLING),
                (FOREIGN, FOREIGN, FOREIGN),
            )
        ]
        of_account = [
            site.access.key("openai", "sk-2", alias=alias, account=account, gateway="")
            for alias, account in (("own", ACCOUNT), (FOREIGN, FOREIGN))
        ]
        providers = [
            site.access.provider(slug, "https://p.example", account=account).id
            for slug, account in (("own", ACCOUNT), (FOREIGN, FOREIGN))
        ]
        site.access.control_store.apply(
            [
                Add(msgspec.structs.replace(ROUTE, id=name, account=account, gateway=gateway, name=name))
                for name, account, gateway in (
                    ("own", ACCOUNT, "main"),
                    (SIBLING, ACCOUNT, SIBLING),
                    (FOREIGN, FOREIGN, FOREIGN),
                )
            ]
        )
        tokens = [
            _id_of(site.access.token(name, accounts=(account,), user=name, team=name))
            for name, account in (("own", ACCOUNT), (FOREIGN, FOREIGN))
        ]
        self.own = self._names(ACCOUNT, "main", OWN_LOG, OWN_RUN, events[0], tokens[0], keys[0], providers[0])
        self.sibling = self._names(
            ACCOUNT, SIBLING, SIBLING_LOG, SIBLING_RUN, events[1], tokens[0], keys[1], providers[0]
        )
        self.foreign = self._names(
            FOREIGN, FOREIGN, FOREIGN_LOG, FOREIGN_RUN, events[2], tokens[1], keys[2], providers[1]
        )
        self.own |= {"route_id": "own", "account_key": of_account[0]}
        self.sibling |= {"route_id": SIBLING, "account_key": of_account[0]}
        self.foreign |= {"route_id": FOREIGN, "account_key": of_account[1]}

    def _call(self, number: int, account: str, gateway: str, word: str) -> None:
        said = f'{{"messages": [{{"role": "user", "content": "{word}"}}]}}'.encode()
        self.site.store(
            call(
                number,
                (said, said),
                account=account,
                gateway=gateway,
                model=f"openai/{word}",
                path=f"chat/completions/{word}",
                user=word,
                token=word,
                metadata={word: word},
                error_detail=word,
                cost_nano=1_234_500_000 * number,
            )
        )

    def _run(self, number: int, run_id: str, account: str, gateway: str, word: str) -> int:
        run: Run = numbered(
            number, START_US, task(word), Owner(account, gateway, user=word), id=run_id, metadata={"w": word}
        )
        make(self.site.data, run)
        result = result_of(run, content=word, basis=[basis(word, "high", f"https://{word}.example/1")])
        see(self.site.data, run, "completed", after=60, result=result)
        return arrive(self.site.data, number, run)

    @staticmethod
    def _names(
        account: str, gateway: str, log: str, run: str, event: int, token: str, key: str, provider: str
    ) -> dict[str, str]:
        return {
            "account": account,
            "gateway_id": gateway,
            "log": log,
            "run": run,
            "number": str(event),
            "token_id": token,
            "provider_config_id": key,
            "custom_provider_id": provider,
        }

    def enter(
        self, *permissions: Permission, accounts: tuple[str, ...] = (), gateways: tuple[str, ...] = ()
    ) -> Visitor:
        """Signs somebody in whose token may do this."""
        name = " ".join(("visitor", *permissions, *gateways))
        return self.enter_with(
            self.site.access.token(name, permissions=permissions, accounts=accounts, gateways=gateways)
        )

    def enter_with(self, token: str) -> Visitor:
        """Signs in with this token."""
        visitor = Visitor(self.site, self.site.new_browser(), token)
        assert visitor.browser.post("/sign-in", data={"token": token}).status_code == 303
        return visitor


class Visitor:
    """One browser. `token` is what its programs show."""

    def __init__(self, site: Site, browser: TestClient, token: str = "") -> None:
        self._site = site
        self.browser = browser
        self.token = token

    def get(self, path: str) -> httpx.Response:
        """A page."""
        return cast(httpx.Response, self.browser.get(path))

    def twin(self, path: str) -> httpx.Response:
        """What its programs get."""
        shown = {"authorization": f"Bearer {self.token}"} if self.token else {}
        plain = self._site.new_browser()
        return cast(
            httpx.Response, plain.get("/index.json" if path == "/" else f"{path}.json", headers=shown)
        )

    def send(self, path: str, form: Mapping[str, str]) -> httpx.Response:
        """A form with the hidden text of this session, as if a page had given it."""
        key = session_key(self._site.data, b"")
        session = sessions.unsealed(self.browser.cookies.get(sessions.COOKIE) or "", key)
        hidden = "" if session is None else sessions.form_token(session, key)
        return cast(httpx.Response, self.browser.post(path, data={"form": hidden, **form}))


def placed(path: str, names: Mapping[str, str]) -> str:
    """The path of a row with these names: `{id}` is a run's below `runs`, and else a call's; a key is one of the
    account where no gateway is named.
    """
    given = {**names, "id": names["run"] if "/runs/" in path else names["log"]}
    if path.startswith("/accounts/{account}/keys"):
        given["provider_config_id"] = names["account_key"]
    return path.format_map(given)


def _id_of(token: str) -> str:
    return token.split("_")[1]
