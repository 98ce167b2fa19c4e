"""What the fields of a shape are for: the line under each in the source, which Python itself does not keep.

Sources are read when somebody wants to know, once a module; they are installed with the program.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import getsource
from itertools import pairwise

import msgspec


def field_docs(kind: type) -> dict[str, str]:
    """The lines of a class and of those it is made from, by field."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
            found.update(_classes(one.__module__).get(one.__qualname__, {}))
    return found


@cache
def _classes(module: str) -> Mapping[str, Mapping[str, str]]:
    """Of each class of a module, its lines."""
    tree = ast.parse(getsource(sys.modules[module]))
    return {one.name: dict(_lines(one)) for one in tree.body if isinstance(one, ast.ClassDef)}


def _lines(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())
