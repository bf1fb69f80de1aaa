"""Files that are there after a power cut, private, and named safely; and the lock of the one writer."""

from __future__ import annotations

import errno
import fcntl
import mimetypes
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from mailbot.errors import Temporary
from mailbot.pause import pause

FOLDER_MODE = 0o700
FILE_MODE = 0o600

#: What an administrator can do about it, by errno; the rest is said in the system's own words.
_ADVICE = {
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "the quota is used up. Free some space or raise the quota",
    errno.EFBIG: "the file would be larger than mailbot may write. Raise the limit (ulimit -f, LimitFSIZE=)",
    errno.EROFS: "the file system is read-only. Mount it writable; it may have been remounted after a disk error",
    errno.EIO: "the disk reports an input/output error. Check the disk and the kernel's log",
    errno.EACCES: "access is denied. Give the state folder to the user that mailbot runs as",
    errno.EPERM: "this is not permitted. Give the state folder to the user that mailbot runs as",
    errno.EMFILE: "too many files are open. Raise LimitNOFILE",
}


@contextmanager
def in_words(place: Path) -> Iterator[None]:
    """Given the file or folder that is worked on, turn any OSError into Temporary: the place, and what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, f"{(error.strerror or str(error)).lower()}. Mend this; mailbot tries again")
        raise Temporary(f"{place}: {advice}") from error


def sync_folder(folder: Path) -> None:
    """Given a folder, return once the names in it are on the disk: fsync(2) of a file does not cover its name. Raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_without_room(folder: Path, needed: int) -> None:
    """Raise Temporary, in words, if less than so many bytes are free on a folder's disk; of a small disk, less than a twentieth."""
    with in_words(folder):
        disk = shutil.disk_usage(folder)
    if disk.free < min(needed, disk.total // 20):
        raise Temporary(f"{folder}: the disk is full. Free some space: {disk.free // 1_000_000} MB are left, too little to fetch letters")


def make_folder(folder: Path) -> None:
    """Given a folder, return once it is there, with mode 0700, and its name is on the disk. Raise Temporary."""
    with in_words(folder):
        for changed in _make(folder):
            sync_folder(changed)
        if folder.stat().st_mode & 0o077:
            folder.chmod(FOLDER_MODE)


def write_all(descriptor: int, content: bytes) -> None:
    """Given an open file, write all of `content`: write(2) may take less than it is given. Raise OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def replace(path: Path, pieces: Iterable[bytes]) -> None:
    """Put `pieces`, one after the other, in the place of `path`: after a crash it holds the old content or the new, never a mixture.

    Two fsyncs: of the content before the rename, of the folder after it. The folder must be there. Raise Temporary.
    """
    fresh = path.with_name(f".{path.name}.new")
    with in_words(path):
        try:
            _write(fresh, pieces)
            fresh.rename(path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise
        sync_folder(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`, as `replace` does. Raise Temporary."""
    replace(path, (content,))


def write_files(folder: Path, files: Sequence[tuple[str, bytes]]) -> None:
    """Given a folder and files (relative path, content), return when all of them are on the disk, with all folders made for them.

    One fsync a file and one a changed folder. The files are not replaced atomically, so nothing may refer to them yet. Raise Temporary.
    """
    with in_words(folder):
        changed = set(_make(folder))
        for name, content in files:
            path = inside(folder, name)
            changed.update(_make(path.parent))
            changed.add(path.parent)
            _write(path, (content,))
        for each in sorted(changed, reverse=True):
            sync_folder(each)


def inside(folder: Path, name: str) -> Path:
    """Given a folder and a relative path in it, return the path. Raise ValueError for one that leads out of the folder."""
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or "\0" in name:
        raise ValueError("a path of a case must lie inside its folder")
    return folder / relative


def safe_name(name: str, type: str) -> str:
    """Given an attachment's name as a stranger wrote it and its MIME type, return a plain file name: no path, no control or direction
    character, no leading dot, at most 100 bytes, with an extension. Letters of every language stay."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    cleaned = re.sub(r"[^\w.-]+", "_", last.encode("utf-8", "replace").decode()).strip("._-")
    stem, dot, extension = cleaned.rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", extension):
        stem, extension = cleaned, (mimetypes.guess_extension(type) or ".bin").removeprefix(".")
    short = stem.encode()[: 99 - len(extension)].decode("utf-8", "ignore").rstrip("._-")
    return f"{short or 'attachment'}.{extension.lower()}"


class Lock:
    """The right to write the state: held by one process at a time, and given back by the system when that process dies."""

    def __init__(self, state_dir: Path) -> None:
        """Given the state folder (made if missing, and made private), take the lock. Raise Temporary if another process holds it."""
        make_folder(state_dir)
        self._path = state_dir / "lock"
        with in_words(self._path):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        # `holder` takes the lock for a moment to look; so one refusal proves nothing.
        for rest in (0.02, 0.05, 0.1, None):
            if _flock(self._descriptor, fcntl.LOCK_EX):
                break
            if rest is None:
                pid = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
                os.close(self._descriptor)
                raise Temporary(f"mailbot is running, pid {pid}")
            pause(rest)
        with in_words(self._path):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would let two processes each lock a file of their own."""
        # What stands in it is read only while it is held.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def holder(state_dir: Path) -> int | None:
    """Given the state folder, return the pid of the process that holds its lock, or None. Raise Temporary if it can not be read."""
    path = state_dir / "lock"
    with in_words(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            if _flock(descriptor, fcntl.LOCK_SH):
                return None
            pid = os.pread(descriptor, 20, 0).strip()
            return int(pid) if pid.isdigit() else None
        finally:
            os.close(descriptor)


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make(folder: Path) -> tuple[Path, ...]:
    """Make `folder` and what is missing above it; return the folders that got a new name in them."""
    if folder.is_dir():
        return ()
    above = _make(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return (*above, folder.parent)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file with mode 0600, whatever was there before, and fsync it. Raise OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        for piece in pieces:
            write_all(descriptor, piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
