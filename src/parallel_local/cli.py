"""The command line: `parallel-local serve`."""

import hashlib
import logging
import os
import socket
from pathlib import Path

import click

from parallel_local.app import Engine, create_app
from parallel_local.model_options import model_options
from parallel_local.model_server.settings import ModelSettings
from parallel_local.server import EngineServer
from penstock_common.log_lines import log_to_stderr
from penstock_common.printable import one_line

_PACKAGED = Path(__file__).parent / "corpus"


@click.group()
@click.version_option(package_name="penstock", prog_name="parallel-local")
def main() -> None:
    """A Parallel-compatible web API over a folder of your own documents."""


@main.command()
@click.argument("docs", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
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
@click.option("--api-key", envvar="PARALLEL_LOCAL_API_KEY", help="Accept only this key; otherwise any key.")
@model_options
def serve(
    docs: Path | None,
    host: str,
    port: int,
    uds: Path | None,
    fd: int | None,
    parent_fd: int | None,
    data: Path | None,
    api_key: str | None,
    model: ModelSettings | None,
) -> None:
    """Serve the documents in DOCS, or the packaged sample documents."""
    log_to_stderr(logging.WARNING)
    folder = docs or _PACKAGED
    listener, place = _listen(host, port, uds) if fd is None else _inherit(fd)
    app = create_app(folder, data or default_data(folder), api_key=api_key, model=model)
    engine: Engine = app.state.engine
    for path, reason in engine.library.skipped.items():
        click.echo(one_line(f"parallel-local: skipped {path}: {reason}"), err=True)
    announcement = one_line(f"parallel-local: {len(engine.library.cards)} documents, serving on {place}")

    def stopped() -> None:
        if uds is not None:
            uds.unlink(missing_ok=True)

    EngineServer(app, engine, lambda: click.echo(announcement), stopped, parent_fd).run(sockets=[listener])


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
    except OSError as error:
        listener.close()
        raise click.ClickException(f"cannot listen: {error}") from error
    shown = f"[{host}]" if ":" in host else host
    return listener, f"http://{shown}:{listener.getsockname()[1]}"


def _bind_unix(listener: socket.socket, path: Path) -> None:
    """A socket left behind by an earlier process gives way, any other file does not."""
    if path.is_socket():
        path.unlink()
    listener.bind(str(path))
