"""The world around mailbot, and what is always true in it.

I1  every letter that was in the mailbox at a reading is filed once, or lies in quarantine, and has one verdict
I2  no message to a candidate goes out twice, but where a person has it sent again
I3  every intent is sent, failed, held, dropped or pending; whoever is not told of one that is held is not staff
I4  nothing goes to an address that only machines write from; to another one no more by itself than the cap of a day allows, and
    no more relays than that of an hour; in safe mode, with an open breaker and after a clock that jumped, what each of them stops
I5  what is called sent was taken by the submission server
I6  the state can be opened, after every stop
I7  no log line holds a name, an address or a subject
I8  no flag and no message of a person's folder is changed
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from cast import MACHINES, OUTSIDE
from hands import LIMITS, Hands, met
from hypothesis.stateful import RuleBasedStateMachine, invariant

from mailbot.errors import MailbotError
from mailbot.hiring.case import Case
from mailbot.hiring.letters import AFTER_READING
from mailbot.hiring.sending import ANSWERS_TO_STAFF
from mailbot.tasks import watch
from mailbot.tasks.breaker import breaker
from mailbot.tasks.jumps import held_clock
from mailbot.tasks.modes import distrust, safe_mode
from mailbot.tasks.recover import recover
from mailbot.tasks.watch import SWEEP_SECONDS

_RELAYS_AN_HOUR = 10


@dataclass(frozen=True)
class Went:
    """One message that the submission server took."""

    at: datetime
    recipient: str
    message_id: str
    purpose: str
    #: What the machine decided by itself.
    automatic: bool


class Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {vars(record)}" if not record.exc_info else self.format(record))


class World(RuleBasedStateMachine):
    """What there is, what was seen of it, and the invariants; what happens in it is for others to say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mailbot-machine-"))
        self.log = Log()
        logging.getLogger("mailbot").addHandler(self.log)
        #: The monotonic clock of the watch, in seconds; and no chance in the names, so that the same story is told twice alike.
        self.seconds = float(SWEEP_SECONDS)
        self.ticking = patch.object(watch, "time", SimpleNamespace(monotonic=lambda: self.seconds))
        self.ticking.start()
        key = self.folder / "state" / "key"
        key.parent.mkdir(mode=0o700)
        key.write_bytes(bytes(32))
        key.chmod(0o600)
        self.hands: Hands = met(self.folder, smtp_files_sent=False)
        self.letters = 0
        self.hands.server.create_folder(self.hands.user, "Shelf")
        #: Message-IDs of what was in INBOX when it was read to the end, since the state began.
        self.read: set[str] = set()
        #: Of what lay in the junk folder: it is filed as junk, and again if a person says that it is none.
        self.junk: set[str] = set()
        #: Of what has been in quarantine.
        self.broken: set[str] = set()
        #: How often a person has had a message sent again.
        self.resent: Counter[str] = Counter()
        #: Everything that went out, in order.
        self.went: list[Went] = []
        #: Whether everything that came was seen by a turn that nobody hindered.
        self.turned = True

    def teardown(self) -> None:
        self.ticking.stop()
        self.hands.desk.close()
        logging.getLogger("mailbot").removeHandler(self.log)
        shutil.rmtree(self.folder)

    # What others use

    def letter(self, *arguments: Any, **named: Any) -> EmailMessage:
        """As `Hands.letter`, dated by the mail server's clock, which nobody sets."""
        self.turned = False
        self.letters += 1
        named["message_id"] = f"<letter-{self.letters}@mail.example>"
        machine, self.hands.now = self.hands.now, self.hands.now - self.hands.set_by
        try:
            return self.hands.letter(*arguments, **named)
        finally:
            self.hands.now = machine

    def stored(self, folder: str = "INBOX") -> list[Any]:
        return self.hands.server.messages(self.hands.user, folder)

    def restart(self) -> None:
        """As the daemon starts."""
        self.hands.reopen()
        distrust(self.hands.desk, recover(self.hands.desk))

    def let_pass(self, **delta: float) -> None:
        self.hands.pass_time(**delta)
        self.seconds += timedelta(**delta).total_seconds()

    def hindered_turn(self) -> None:
        """A turn of the daemon that may fail; then it lets the connection go, and does without it what it can."""
        self.turned = False
        with self.modes_are_kept():
            try:
                self.hands.turn()
            except MailbotError:
                self.hands.watch.disconnect()
                with suppress(MailbotError):
                    self.hands.watch.work()

    def good_turn(self) -> None:
        """One that nobody hinders: everything that came has its verdict after it, and nothing of a person's is changed."""
        self.hands.watch.resting_until = self.hands.watch.filing_rests_until = self.hands.watch.looking_rests_until = 0.0
        for folder in ("INBOX", "Sent"):
            self.hands.server.give(self.hands.user, folder)
        before = self._folders()
        swept = self.seconds - self.hands.watch.swept_at >= SWEEP_SECONDS
        there = {id_of(stored.raw) for stored in self.stored()}
        with self.modes_are_kept():
            self.hands.turn()
        assert self._folders() == before, "I8"
        self.read |= {message_id for message_id in there if not message_id.startswith("<mb1.")}
        self.turned = True
        self._filed_once(swept)
        self._told_of_what_is_held()

    @contextmanager
    def modes_are_kept(self) -> Iterator[None]:
        desk = self.hands.desk
        quiet = safe_mode(desk) or breaker(desk.ledger).open
        rests = breaker(desk.ledger).rests(self.hands.now)
        jumped = held_clock(desk)
        before = len(self.went)
        yield
        self._note_what_went()
        for went in self.went[before:]:
            assert not rests, "I4: the provider had said that enough was sent"
            assert not (quiet and went.automatic and went.recipient in OUTSIDE), f"I4: {went.purpose} went out, in spite of {quiet}"
            assert not (jumped and went.purpose in AFTER_READING), f"I4: {went.purpose} went out after the clock had jumped"

    def cases(self) -> Iterator[Case]:
        store = self.hands.desk.store
        for reference in (*store.references(), *store.offices()):
            yield store.load(reference)

    # What is always true

    @invariant()
    def nothing_goes_out_twice(self) -> None:
        self._note_what_went()
        for (recipient, message_id), count in Counter((went.recipient, went.message_id) for went in self.went).items():
            if recipient in OUTSIDE:
                assert count <= 1 + self.resent[message_id], f"I2: {message_id} went to a candidate {count} times"

    @invariant()
    def nobody_is_stormed(self) -> None:
        self._note_what_went()
        machines = {sender for sender, _ in MACHINES.values()}
        for address in OUTSIDE | machines:
            got = [went for went in self.went if went.recipient == address and not self.resent[went.message_id]]
            assert not (got and address in machines), "I4: a machine was answered"
            by_itself = [went.at for went in got if went.automatic]
            assert most_within(by_itself, timedelta(days=1)) <= LIMITS.address_per_day, f"I4: {by_itself}"
            relays = [went.at for went in got if went.purpose == "relay"]
            assert most_within(relays, timedelta(hours=1)) <= _RELAYS_AN_HOUR, "I4: relays"

    @invariant()
    def what_is_called_sent_was_taken(self) -> None:
        self._note_what_went()
        taken = {went.message_id for went in self.went}
        for case in self.cases():
            for intent in case.intents:
                assert intent.outcome in {"", "sent", "failed", "held", "dropped"}, "I3"
                assert intent.outcome != "sent" or intent.message_id in taken, f"I5: {intent.purpose} was never taken"
        for entry in self.hands.desk.outbox.entries():
            assert entry.state != "sent" or entry.message_id in taken, "I5"

    @invariant()
    def the_log_is_silent_on_people(self) -> None:
        for line in self.log.lines:
            for word in ("Кречет", "krechet", "Чижик", "chizhik", "Отклик на"):
                assert word not in line, f"I7: {line}"
        self.log.lines.clear()

    def _filed_once(self, swept: bool) -> None:
        verdicts = self.hands.verdicts()
        assert all(verdicts.values()), f"I1: {verdicts}"
        self.broken |= {id_of(stored.raw) for stored in self.stored() if verdicts[stored.uid] == "quarantine"}
        # A clock that stands weeks off looks back at other weeks.
        if swept and abs(self.hands.set_by) < timedelta(days=7):
            assert all(self.hands.verdicts("Junk").values()), "I1: junk"
        filed = Counter(message.message_id for case in self.cases() for message in case.messages if message.direction == "in")
        for message_id in self.read:
            assert filed[message_id] >= (message_id not in self.broken), f"I1: {message_id} is lost"
            assert filed[message_id] <= 1 + (message_id in self.junk), f"I1: {message_id} is filed {filed[message_id]} times"

    def _told_of_what_is_held(self) -> None:
        held = {entry.id for entry in self.hands.desk.outbox.entries() if entry.state == "held" and entry.audience == "candidate"}
        for case in self.cases():
            asked = sum(intent.purpose == "held" for intent in case.intents)
            mine = [intent for intent in case.intents if intent.id in held]
            assert all(intent.outcome == "held" for intent in mine), "I3: its record does not know that it is held"
            assert not mine or asked or all(intent.purpose in ANSWERS_TO_STAFF for intent in mine), "I3: nobody is told of what is held"

    def _note_what_went(self) -> None:
        planned = {entry.message_id: entry for entry in self.hands.desk.outbox.entries()}
        for sent in self.hands.submission.sent[len(self.went) :]:
            message_id = id_of(sent.raw)
            entry = planned.get(message_id)
            purpose, automatic = (entry.purpose, entry.automatic) if entry else ("", False)
            self.went.append(Went(self.hands.now, sent.recipient, message_id, purpose, automatic))

    def _folders(self) -> list[Any]:
        return [self.stored(name) for name in ("INBOX", "Junk", "Shelf")]


def most_within(instants: list[datetime], time: timedelta) -> int:
    """The highest number of instants, in the order of their happening, that lie within so much time before one of them, or after it."""
    return max((sum(earlier > instant - time for earlier in instants[: place + 1]) for place, instant in enumerate(instants)), default=0)


def id_of(raw: bytes) -> str:
    """The Message-ID of a message."""
    for line in raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.strip().decode()
    return ""
