"""Root becomes the owner of the state folder, so that no file there ends up root's and closed to the daemon."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mailbot.errors import Permanent


class Process(Protocol):
    """The calls to the kernel that change whose process this is; the module `os` has them."""

    def geteuid(self) -> int: ...
    def setgroups(self, groups: Sequence[int], /) -> None: ...
    def setgid(self, gid: int, /) -> None: ...
    def setuid(self, uid: int, /) -> None: ...


def become_owner(state: Path, process: Process = os) -> bool:
    """Given the state folder, become its owner if we are root and it is somebody else's; return whether that was so.

    There is no way back in this process. A folder that is not there yet, or is root's own, changes nothing.
    Raise Permanent if the kernel does not let us.
    """
    if process.geteuid() != 0:
        return False
    try:
        owner = state.stat()
    except FileNotFoundError:
        return False
    if owner.st_uid == 0:
        return False
    try:
        # The groups first: once the user is changed, nothing else may be.
        process.setgroups(_groups(owner.st_uid, owner.st_gid))
        process.setgid(owner.st_gid)
        process.setuid(owner.st_uid)
    except OSError as error:
        raise Permanent(f"{state}: its owner, user {owner.st_uid}, could not be taken on: {error.strerror}") from error
    return True


def _groups(uid: int, gid: int) -> list[int]:
    """The groups of a user; of one without a name (systemd's DynamicUser while its service is stopped) the folder's alone."""
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return [gid]
