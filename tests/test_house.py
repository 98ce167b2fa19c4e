"""The house rules, read off the source: which way imports point, who may do what, how large things get.

Nothing of the project is imported here. Where a rule has an exception, it stands in a short list with its
reason; a list that grows is a sign to redraw the rule or the code.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
PROVIDER_GUIDE = ROOT / "docs" / "guides" / "providers.md"

Rows = tuple[tuple[str, ...], ...]

SHARED = "penstock_common"  # what gateway and local engine both use; it knows neither

# From the top downwards: packages, each whole. A module may import what stands in a lower row, and what belongs
# to its own package; never a neighbour in its row.
LAYERS: Rows = (
    ("__main__",),
    ("cli",),
    ("processes",),
    ("pages",),
    ("config_as_code", "doctor", "management"),
    ("control",),
    ("export", "following", "proxy", "shipper"),
    ("access", "analytics", "calls", "exits", "metrics"),
    ("stores",),
    ("runs",),
    ("journal", "pricing"),
    ("providers",),
    ("wire",),
    (
        "__init__",
        "budget",
        "clock",
        "errors",
        "metadata",
        "durable",
        "pieces",
        "settings",
        "dynamic_routing",
        "time_text",
    ),
    ("config_place",),
)

# The largest package has rows of its own.
PROXY_LAYERS: Rows = (
    ("downstream.connection",),
    ("downstream.weighed",),
    ("pipeline", "downstream.turns"),
    ("downstream.request_reader", "waiting"),
    ("accept", "fallback", "refusal", "resumption", "settle", "sharing"),
    ("answer_cache", "attempts", "response"),
    ("runs", "signing"),
    ("policies.sent_orders", "policies.what_was_asked", "unified"),
    ("whole_bodies",),
    ("plan", "recorder"),
    ("policies", "routing", "upstream.pool", "outgoing"),
    ("call_bodies", "did_you_mean", "question"),
    ("call",),
    ("policies.stored_keys", "policies.retry", "downstream.filtered_writer"),
    ("policies.key_pool", "policies.breaker", "downstream.body_writer"),
    ("downstream.inbound", "single_flight"),
    ("request_body", "upstream.dial"),
    ("paced", "room"),
    (
        "upstream.exchange",
        "downstream.busy_poll",
        "downstream.timeouts",
        "downstream.half_closed",
        "downstream.offered_upgrade",
    ),
    ("downstream.other_end", "held_filter"),
    ("__init__", "upstream", "downstream", "capture", "redaction", "long_work", "body_filter", "remembered"),
)

# What only some may touch. Names of `src/penstock`, matched like those of the layers.
OUTSIDE_WORLD = {
    "asyncio",
    "http.client",
    "http.server",
    "httpx",
    "os",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "threading",
    "urllib.request",
}
PURE = (
    "wire",
    "dynamic_routing",
    "providers",
    "errors",
    "pieces",
    "time_text",
    "proxy.capture",
    "proxy.redaction",
    "proxy.call",
    "proxy.routing",
    "proxy.plan",
    "proxy.body_filter",
    "journal.record",
    "runs",
    "calls.derive",
    "stores.sketch",
    "stores.predicates",
    "stores.filters",
    "stores.condition_values",
    "analytics",
)
CLOCKS = {"time", "random", "secrets", "uuid"}
WITH_CLOCKS = (
    "clock",
    "processes.supervisor",
    "cli",
)  # they start, watch and show; no call passes through them

MAX_FILE_LINES = 400
MOST_LINES = {ast.ClassDef: 250, ast.FunctionDef: 50, ast.AsyncFunctionDef: 50}
CRUMB_LINES = 40
ENTRIES = ("__init__", "__main__")
ONE_FILE_EACH = ("providers", "cli")  # providers and commands, however small
ALONE = {
    "parallel_local.documents.delimited",  # a file for each format of documents
    "parallel_local.documents.rst",
    "penstock.settings.regions",  # a rule about settings, which the assembly has no room for
    "penstock.wire.usage_replicate",  # a file for each vendor's shape
}
LONG_FILE_LINES = 200  # above this a docstring has more than one line
SHORT_DOCSTRINGS = {"parallel_local/web/extract.py"}

LATE_IMPORTS = {
    ("parallel_local.documents.pdf", "pypdf"),  # an extra, loaded when a PDF is read
    ("parallel_local.documents.docx", "docx"),  # likewise
    ("parallel_local.documents.docx", "docx.table"),
    ("parallel_local.documents.pptx", "pptx"),
    ("parallel_local.documents.rst", "docutils.core"),
    ("parallel_local.documents.xlsx", "openpyxl"),
    ("parallel_local.engine", "parallel_local.embeddings.dense_index"),  # with numpy, an extra
    ("penstock.access.google_assertion", "cryptography.exceptions"),  # likewise, few call with such accounts
    ("penstock.access.google_assertion", "cryptography.hazmat.primitives.asymmetric"),
    ("penstock.access.google_assertion", "cryptography.hazmat.primitives.hashes"),
    ("penstock.access.google_assertion", "cryptography.hazmat.primitives.serialization"),
    ("penstock.access.vault", "cryptography.exceptions"),  # 7 MB, and most gateways have nothing sealed
    ("penstock.access.vault", "cryptography.hazmat.primitives.ciphers.aead"),
    ("penstock.export.log_encryption", "cryptography.exceptions"),  # likewise
    ("penstock.export.log_encryption", "cryptography.hazmat.primitives.asymmetric"),
    ("penstock.export.log_encryption", "cryptography.hazmat.primitives.ciphers.aead"),
    ("penstock.export.log_encryption", "cryptography.hazmat.primitives.hashes"),
    ("penstock.export.log_encryption", "cryptography.hazmat.primitives.serialization"),
    ("penstock.export.otlp_traces", "penstock.export"),  # with protobuf, 8 MB
    ("penstock.exits.sender", "httpx"),  # 20 MB, and most installations export nothing
    ("penstock.management.application", "penstock.management.openapi"),  # with all examples, and rarely read
    ("penstock.pages.dashboard.door", "penstock.pages.dashboard.rendering"),  # with Jinja; many never look
    ("penstock.management.graphql", "penstock.analytics.graphql"),  # 4 MB, and rarely needed
    ("penstock.proxy.signing.aws_profiles", "botocore.session"),  # an extra, for profiles and roles alone
    ("penstock.wire.content_encoding", "brotli"),  # most answers have gzip or nothing
    ("penstock.wire.content_encoding", "zstandard"),
    # Alembic: 25 MB and a third of a second, and most files of the directory are up to date.
    ("penstock.stores.sqlite.control_store.file", "penstock.stores.sqlite.control_store.migrations.steps"),
}

# What keeps things, and its drivers: known to `stores/` alone, and there to who opens stores.
ENGINES = ("penstock.stores.sqlite", "penstock.stores.lmdb")
DRIVERS = {"sqlite3", "lmdb"}
OPENING = {
    "penstock.stores.opening.control_store",
    "penstock.stores.opening.ledger",
    "penstock.stores.opening.inspection",
    "penstock.stores.opening.ledger_changes",
    "penstock.stores.opening.runs",
    "penstock.stores.opening.shared",
}
# Commands over the ledger start quickly: they do not load what only workers use.
LEDGER_COMMANDS = ("cost", "explain", "logs", "reprice")

REGISTRIES = re.compile(
    "|".join((r"pypi\.(?:python\.)?org", "pythonhosted" + r"\.org", "npmjs" + r"\.(?:org|com)"))
)
MACHINE_PATHS = re.compile(r"(?<![\w.…:/-])/(?:work|root|tmp|home/\w+)(?![\w-])")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def module_name(path: Path) -> str:
    """`src/penstock/web/health.py` → `penstock.pages.health`; a package is called by its own name."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(SRC.rglob("*.py"))}
PENSTOCK = {name: path for name, path in SOURCES.items() if name.partition(".")[0] == "penstock"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


def imports_in(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name of every import below a node; for `import x` the name is empty."""
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            yield from ((alias.name, "") for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            assert not found.level, "imports are absolute"
            yield from ((found.module or "", alias.name) for alias in found.names)


@cache
def own_imports(name: str) -> frozenset[str]:
    """The modules of this project that a module imports."""
    found = set()
    for module, member in imports_in(tree(SOURCES[name])):
        whole = f"{module}.{member}"
        if whole in SOURCES:
            found.add(whole)
        elif module in SOURCES:
            found.add(module)
    return frozenset(found - {name})


def fits(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def place(name: str, rows: Rows) -> tuple[int, str]:
    """Row and part, among rows of parts, that a dotted name belongs to: the longest that fits."""
    found = [(len(part), row, part) for row, parts in enumerate(rows) for part in parts if fits(name, part)]
    assert found, f"{name} has no place in the layers"
    _, row, part = max(found)
    return row, part


def named_below(package: str) -> dict[str, str]:
    """The modules of a package by their names, and by the names they have below it."""
    return {name: name[len(package) + 1 :] or "__init__" for name in SOURCES if fits(name, package)}


def against(rows: Rows, package: str) -> list[str]:
    """The imports within a package that do not point downwards."""
    below = named_below(package)
    places = {name: place(short, rows) for name, short in below.items()}
    return [
        f"{name} imports {other}"
        for name, (row, part) in places.items()
        for other in own_imports(name) & places.keys()
        if places[other][1] != part and places[other][0] <= row
    ]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


# -- which way imports point


LAYERED = pytest.mark.parametrize(
    ("rows", "package"), [(LAYERS, "penstock"), (PROXY_LAYERS, "penstock.proxy")], ids=["penstock", "proxy"]
)


@LAYERED
def test_imports_point_downwards(rows: Rows, package: str) -> None:
    assert against(rows, package) == []


@LAYERED
def test_every_layer_is_there(rows: Rows, package: str) -> None:
    used = {place(short, rows)[1] for short in named_below(package).values()}
    assert used == {part for row in rows for part in row}


def test_layers_are_whole_packages() -> None:
    assert all("." not in part for row in LAYERS for part in row)


def test_there_are_no_cycles() -> None:
    left = {name: set(own_imports(name)) for name in SOURCES}
    while free := [name for name, others in left.items() if not others]:
        for name in free:
            del left[name]
        for others in left.values():
            others.difference_update(free)
    assert not left, "these import each other, or what does"


def test_gateway_and_local_engine_know_nothing_of_each_other() -> None:
    packages = {"penstock", "parallel_local", SHARED}
    assert {name.partition(".")[0] for name in SOURCES} == packages
    for name in SOURCES:
        package = name.partition(".")[0]
        for module, _ in imports_in(tree(SOURCES[name])):
            assert module.partition(".")[0] not in packages - {package, SHARED}, name


def test_imports_stand_at_the_top() -> None:
    late = {
        (name, module)
        for name, path in SOURCES.items()
        for function in functions(path)
        for module, _ in imports_in(function)
    }
    assert late == LATE_IMPORTS


# -- who may do what


def outside(module: str, forbidden: set[str]) -> set[str]:
    """Which of the forbidden modules this one imports."""
    return {
        name
        for imported, member in imports_in(tree(PENSTOCK[module]))
        for name in forbidden
        if fits(imported, name) or fits(f"{imported}.{member}", name)
    }


def is_one_of(module: str, parts: tuple[str, ...]) -> bool:
    return any(fits(module.partition(".")[2], part) for part in parts)


def test_pure_files_do_no_io() -> None:
    assert not {
        name: found for name in PENSTOCK if is_one_of(name, PURE) and (found := outside(name, OUTSIDE_WORLD))
    }


def test_time_and_chance_come_from_the_clock() -> None:
    assert not {
        name: found
        for name in PENSTOCK
        if not is_one_of(name, WITH_CLOCKS) and (found := outside(name, CLOCKS))
    }


def test_only_the_upstream_opens_connections() -> None:
    opening = {
        "create_connection",
        "create_unix_connection",
        "open_connection",
        "open_unix_connection",
        "start_tls",
    }
    for name, path in PENSTOCK.items():
        if name == "penstock.proxy.upstream.dial":
            continue
        used = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        assert not used & opening, name


def test_only_one_file_of_the_commands_prints() -> None:
    """The others hand over text, which is escaped there; but for bars of our own words, and who writes to sockets."""
    printing = {"echo", "secho", "print", "Console", "Text", "Table", "write"}
    for name, path in PENSTOCK.items():
        if not fits(name, "penstock.cli") or name == "penstock.cli.output":
            continue
        calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        used = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
        others = {
            "penstock.cli.demo_providers": {"write"},
            "penstock.cli.doctor": {"Console"},
            "penstock.cli.reprice": {"Console"},
        }
        assert not used & printing - others.get(name, set()), name


def test_only_the_pages_beside_the_data_plane_are_asgi() -> None:
    assert [name for name in PENSTOCK if outside(name, {"starlette"})] == [
        "penstock.management.application",
        "penstock.pages.dashboard.door",
        "penstock.pages.dashboard.downloads",
        "penstock.pages.dashboard.entrance",
        "penstock.pages.dashboard.site",
        "penstock.pages.health",
        "penstock.pages.hooks",
        "penstock.pages.metrics",
    ]


def test_only_the_phases_and_the_assembly_know_policies() -> None:
    others = [name for name in PENSTOCK if not fits(name, "penstock.proxy.policies")]
    knowing = {
        name for name in others if any(fits(one, "penstock.proxy.policies") for one in own_imports(name))
    }
    assert knowing == {
        "penstock.processes.worker",
        "penstock.control.compile",
        "penstock.proxy.attempts",
        "penstock.proxy.signing.signer",
        "penstock.proxy.call",
        "penstock.proxy.pipeline",
        "penstock.proxy.answer_cache",
        "penstock.proxy.runs.door",
        "penstock.proxy.plan",
        "penstock.proxy.unified.choice",
        "penstock.proxy.resumption",
        "penstock.proxy.sharing",
        "penstock.processes.worker_report",
    }


def test_only_who_opens_stores_knows_engines() -> None:
    engines = [name for name in PENSTOCK if any(fits(name, engine) for engine in ENGINES)]
    knowing = {name for name in PENSTOCK if outside(name, {*ENGINES})}
    assert knowing - {*engines} == OPENING
    assert all(name in engines or name in OPENING for name in PENSTOCK if outside(name, DRIVERS))


def test_engines_know_nothing_of_each_other() -> None:
    for engine in ENGINES:
        others = {*ENGINES} - {engine}
        assert not [name for name in PENSTOCK if fits(name, engine) and outside(name, others)]


def reached(name: str) -> set[str]:
    """A module and all of this project that is loaded with it."""
    found, new = {name}, {name}
    while new:
        new = {other for one in new for other in own_imports(one)} - found
        found |= new
    return found


@pytest.mark.parametrize("command", LEDGER_COMMANDS)
def test_commands_over_the_ledger_do_not_load_lmdb(command: str) -> None:
    loaded = reached(f"penstock.cli.{command}")
    assert "penstock.stores.sqlite.ledger.reader" in loaded
    assert not [name for name in loaded if fits(name, "penstock.stores.lmdb")]


def test_listing_calls_loads_neither_settings_nor_what_writes() -> None:
    others = (
        "penstock.settings",
        "penstock.stores.opening.inspection",
        "penstock.stores.opening.ledger_changes",
        "penstock.stores.sqlite.control_store",
    )
    loaded = reached("penstock.cli.logs")
    assert not [name for name in loaded if any(fits(name, other) for other in others)]


# -- sizes and words


def test_files_classes_and_functions_stay_small() -> None:
    large = []
    for path in project_files(".py"):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("src/", "bench/")):
            continue
        if (lines := len(text(path).splitlines())) > MAX_FILE_LINES:
            large.append(f"{name}: {lines} lines")
        for node in ast.walk(tree(path)):
            most = next((most for kind, most in MOST_LINES.items() if isinstance(node, kind)), None)
            if most is not None and (lines := lines_of(node)) > most:
                large.append(f"{name}: {getattr(node, 'name', '')} has {lines} lines")
    assert large == []


def lines_of(node: ast.AST) -> int:
    return getattr(node, "end_lineno", 0) - getattr(node, "lineno", 0) + 1


def test_no_file_is_a_crumb_of_another() -> None:
    """A small file that one other file alone uses belongs into that one, unless its reason stands above."""
    users = Counter(other for name in SOURCES for other in own_imports(name))
    crumbs = {
        name
        for name, path in SOURCES.items()
        if users[name] == 1 and len(text(path).splitlines()) < CRUMB_LINES and path.stem not in ENTRIES
    }
    assert {name for name in crumbs if not is_one_of(name, ONE_FILE_EACH)} == ALONE


def test_every_source_file_says_what_it_is() -> None:
    for path in SOURCES.values():
        lines = (ast.get_docstring(tree(path)) or "").splitlines()
        assert lines, path
        assert lines[0][:1].isupper() or lines[0].startswith("`"), path
        assert lines[-1].endswith((".", ")", "?")), path
        if len(text(path).splitlines()) > LONG_FILE_LINES:
            name = path.relative_to(SRC).as_posix()
            assert (len(lines) > 1) != (name in SHORT_DOCSTRINGS), (
                f"{name} says too little about what it leaves to others"
            )


def test_every_provider_is_in_the_guide() -> None:
    guide = text(PROVIDER_GUIDE)
    shared = {
        "aws_keys", "base", "base_url", "credential_place", "google_accounts", "google_credentials", "model_tasks",
        "paths", "registry", "custom", "openai_compatible", "openai_rows", "operation", "operation_grants",
        "operation_rows", "operation_table", "parallel_secrets", "request_reading", "signing", "model_aliases",
        "spoken",
    }  # fmt: skip
    for name, path in PENSTOCK.items():
        if not name.startswith("penstock.providers.") or name.rpartition(".")[2] in shared:
            continue
        slugs = re.findall(r'^OPERATIONS = OperationTable\(\s*"([\w-]+)"', text(path), re.MULTILINE)
        assert slugs, f"{name} names no provider"
        for slug in slugs:
            assert f"\n| `{slug}` |" in guide, f"{slug} has no row in {PROVIDER_GUIDE.name}"


def test_names_of_test_files_are_unique() -> None:
    counted = Counter(path.name for path in project_files(".py") if path.is_relative_to(ROOT / "tests"))
    assert [
        name for name, count in counted.items() if count > 1 and name not in {"__init__.py", "conftest.py"}
    ] == []


def test_no_file_names_a_package_registry() -> None:
    assert not matches(REGISTRIES, "")


def test_no_file_names_a_path_of_one_machine() -> None:
    assert not matches(MACHINE_PATHS, "")


def test_nothing_is_left_for_later() -> None:
    assert not matches(UNFINISHED, "")


# -- the files of the project

TEXT = {"", ".py", ".md", ".toml", ".txt", ".lock", ".json", ".mjs", ".yml", ".yaml", ".cfg", ".gitignore"}
LICENCES = {"LICENSE"}  # not ours to word


def project_files(ending: str) -> list[Path]:
    """What is, or could be, under version control."""
    return [path for path in _all_files() if path.name.endswith(ending)]


@cache
def _all_files() -> tuple[Path, ...]:
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        command = [
            git,
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30).stdout
        found = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        tops = ("src", "tests", "docs", "bench", "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
        found = [path for top in tops for path in ((ROOT / top), *(ROOT / top).rglob("*"))]
        made = {"node_modules", "__pycache__", ".cache"}
        found = [path for path in found if not made & set(path.relative_to(ROOT).parts)]
    return tuple(sorted(path for path in set(found) if path.is_file()))


def matches(pattern: re.Pattern[str], ending: str) -> list[str]:
    """Where a pattern occurs in the project's text files."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in project_files(ending)
        if path.suffix in TEXT and path.name not in LICENCES
        if pattern.search(text(path))
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line)
    ]
