"""An onlooker in the office: reads what the daemon has written down and what the two servers hold, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from mailbot.config import Settings
from mailbot.hiring.case import Case, FiledMessage
from mailbot.hiring.letters import OFFICE_HOURS
from mailbot.hiring.worktime import worktime
from mailbot.records.catalogue import Catalogue
from mailbot.records.ledger import Ledger
from mailbot.records.outbox import Entry, Outbox
from mailbot.records.rows import Row
from mailbot.records.store import Stamp, Store
from mailbot.service.demo.servers import SENT, Held, Servers

FOLDERS = ("INBOX", SENT)


class Onlooker:
    """Reads the state folder of a running daemon, and the mailboxes of the servers."""

    def __init__(self, settings: Settings, servers: Servers) -> None:
        self.settings, self.servers = settings, servers
        self.worktime = worktime(settings.company.office)
        self.store = Store(settings.state_dir)
        self._cases: dict[str, tuple[Stamp | None, Case]] = {}

    @property
    def job(self) -> str:
        return self.settings.company.job

    def ledger(self) -> Ledger:
        return Ledger(self.settings.state_dir / "ledger.jsonl")

    def catalogue(self) -> Catalogue:
        return Catalogue(self.settings.state_dir / "catalogue.jsonl")

    def entries(self) -> tuple[Entry, ...]:
        """The messages of the outbox."""
        return Outbox(self.settings.state_dir / "outbox.jsonl", writer=False).entries()

    def cases(self) -> tuple[Case, ...]:
        """Every case as it stands now; a record that has not changed is not read again."""
        for reference in (*self.store.offices(), *self.store.references()):
            stamp = self.store.stamp(reference)
            if self._cases.get(reference, (None,))[0] != stamp:
                self._cases[reference] = (stamp, self.store.load(reference))
        return tuple(case for _, case in self._cases.values())

    def held(self, folder: str, above_uid: int = 0) -> list[Held]:
        """What our own mailbox holds in a folder."""
        return self.servers.messages(self.job, folder, above_uid)

    def has_met(self) -> bool:
        """Whether the daemon has made first contact with both folders."""
        ledger = self.ledger()
        return all(ledger.cursor(folder) for folder in FOLDERS)

    def is_quiet(self, now: datetime, folders: Iterable[str] = ("INBOX",)) -> bool:
        """Whether nothing is left to do now: every message of these folders has its verdict, no application is overdue for a look,
        and what may go out has gone out and stands in Sent."""
        # In this order: the daemon puts a message on the outbox before it writes any of the others.
        ledger, rows = self.ledger(), self.catalogue().rows()
        for folder in folders:
            cursor = ledger.cursor(folder)
            if cursor is None or {held.uid for held in self.held(folder)} - ledger.settled_uids(folder, cursor.uidvalidity):
                return False
        is_open = self.worktime.is_open(now)
        if is_open and any(row.wake and row.wake <= now for row in rows):
            return False
        # The morning's digest is the last thing that a day's first sweep sees to, also where there is nothing to write.
        digest = ledger.remembered("digest")
        if is_open and not (digest and self._day(datetime.fromisoformat(digest)) == self._day(now)):
            return False
        entries = self.entries()
        return not any(entry.due(now) and (is_open or entry.purpose not in OFFICE_HOURS) for entry in entries) and not any(
            entry.state == "committed" or (entry.state == "sent" and not entry.filed) for entry in entries
        )

    def _day(self, instant: datetime) -> date:
        return self.worktime.local(instant).date()


def verdicts(ledger: Ledger, folder: str) -> list[Row]:
    """The row of every message of a folder that has its verdict, by UID."""
    cursor = ledger.cursor(folder)
    if cursor is None:
        return []
    rows = (ledger.verdict_of(folder, cursor.uidvalidity, uid) for uid in sorted(ledger.settled_uids(folder, cursor.uidvalidity)))
    return [row for row in rows if row]


def unsettled(ledger: Ledger, folder: str) -> bool:
    """Whether a message of a folder was seen and has no verdict yet."""
    cursor = ledger.cursor(folder)
    return bool(cursor and ledger.unsettled(folder, cursor.uidvalidity))


def outgoing(cases: Iterable[Case]) -> dict[str, tuple[Case, FiledMessage]]:
    """Every message that mailbot wrote, by its Message-ID, with its case."""
    return {message.message_id: (case, message) for case in cases for message in case.messages if message.direction == "out"}
