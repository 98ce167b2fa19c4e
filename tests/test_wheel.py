"""The wheel alone is enough: built, installed into an empty environment, and its demonstration run there.

The dependencies are lent by the environment of the tests, so that nothing has to be fetched; penstock and
parallel_local come from the wheel and from nowhere else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.gateway import environment

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "src" / "parallel_local" / "corpus"
SECONDS = 180
PACKAGES = {"penstock", "parallel_local", "penstock_common"}

WHERE = """
import json, parallel_local, penstock, penstock_common
from importlib.metadata import distribution
from pathlib import Path
corpus = Path(parallel_local.__file__).parent / "corpus"
print(json.dumps({
    "penstock": penstock.__file__,
    "parallel_local": parallel_local.__file__,
    "penstock_common": penstock_common.__file__,
    "corpus": sorted(path.name for path in corpus.iterdir()),
    "version": [penstock.__version__, distribution("penstock").version],
}))
"""


DOCUMENT = """
import sys
from penstock.management.api import ENDPOINTS
from penstock.management.openapi import document
sys.stdout.buffer.write(document(ENDPOINTS))
"""


def run(command: Sequence[str | Path], folder: Path) -> str:
    """What a program says on standard output; it must end with 0."""
    environ = {name: value for name, value in environment().items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheel")


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder / "dist",
        ROOT,
    ]
    run(build, folder)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(folder: Path, wheel: Path) -> Path:
    """The interpreter of an environment with the wheel in it."""
    venv = folder / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", venv], folder)
    python = venv / "bin" / "python"
    install: list[str | Path] = [
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        wheel,
    ]
    run([sys.executable, "-m", "pip", "--python", python, *install], folder)
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    site = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip()
    (Path(site) / "lent.pth").write_text("".join(f"{path}\n" for path in sorted(lent)))
    return python


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pyc", ".db"))]


def test_it_is_what_gets_imported(python: Path, folder: Path) -> None:
    found = json.loads(run([python, "-c", WHERE], folder))
    for package in PACKAGES:
        assert Path(found[package]).is_relative_to(python.parents[1]), found[package]
    assert found["corpus"] == sorted(path.name for path in CORPUS.iterdir())
    assert len(set(found["version"])) == 1


def test_its_api_says_what_its_fields_are(python: Path, folder: Path) -> None:
    found = json.loads(run([python, "-c", DOCUMENT], folder))
    gateway = found["components"]["schemas"]["GatewayAnswer"]["properties"]
    assert gateway["cache_ttl"]["description"] == "Seconds that an answer is kept; 0 is off."


def test_its_demonstration_succeeds(python: Path, folder: Path) -> None:
    output = run([python.with_name("penstock"), "demo", "--exit"], folder)
    assert "completed: " in output
    assert "POST chat/completions" in output


def test_its_local_engine_starts(python: Path, folder: Path) -> None:
    assert "Usage: parallel-local serve" in run(
        [python.with_name("parallel-local"), "serve", "--help"], folder
    )
