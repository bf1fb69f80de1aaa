"""Of which schema the state is: a mark in its folder, a backup before an older one is taken over, and the steps that do it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from mailbot.errors import Permanent, Temporary
from mailbot.records.files import FILE_MODE, FOLDER_MODE, in_words, make_folder, sync_folder, write_atomically

#: Raised by every change that an older mailbot could not read, or would read wrongly. 1 had no mark.
SCHEMA = 2

_MARK = "version"
#: What is made anew, belongs to a running process, or is a backup itself.
_NOT_KEPT = frozenset({"lock", "requests", "catalogue.jsonl", "alarm", ".gitkeep"})
#: What a folder takes on the disk, and a little more for its names.
_FOLDER = 8192
#: Links that a file system does not make, or has too many of: then it is copied.
_NO_LINK = frozenset({errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOTSUP, errno.ENOSYS})


def schema_of(state: Path) -> int:
    """Given the state folder, return its schema, 0 for one that was never used. Raise Permanent for a damaged mark, Temporary."""
    mark = state / _MARK
    with in_words(mark):
        try:
            text = mark.read_bytes()
        except FileNotFoundError:
            return 1 if is_used(state) else 0
    if not text.strip().isdigit():
        words = f"{mark}: the mark of the state's version is damaged. Restore it from a backup"
        raise Permanent(f"{words}, or if this version of mailbot was the last to use the state, write {SCHEMA} into it")
    return int(text)


def is_used(state: Path) -> bool:
    """Given the state folder, return whether anything is remembered in it. Raise Temporary."""
    with in_words(state):
        return (
            any((state / name).exists() for name in ("ledger.jsonl", "outbox.jsonl"))
            or next((state / "applications").glob("*/*"), None) is not None
            or next((state / "office").glob("*"), None) is not None
        )


def refuse_newer(state: Path) -> int:
    """Given the state folder, return its schema. Raise Permanent if a newer mailbot wrote it, and as `schema_of`."""
    found = schema_of(state)
    if found > SCHEMA:
        words = f"{state}: written by a newer mailbot (schema {found}; this one knows {SCHEMA}). Nothing was changed"
        raise Permanent(f"{words}. Install that version again, or put the backup in place that it made of the older state")
    return found


def said(state: Path) -> str:
    """Given the state folder, say of which schema it is. Raise as `refuse_newer`."""
    found = refuse_newer(state)
    if found in (0, SCHEMA):
        return f"the state has schema {found}" if found else "there is no state yet"
    return f"the state has schema {found}; the next start makes a backup and brings it to {SCHEMA}"


def upgrade(state: Path, now: datetime) -> Path | None:
    """Given the state folder, bring it to the schema of this mailbot; return the backup that was made before, None where none was needed.

    To be called by the holder of the lock, before anything else is read. After a stop in the middle it begins anew, and keeps the backup.
    Raise Permanent, with nothing changed, for a newer state, Temporary if there is no room for the backup or the disk does not let us.
    """
    found = refuse_newer(state)
    if found == SCHEMA:
        return None
    make_folder(state)
    backup = None
    if found:
        backup = _backed_up(state, found, now)
        for step in _STEPS[found - 1 :]:
            step(state)
    write_atomically(state / _MARK, b"%d\n" % SCHEMA)
    return backup


def _to_2(state: Path) -> None:
    """The files are as they were; what is new is the mark."""


#: The step from schema N to N + 1 stands at place N - 1. Each may be carried out twice.
_STEPS: tuple[Callable[[Path], None], ...] = (_to_2,)


def _backed_up(state: Path, schema: int, now: datetime) -> Path:
    """A folder with everything that is remembered. Journals are copied, for they grow in place; all else is linked, for it is only ever
    replaced. It takes its name when it is whole."""
    backup = state / f"backup-{schema}-{now.astimezone(UTC):%Y-%m-%d}"
    fresh = state / f".{backup.name}"
    with in_words(backup):
        if backup.exists():
            return backup
        shutil.rmtree(fresh, ignore_errors=True)
        files = list(_files(state))
        needed = sum(file.stat().st_size for file in files if file.suffix == ".jsonl") + _FOLDER * len({file.parent for file in files})
        free = shutil.disk_usage(state).free
        if free < needed:
            words = f"{backup}: the backup before the upgrade needs {needed // 1024 + 1} kB, and {free // 1024} kB are free"
            raise Temporary(f"{words}. Free some space; nothing was changed")
        try:
            folders = {fresh}
            fresh.mkdir(FOLDER_MODE)
            for file in files:
                copy = fresh / file.relative_to(state)
                copy.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
                folders.update(parent for parent in copy.parents if parent.is_relative_to(fresh))
                _keep(file, copy)
            for folder in sorted(folders, reverse=True):
                folder.chmod(FOLDER_MODE)
                sync_folder(folder)
            fresh.rename(backup)
            sync_folder(state)
        except BaseException:
            with suppress(OSError):
                shutil.rmtree(fresh)
            raise
    return backup


def _files(state: Path) -> Iterator[Path]:
    """Every file that a backup holds."""
    for entry in sorted(state.iterdir()):
        if entry.name in _NOT_KEPT or entry.name.startswith((".", "backup-")):
            continue
        yield from sorted(path for path in entry.rglob("*") if path.is_file()) if entry.is_dir() else (entry,)


def _keep(file: Path, copy: Path) -> None:
    """Raise OSError."""
    if file.suffix != ".jsonl":
        try:
            copy.hardlink_to(file)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
        else:
            return
    shutil.copyfile(file, copy)
    copy.chmod(FILE_MODE)
    descriptor = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
