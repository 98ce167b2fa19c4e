"""The command line: `parallel-local serve`, and the commands of the terminal.

Options become what an engine is opened with. How it works, and what `ask` and `search` do, is known elsewhere.
"""

import hashlib
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from starlette.applications import Starlette

from parallel_local.app import create_app
from parallel_local.documents.folders import (
    Folder,
    FolderError,
    arranged,
    folder_of_argument,
    folders_of_settings,
)
from parallel_local.embeddings.settings import EmbeddingError, EmbeddingSettings
from parallel_local.engine import Engine
from parallel_local.fetch.post import HookSender
from parallel_local.model_options import embedding_options, model_options
from parallel_local.model_server.settings import ModelSettings
from parallel_local.private import FILE_MODE, InUse, claimed
from parallel_local.progress import ReadingProgress, Ticker
from parallel_local.runs.webhook_secret import NoSecret, check_secrets, own_secret
from parallel_local.server import EngineServer
from parallel_local.terminal.commands import terminal_commands
from penstock_common.log_lines import log_to_stderr
from penstock_common.printable import one_line

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PACKAGED = Path(__file__).parent / "corpus"
_BACKLOG = 2048
_NO_SAMPLES = ("SOURCES.txt",)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="penstock", prog_name="parallel-local")
def main() -> None:
    """A Parallel-compatible web API over a folder of your own documents."""


@main.command()
@click.argument("docs", nargs=-1)
@click.option("--include", multiple=True, metavar="GLOB", help="Only files that this means; may be repeated.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="No files that this means; may be repeated.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8790, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on this unix socket instead.")
@click.option("--fd", type=click.IntRange(0), help="Serve on this inherited, listening socket instead.")
@click.option("--parent-fd", type=click.IntRange(0), help="End when this inherited pipe is closed.")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Where index and runs are kept."
)
@click.option("--poll", is_flag=True, help="Look for changes every second: for file systems of a network.")
@click.option("--api-key", envvar="PARALLEL_LOCAL_API_KEY", help="Accept only this key; otherwise any key.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Runs carried out at a time; by default one a core, at least 2.",
)
@click.option(
    "--webhook-secret",
    "webhook_secrets",
    multiple=True,
    envvar="PARALLEL_LOCAL_WEBHOOK_SECRET",
    help="Sign webhooks with this secret (several while one replaces another); otherwise with one of its own.",
)
@click.option(
    "--allow-private-webhooks",
    is_flag=True,
    envvar="PARALLEL_LOCAL_ALLOW_PRIVATE_WEBHOOKS",
    help="Send webhooks to private addresses too, as is done anyway when only this machine can call.",
)
@model_options
@embedding_options
def serve(
    docs: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    host: str,
    port: int,
    uds: Path | None,
    fd: int | None,
    parent_fd: int | None,
    data: Path | None,
    poll: bool,
    api_key: str | None,
    workers: int | None,
    webhook_secrets: tuple[str, ...],
    allow_private_webhooks: bool,
    model: ModelSettings | None,
    embeddings: EmbeddingSettings | None,
) -> None:
    """Serve the documents in DOCS, or the packaged sample documents. SIGHUP looks at all of them again.

    DOCS are folders, each alone or as PATH=URL with the address that its files are cited from, or a settings file
    that names folders (*.toml).

    \b
    Examples:
      parallel-local serve handbook
      parallel-local serve handbook wiki=https://wiki.example/ --exclude drafts
      parallel-local serve parallel-local.toml
    """
    log_to_stderr(logging.WARNING)
    folders, kept = _places(docs, data, include, exclude)
    is_own = fd is None and uds is None and host in _LOOPBACK
    with _plain_errors(kept), claimed(kept):
        secrets = _secrets(webhook_secrets, kept)
        listener, place = _listen(host, port, uds) if fd is None else _inherit(fd)
        app = create_app(
            folders,
            kept,
            api_key=api_key,
            workers=workers,
            poll=poll,
            index_now=False,
            sender=HookSender(inside=allow_private_webhooks or is_own),
            webhook_secrets=secrets,
            model=model,
            embeddings=embeddings,
        )
        _run(app, listener, place, uds, parent_fd)


@contextmanager
def _plain_errors(data: Path) -> Iterator[None]:
    """What a user can do something about is one line."""
    try:
        yield
    except InUse as error:
        reason = f"another parallel-local has the data folder {data}; stop it, or choose another with --data"
        raise click.ClickException(one_line(reason)) from error
    except EmbeddingError as error:
        raise click.ClickException(one_line(str(error))) from error


def _run(
    app: Starlette, listener: socket.socket, place: str, uds: Path | None, parent_fd: int | None
) -> None:
    """Serve until somebody wants it to end."""
    engine: Engine = app.state.engine
    shown = ReadingProgress(place, engine.library.count, Console(stderr=True))
    engine.watcher.tell(shown)
    ticker = Ticker(shown.tick)

    def stopped() -> None:
        ticker.end()
        shown.ended()
        if uds is not None:
            uds.unlink(missing_ok=True)

    EngineServer(app, engine, shown.serving, stopped, parent_fd).run(sockets=[listener])


def served_folders(
    docs: Sequence[str], include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> list[Folder]:
    """The folders that the arguments name; globs are added to each one's own. Raises `FolderError`."""
    if not docs:
        return [Folder(_PACKAGED, exclude=_NO_SAMPLES)]
    folders: list[Folder] = []
    for argument in docs:
        file = Path(argument)
        if file.suffix.lower() == ".toml" and file.is_file():
            folders += folders_of_settings(file)
        else:
            folders.append(folder_of_argument(argument))
    return [
        msgspec.structs.replace(
            folder, include=(*folder.include, *include), exclude=(*folder.exclude, *exclude)
        )
        for folder in folders
    ]


def _places(
    docs: Sequence[str], data: Path | None, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> tuple[Sequence[Folder], Path]:
    """The folders that are served, and where what is kept of them lies; a plain error for what is none."""
    try:
        folders = arranged(served_folders(docs, include, exclude))
    except FolderError as error:
        raise click.BadParameter(one_line(str(error)), param_hint="DOCS") from error
    return folders, data or data_of(docs, folders)


def data_of(docs: Sequence[str], folders: Sequence[Folder]) -> Path:
    """Where index and runs are kept if nobody says: by settings file, or by folders."""
    if len(docs) == 1 and Path(docs[0]).is_file():
        return default_data(Path(docs[0]))
    if len(folders) == 1:
        return default_data(folders[0].path)
    return default_data(Path("\n".join(sorted(str(folder.path.resolve()) for folder in folders))))


@main.command()
@click.argument("docs", nargs=-1)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="The data folder, as `serve` has it."
)
def webhook_secret(docs: tuple[str, ...], data: Path | None) -> None:
    """Show the secret that webhooks of the engine over DOCS are signed with.

    \b
    Examples:
      parallel-local webhook-secret handbook
    """
    click.echo(_secrets((), _places(docs, data)[1])[0])


def _secrets(given: tuple[str, ...], data: Path) -> tuple[str, ...]:
    """What webhooks are signed with; a plain error for what nothing can be signed with."""
    try:
        check_secrets(given)
        return given or (own_secret(data),)
    except NoSecret as error:
        raise click.ClickException(str(error)) from error


def default_data(docs: Path) -> Path:
    """A folder of its own for each folder of documents, below the user's data directory."""
    base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    tag = hashlib.sha256(str(docs.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return base / "parallel-local" / tag


def _inherit(fd: int) -> tuple[socket.socket, str]:
    """A listening socket that whoever started this program has opened."""
    try:
        listener = socket.socket(fileno=fd)
        address = listener.getsockname()
    except OSError as error:
        raise click.ClickException(f"--fd {fd} is not a socket: {error}") from error
    if listener.family == socket.AF_UNIX:
        return listener, f"unix:{address}"
    return listener, f"http://{address[0]}:{address[1]}"


def _listen(host: str, port: int, uds: Path | None) -> tuple[socket.socket, str]:
    """A bound socket and how to name it; a plain error when it cannot be had."""
    family = socket.AF_UNIX if uds is not None else socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        if uds is not None:
            _bind_unix(listener, uds)
            return listener, f"unix:{uds}"
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # calls wait for a start that takes a moment
    except OSError as error:
        listener.close()
        where, other = (str(uds), "--uds") if uds is not None else (f"{_shown(host)}:{port}", "--port")
        message = f"cannot listen on {where}: {error.strerror or error}; choose another {other}"
        raise click.ClickException(one_line(message)) from error
    return listener, f"http://{_shown(host)}:{listener.getsockname()[1]}"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bind_unix(listener: socket.socket, path: Path) -> None:
    """A socket left behind by an earlier process gives way, any other file does not."""
    if path.is_socket():
        path.unlink()
    listener.bind(str(path))
    listener.listen(_BACKLOG)
    path.chmod(FILE_MODE)


for _command in terminal_commands(_PACKAGED, default_data):
    main.add_command(_command)
