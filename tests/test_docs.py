"""The documents hold what they promise: options, links, headings, commands, code that parses, the drawn layers.

The options of the configuration file are checked in `settings/test_settings_guide.py`, the table of providers in
`providers/test_providers_docs.py`.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

import parallel_local.cli
import penstock.cli.main
from penstock.providers.registry import BUILT_IN
from support import operations_guide, surface_guides
from test_house import LAYERS, PROXY_LAYERS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISION_HEADINGS = ["Context", "Decision", "What it costs"]
OF_EVERY_PROGRAM = {"--help", "-h", "--version"}

FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+?) *$", re.MULTILINE)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """A document without its code blocks."""
    return FENCE.sub("", text(path))


def blocks(path: Path, *languages: str) -> list[str]:
    return [match["code"] for match in FENCE.finditer(text(path)) if match["language"] in languages]


# -- the command line


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, with how they are called."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


COMMANDS = [
    *commands(penstock.cli.main.main, "penstock"),
    *commands(parallel_local.cli.main, "parallel-local"),
]


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_option_is_documented(path: str, command: click.Command) -> None:
    everything = "\n".join(text(document) for document in DOCUMENTS)
    assert re.search(rf"{re.escape(path)}\b", everything), f"{path} is nowhere explained"
    options = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    pages = [text(document) for document in DOCUMENTS if path in text(document)]
    for option in options - OF_EVERY_PROGRAM:
        pattern = rf"`{re.escape(option)}(?: [A-Z_]+)?`"
        assert any(re.search(pattern, page) for page in pages), (
            f"{path} {option} is in no page that explains {path}"
        )


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_help_has_an_example_of_its_own(path: str, command: click.Command) -> None:
    if isinstance(command, click.Group) and not command.invoke_without_command:
        return  # it lists the commands that have
    assert path in (command.help or "").partition("Example")[2]


def test_no_option_is_documented_that_does_not_exist() -> None:
    known = {
        name for _, command in COMMANDS for option in command.params for name in option.opts
    } | OF_EVERY_PROGRAM
    for document in (README, ROOT / "docs" / "guides" / "operating.md", ROOT / "docs" / "guides" / "logs.md"):
        told = set(re.findall(r"(?:penstock|parallel-local)\b[^\n`|]*? (--[a-z][a-z-]*)", text(document)))
        assert told <= known, named(document)


# -- links and headings


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (document.parent / unquote(target)).resolve() if target else document
        assert path.exists(), f"{link} leads nowhere"
        assert path.is_relative_to(ROOT), f"{link} leads out of the project"
        if anchor:
            assert anchor in anchors(path), f"{link}: no such heading"


def anchors(path: Path) -> set[str]:
    """The names of headings, as usual pages of repositories have them."""
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(path)))
    return {heading.replace(" ", "-") for heading in headings}


def test_every_guide_is_linked_from_the_front() -> None:
    linked = {
        (ROOT / link.partition("#")[0]).resolve() for link in LINK.findall(prose(README)) if "://" not in link
    }
    assert set((ROOT / "docs" / "guides").glob("*.md")) | {ARCHITECTURE} <= linked


def test_the_pictures_of_the_front_are_small_and_there() -> None:
    shown = [ROOT / place for place in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", text(README))]
    assert sorted(shown) == sorted((ROOT / "docs" / "pictures").iterdir())
    assert len(shown) == 3
    assert sum(picture.stat().st_size for picture in shown) < 300_000


@pytest.mark.parametrize("decision", DECISIONS, ids=named)
def test_a_decision_says_why_what_and_at_what_cost(decision: Path) -> None:
    title, *sections = HEADING.findall(prose(decision))
    assert re.fullmatch(r"\d{4}(?:-[a-z0-9]+)+\.md", decision.name)
    assert title.startswith(f"{int(decision.name[:4])}. ")
    assert sections == DECISION_HEADINGS


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(decision.name[:4]) for decision in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_every_dependency_has_its_reason() -> None:
    (page,) = [text(decision) for decision in DECISIONS if "dependencies" in decision.name]
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    extras = chain.from_iterable(project["project"]["optional-dependencies"].values())
    wanted = {re.split(r"[<>=~!]", line)[0] for line in [*project["project"]["dependencies"], *extras]}
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == wanted
    for line in chain.from_iterable(project["dependency-groups"].values()):
        name = re.split(r"[<>=~!\[]", line)[0]
        assert f"`{name}`" in page, line


def test_the_layers_are_drawn_as_they_are_tested() -> None:
    drawn = [
        [re.findall(r"[\w.]+", line) for line in block.splitlines()]
        for block in blocks(ARCHITECTURE, "layers")
    ]
    assert drawn == [[list(row) for row in rows] for rows in (LAYERS, PROXY_LAYERS)]


def test_the_operations_are_those_of_the_tables() -> None:
    assert operations_guide.GUIDE.read_text(encoding="utf-8") == operations_guide.page(), "make operations"


@pytest.mark.parametrize("name", surface_guides.PAGES)
def test_what_is_carried_is_what_the_translation_does(name: str) -> None:
    page = surface_guides.page(name)
    assert (surface_guides.GUIDES / name).read_text(encoding="utf-8") == page, "make surfaces"
    assert "| yes |" in page


def test_the_number_of_providers_is_the_true_one() -> None:
    assert f"all {len(BUILT_IN)}, their paths" in text(README)


# -- commands and code


def test_the_front_names_only_targets_that_exist() -> None:
    makefile = text(ROOT / "Makefile")
    for document in DOCUMENTS:
        used = {
            name
            for code in [
                *blocks(document, "sh", "bash", "console"),
                *re.findall(r"`([^`\n]+)`", text(document)),
            ]
            for name in re.findall(r"^(?:\$ )?make ([a-z]+)", code, re.MULTILINE)
        }
        for target in used:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target} in {named(document)}"
    assert {"demo", "test"} <= set(re.findall(r"make ([a-z]+)", text(README)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_python_in_documents_parses(document: Path) -> None:
    for code in blocks(document, "python"):
        ast.parse(code)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_shell_in_documents_parses(document: Path) -> None:
    shell = shutil.which("bash") or shutil.which("sh")
    assert shell is not None
    for code in blocks(document, "sh", "bash"):
        done = subprocess.run(
            [shell, "-n"], input=code, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_toml_in_documents_parses(document: Path) -> None:
    for code in blocks(document, "toml"):
        tomllib.loads(code)


def test_every_code_block_is_closed() -> None:
    for document in DOCUMENTS:
        assert "```" not in prose(document), named(document)
