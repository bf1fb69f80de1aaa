"""One line an application, for lists and look-ups: a cache of the records, which may be deleted at any time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mailbot.errors import Permanent
from mailbot.hiring.case import Case
from mailbot.hiring.matching import Known
from mailbot.hiring.model import Language, WaitsFor
from mailbot.records.codec import plain, typed
from mailbot.records.journal import Journal
from mailbot.records.store import Stamp, Store


@dataclass(frozen=True, slots=True)
class Row:
    """What `list` and `status` show of an application, and what looking it up and waking it in time takes."""

    reference: str
    position: str
    stage: str
    waits_for: WaitsFor
    since: datetime | None
    due: datetime | None
    hinted: datetime | None
    escalated: datetime | None
    name: str
    addresses: tuple[str, ...]
    language: Language
    opened: datetime
    last_message: datetime
    #: False once the process is at an end.
    open: bool
    #: When the clock has something to say of it; None: never.
    wake: datetime | None = None
    #: Ids of intents whose outcome the record does not know.
    open_intents: tuple[str, ...] = ()
    #: Message-IDs by which it is found.
    thread: tuple[str, ...] = ()
    #: Which record it was made from; set by the catalogue.
    stamp: Stamp | None = None

    @property
    def known(self) -> Known:
        """What matching has to know of it."""
        return Known(self.reference, self.position, self.open, self.addresses, self.last_message)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh found: the references that were read anew or are gone, and what could not be read, in words."""

    changed: tuple[str, ...]
    problems: tuple[str, ...]


class Catalogue:
    """The catalogue in one file. Only the holder of the state's lock may put, remove or refresh."""

    def __init__(self, path: Path) -> None:
        """Given the journal's path, read it; a damaged or older one counts as empty, and is made anew by `refresh`. Raise Temporary."""
        self._journal = Journal(path)
        self._rows: dict[str, Row] = {}
        #: address -> references; Message-ID -> reference.
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._messages: dict[str, str] = {}
        self._lines = 0
        # What was read before the damage is kept: each row is compared with its record's stamp anyway.
        with suppress(Permanent, ValueError):
            for event in self._journal.read():
                self._take(typed(Row, event))
                self._lines += 1
            return
        self._lines = -1

    def rows(self) -> tuple[Row, ...]:
        """Return every row, by reference."""
        return tuple(self._rows[reference] for reference in sorted(self._rows))

    def get(self, reference: str) -> Row | None:
        return self._rows.get(reference)

    def by_message_id(self, message_id: str) -> Known | None:
        """Given a Message-ID, return the application that has it in its thread, None if none has."""
        reference = self._messages.get(message_id)
        return self._rows[reference].known if reference else None

    def by_address(self, address: str) -> tuple[Known, ...]:
        """Given an address, return every application that knows it."""
        return tuple(self._rows[reference].known for reference in self._addresses.get(address, ()))

    def put(self, row: Row, stamp: Stamp | None) -> None:
        """Given an application's row and its record's stamp after a commit, remember it. Not fsynced: a cache. Raise Temporary."""
        row = replace(row, stamp=stamp)
        self._write(row)
        self._take(row)

    def remove(self, reference: str) -> None:
        """Forget an application so that nothing of it stays in the file. Raise Temporary."""
        self._drop(reference)
        self._rewrite()

    def refresh(self, store: Store, summarise: Callable[[Case], Row]) -> Refreshed:
        """Given the store, read again only those records whose stamp differs, and forget what is gone. A record that can not be read is a
        problem, not an end: the others are still served. Raise Temporary for a disk that refuses."""
        changed: list[str] = []
        problems: list[str] = []
        stamps = dict(store.stamps())
        for reference in self._rows.keys() - stamps.keys():
            self._drop(reference)
            changed.append(reference)
        for reference, stamp in stamps.items():
            known = self._rows.get(reference)
            if known and known.stamp == stamp:
                continue
            try:
                row = summarise(store.load(reference))
            except Permanent as problem:
                self._drop(reference)
                problems.append(str(problem))
                continue
            self._take(replace(row, stamp=stamp))
            changed.append(reference)
        if changed or self._lines < 0 or self._lines > 2 * len(self._rows) + 1000:
            self._rewrite()
        return Refreshed(tuple(changed), tuple(problems))

    def close(self) -> None:
        self._journal.close()

    def _write(self, row: Row) -> None:
        if self._lines < 0:
            self._rewrite()
        self._journal.append(plain(row), sync=False)
        self._lines += 1

    def _rewrite(self) -> None:
        self._journal.rewrite(plain(row) for row in self._rows.values())
        self._lines = len(self._rows)

    def _take(self, row: Row) -> None:
        self._drop(row.reference)
        self._rows[row.reference] = row
        self._messages.update(dict.fromkeys(row.thread, row.reference))
        for address in row.addresses:
            self._addresses[address] = (*self._addresses.get(address, ()), row.reference)

    def _drop(self, reference: str) -> None:
        row = self._rows.pop(reference, None)
        if row is None:
            return
        for message_id in row.thread:
            # The same message may stand in two applications; then the later one keeps it.
            if self._messages.get(message_id) == reference:
                del self._messages[message_id]
        for address in row.addresses:
            rest = tuple(each for each in self._addresses[address] if each != reference)
            if rest:
                self._addresses[address] = rest
            else:
                del self._addresses[address]
