"""One line an application, for lists and look-ups: a cache of the records, which may be deleted at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mailbot.codec import plain, typed
from mailbot.errors import Permanent
from mailbot.hiring.case import Case
from mailbot.hiring.matching import Known
from mailbot.hiring.model import Language, WaitsFor
from mailbot.records.journal import Journal
from mailbot.records.places import Places
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
    #: When a machine has last written in its thread; None: never.
    machine_wrote: datetime | None = None
    #: Ids of intents whose outcome the record does not know.
    open_intents: tuple[str, ...] = ()
    #: Message-IDs by which it is found; empty in what the catalogue returns, for they stay on the disk.
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
        """Given the journal's path, read it; what follows a damaged or older line counts as missing, and `refresh` makes it anew.

        Raise Temporary.
        """
        self._journal = Journal(path)
        self._read()

    def rows(self) -> tuple[Row, ...]:
        """Return every row, by reference."""
        return tuple(self._rows[reference] for reference in sorted(self._rows))

    def get(self, reference: str) -> Row | None:
        return self._rows.get(reference)

    def by_message_id(self, message_id: str) -> Known | None:
        """Given a Message-ID, return the application that has it in its thread, None if none has. Reads one line. Raise Temporary."""
        place = self._messages.last(_number(message_id))
        if place is None:
            return None
        line = typed(Row, self._journal.at(place))
        row = self._rows.get(line.reference)
        return row.known if row and message_id in line.thread else None

    def by_address(self, address: str) -> tuple[Known, ...]:
        """Given an address, return every application that knows it."""
        return tuple(self._rows[reference].known for reference in self._addresses.get(address, ()))

    def put(self, row: Row, stamp: Stamp | None) -> None:
        """Given an application's row and its record's stamp after a commit, remember it. Not fsynced: a cache. Raise Temporary."""
        if self._damaged:
            self._rewrite()
        row = replace(row, stamp=stamp)
        self._take(row, self._journal.append(plain(row), sync=False))

    def remove(self, reference: str) -> None:
        """Forget an application so that nothing of it stays in the file. Raise Temporary."""
        self._drop(reference)
        self._rewrite()

    def refresh(self, store: Store, summarise: Callable[[Case], Row]) -> Refreshed:
        """Given the store, read again only those records whose stamp differs, and forget what is gone. A record that can not be read is a
        problem, not an end: the others are still served. Raise Temporary for a disk that refuses."""
        changed: list[str] = []
        problems: list[str] = []
        there: set[str] = set()
        for reference, stamp in store.stamps():
            there.add(reference)
            known = self._rows.get(reference)
            if known and known.stamp == stamp:
                continue
            try:
                row = summarise(store.load(reference))
            except Permanent as problem:
                self._drop(reference)
                problems.append(str(problem))
                continue
            self.put(row, stamp)
            changed.append(reference)
        gone = sorted(self._rows.keys() - there)
        for reference in gone:
            self._drop(reference)
        if gone or problems or self._damaged or self._lines > 2 * len(self._rows) + 1000:
            self._rewrite()
        return Refreshed((*gone, *changed), tuple(problems))

    def close(self) -> None:
        self._journal.close()

    def _read(self) -> None:
        self._rows: dict[str, Row] = {}
        #: Where in the journal the row of a reference stands, and the last row that has a Message-ID.
        self._places: dict[str, int] = {}
        self._messages = Places()
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._lines = 0
        self._damaged = False
        try:
            for place, event in self._journal.placed():
                self._take(typed(Row, event), place)
        except (Permanent, ValueError):
            # What was read so far is good: each row is compared with its record's stamp anyway.
            self._damaged = True
        self._messages.sort_in()

    def _rewrite(self) -> None:
        try:
            self._journal.rewrite(self._journal.at(place) for place in self._places.values())
        finally:
            self._read()

    def _take(self, row: Row, place: int) -> None:
        self._drop(row.reference)
        self._lines += 1
        self._rows[row.reference] = replace(row, thread=())
        self._places[row.reference] = place
        for message_id in row.thread:
            self._messages.add(_number(message_id), place)
        for address in row.addresses:
            self._addresses[address] = (*self._addresses.get(address, ()), row.reference)

    def _drop(self, reference: str) -> None:
        row = self._rows.pop(reference, None)
        if row is None:
            return
        del self._places[reference]
        for address in row.addresses:
            rest = tuple(each for each in self._addresses[address] if each != reference)
            if rest:
                self._addresses[address] = rest
            else:
                del self._addresses[address]


def _number(message_id: str) -> int:
    """64 bits that stand for a Message-ID in memory; that it is the same is seen in the row."""
    return int.from_bytes(hashlib.blake2b(message_id.encode("utf-8", "replace"), digest_size=8).digest(), "big")
