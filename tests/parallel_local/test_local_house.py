"""The house rules of the package: arrows point downwards, files and functions stay small."""

import ast
from pathlib import Path

import pytest

import parallel_local

_ROOT = Path(parallel_local.__file__).parent
_FILES = sorted(_ROOT.rglob("*.py"))
_LEVELS = (
    {"clock", "errors", "private", "sqlite_file", "threads", "text", "wire", "model_server"},
    {"documents"},
    {"retrieval", "fetch"},
    {"answers", "watcher", "embeddings"},
    {"findall", "monitors"},
    {"model"},
    {"runs"},
    {"web"},
    {"engine"},
    {"app"},
    {"server", "progress", "model_options"},
    {"terminal"},
    {"cli"},
    {"__main__"},
)


def _level(part: str) -> int:
    return next(level for level, parts in enumerate(_LEVELS) if part in parts)


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
        elif isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_arrows_and_sizes(path: Path) -> None:
    part = path.relative_to(_ROOT).parts[0].removesuffix(".py")
    for module in _imports(path):
        assert module.partition(".")[0] != "penstock"
        if module.startswith("parallel_local."):
            assert _level(module.split(".")[1]) <= _level(part), module
    assert len(path.read_text().splitlines()) <= 400
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            assert node.end_lineno - node.lineno < 50, node.name
