"""Whether an LMDB file is sound: its pages, read one by one from the file and never through a map.

LMDB believes what pages say of themselves, and reads them through a map: damage ends the process that meets it, or
spoils more. Here each page must be what the one above it says, once in the whole file; keys must ascend, sums must
agree. The layout is that of LMDB 0.9 on a machine with 64 bits (`mdb.c`). What values mean is their stores' affair.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from penstock.clock import Clock

Check = Callable[[bytes, bytes], bool]
"""Whether a key and its value are sound."""

_META: Final = struct.Struct("<IIQQ48s48sQQ")
_TREE: Final = struct.Struct("<IHHQQQQQ")
_PAGE: Final = struct.Struct("<QHHHH")
_SPREAD: Final = struct.Struct("<QHHI")  # the head of pages in a row, which hold one value
_NODE: Final = struct.Struct("<HHHH")
_NUMBER: Final = struct.Struct("<Q")
_MAGIC: Final = 0xBEEFC0DE
_VERSION: Final = 1
_PAGE_HEAD, _NODE_HEAD, _META_PAGES = 16, 8, 2
_BRANCH, _LEAF, _SPREAD_FLAG, _META_FLAG = 1, 2, 4, 8
_ELSEWHERE, _IS_TREE = 1, 2
_NUMBERED = 8  # the flag of the tree of free pages: its keys are numbers of this machine
_NOTHING: Final = (1 << 64) - 1
_DEEPEST: Final = 32
_LARGEST_MAP: Final = 1 << 47
_SMALLEST_PAGE, _LARGEST_PAGE = 256, 65_536


class Unsound(Exception):
    """The file is no store, or a damaged one; the text says where."""


class Unfinished(Exception):
    """There was too much to look at in the time."""


class Tree(NamedTuple):
    """What is said of a tree, in the order of the file."""

    page_bytes: int  # only that of free pages says it
    flags: int
    depth: int
    branches: int
    leaves: int
    spread: int
    entries: int
    root: int


class Meta(NamedTuple):
    """One of the two states that a file has; the higher number is the newer one."""

    number: int
    last_page: int
    map_bytes: int
    free: Tree
    main: Tree

    @property
    def page_bytes(self) -> int:
        return self.free.page_bytes


class _Node(NamedTuple):
    key: bytes
    flags: int
    value: bytes


def states(descriptor: int) -> tuple[Meta, Meta]:
    """Both states of a file. Raises `Unsound`."""
    first = _meta(os.pread(descriptor, _LARGEST_PAGE, 0), 0)
    second = _meta(os.pread(descriptor, _LARGEST_PAGE, first.page_bytes), 1)
    if first.page_bytes != second.page_bytes:
        raise Unsound("its two states differ in the size of pages")
    return first, second


def examine(descriptor: int, state: Meta, checks: Mapping[bytes, Check], until: float) -> None:
    """Walks all trees of a state of the file; `checks` are for the values of some named databases.

    Raises `Unsound`, and `Unfinished` at the monotonic time `until`. While others write, the caller keeps a
    read transaction on that state, or its pages would be used for something else meanwhile.
    """
    walk = _Walk(descriptor, state, until)
    for node in walk.nodes(state.free, "of free pages"):
        walk.free(node)
    for node in tuple(walk.nodes(state.main, "of names")):
        if node.flags != _IS_TREE or len(node.value) != _TREE.size:
            raise Unsound(f"the name {node.key!r} stands for no database")
        tree = Tree(*_TREE.unpack(node.value))
        check = checks.get(node.key)
        name = node.key.decode("utf-8", "replace")
        for entry in walk.nodes(tree, f"of {name}"):
            if entry.flags & _IS_TREE or (check is not None and not check(entry.key, entry.value)):
                raise Unsound(f"an entry of {name} is damaged")


def _meta(data: bytes, number: int) -> Meta:
    if len(data) < _PAGE_HEAD + _META.size:
        raise Unsound("it was cut off in its first pages")
    page, _, flags, _, _ = _PAGE.unpack_from(data)
    magic, version, _, map_bytes, free, main, last, transaction = _META.unpack_from(data, _PAGE_HEAD)
    if (page, flags, magic, version) != (number, _META_FLAG, _MAGIC, _VERSION):
        raise Unsound("its first pages are not those of a store")
    meta = Meta(transaction, last, map_bytes, Tree(*_TREE.unpack(free)), Tree(*_TREE.unpack(main)))
    size = meta.page_bytes
    if not _SMALLEST_PAGE <= size <= _LARGEST_PAGE or size & (size - 1):
        raise Unsound(f"its pages cannot have {size} bytes")
    if not (last + 1) * size <= map_bytes <= _LARGEST_MAP:
        raise Unsound(f"a map of {map_bytes} bytes cannot hold {last + 1} pages")
    if meta.free.flags != _NUMBERED or meta.main.flags:
        raise Unsound("its trees have flags that no store has")
    return meta


class _Walk:
    """Through the trees of one state. No page may be met twice."""

    def __init__(self, descriptor: int, state: Meta, until: float) -> None:
        self._descriptor = descriptor
        self._size = state.page_bytes
        self._last = state.last_page
        self._met = bytearray(state.last_page + 1)
        self._met[:_META_PAGES] = b"\1" * _META_PAGES
        self._until = until
        self._now = Clock().monotonic
        self._branches = self._leaves = self._spread = 0

    def nodes(self, tree: Tree, what: str) -> Iterator[_Node]:
        """All entries, in the order of their keys. Raises `Unsound`, also when the sums turn out wrong."""
        if tree.flags & ~_NUMBERED or tree.depth > _DEEPEST:
            raise Unsound(f"the tree {what} has flags or a depth that none has")
        self._branches = self._leaves = self._spread = entries = 0
        is_numbered = bool(tree.flags)
        last = b""
        if (tree.root == _NOTHING) != (tree.depth == 0):
            raise Unsound(f"the tree {what} has lost its root")
        for node in self._below(tree.root, tree.depth, what) if tree.depth else ():
            place = node.key[::-1] if is_numbered else node.key
            if place <= last:
                raise Unsound(f"the tree {what} is out of order")
            last = place
            entries += 1
            yield node
        found = (self._branches, self._leaves, self._spread, entries)
        if found != tree[3:7]:
            raise Unsound(f"the tree {what} has other sums than it says")

    def free(self, node: _Node) -> None:
        """Takes note of pages that are free."""
        count = len(node.value) // _NUMBER.size
        numbers = struct.unpack_from(f"<{count}Q", node.value)
        if not numbers or numbers[0] >= count or len(node.key) != _NUMBER.size:
            raise Unsound("a list of free pages is damaged")
        for number in numbers[1 : numbers[0] + 1]:
            self._claim(number, 1, "a free page")

    def _below(self, page: int, depth: int, what: str) -> Iterator[_Node]:
        data = self._page(page, _LEAF if depth == 1 else _BRANCH, what)
        places = self._places(data, what)
        if depth == 1:
            self._leaves += 1
            for place in places:
                yield self._leaf_node(data, place, what)
            return
        self._branches += 1
        for index, place in enumerate(places):
            low, middle, high, key_bytes = _NODE.unpack_from(data, place)
            least = data[place + _NODE_HEAD : place + _NODE_HEAD + key_bytes] if index else b""
            for node in self._below(low | middle << 16 | high << 32, depth - 1, what):
                if least and node.key < least and len(node.key) != _NUMBER.size:
                    raise Unsound(f"the tree {what} is out of order")
                least = b""
                yield node

    def _page(self, number: int, flags: int, what: str) -> bytes:
        self._claim(number, 1, f"a page {what}")
        if self._now() > self._until:
            raise Unfinished
        data = os.pread(self._descriptor, self._size, number * self._size)
        if len(data) < self._size:
            raise Unsound(f"the tree {what} was cut off")
        at, _, kind, lower, upper = _PAGE.unpack_from(data)
        if (at, kind) != (number, flags) or not _PAGE_HEAD < lower <= upper <= self._size or lower % 2:
            raise Unsound(f"page {number} is no page {what}")
        return data

    def _places(self, data: bytes, what: str) -> tuple[int, ...]:
        """Where the nodes of a page begin."""
        lower, upper = _PAGE.unpack_from(data)[3:]
        places = struct.unpack_from(f"<{(lower - _PAGE_HEAD) // 2}H", data, _PAGE_HEAD)
        if min(places) < upper or max(places) > self._size - _NODE_HEAD or len(set(places)) < len(places):
            raise Unsound(f"a page {what} has entries outside of it")
        return places

    def _leaf_node(self, data: bytes, place: int, what: str) -> _Node:
        low, high, flags, key_bytes = _NODE.unpack_from(data, place)
        begin = place + _NODE_HEAD
        middle = begin + key_bytes
        length = low | high << 16
        end = middle + (_NUMBER.size if flags & _ELSEWHERE else length)
        if end > self._size or not key_bytes or flags & ~(_ELSEWHERE | _IS_TREE):
            raise Unsound(f"an entry {what} does not end in its page")
        if flags & _ELSEWHERE:
            value = self._spread_value(_NUMBER.unpack_from(data, middle)[0], length, what)
        else:
            value = data[middle:end]
        return _Node(data[begin:middle], flags & _IS_TREE, value)

    def _spread_value(self, page: int, length: int, what: str) -> bytes:
        """A value that has pages of its own."""
        count = -(-(length + _PAGE_HEAD) // self._size)
        self._claim(page, count, f"a value {what}")
        self._spread += count
        data = os.pread(self._descriptor, length + _PAGE_HEAD, page * self._size)
        if len(data) < length + _PAGE_HEAD:
            raise Unsound(f"a value {what} was cut off")
        at, _, flags, pages = _SPREAD.unpack_from(data)
        if (at, flags, pages) != (page, _SPREAD_FLAG, count):
            raise Unsound(f"page {page} does not begin a value {what}")
        return data[_PAGE_HEAD:]

    def _claim(self, page: int, count: int, what: str) -> None:
        """From now on these pages belong to somebody."""
        if not _META_PAGES <= page <= self._last + 1 - count:
            raise Unsound(f"{what} is outside of the file")
        if any(self._met[page : page + count]):
            raise Unsound(f"{what} belongs to something else, too")
        self._met[page : page + count] = b"\1" * count
