"""Where log push puts its objects: a folder, a server, or a bucket of S3.

A folder and a bucket hold each object once, however often it is sent; a server can tell by `Idempotency-Key`.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from penstock.clock import Clock
from penstock.durable import sync_folder
from penstock.exits.sender import Answer, Sender, TryAgain, host_of
from penstock.export.delivery import Refused
from penstock.settings.telemetry import HttpDestination, S3Destination
from penstock.wire.sigv4 import Credentials, Scope, encoded_path, signed

_NEVER_TAKEN: Final = frozenset((400, 413, 422))
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, name: str, data: bytes) -> None:
        """Whoever reads the folder sees whole objects only. Raises `TryAgain`."""
        try:
            await asyncio.to_thread(self._write, self._path / name, data)
        except OSError as error:
            raise TryAgain(f"{self._path} cannot be written: {error.strerror or error}") from error

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        hidden = path.with_name(f".{path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(hidden, flags, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(path)
        except OSError:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        sync_folder(self._path)


class HttpServer:
    """A server that takes each object as one POST of gzip-encoded NDJSON."""

    def __init__(self, settings: HttpDestination, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender

    async def put(self, name: str, data: bytes) -> None:
        """Raises `TryAgain`; `Refused` where the server says that this body is wrong or too large."""
        own = {
            "content-type": "application/x-ndjson",
            "content-encoding": "gzip",
            "idempotency-key": f'"{name}"',
        }
        url = self._settings.url
        answer = await self._sender.send("POST", url, {**self._settings.headers, **own}, data)
        if answer.status in _NEVER_TAKEN:
            raise Refused(f"{host_of(url)} answered with status {answer.status}")
        _check(answer, host_of(url))


class S3Bucket:
    """A bucket, by its path below the endpoint, which every store of this kind understands."""

    def __init__(
        self, settings: S3Destination, environ: Mapping[str, str], sender: Sender, clock: Clock
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._sender = sender
        self._clock = clock

    async def put(self, name: str, data: bytes) -> None:
        """Raises `TryAgain`, also for what only the operator can mend: nothing is given up for that."""
        settings = self._settings
        endpoint = urlsplit(settings.endpoint)
        parts = (endpoint.path.rstrip("/"), settings.bucket, settings.prefix, name)
        path = encoded_path("/".join((parts[0], *(part for part in parts[1:] if part))))
        host = host_of(settings.endpoint)
        headers = {"host": host.lower(), "content-type": "application/gzip"}
        scope = Scope(settings.region, "s3", self._clock.now_us())
        whole = signed("PUT", path, "", headers, data, self._credentials(), scope)
        url = f"{endpoint.scheme}://{host}{path}"
        answer = await self._sender.send("PUT", url, whole, data)
        code = _CODE.search(answer.body)
        _check(answer, f"bucket {settings.bucket} at {host}", code[1].decode() if code else "")

    def _credentials(self) -> Credentials:
        settings = self._settings
        key_id = self._environ.get(settings.key_id_variable, "")
        secret = self._environ.get(settings.secret_variable, "")
        if not key_id or not secret:
            raise TryAgain(
                f"set {settings.key_id_variable} and {settings.secret_variable} in the gateway's environment, "
                "and start it again"
            )
        return Credentials(key_id, secret, self._environ.get(settings.session_variable, ""))


def _check(answer: Answer, where: str, code: str = "") -> None:
    if not answer.is_good:
        raise TryAgain(f"{where} answered with status {answer.status} {code}".rstrip(), answer.retry_after)
