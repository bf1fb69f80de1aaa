"""The cases on disk: an application, or a part of a month of the office, is one folder with one record and the bytes that it names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

from tinydb import TinyDB, where

from mailbot.codec import plain, typed
from mailbot.errors import Permanent
from mailbot.hiring.case import Case, FiledMessage, HistoryEntry, Intent
from mailbot.hiring.model import Application
from mailbot.records.files import in_words, inside, sync_folder, write_files
from mailbot.records.storage import RecordStorage

_APPLICATION = re.compile(r"A-[0-9A-HJKMNP-TV-Z]{5}")
_OFFICE = re.compile(r"office/[0-9]{4}-[0-9]{2}(?:\.[0-9]{4})?")
_RECORD = "record.json"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be filed: what the record says of it, its bytes, and its attachments as (path in the case's folder, content)."""

    filed: FiledMessage
    raw: bytes
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """All that one decision changes in one case. The outgoing message of an intent is among `messages`, with direction "out"."""

    reference: str
    #: The application as it is from now on; None leaves it as it is (and for the office).
    application: Application | None
    messages: tuple[NewMessage, ...] = ()
    intents: tuple[Intent, ...] = ()
    history: tuple[HistoryEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which record.json this is: where (relative to the state folder) and by what stat(2) says; a rename makes another inode."""

    path: str
    size: int
    mtime_ns: int
    inode: int


class Store:
    """The cases in one state folder. Only the holder of its lock may commit or settle; anybody may read meanwhile."""

    def __init__(self, state_dir: Path) -> None:
        self._state = state_dir

    def load(self, reference: str) -> Case:
        """Given a reference, return its case. Raise Permanent if there is none or its record is damaged or newer, Temporary."""
        folder = self._found(reference)
        case = _case(RecordStorage(folder / _RECORD), reference) if folder else None
        if case is None:
            raise Permanent(f"{reference}: there is no such application")
        return case

    def commit(self, commit: Commit) -> Case:
        """Given what a decision changes, return the case with all of it on the disk: files first, then the record in one atomic replace.

        Messages are known by their identity and intents by their id: what stands in the record already is not written again, and a commit
        whose messages and intents all stand there changes nothing. Fsyncs: one a file, one a folder with new names, two for the record.
        Raise Temporary if the disk refuses (the old record stays valid), Permanent for a damaged record.
        """
        folder = self._found(commit.reference) or self._place(commit)
        record = RecordStorage(folder / _RECORD)
        case = _case(record, commit.reference) or Case(commit.reference, None)
        new = _new(case, commit)
        after = _merged(case, new)
        if after == case:
            # It may have been refused in its last step, when the record was there and only its name not yet on the disk.
            with in_words(folder):
                sync_folder(folder)
            return case
        files = [file for message in new.messages for file in ((message.filed.path, message.raw), *message.files)]
        _refuse_overwriting(case, files)
        write_files(folder, files)
        database = TinyDB(storage=lambda: record)
        _put_application(database, new.application)
        database.table("messages").insert_multiple(plain(message.filed) for message in new.messages)
        database.table("intents").insert_multiple(plain(intent) for intent in new.intents)
        database.table("history").insert_multiple(plain(entry) for entry in new.history)
        record.save()
        return after

    def settle(self, reference: str, intent_id: str, outcome: str, entry: HistoryEntry, application: Application | None = None) -> Case:
        """Given what became of an intent, write it into its case, with a line of history and what follows for the application.

        The same outcome again changes nothing. Raise Permanent for an intent that is not there, else as `commit`.
        """
        record = RecordStorage(self._folder(reference) / _RECORD)
        case = _case(record, reference) or Case(reference, None)
        intent = next((intent for intent in case.intents if intent.id == intent_id), None)
        if intent is None:
            raise Permanent(f"{reference}: its record knows no outgoing message {intent_id}")
        if intent.outcome == outcome:
            return case
        database = TinyDB(storage=lambda: record)
        _put_application(database, application)
        database.table("intents").update({"outcome": outcome}, where("id") == intent_id)
        database.table("history").insert(plain(entry))
        record.save()
        return replace(
            case,
            application=application or case.application,
            intents=tuple(replace(each, outcome=outcome) if each.id == intent_id else each for each in case.intents),
            history=(*case.history, entry),
        )

    def read(self, reference: str, path: str) -> bytes:
        """Given a reference and a path of its record, return the bytes. Raise Temporary, and Permanent without case or file."""
        file = inside(self._folder(reference), path)
        with in_words(file):
            try:
                return file.read_bytes()
            except FileNotFoundError as error:
                # Trying again would not bring it back, and would keep everybody behind it waiting.
                raise Permanent(f"{file}: it is gone, though the record names it. Restore it from a backup") from error

    def references(self) -> Iterator[str]:
        """Yield the reference of every application, oldest year first. Raise Temporary."""
        return (reference for reference, _ in self.stamps())

    def stamps(self) -> Iterator[tuple[str, Stamp]]:
        """Yield (reference, stamp) in the order of `references`: one stat(2) each, no record is read. Raise Temporary."""
        for year in _names(self._state / "applications"):
            for name in _names(self._state / "applications" / year):
                stamp = self._stamp(f"applications/{year}/{name}") if _APPLICATION.fullmatch(name) else None
                # A folder without record is what an interrupted first commit left: its message will come again.
                if stamp:
                    yield name, stamp

    def offices(self, month: str = "office/") -> Iterator[str]:
        """Yield the reference of every case of the office, or of one month ("office/2026-11") alone, oldest first. Raise Temporary."""
        for name in _names(self._state / "office"):
            reference = f"office/{name}"
            if reference.startswith(month) and _OFFICE.fullmatch(reference) and self._stamp(reference):
                yield reference

    def next_number(self, reference: str) -> int:
        """Given a reference, return the number of its next message; 1 where there is no such case yet. Raise as `load`."""
        folder = self._found(reference)
        case = _case(RecordStorage(folder / _RECORD), reference) if folder else None
        return 1 + max((message.number for message in case.messages), default=0) if case else 1

    def stamp(self, reference: str) -> Stamp | None:
        """Given a reference, return the stamp of its record, None if there is none. Raise Temporary."""
        folder = self._found(reference)
        return self._stamp(str(folder.relative_to(self._state))) if folder else None

    def _stamp(self, path: str) -> Stamp | None:
        file = f"{self._state}/{path}/{_RECORD}"
        with in_words(self._state / path):
            try:
                status = os.stat(file)  # noqa: PTH116 - a Path for each of 10,000 applications takes longer than the stat(2)
            except FileNotFoundError:
                return None
        return Stamp(path, status.st_size, status.st_mtime_ns, status.st_ino)

    def _found(self, reference: str) -> Path | None:
        """The folder of a case, None if there is none. Raise ValueError for what is no reference: it may have come from outside."""
        if _OFFICE.fullmatch(reference):
            folder = self._state / reference
            return folder if folder.is_dir() else None
        if not _APPLICATION.fullmatch(reference):
            raise ValueError("not a reference")
        with in_words(self._state):
            return next((self._state / "applications").glob(f"[0-9]*/{reference}"), None)

    def _folder(self, reference: str) -> Path:
        folder = self._found(reference)
        if folder is None:
            raise Permanent(f"{reference}: there is no such application")
        return folder

    def _place(self, commit: Commit) -> Path:
        """Where a case that is not there yet will be."""
        if commit.reference.startswith("office/"):
            return self._state / commit.reference
        if commit.application is None:
            raise ValueError("the first commit of an application must bring it")
        return self._state / "applications" / f"{commit.application.opened.astimezone(UTC).year:04d}" / commit.reference


def _new(case: Case, commit: Commit) -> Commit:
    """What a commit brings that the case has not; nothing for a commit that was carried out before, however the case went on since."""
    identities = {message.identity for message in case.messages}
    ids = {intent.id for intent in case.intents}
    messages = tuple(message for message in commit.messages if message.filed.identity not in identities)
    intents = tuple(intent for intent in commit.intents if intent.id not in ids)
    if (commit.messages or commit.intents) and not (messages or intents):
        return Commit(commit.reference, None)
    history = tuple(entry for entry in commit.history if entry not in case.history)
    return replace(commit, messages=messages, intents=intents, history=history)


def _merged(case: Case, new: Commit) -> Case:
    return Case(
        reference=case.reference,
        application=new.application or case.application,
        messages=(*case.messages, *(message.filed for message in new.messages)),
        intents=(*case.intents, *new.intents),
        history=(*case.history, *new.history),
    )


def _refuse_overwriting(case: Case, files: list[tuple[str, bytes]]) -> None:
    """Raise ValueError if a file of the record, or two new files, would share a path: a candidate's letter would be lost."""
    taken = [path for message in case.messages for path in (message.path, *(each.path for each in message.attachments))]
    paths = [*taken, *(path for path, _ in files)]
    if len(set(paths)) != len(taken) + len(files) or _RECORD in paths:
        raise ValueError("two files of a case have the same path")


def _names(folder: Path) -> list[str]:
    """The names in a folder, sorted; none if it is not there. Raise Temporary."""
    with in_words(folder):
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 - as above
        except FileNotFoundError:
            return []


def _case(record: RecordStorage, reference: str) -> Case | None:
    """The case in a record, None if there is no record. Raise Permanent, Temporary."""
    if record.read() is None:
        return None
    database = TinyDB(storage=lambda: record)
    try:
        applications = [typed(Application, dict(row)) for row in database.table("application")]
        return Case(
            reference=reference,
            application=applications[0] if applications else None,
            messages=tuple(typed(FiledMessage, dict(row)) for row in database.table("messages")),
            intents=tuple(typed(Intent, dict(row)) for row in database.table("intents")),
            history=tuple(typed(HistoryEntry, dict(row)) for row in database.table("history")),
        )
    except ValueError as error:
        raise Permanent(f"{reference}: its record can not be understood ({error}). Upgrade mailbot, or restore it from a backup") from error


def _put_application(database: TinyDB, application: Application | None) -> None:
    """Put the application in the place of the one that is there; None leaves it."""
    if application:
        database.drop_table("application")
        database.table("application").insert(plain(application))
