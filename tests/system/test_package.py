"""The wheel works by itself: installed into an empty environment, run far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import mailbot
from mailbot.installed import share

CHECKOUT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=seconds)


def from_index(done: subprocess.CompletedProcess[str]) -> None:
    """What needed the package index must have worked; without a network there is nothing to prove, but CI has one."""
    said = done.stdout + done.stderr
    if done.returncode and "NewConnectionError" in said and os.environ.get("CI") != "true":
        pytest.skip("the package index can not be reached")
    assert done.returncode == 0, said


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # From the source archive, as `make package` does: in a clean folder, so nothing of an earlier build slips in.
    from_index(run(sys.executable, "-m", "build", "--outdir", folder, CHECKOUT, cwd=folder))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed `mailbot`, its dependencies taken from the package index."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    from_index(run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder))
    return folder / "bin" / "mailbot"


def test_every_package_of_the_checkout_is_packed() -> None:
    named = set(tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"])
    there = {".".join(path.parent.relative_to(CHECKOUT).parts) for path in (CHECKOUT / "mailbot").rglob("__init__.py")}
    assert named == there | {"mailbot.share"}


def test_a_checkout_finds_what_comes_with_mailbot() -> None:
    assert (share() / "config.toml").is_file()
    assert (share() / "templates" / "ru").is_dir()
    assert (share() / "deploy" / "mailbot.service").is_file()


def test_the_wheel_carries_templates_configuration_and_unit(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = ["config.toml", "deploy/mailbot.service"]
    wanted += [str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "templates").rglob("*") if path.is_file()]
    assert {f"mailbot/share/{name}" for name in wanted} <= packed
    assert not [name for name in packed if name.startswith(("tests/", "state/"))]


def test_the_installed_program_runs_far_from_the_checkout(program: Path, tmp_path: Path) -> None:
    said = run(program, "--version", cwd=tmp_path, seconds=60)
    assert said.returncode == 0, said.stderr
    assert mailbot.__version__ in said.stdout
    where = run(program.with_name("python"), "-c", "from mailbot.installed import share; print(share())", cwd=tmp_path, seconds=60)
    assert (Path(where.stdout.strip()) / "config.toml").is_file()


def test_the_installed_demo_runs_far_from_the_checkout(program: Path, tmp_path: Path) -> None:
    said = run(program, "demo", "--fast", cwd=tmp_path, seconds=120)
    assert said.returncode == 0, said.stdout + said.stderr
