"""What `GET /v1/local/documents` says. The engine's own; the contract has nothing like it."""

import msgspec


class ServedDocument(msgspec.Struct, frozen=True):
    """A file that is searched. `url` is that of the whole; each of several `parts` has a fragment of its own."""

    path: str
    url: str
    title: str
    date: str | None
    format: str
    size: int
    parts: int


class FilesLeftOut(msgspec.Struct, frozen=True):
    """Files with one reason: how many, and the first of them."""

    reason: str
    count: int
    files: list[str]


class Indexing(msgspec.Struct, frozen=True):
    """`reading` while there are changes that cannot be searched yet, else `ready`."""

    state: str
    files: int
    of_files: int
    bytes: int
    of_bytes: int


class MakingVectors(msgspec.Struct, frozen=True):
    """How far it is with the passages that have no vector yet."""

    passages: int
    of_passages: int


class DocumentsPage(msgspec.Struct, frozen=True):
    """A page of all documents, in order of path, and everything that is none."""

    documents: list[ServedDocument]
    total: int
    next_cursor: str | None
    left_out: list[FilesLeftOut]
    noted: list[FilesLeftOut]
    indexing: Indexing
    making_vectors: MakingVectors | None
