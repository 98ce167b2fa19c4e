"""`penstock serve`: runs the gateway in the foreground.

What is wrong, or set in vain, is said before anything is served; what runs is the supervisor's affair.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import quote, urlsplit

import click
import msgspec

from penstock.access import tokens
from penstock.access.master_key import KeySource, MasterKeyError, key_source, load_master_key
from penstock.cli.options import config_option, server_data_option
from penstock.cli.output import tell
from penstock.clock import Clock
from penstock.control.catalog import catalog
from penstock.control.no_effect import all_without_effect
from penstock.control.opening import opener
from penstock.control.token_changes import free_name
from penstock.control.unread_variables import mistyped_variables
from penstock.pages.dashboard.door import SIGN_IN
from penstock.pages.dashboard.sign_in_files import LINK_BYTES, offer_link
from penstock.processes.claims import StartError
from penstock.processes.local_engine import LocalParallel
from penstock.processes.supervisor import Supervisor
from penstock.providers.parallel import LOCAL_SOCKET
from penstock.settings import (
    ConfigError,
    ProviderSettings,
    RetentionSettings,
    Settings,
    check_bind,
    config_file,
    is_loopback,
    load,
)
from penstock.settings.telemetry import FOREVER
from penstock.stores.control_store import Add, ControlStore, ControlStoreError, Token
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import control_store
from penstock_common.log_lines import log_to_stderr

_LONGEST_SOCKET_PATH = 100  # systems allow a little more, and fail with a riddle beyond
_FIRST_RUN, _FIRST_TOKEN = "first-run", "admin"  # who makes it, in the audit; its name


@click.command()
@click.option("--host", help="Address to listen on. [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one. [default: 8787]"
)
@click.option("--workers", type=click.IntRange(1, 256), help="Serving processes. [default: 1]")
@server_data_option
@config_option
@click.option(
    "--local-parallel",
    is_flag=False,
    flag_value="",
    metavar="[DOCS_DIR]",
    help="Serve Parallel's API from a folder of documents, or the folders that a settings file names (*.toml); "
    "without either: a small packaged collection.",
)
@click.option(
    "--local-private-webhooks",
    is_flag=True,
    help="Let the local engine send webhooks to private addresses, too, for whoever may call it through the gateway.",
)
def serve(
    host: str | None,
    port: int | None,
    workers: int | None,
    data: Path | None,
    config: Path | None,
    local_parallel: str | None,
    local_private_webhooks: bool,
) -> None:
    """Run the gateway until Ctrl-C or SIGTERM. SIGHUP, or a change of the file, reloads the configuration; SIGHUP
    has the local engine look at its documents again.

    \b
    Examples:
      penstock serve
      penstock serve --port 9000 --data /var/lib/penstock
      penstock serve --local-parallel ~/notes
    """
    log_to_stderr(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    overrides: dict[str, object] = {
        "server.host": host,
        "server.port": port,
        "server.workers": workers,
        "server.data": None if data is None else str(data),
    }
    wanted = WantedEngine(local_parallel, local_private_webhooks)
    sys.exit(run(config, overrides, wanted, announce))


class WantedEngine(msgspec.Struct, frozen=True):
    """What is said of the local engine: its documents ("" for the packaged ones), None for no engine."""

    documents: str | None
    private_webhooks: bool = False


def run(
    config: Path | None,
    overrides: Mapping[str, object],
    wanted: WantedEngine,
    ready: Callable[[str, str], None],
) -> int:
    """Loads, checks and serves; returns the exit code. Errors are printed as one sentence each.

    `ready` gets the address, and the path that signs in to the dashboard once; empty where others can call.
    """
    try:
        settings = load(config, environ=os.environ, overrides=overrides)
        local = _local_parallel(settings, wanted)

        def reload() -> Settings:
            fresh = load(config, environ=os.environ, overrides=overrides)
            if fresh.names_accounts:  # a gateway of another source is left out by itself
                check_bind(msgspec.structs.replace(fresh, server=settings.server))
            return _with_local(fresh, local)

        _check_all(settings)
        file = config_file(config, os.environ)

        secret = os.urandom(LINK_BYTES).hex() if is_loopback(settings.server.host) else ""

        def prepare() -> None:
            if secret:
                _offer(Path(settings.server.data), secret)
            first_token(settings)  # last: nobody is shown one by a start that fails

        def serving(address: str) -> None:
            ready(address, secret and f"{SIGN_IN}?link={secret}")
            tell(f"penstock: {_kept(settings.retention)}")

        return Supervisor(_with_local(settings, local), reload, file, local, prepare).run(serving)
    except ConfigError as error:
        first, *others = error.problems
        for line in (f"penstock: {first}", *map(str, others)):
            tell(line)
    except (StartError, ControlStoreError, MasterKeyError) as error:
        tell(f"penstock: {error}")
    return 2


def _check_all(settings: Settings) -> None:
    """Refuses to serve strangers by any gateway there is, and says what is set in vain.

    Raises `ConfigError`, `ControlStoreError`, and `MasterKeyError` for a key of the operator's that is none.
    """
    if key_source(os.environ) is not KeySource.DATA_FOLDER:
        load_master_key(os.environ, Path(settings.server.data))
    snapshot = control_store(stores_of(settings)).snapshot()
    gateways = catalog(settings, snapshot, opener(None))
    check_bind(settings, [one.name for one in gateways.open_to_anybody()])
    for line in (*all_without_effect(settings, gateways, snapshot), *mistyped_variables(os.environ)):
        tell(f"penstock: {line}")


def _kept(retention: RetentionSettings) -> str:
    """What becomes of calls by and by: nobody should find that out when they are gone."""
    calls = f"calls are kept {_so_long(retention.logs)}"
    others = "".join(f", those of {path} {_so_long(age)}" for path, age in retention.gateways.items())
    bodies = "" if retention.bodies == FOREVER else f"; their bodies {_so_long(retention.bodies)} at most"
    return f"{calls}{others}{bodies} ([retention])"


def _so_long(age: str) -> str:
    return "for ever" if age == FOREVER else f"for {age}"


def first_token(settings: Settings) -> None:
    """Makes the token that everything begins with, and shows it this once (to stderr, where nothing is kept)."""
    if settings.admin_token:
        return
    store = control_store(stores_of(settings), _FIRST_RUN)
    clock = Clock()
    random = [os.urandom(size) for size in (tokens.ID_BYTES, tokens.SECRET_BYTES, tokens.SALT_BYTES)]
    text = ensure_admin(store, clock.now_us(), *random)
    if text is not None:
        tell(f"penstock: admin token, shown only now: {text}")
        tell("penstock: keep it; `penstock keys` makes, rotates and revokes tokens")


def _offer(data: Path, secret: str) -> None:
    """Raises `StartError`."""
    try:
        offer_link(data, secret, Clock().now_us())
    except OSError as error:
        raise StartError(f"cannot write to the data folder {data}: {error.strerror}") from error


def announce(address: str, link: str) -> None:
    """Says where the gateway is, on standard error, and what signs in to its dashboard once."""
    tell(f"penstock: serving on {address} (stop with Ctrl-C)")
    if link:
        tell(f"penstock: dashboard, signed in once: {address}{link}")
    if not is_loopback(urlsplit(address).hostname or ""):
        tell("penstock: others than this machine can reach it: every call needs a token")


def _local_parallel(settings: Settings, wanted: WantedEngine) -> LocalParallel | None:
    if wanted.documents is None:
        if wanted.private_webhooks:
            raise StartError("--local-private-webhooks is for the local engine: add --local-parallel")
        return None
    place = Path(wanted.documents).resolve() if wanted.documents else None
    if place is not None and not place.is_dir() and not (place.suffix == ".toml" and place.is_file()):
        raise StartError(f"--local-parallel: there is no folder {place}")
    data = Path(settings.server.data).resolve()
    return LocalParallel(place, engine_socket(data), data / "parallel-local", wanted.private_webhooks)


def engine_socket(data: Path) -> Path:
    """Where the local engine of a data folder listens: in it, or elsewhere when its path is too long for that."""
    path = data.resolve() / LOCAL_SOCKET
    if len(bytes(path)) <= _LONGEST_SOCKET_PATH:
        return path
    return Path(gettempdir()) / f"penstock-{sha256(bytes(path)).hexdigest()[:16]}-{LOCAL_SOCKET}"


def _with_local(settings: Settings, local: LocalParallel | None) -> Settings:
    """The settings with Parallel's address turned to the local engine."""
    if local is None:
        return settings
    base_url = f"http+unix://{quote(str(local.socket), safe='')}"
    providers = {**settings.providers, "parallel": ProviderSettings(base_url=base_url)}
    return msgspec.structs.replace(settings, providers=providers)


def ensure_admin(
    store: ControlStore, now_us: int, id_bytes: bytes, secret_bytes: bytes, salt: bytes
) -> str | None:
    """The text of a new token `admin`, to be shown once; None when a live one has the permission "edit".

    The bytes are random: `tokens.ID_BYTES`, `SECRET_BYTES`, `SALT_BYTES`. Raises `ControlStoreError`.
    """
    known = store.snapshot().tokens
    if any("edit" in token.permissions and tokens.is_live(token, now_us) for token in known):
        return None
    text = tokens.new_token_text(id_bytes, secret_bytes)
    token = Token(
        id=tokens.id_of(text),
        name=free_name(_FIRST_TOKEN, known),
        permissions=tokens.PERMISSIONS,
        secrets=(tokens.secret_hash(text, salt),),
        created_us=now_us,
    )
    store.apply([Add(token)])
    return text
