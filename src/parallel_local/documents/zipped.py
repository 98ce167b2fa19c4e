"""Archives that office documents and books are: what is in one, held to what a reader may unpack.

Sizes are counted while unpacking, not believed: the directory of an archive says what its maker liked.
"""

import io
import zipfile
import zlib

from parallel_local.documents.content import Unreadable

_MOST_ENTRIES = 10_000
_MOST_BYTES = 200_000_000
_CHUNK = 1 << 16
_PROTECTED = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = 0x1


def checked(content: bytes, what: str, bytes_: int = _MOST_BYTES) -> zipfile.ZipFile:
    """The archive, after all of it has been unpacked once. Raises `Unreadable` for damaged and endless ones."""
    if content.startswith(_PROTECTED):
        raise Unreadable(f"no {what} that can be opened: protected by a password, or of an older format")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise Unreadable(f"a {what} of more than {_MOST_ENTRIES:,} entries")
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise Unreadable(f"a {what} that is protected by a password")
        if len({entry.header_offset for entry in entries}) < len(entries):
            raise Unreadable(f"a {what} whose entries overlap")
        room = bytes_
        for entry in entries:
            room -= _unpacked(archive, entry, room)
            if room < 0:
                raise Unreadable(f"a {what} that unpacks to more than {bytes_ // 1_000_000} MB")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise Unreadable(f"a damaged {what}: {_one_line(error)}") from error
    return archive


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> int:
    """How many bytes an entry holds, looked at no further than just behind `room`."""
    size = 0
    with archive.open(entry) as stream:
        while size <= room and (chunk := stream.read(_CHUNK)):
            size += len(chunk)
    return size


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
