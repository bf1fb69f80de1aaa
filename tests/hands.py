"""The tasks between fakes: a desk on a real state folder, a mailbox and a submission in memory, and a clock that is set by hand.

hands = Hands(tmp_path);  hands.turn()                     # first contact with the empty mailbox
hands.letter("Отклик", "…");  hands.turn()                 # read, decide, send, remind, file: one turn of the daemon
hands.sent_to(CANDIDATE)                                   # what was submitted for that address, parsed
hands.reopen()                                             # as a new process would: recovered from the state folder alone
"""

from __future__ import annotations

import atexit
import email.policy
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from fakes import FakeImapServer, FakeMailbox, FakeSubmission
from figures import Row

from mailbot import config
from mailbot.config import Settings
from mailbot.hiring.case import Case
from mailbot.mail.compose import Templates
from mailbot.mail.reader import Reader
from mailbot.mail.smtp import Submission
from mailbot.tasks.desk import Desk, open_desk
from mailbot.tasks.jumps import look_at_start
from mailbot.tasks.recover import recover
from mailbot.tasks.watch import Watch

ROOT = Path(__file__).resolve().parent.parent
PERM = ZoneInfo("Asia/Yekaterinburg")
JOB, N, CANDIDATE, RECRUITER = "job@up-advert.ru", "n@up-advert.ru", "maria.petrova@mail.ru", "recruiter@example.org"
#: Monday morning, office time.
MONDAY = datetime(2026, 11, 23, 10, 30, tzinfo=PERM)


@cache
def _shipped() -> Settings:
    return config.load(ROOT / "config.toml", {}, installed=ROOT / "templates")


LIMITS = _shipped().company.limits


class Hands:
    """One mailbox, one submission server, one state folder, one time."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        """Given an empty folder and changes to the company, or to smtp as `smtp_…`, open the desk."""
        smtp = {name.removeprefix("smtp_"): value for name, value in changes.items() if name.startswith("smtp_")}
        company = {name: value for name, value in changes.items() if not name.startswith("smtp_")}
        shipped = _shipped()
        self.settings = replace(
            shipped,
            state_dir=folder / "state",
            company=replace(shipped.company, **company),
            smtp=shipped.smtp.model_copy(update=smtp),
        )
        self.now = MONDAY
        #: What the clock was set by, or the machine's sleep, beside time that passed.
        self.set_by = timedelta()
        self.server = FakeImapServer()
        self.user = self.server.new_user()
        self.submission = FakeSubmission()
        self.desk, self.watch = self._opened()

    def turn(self) -> None:
        """One turn of the daemon: connect where that is needed, read everything, do what is due."""
        if not self.watch.connected:
            self.watch.connect()
        self.watch.read()
        self.watch.work()

    def reopen(self) -> None:
        """Go on as a new process: only the state folder and the servers remember anything."""
        self.desk.close()
        self.desk, self.watch = self._opened()
        recover(self.desk)
        look_at_start(self.desk)

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def set_clock(self, **delta: float) -> None:
        """Somebody sets the wall clock."""
        self.now += timedelta(**delta)
        self.set_by += timedelta(**delta)

    def letter(
        self,
        subject: str,
        text: str,
        *,
        sender: str = f"Мария Петрова <{CANDIDATE}>",
        to: str = JOB,
        answers: EmailMessage | None = None,
        folder: str = "INBOX",
        message_id: str = "",
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Put a letter into a folder, arrived now; `answers` is the message that it replies to."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Date"] = format_datetime(self.now)
        message["Message-ID"] = message_id or make_msgid(domain="candidates.example")
        if answers is not None:
            message["In-Reply-To"] = answers["Message-ID"]
            message["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
        for name, value in (headers or {}).items():
            message[name] = value
        message.set_content(text)
        self.put(message, folder)
        return message

    def put(self, message: EmailMessage, folder: str = "INBOX") -> None:
        self.server.append(self.user, message.as_bytes(policy=email.policy.SMTP), self.now, folder)

    def sent_to(self, address: str) -> list[EmailMessage]:
        """What was submitted for an address, in order, parsed."""
        parsed = (
            email.message_from_bytes(sent.raw, policy=email.policy.default) for sent in self.submission.sent if sent.recipient == address
        )
        return list(parsed)

    def cases(self) -> list[Case]:
        """Every application as its record says."""
        return [self.desk.store.load(reference) for reference in self.desk.store.references()]

    def verdicts(self, folder: str = "INBOX") -> dict[int, str]:
        """UID -> verdict of what stands in a folder; "" where there is none."""
        validity = self.server.folder(self.user, folder).uidvalidity
        rows = {stored.uid: self.desk.ledger.verdict_of(folder, validity, stored.uid) for stored in self.server.messages(self.user, folder)}
        return {uid: row.verdict if row else "" for uid, row in rows.items()}

    def row(self, part: str) -> Row:
        """What these hands add to the one table of a long run."""
        return Row(
            part,
            tried=1,
            messages_in=len(self.server.messages(self.user)),
            records=len([*self.desk.store.references(), *self.desk.store.offices()]),
            messages_out=len(self.submission.sent),
            held=sum(entry.state == "held" for entry in self.desk.outbox.entries()),
        )

    def _boottime(self) -> float:
        return (self.now - self.set_by).timestamp()

    def _opened(self) -> tuple[Desk, Watch]:
        opened = open_desk(self.settings, lambda: self.now, boottime=self._boottime)
        desk = replace(opened, templates=_templates(), reader=_reader())
        return desk, Watch(desk, FakeMailbox(self.server, self.user), cast(Submission, self.submission), between=lambda: None)


def met(folder: Path, **changes: Any) -> Hands:
    """Hands that have met their empty mailbox a minute ago."""
    hands = Hands(folder, **changes)
    hands.turn()
    hands.pass_time(minutes=1)
    return hands


@cache
def _templates() -> Templates:
    """Compiled once for all tests."""
    return Templates(_shipped().templates_dir, PERM)


class _LastingReader(Reader):
    def close(self) -> None:
        """Whoever closes a desk leaves the child to the next one."""


@cache
def _reader() -> Reader:
    """One child for all tests: its start is most of what a short one takes."""
    reader = _LastingReader()
    atexit.register(super(_LastingReader, reader).close)
    return reader
