"""The watch: one connection to the mailbox, what was read over it and when, and the work that is due between two looks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mailbot.errors import Temporary
from mailbot.mail.folders import Folder
from mailbot.mail.mailbox import FolderState, MailboxPort
from mailbot.mail.smtp import Submission
from mailbot.tasks.adopt import Progress, Wish, adopt
from mailbot.tasks.alarms import alarm
from mailbot.tasks.contact import enter
from mailbot.tasks.deliver import deliver
from mailbot.tasks.desk import Desk
from mailbot.tasks.folders import swept_folders, watched_folders
from mailbot.tasks.gather import Role
from mailbot.tasks.receive import read_folder
from mailbot.tasks.recover import recover
from mailbot.tasks.remind import remind
from mailbot.tasks.sent import file_sent, look_for_unknown, tell_of_unsearched
from mailbot.tasks.sweep import sweep
from mailbot.tasks.withheld import all_is_given

#: What waited goes out only if both folders have been read to the end so lately (design section 5), in seconds.
FRESH_SECONDS = 15 * 60
#: So often every folder is looked through for what has no verdict, in seconds.
SWEEP_SECONDS = 60 * 60
#: A refused login is tried so seldom, in seconds: more often would lock the account.
LOGIN_PAUSE = 15 * 60
#: A submission server that does not answer is tried so often, in seconds: each time may take as long as its timeouts.
_SILENT_PAUSE = 60
#: So many messages are sent, or filed, before what has come is read: a person may have answered, and thousands may wait to go out.
_AT_ONCE = 10
#: A Sent folder that takes nothing, or lets nothing be looked for, is tried again so seldom, in seconds.
_FILING_PAUSE = 15 * 60

_FULL = "the mailbox is full: its server files nothing more in Sent, and may refuse new letters. Make room in it"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """One session with mailbox and submission server; after a Temporary of the connection it is closed and another begun."""

    desk: Desk
    mailbox: MailboxPort
    submission: Submission
    #: Called after each message that was taken in or sent; raises to stop after the one in hand.
    between: Callable[[], None]
    connected: bool = False
    folders: tuple[tuple[Folder, Role], ...] = ()
    #: What is looked through in a sweep beside them: archive and junk.
    swept: tuple[tuple[Folder, Role], ...] = ()
    #: UIDNEXT of each folder when it was looked through last.
    swept_to: dict[str, int] = field(default_factory=dict)
    #: When they were looked through last, on the monotonic clock.
    swept_at: float = -SWEEP_SECONDS
    #: When each folder was read to the end over this connection, on the monotonic clock.
    read_at: dict[str, float] = field(default_factory=dict)
    #: UIDNEXT of each folder when it was read last: what has come since has this UID or a higher one.
    uidnext: dict[str, int] = field(default_factory=dict)
    #: Whether Sent was read to the end since the start: before that, what a restored state takes for unsent may have gone out.
    sent_is_known: bool = False
    #: True while a folder is read: then the connection is in use, also between two messages.
    reading: bool = False
    last_fetch: datetime | None = None
    last_sent: datetime | None = None
    #: Until when the submission server is not asked again, on the monotonic clock.
    resting_until: float = 0.0
    #: Until when nothing is filed in Sent, on the monotonic clock.
    filing_rests_until: float = 0.0
    #: Until when nothing is looked for, on the monotonic clock.
    looking_rests_until: float = 0.0

    def connect(self) -> None:
        """Connect and find the folders, and finish what a disk that refused has left half done since the last time.

        Raise Temporary, or Permanent for a refused login or a folder that is not there.
        """
        self.mailbox.connect()
        self.connected = True
        self.read_at.clear()
        found = self.mailbox.folders()
        enter(self.desk)
        self.folders = watched_folders(self.desk, found)
        self.swept = swept_folders(self.desk, found, self.folders)
        self.sent_is_known |= not self.sent_folder()
        for problem in recover(self.desk):
            log.error("%s", problem)

    def read(self) -> int:
        """Read every folder to the end, Sent first: what a person has answered there counts before anything is decided.

        Once an hour, and at the start, look beyond that for what was moved before it was read.
        """
        taken = sum(self._read(folder, role) for folder, role in self.folders)
        if time.monotonic() - self.swept_at >= SWEEP_SECONDS:
            taken += self._sweep()
        return taken

    def read_inbox(self) -> int:
        """Read what has just come."""
        return sum(self._read(folder, role) for folder, role in self.folders if role != "sent")

    def adopt(self, wish: Wish, progress: Progress) -> str:
        """Take in older letters, as `adopt` says; return in words what was done."""
        self.reading = True
        try:
            return adopt(self.desk, self.mailbox, self.folders, self.swept, wish, progress, self._between)
        finally:
            self.reading = False

    def work(self) -> None:
        """Do what is due now: send, remind, file. Raise Temporary where a server or the disk fails."""
        self.send()
        if self.connected and self.is_fresh():
            if remind(self.desk):
                self.send()
            sent = self.sent_folder()
            if time.monotonic() >= self.looking_rests_until and self._look(sent):
                self.send()
            if sent and time.monotonic() >= self.filing_rests_until:
                self._file(sent)

    def send(self) -> None:
        """Send what may go out, and read what comes meanwhile; after a refused login the server is left alone for a while."""
        while self._send() and not self.reading:
            self.read_inbox()

    def _send(self) -> bool:
        """Send until something is to be read; return whether that is so."""
        if self.is_resting():
            return False
        delivered = deliver(
            self.desk,
            self.submission,
            # What waited may be overtaken by what is just being read.
            reading_is_fresh=self.is_fresh() and not self.reading,
            sent_is_known=self.sent_is_known,
            between=self.between,
            called_away=self._is_to_read,
        )
        if delivered.sent:
            self.last_sent = self.desk.clock()
        if delivered.login_failed:
            self.resting_until = time.monotonic() + LOGIN_PAUSE
            log.error("the submission server refused the login; nothing is sent for %d minutes", LOGIN_PAUSE // 60)
        if delivered.unreachable:
            self.resting_until = time.monotonic() + _SILENT_PAUSE
            log.warning("the submission server does not answer; nothing is sent for %d seconds", _SILENT_PAUSE)
        return delivered.called_away

    def is_resting(self) -> bool:
        """Whether the submission server is left alone, because it refused the login or did not answer."""
        return time.monotonic() < self.resting_until

    def is_fresh(self) -> bool:
        """Whether every folder has been read to the end over this connection, and lately."""
        now = time.monotonic()
        return self.connected and all(now - self.read_at.get(folder.name, -FRESH_SECONDS) < FRESH_SECONDS for folder, _ in self.folders)

    def wait(self, seconds: float, stop: Callable[[], bool]) -> bool:
        """Wait for mail in INBOX; True when some may have come. What came since INBOX was read is not waited for."""
        return self._has_come() or self.mailbox.wait(seconds, stop)

    def _has_come(self) -> bool:
        """Open INBOX; is there anything in it that had not come when it was read?"""
        state = self.mailbox.open(next(folder.name for folder, role in self.folders if role == "inbox"))
        return state.uidnext > self.uidnext.get(state.name, 0)

    def _look(self, sent: str) -> bool:
        """Look for what is of unknown fate, and return whether something of it may be to be sent; a server that does not search keeps us
        from nothing else, and is not asked without end."""
        try:
            return look_for_unknown(self.desk, self.mailbox, sent, self.copies()) > 0
        except Temporary as problem:
            self.looking_rests_until = time.monotonic() + _FILING_PAUSE
            tell_of_unsearched(self.desk)
            # Raises if it was the connection.
            self.mailbox.noop()
            log.warning("what was sent could not be looked for; next try in %d minutes: %s", _FILING_PAUSE // 60, problem)
            return True

    def _file(self, sent: str) -> None:
        """File what went out; a mailbox that takes nothing (it is full, say) does not keep us from reading and sending."""
        try:
            file_sent(self.desk, self.mailbox, sent, self._called_away)
        except Temporary as problem:
            # Raises if it was the connection.
            self.mailbox.noop()
            self.filing_rests_until = time.monotonic() + _FILING_PAUSE
            log.warning("sent messages could not be filed; next try in %d minutes: %s", _FILING_PAUSE // 60, problem)
            if "[OVERQUOTA]" in str(problem):
                alarm(self.desk, _FULL, f"full/{self.desk.worktime.local(self.desk.clock()).date().isoformat()}")

    def _called_away(self, seen: int) -> bool:
        """Between two messages that are filed: a stop is obeyed, and what has come is read before the rest is filed."""
        self.between()
        return self._is_to_read(seen)

    def _is_to_read(self, seen: int) -> bool:
        """After so many messages: is there something to be read before the next?"""
        return seen % _AT_ONCE == 0 and (self.reading or (self.connected and self._has_come()))

    def sent_folder(self) -> str:
        """The name of the Sent folder, "" if there is none."""
        return next((folder.name for folder, role in self.folders if role == "sent"), "")

    def copies(self) -> tuple[str, ...]:
        """The folders in which the copies of the witness arrive; none without a witness."""
        return tuple(folder.name for folder, role in self.folders if role == "inbox") if self.desk.settings.smtp.witness else ()

    def close(self) -> None:
        """Take leave of both servers."""
        self.disconnect()
        self.submission.close()

    def disconnect(self) -> None:
        """Let the mailbox go; what was read over this connection is no longer fresh."""
        self.connected = False
        self.read_at.clear()
        self.mailbox.close()

    def _read(self, folder: Folder, role: Role) -> int:
        self.reading = True
        try:
            state = self.mailbox.open(folder.name)
            taken = read_folder(self.desk, self.mailbox, state, role, self._between)
        finally:
            self.reading = False
        self.uidnext[folder.name] = state.uidnext
        if role != "sent" or all_is_given(self.desk, state):
            self.read_at[folder.name] = time.monotonic()
            self.sent_is_known |= role == "sent"
        else:
            self.read_at.pop(folder.name, None)
        self.last_fetch = self.desk.clock()
        return taken

    def _sweep(self) -> int:
        self.reading = True
        try:
            taken = sweep(self.desk, self.mailbox, (*self.folders, *self.swept), self._between, self._looked)
        finally:
            self.reading = False
        self.swept_at = time.monotonic()
        return taken

    def _looked(self, state: FolderState) -> None:
        self.swept_to[state.name] = state.uidnext

    def _between(self) -> None:
        # What is about to go out may be found in Sent: then it has gone out before.
        sent = self.sent_folder()
        if not sent or sent in self.read_at:
            self.send()
        self.between()
