"""Files: atomic, private, safely named; and one writer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.errors import Temporary
from mailbot.records import files


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    files.write_atomically(path, b"old")
    files.write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
def test_a_disk_that_refuses_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "x"
    files.write_atomically(path, b"old")

    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(Temporary, match=r"/x: the disk is full\. Free some space"):
            files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_are_on_the_disk_before_files_are_spoken_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    files.write_files(tmp_path / "case", [("messages/1", b"1"), ("messages/2", b"2"), ("attachments/1", b"3")])
    assert synced[:3] == ["case/messages/1", "case/messages/2", "case/attachments/1"]
    # The folder that got the case's name, too; each only once.
    assert sorted(synced[3:]) == [".", "case", "case/attachments", "case/messages"]


def test_folders_are_made_private_and_a_loose_one_is_tightened(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b")
    assert [(tmp_path / each).stat().st_mode & 0o777 for each in ("a", "a/b")] == [0o700, 0o700]
    (tmp_path / "a").chmod(0o755)
    files.make_folder(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("name", "type", "safe"),
    [
        ("Резюме Иванова.pdf", "application/pdf", "Резюме_Иванова.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\temp\\CV.DOCX", "application/msword", "CV.docx"),
        ("", "application/pdf", "attachment.pdf"),
        ("...", "application/x-nothing", "attachment.bin"),
        ("-rf.pdf", "application/pdf", "rf.pdf"),
        ("a\r\nb\0c\u202efdp.exe", "application/pdf", "a_b_c_fdp.exe"),
        ("cv.pdf\n", "application/pdf", "cv.pdf"),
        ("half \udcff.txt", "text/plain", "half.txt"),
    ],
)
def test_a_strangers_name_becomes_a_plain_one(name: str, type: str, safe: str) -> None:
    assert files.safe_name(name, type) == safe


def test_a_safe_name_is_short_in_bytes(tmp_path: Path) -> None:
    name = files.safe_name("ё" * 500 + ".pdf", "application/pdf")
    assert len(name.encode()) <= 100
    (tmp_path / f"0001-01-{name}").touch()


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/x", "", ".", "a\0b"])
def test_a_path_never_leaves_its_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="inside its folder"):
        files.inside(tmp_path, path)


def test_the_lock_is_held_by_one_and_names_its_holder(tmp_path: Path) -> None:
    assert files.holder(tmp_path) is None
    with files.Lock(tmp_path):
        assert files.holder(tmp_path) == os.getpid()
        with pytest.raises(Temporary, match=rf"^mailbot is running, pid {os.getpid()}$"):
            files.Lock(tmp_path)
    assert files.holder(tmp_path) is None
    with files.Lock(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from mailbot.records.files import Lock; Lock(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, cwd=Path(__file__).parents[2])
    assert (tmp_path / "lock").read_bytes().strip().isdigit()
    assert files.holder(tmp_path) is None
    files.Lock(tmp_path).release()
