"""Root asks about a state that is the daemon's own: every verb works, and leaves no file of root's behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A user and group that every Linux has, and nobody uses: nobody and nogroup.
NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody can go through, with a configuration, and in it the state of another user."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if not _runs_for_others():
        pytest.skip(f"{sys.executable} is closed to other users")
    # Not tmp_path: that is closed to everybody else.
    made = Path(tempfile.mkdtemp(prefix="mailbot-test-"))
    made.chmod(0o755)
    config = made / "config.toml"
    config.write_bytes((ROOT / "config.toml").read_bytes())
    config.chmod(0o644)
    state = made / "state"
    state.mkdir(mode=0o700)
    yield made
    shutil.rmtree(made)


def _runs_for_others() -> bool:
    """What the process imports after it has become another user has to be found by that user too."""
    try:
        done = subprocess.run([sys.executable, "-c", "import encodings.idna"], user=NOBODY, group=NOBODY, capture_output=True, check=False)
    except PermissionError:
        return False
    return done.returncode == 0


def mailbot(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailbot", *words, "--config", str(folder / "config.toml")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60, cwd=folder)


def test_a_letter_that_root_alone_can_read_is_explained(folder: Path) -> None:
    assert mailbot(folder, "list").returncode == 0
    assert mailbot(folder, "resume").returncode == 0
    for path in (folder / "state", *(folder / "state").iterdir()):
        os.chown(path, NOBODY, NOBODY)
    private = folder / "private"
    private.mkdir(mode=0o700)
    letter = private / "letter.eml"
    letter.write_text("From: maria@mail.ru\nTo: job@up-advert.ru\nSubject: vacancy\n\nHello, I apply for the job.\n")
    told = mailbot(folder, "explain", str(letter))
    assert (told.returncode, told.stderr) == (0, "")
    assert "application (D14)" in told.stdout
    assert {path.owner() for path in (folder / "state").rglob("*")} == {"nobody"}
