"""What goes wrong in the world around mailbot: servers, disk, process, clock, and a state that is damaged or out of a backup."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cast import COMMANDS, OUTCOMES, TROUBLES, Stopped
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from world import World, id_of

from mailbot.errors import Permanent, Temporary
from mailbot.mail.smtp import Outcome
from mailbot.records import files, storage
from mailbot.records.journal import Journal


class Troubles(World):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        #: Copies of the state, and what had been read by then.
        self.backups: list[tuple[Path, frozenset[str]]] = []
        #: How many of the copies of what went out have arrived.
        self.copied = 0
        #: How many orders were given.
        self.ordered = 0

    # Servers

    @rule(outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=3))
    def the_submission_server_will_say(self, outcomes: list[Outcome]) -> None:
        self.hands.submission.script(*outcomes)

    @rule(command=st.sampled_from(COMMANDS))
    def the_mailbox_fails_once(self, command: str) -> None:
        self.hands.server.fail(command, Temporary("the connection is lost"))
        if command == "connect":
            self.hands.watch.disconnect()
        self.hindered_turn()
        self.hands.server.heal()
        self.hands.watch.disconnect()

    @rule(folder=st.sampled_from(["INBOX", "Sent"]), number=st.integers(0, 3), header=st.booleans())
    def the_server_lists_a_message_and_does_not_give_it(self, folder: str, number: int, header: bool) -> None:
        newest = self.stored(folder)[-1 - number :]
        if newest:
            self.hands.server.withhold(self.hands.user, newest[0].uid, folder, header=header)
            self.hindered_turn()

    @rule(folder=st.sampled_from(["INBOX", "Sent"]))
    def the_server_renumbers(self, folder: str) -> None:
        self.hands.server.renumber(self.hands.user, folder)
        self.turned = False

    @rule(folder=st.sampled_from(["INBOX", "Junk"]), count=st.integers(1, 3))
    def the_server_loses_its_newest_uids(self, folder: str, count: int) -> None:
        there = self.hands.server.folder(self.hands.user, folder)
        there.stored = there.stored[:-count]
        there.uidnext = max((stored.uid for stored in there.stored), default=0) + 1
        there.withheld = {uid: header for uid, header in there.withheld.items() if uid < there.uidnext}
        self.turned = False

    # The disk and the process

    @rule(at=st.integers(1, 30), trouble=st.sampled_from(TROUBLES))
    def a_write_fails(self, at: int, trouble: BaseException) -> None:
        with interrupted(at, trouble), suppress(Stopped):
            self.hindered_turn()
        self.hands.watch.disconnect()
        self.turned = False
        if isinstance(trouble, Stopped):
            self.restart()

    @rule()
    def the_process_is_killed(self) -> None:
        self.restart()

    @rule()
    def the_journals_are_compacted(self) -> None:
        desk = self.hands.desk
        desk.ledger.compact()
        desk.outbox.compact(desk.clock(), {intent for row in desk.catalogue.rows() for intent in row.open_intents})

    # Time

    @rule(minutes=st.sampled_from([1, 6, 20, 70]))
    def minutes_pass(self, minutes: int) -> None:
        self.let_pass(minutes=minutes)
        self.good_turn()

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        for _ in range(3 * days):
            self.let_pass(hours=8)
            self.good_turn()

    @rule(days=st.integers(1, 10))
    def the_process_is_down(self, days: int) -> None:
        self.let_pass(days=days)
        self.restart()

    @rule(hours=st.sampled_from([-50, -3, 3, 50, 2000]))
    def the_clock_is_set(self, hours: int) -> None:
        self.hands.set_clock(hours=hours)

    # The state

    @rule(number=st.integers(0, 9))
    def a_record_is_damaged_until_it_is_mended(self, number: int) -> None:
        state = self.hands.settings.state_dir
        records = sorted((*state.glob("applications/*/*/record.json"), *state.glob("office/*/record.json")))
        if not records:
            return
        record = records[number % len(records)]
        whole = record.read_bytes()
        damaged = whole[: len(whole) // 2] + b"#" + whole[len(whole) // 2 + 1 :]
        record.write_bytes(damaged)
        self.restart()
        self.hindered_turn()
        assert record.read_bytes() == damaged, "I6: what can not be read was written over"
        record.write_bytes(whole)
        self.restart()

    @rule(name=st.sampled_from(["ledger.jsonl", "outbox.jsonl"]))
    def a_journal_is_damaged_until_it_is_mended(self, name: str) -> None:
        journal = self.hands.settings.state_dir / name
        whole = journal.read_bytes() if journal.exists() else b""
        if whole:
            journal.write_bytes(whole[:5] + b"#" + whole[6:])
            with pytest.raises(Permanent):
                self.restart()
            journal.write_bytes(whole)
            self.restart()

    @precondition(lambda self: self.turned)
    @rule()
    def a_backup_is_made(self) -> None:
        place = self.folder / f"backup-{len(self.backups)}"
        shutil.copytree(self.hands.settings.state_dir, place)
        self.backups.append((place, frozenset(self.read)))

    @precondition(lambda self: bool(self.hands.submission.sent) and self._all_filed())
    @rule(number=st.integers(0, 3), command=st.sampled_from(["", *COMMANDS]), header=st.sampled_from([None, False, True]))
    def a_backup_is_restored(self, number: int, command: str, header: bool | None) -> None:
        place, read = self.backups[number % len(self.backups)]
        self.hands.desk.close()
        shutil.rmtree(self.hands.settings.state_dir)
        shutil.copytree(place, self.hands.settings.state_dir)
        self.read = set(read)
        self.hands.watch.disconnect()
        self.restart()
        self.turned = False
        # The first look is the one that counts.
        if header is not None:
            for stored in self.stored("Sent"):
                self.hands.server.withhold(self.hands.user, stored.uid, "Sent", header=header)
        if command:
            self.the_mailbox_fails_once(command)

    def _all_filed(self) -> bool:
        """Whether everything that was submitted stands in Sent, so that it can be known of after any loss."""
        return {id_of(sent.raw) for sent in self.hands.submission.sent} <= {id_of(stored.raw) for stored in self.stored("Sent")}


@contextmanager
def interrupted(at: int, error: BaseException) -> Iterator[None]:
    """Let the write number `at` of journals and records together raise instead; only that one."""
    writes = iter(range(1, at + 1))

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        def write(*arguments: Any, **named: Any) -> Any:
            if next(writes, 0) == at:
                raise error
            return function(*arguments, **named)

        return write

    with (
        patch.object(Journal, "append", wrapped(Journal.append)),
        patch.object(storage, "write_atomically", wrapped(files.write_atomically)),
    ):
        yield
