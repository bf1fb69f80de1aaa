"""Root becomes the owner of the state folder; anybody else stays who they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailbot.errors import Permanent
from mailbot.service.owner import become_owner


class Kernel:
    """A process that writes down what it was asked to become."""

    def __init__(self, uid: int, *, refuses: bool = False) -> None:
        self.uid = uid
        self.refuses = refuses
        self.asked: list[str] = []

    def geteuid(self) -> int:
        return self.uid

    def setgroups(self, groups: Sequence[int], /) -> None:
        if self.refuses:
            raise PermissionError(1, "Operation not permitted")
        self.asked.append(f"groups {list(groups)}")

    def setgid(self, gid: int, /) -> None:
        self.asked.append(f"group {gid}")

    def setuid(self, uid: int, /) -> None:
        self.asked.append(f"user {uid}")


class Folder(type(Path())):  # type: ignore[misc]
    """A folder of a user without a name, wherever the test runs and as whomever."""

    uid = 64123

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat_result((0o40700, 1, 1, 1, self.uid, 64124, 0, 0, 0, 0))


def test_root_becomes_the_owner_groups_first_and_user_last() -> None:
    kernel = Kernel(0)
    assert become_owner(Folder("state"), kernel)
    assert kernel.asked == ["groups [64124]", "group 64124", "user 64123"]


def test_anybody_else_stays_who_they_are() -> None:
    kernel = Kernel(1000)
    assert not become_owner(Folder("state"), kernel)
    assert kernel.asked == []


def test_a_folder_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    kernel = Kernel(0)
    assert not become_owner(tmp_path / "none", kernel)
    assert kernel.asked == []


def test_a_folder_of_root_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folder, "uid", 0)
    kernel = Kernel(0)
    assert not become_owner(Folder("state"), kernel)
    assert kernel.asked == []


def test_a_refusal_is_said_in_words() -> None:
    with pytest.raises(Permanent, match="user 64123, could not be taken on: Operation not permitted"):
        become_owner(Folder("state"), Kernel(0, refuses=True))
