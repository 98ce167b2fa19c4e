"""Folders of documents on disk: which files count, and the bytes of one of them.

The only file that opens the user's documents. What cannot be read is left out with a reason, never fatal, and nothing
outside the folders is ever read, whatever links they contain.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from parallel_local.documents.content import Unreadable
from parallel_local.documents.folders import Folder
from parallel_local.documents.formats import format_of

LARGEST_BYTES = 20_000_000
_NO_DOCUMENTS = frozenset({"license", "licence", "copying", "notice", "sources"})
_NOTE = "a note about the folder, by its name"
_OUTSIDE = "a link that leads out of the folder"
_Entry = os.DirEntry[str]


class FileStamp(msgspec.Struct, frozen=True):
    """A file and what tells whether it changed: its size, and when content or name last did, whichever was later."""

    path: str
    mtime_ns: int
    size: int


class Scan(msgspec.Struct, frozen=True):
    """What lies in the folders: the files that are read, by path, and why each of the others is not."""

    stamps: tuple[FileStamp, ...]
    left_out: dict[str, str]


def scan(folders: Sequence[Folder], ignored: Path | None = None) -> Scan:
    """Everything in the folders but hidden files, what globs leave out, and what lies in `ignored`."""
    roots = {folder.path.resolve() for folder in folders} | ({ignored.resolve()} if ignored else set())
    stamps: list[FileStamp] = []
    left_out: dict[str, str] = {}
    for folder in folders:
        root = folder.path.resolve()
        for relative, found in _walk(root, roots - {root}):
            if not folder.wants(relative):
                continue
            if isinstance(found, str):
                left_out[folder.key(relative)] = found
            else:
                changed = max(found.st_mtime_ns, found.st_ctime_ns)
                stamps.append(FileStamp(folder.key(relative), changed, found.st_size))
    return Scan(tuple(sorted(stamps, key=lambda stamp: stamp.path)), left_out)


def read_bytes(folder: Folder, relative: str) -> bytes:
    """A file's content. Raises `Unreadable` for what has become no file or too large, `OSError` when it vanished."""
    path = os.path.join(folder.path, relative)
    # Opening a pipe would wait for who writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not _lies_in(folder, _place_of(descriptor, path)):
            raise Unreadable(_OUTSIDE)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("no regular file")
        content = _whole(file, status.st_size)
    if len(content) > LARGEST_BYTES:
        raise Unreadable(f"larger than {LARGEST_BYTES // 1_000_000} MB")
    return content


def _place_of(descriptor: int, path: str) -> str:
    """Where an open file really lies: what the system says, and not what links say that may be others by now."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:  # a system without
        return os.path.realpath(path)


def _lies_in(folder: Folder, place: str) -> bool:
    return place.startswith(os.path.join(os.path.realpath(folder.path), ""))


def _whole(file: BinaryIO, size: int) -> bytes:
    """What is in a file that has, or had, a size; of one that is too large, or grew, enough to tell."""
    content = file.read(min(size, LARGEST_BYTES) + 1)
    if len(content) > size:
        content += file.read(max(LARGEST_BYTES + 1 - len(content), 0))
    return content


def is_hidden(name: str) -> bool:
    """Files that no user sees, or that a program keeps beside an open document."""
    return name.startswith((".", "~$")) or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def _walk(root: Path, others: set[Path]) -> Iterator[tuple[str, os.stat_result | str]]:
    """Relative paths with what is known of a file that is read, or why it is not."""
    waiting = [root]
    while waiting:
        directory = waiting.pop()
        relative = "" if directory == root else f"{directory.relative_to(root).as_posix()}/"
        try:
            with os.scandir(directory) as entries:
                found = [entry for entry in entries if not is_hidden(entry.name)]
        except OSError as error:
            yield relative.rstrip("/") or ".", f"cannot be read: {error.strerror}"
            continue
        for entry in found:
            path = relative + entry.name
            if not _is_text(entry.name):
                yield repr(path)[1:-1], "its name is not UTF-8: give it another one"
            elif not entry.is_dir(follow_symlinks=False):
                yield from ((path, told) for told in (_looked_at(entry, root),) if told is not None)
            elif Path(entry.path) not in others:
                waiting.append(Path(entry.path))


def _looked_at(entry: _Entry, root: Path) -> os.stat_result | str | None:
    """None for what is served by another name: a link to a folder within the folder."""
    try:
        if entry.is_symlink():
            if not Path(entry.path).resolve(strict=True).is_relative_to(root):
                return _OUTSIDE
            if entry.is_dir():
                return None
        found = entry.stat()
    except (OSError, RuntimeError) as error:  # older Pythons raise the latter for links in a circle
        return f"cannot be read: {getattr(error, 'strerror', None) or 'a link that leads nowhere'}"
    if not stat.S_ISREG(found.st_mode):
        return "no regular file"
    stem, ending = os.path.splitext(entry.name)
    if stem.casefold() in _NO_DOCUMENTS:
        return _NOTE
    if format_of(entry.name) is None:
        return f"files of the kind {ending.lower()} are not read" if ending else "its name has no ending"
    return f"larger than {LARGEST_BYTES // 1_000_000} MB" if found.st_size > LARGEST_BYTES else found


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
