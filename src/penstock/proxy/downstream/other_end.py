"""The other end of a TCP connection: has it ended its sending side, and does any program still hold it?

Where a client ends its sending side, its socket tells what the wire cannot: one that was closed has no owner any
more. The kernel knows (sock_diag(7), Linux), for one socket in some 35 µs. Clients of other machines, and kernels
that do not say, are unknown.
"""

from __future__ import annotations

import socket
import struct

_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ASKED = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ENDS = struct.Struct("!HH16s16s")  # ports and addresses, the socket's own first
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, cookie
_INODE_AT = 68  # in `struct inet_diag_msg`, where the owner's inode stands; 0: nobody's
_INODE = struct.Struct("=I")
_ANSWER_BYTES = 4096
_ESTABLISHED = 1  # the state in the first byte of `struct tcp_info`, where also stands
_MOVED = struct.Struct("=QQ")  # how many bytes the other end has taken, and sent
_MOVED_AT = 120


class OtherEnd:
    """Of one connection."""

    __slots__ = ("_request",)

    def __init__(self, connection: socket.socket) -> None:
        """`connection` is one of TCP. Raises `OSError` where it is gone."""
        family = connection.family
        peer, own = connection.getpeername(), connection.getsockname()
        asked = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
        ends = _ENDS.pack(peer[1], own[1], _address(family, peer[0]), _address(family, own[0]))
        body = asked + ends + _ANY
        self._request = _HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _REQUEST, 0, 0) + body

    def is_abandoned(self) -> bool | None:
        """Whether its socket is here and belongs to no program; None where the kernel does not know it, or say."""
        try:
            with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
                kernel.setblocking(False)
                kernel.send(self._request)
                answer = kernel.recv(_ANSWER_BYTES)
        except (OSError, AttributeError):
            return None
        start = _HEADER.size
        if len(answer) < start + _INODE_AT + _INODE.size or _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
            return None
        inode: int = _INODE.unpack_from(answer, start + _INODE_AT)[0]
        return inode == 0


def is_abandoned(connection: socket.socket) -> bool:
    """Whether the other end was a program of this machine, and has let go of it."""
    try:
        return OtherEnd(connection).is_abandoned() is True
    except OSError:
        return False


def sends_no_more(connection: socket.socket) -> bool:
    """Whether the other end has closed its side, or all of it, also where nobody has read yet what it sent before.

    False where the kernel does not say, and while there is no room for the rest of what was sent: then the end does not
    get through.
    """
    if not hasattr(socket, "TCP_INFO") or connection.family == socket.AF_UNIX:
        return False
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
    except OSError:
        return False


def moved(connection: socket.socket) -> int | None:
    """How many bytes the other end has taken and sent so far; None where the kernel does not say (before Linux 4.1)."""
    if not hasattr(socket, "TCP_INFO") or connection.family == socket.AF_UNIX:
        return None
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MOVED_AT + _MOVED.size)
    except OSError:
        return None
    return sum(_MOVED.unpack_from(told, _MOVED_AT)) if len(told) >= _MOVED_AT + _MOVED.size else None


def _address(family: int, text: str) -> bytes:
    return socket.inet_pton(family, text.partition("%")[0])
