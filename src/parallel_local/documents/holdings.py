"""Which files of the folders are documents, which are not and why: the state between two looks at the disk.

It says what changed since an index was made, and reads it. It searches nothing, and starts nothing by itself.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import msgspec

from parallel_local.documents.content import Content, NotNow, Unreadable
from parallel_local.documents.document import Document
from parallel_local.documents.folder import FileStamp, Scan, read_bytes
from parallel_local.documents.folders import Folder
from parallel_local.documents.formats import format_of, read_content
from parallel_local.documents.left_out import lines
from parallel_local.documents.reader_process import ReaderProcess
from parallel_local.documents.reading import documents_of
from parallel_local.documents.remembered import Remark, remember, remembered

_PLAIN = frozenset({"markdown", "text", "code", "csv", "tsv"})
_LARGE = 500_000  # bytes of a format with a parser: it would hold up who searches meanwhile


class Difference(msgspec.Struct, frozen=True):
    """What to do with an index: forget the paths that are gone, read what is new or has changed."""

    gone: tuple[str, ...]
    to_read: tuple[FileStamp, ...]


class Holdings:
    """Folders and what is known of their files. One thread at a time looks and reads; anyone may ask."""

    def __init__(self, folders: Sequence[Folder], memory: Path) -> None:
        self.folders = tuple(folders)
        self._memory = memory
        self._remarks = remembered(memory)
        self._kept = dict(self._remarks)
        self._scan = Scan((), {})
        self._told: dict[str, str] = {}
        self._reader = ReaderProcess()
        self.stamps: Mapping[str, FileStamp] = {}

    @property
    def left_out(self) -> dict[str, str]:
        """Path → reason of everything that is no document."""
        broken = {path: remark.text for path, remark in self._remarks.items() if not remark.taken}
        return {**self._scan.left_out, **broken}

    @property
    def noted(self) -> dict[str, str]:
        """Path → what its owner should know of a document."""
        return {path: remark.text for path, remark in self._remarks.items() if remark.taken}

    def is_as(self, scan: Scan) -> bool:
        """Whether nothing has changed on the disk since the last comparison."""
        return scan == self._scan

    def compare(self, scan: Scan, known: Mapping[str, FileStamp]) -> Difference:
        """What has changed between an index with these stamps and the disk."""
        present = {stamp.path: stamp for stamp in scan.stamps}
        self._scan, self.stamps = scan, present
        self._remarks = {
            path: remark for path, remark in self._remarks.items() if present.get(path) == remark.stamp
        }
        to_read = [
            stamp
            for path, stamp in present.items()
            if known.get(path) != stamp and (path not in self._remarks or self._remarks[path].taken)
        ]
        gone = [path for path in known if path not in present or path in self.left_out]
        return Difference(tuple(gone), tuple(to_read))

    def read(self, stamp: FileStamp) -> tuple[Document, ...]:
        """The documents of a file; none when it cannot be read, which is then said by `left_out`."""
        folder, relative = self._place(stamp.path)
        try:
            content = self._content(relative, read_bytes(folder, relative))
        except FileNotFoundError:
            return ()  # it is gone again, and the next look will say so
        except OSError as error:
            self._remark(Remark(stamp, f"cannot be read: {error.strerror}", lasting=False))
            return ()
        except Unreadable as error:
            self._remark(Remark(stamp, str(error), lasting=not isinstance(error, NotNow)))
            return ()
        if content.note:
            self._remark(Remark(stamp, content.note, taken=True))
        return documents_of(folder, relative, content)

    def settle(self) -> None:
        """To be called when all is read: ends the reader, and keeps what is to be remembered."""
        self._reader.close()
        if self._remarks != self._kept:
            remember(self._memory, self._remarks)
            self._kept = dict(self._remarks)

    def interrupt(self) -> None:
        """Let a reading that another thread waits for fail now."""
        self._reader.interrupt()

    def retry(self) -> None:
        """Forget why files could not be read, so that the next look reads them again."""
        self._remarks = {path: remark for path, remark in self._remarks.items() if remark.taken}

    def news(self) -> list[str]:
        """Lines on what was not told yet, or is told for another reason now."""
        left_out, noted = self.left_out, self.noted
        news = [
            *lines(_untold(left_out, self._told), "left out"),
            *lines(_untold(noted, self._told), "look at"),
        ]
        self._told = {**left_out, **noted}
        return news

    def _place(self, path: str) -> tuple[Folder, str]:
        for folder in self.folders:
            relative = folder.relative(path)
            if relative is not None:
                return folder, relative
        raise Unreadable("of no folder that is served")

    def _content(self, name: str, content: bytes) -> Content:
        format_ = format_of(name)
        is_large = len(content) > _LARGE and format_ is not None and format_.name not in _PLAIN
        if format_ is not None and (format_.heavy or is_large):
            return self._reader.read(PurePath(name).name, content)
        return read_content(name, content)

    def _remark(self, remark: Remark) -> None:
        self._remarks = {**self._remarks, remark.stamp.path: remark}


def _untold(reasons: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    return {path: reason for path, reason in reasons.items() if told.get(path) != reason}
