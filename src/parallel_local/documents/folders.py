"""The folders that are served: where they lie, at which addresses their files are cited, which files count.

Values, and how a user writes them: as an argument, or as a table of a settings file. Nothing here reads a document.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from parallel_local.documents.globs import is_match

LOCAL_BASE = "https://docs.local/"
_ADDRESSES = ("http://", "https://")


class FolderError(Exception):
    """Folders that cannot be served as they are given; the message is one line that says why."""


class Folder(msgspec.Struct, frozen=True):
    """One folder. `name` stands before the paths of its files where there are several; `url` before their addresses."""

    path: Path
    name: str = ""
    url: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def key(self, relative: str) -> str:
        """The path of a file among those of all folders."""
        return f"{self.name}/{relative}" if self.name else relative

    def relative(self, key: str) -> str | None:
        """The path within this folder, or None for a file of another."""
        if not self.name:
            return key
        return key.removeprefix(f"{self.name}/") if key.startswith(f"{self.name}/") else None

    def address(self, relative: str) -> str:
        """Where a file is cited from."""
        if self.url is not None:
            return self.url.rstrip("/") + "/" + quote(relative, errors="replace")
        return LOCAL_BASE + quote(self.key(relative), errors="replace")

    def wants(self, relative: str) -> bool:
        """Whether the globs let a file in."""
        if any(is_match(pattern, relative) for pattern in self.exclude):
            return False
        return not self.include or any(is_match(pattern, relative) for pattern in self.include)


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    url: str | None = None
    include: list[str] = []
    exclude: list[str] = []


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    folders: list[_Table]


def folder_of_argument(text: str) -> Folder:
    """`PATH` or `PATH=URL`. A folder that is there under the whole name is meant by it."""
    path, found, url = text.partition("=")
    while found and not url.startswith(_ADDRESSES):
        more, found, url = url.partition("=")
        path += f"={more}"
    if not found or Path(text).is_dir():
        return Folder(Path(text))
    return Folder(Path(path), url=url)


def folders_of_settings(file: Path) -> list[Folder]:
    """The tables `[[folders]]` of a settings file; paths are relative to it. Raises `FolderError`."""
    try:
        settings = msgspec.convert(tomllib.loads(file.read_text("utf-8")), _Settings)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise FolderError(f"{file}: {' '.join(str(error).split())}") from error
    return [
        Folder(
            file.parent / Path(table.path).expanduser(),
            url=table.url,
            include=tuple(table.include),
            exclude=tuple(table.exclude),
        )
        for table in settings.folders
    ]


def arranged(folders: Sequence[Folder]) -> tuple[Folder, ...]:
    """The folders with the names that keep their files apart. Raises `FolderError` where they cannot be told apart."""
    if not folders:
        raise FolderError("no folder of documents is given")
    _check(folders)
    if len(folders) == 1:
        return tuple(folders)
    named: list[Folder] = []
    taken: set[str] = set()
    for folder in folders:
        base = folder.path.resolve().name or "root"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        named.append(msgspec.structs.replace(folder, name=name))
    return tuple(named)


def _check(folders: Sequence[Folder]) -> None:
    places: set[Path] = set()
    addresses: set[str] = set()
    for folder in folders:
        if not folder.path.is_dir():
            raise FolderError(f"there is no folder {folder.path}")
        if folder.path.resolve() in places:
            raise FolderError(f"the folder {folder.path} is given twice")
        places.add(folder.path.resolve())
        if folder.url is None:
            continue
        parts = urlsplit(folder.url)
        if not folder.url.startswith(_ADDRESSES) or not parts.netloc or parts.query or parts.fragment:
            raise FolderError(f"{folder.url} is no address that files can be cited from: https://host/path/")
        if folder.url.rstrip("/") in addresses:
            raise FolderError(f"two folders have the address {folder.url}")
        addresses.add(folder.url.rstrip("/"))
