"""Messages that could not be handled: kept byte for byte if there are bytes, with the reason beside them, until a person has looked."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import orjson

from mailbot.codec import plain, typed
from mailbot.errors import Permanent
from mailbot.records.files import in_words, make_folder, sync_folder, write_atomically

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One message in quarantine."""

    id: str
    at: datetime
    attempts: int
    #: What went wrong, in words and without personal data.
    reason: str
    size: int
    #: Its file's name in the quarantine folder; "" where the server did not give its content.
    path: str
    #: Where it stands in the mailbox and when it came, where its content is missing.
    folder: str = ""
    uidvalidity: int = 0
    uid: int = 0
    arrived: datetime | None = None
    #: Whether a person wants the server to be asked for it once more.
    asked: bool = False
    #: In which role its folder was read: "sent" for what a person has sent; "" where an older mailbot put it here.
    role: str = ""


class Quarantine:
    """The quarantine in one folder: ID.eml holds a message's bytes, ID.json what is known of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, id: str, raw: bytes, reason: str, attempts: int, at: datetime, role: str = "") -> None:
        """Keep a message under an id of letters, digits, "-" and "_"; the same id again replaces it. On the disk when it returns.

        Raise Temporary, and Permanent for an id that is no plain name.
        """
        entry = Quarantined(id, at, attempts, reason, len(raw), f"{_plain(id)}.eml", role=role)
        make_folder(self._folder)
        write_atomically(self._folder / entry.path, raw)
        # It counts from here on: the bytes are there before anything speaks of them.
        write_atomically(self._folder / f"{id}.json", orjson.dumps(plain(entry)))

    def put_missing(self, entry: Quarantined) -> None:
        """Keep what is known of a message whose content the server does not give. On the disk when it returns. Raise as `put`."""
        make_folder(self._folder)
        write_atomically(self._folder / f"{_plain(entry.id)}.json", orjson.dumps(plain(entry)))

    def entries(self) -> tuple[Quarantined, ...]:
        """Return what is in quarantine, oldest first. Raise Permanent for a damaged note, Temporary if it can not be read."""
        with in_words(self._folder):
            notes = [(path, path.read_bytes()) for path in self._folder.glob("[A-Za-z0-9]*.json")]
        return tuple(sorted((_read(path, content) for path, content in notes), key=lambda entry: (entry.at, entry.id)))

    def holds(self, id: str) -> bool:
        """Given an id, return whether that message is in quarantine. Raise Temporary."""
        with in_words(self._folder):
            return (self._folder / f"{_plain(id)}.json").exists()

    def ask_again(self, id: str) -> None:
        """Given the id of a message without content, remember that the server is to be asked for it once more. Raise as `entries`."""
        entry = next(entry for entry in self.entries() if entry.id == id)
        self.put_missing(replace(entry, asked=True))

    def read(self, id: str) -> bytes:
        """Given an id, return the message's bytes. Raise Permanent if there is none, Temporary if it can not be read."""
        path = self._folder / f"{_plain(id)}.eml"
        with in_words(path):
            try:
                return path.read_bytes()
            except FileNotFoundError as error:
                raise Permanent(f"{id}: there is no such message in quarantine, or its content was never given") from error

    def remove(self, id: str) -> None:
        """Given an id, remove the message; one that is not there is removed already. Raise Temporary."""
        with in_words(self._folder), suppress(FileNotFoundError):
            # The note first: a message without a note is no longer in quarantine.
            (self._folder / f"{_plain(id)}.json").unlink(missing_ok=True)
            (self._folder / f"{id}.eml").unlink(missing_ok=True)
            sync_folder(self._folder)


def _plain(id: str) -> str:
    if not _ID.fullmatch(id):
        raise Permanent("this is no id of a message in quarantine: it has letters, digits, '-' and '_'")
    return id


def _read(path: Path, content: bytes) -> Quarantined:
    try:
        return typed(Quarantined, orjson.loads(content))
    except ValueError as error:
        raise Permanent(
            f"{path}: the note is damaged. The message beside it is whole; remove the note to have it listed no more"
        ) from error
