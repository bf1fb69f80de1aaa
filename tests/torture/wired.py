"""Hands between real servers: the tasks in process, a clock set by hand, and a proxy before each server that can do harm."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from cutting_proxy import CuttingProxy
from hands import Hands
from imap_server import ImapServer
from office import MONDAY
from smtp_sink import SmtpServer

from mailbot.errors import MailbotError
from mailbot.mail import imap, smtp
from mailbot.tasks.desk import Desk
from mailbot.tasks.watch import Watch

#: How long a server may be silent, in seconds: in a trial of silence, and otherwise, on a machine that may be busy.
IMPATIENT, PATIENT = 0.3, 10.0


class WiredHands(Hands):
    """As `Hands`, with a mailbox of the real server and what the real submission server took since."""

    def __init__(self, folder: Path, servers: tuple[ImapServer, SmtpServer], proxies: tuple[CuttingProxy, CuttingProxy]) -> None:
        self.imap, self.smtp = servers
        self.imap_port, self.smtp_port = (proxy.port for proxy in proxies)
        self.patience = PATIENT
        self.before = len(self.smtp.transactions)
        self.mailbox_user = self.imap.new_user()
        super().__init__(folder, smtp_files_sent=False)
        # Dovecot takes no INTERNALDATE later than the machine's own clock.
        self.now = MONDAY

    def put(self, message: EmailMessage, folder: str = "INBOX") -> None:
        self.imap.append(self.mailbox_user, message.as_bytes(policy=email.policy.SMTP), self.now, folder)

    def taken(self) -> list[tuple[str, EmailMessage]]:
        """(recipient, message) of everything that the submission server took from these hands, in order."""
        parsed = (
            (each.rcpt[0], email.message_from_bytes(each.data, policy=email.policy.default))
            for each in self.smtp.transactions[self.before :]
        )
        return [(recipient, message) for recipient, message in parsed if isinstance(message, EmailMessage)]

    def sent_to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.taken() if recipient == address]

    def try_turn(self) -> bool:
        """A turn of the daemon, which lets the connection go where one failed."""
        try:
            self.turn()
        except MailbotError:
            self.watch.disconnect()
            return False
        return True

    def rest(self, **delta: float) -> None:
        """Time passes for what goes by the monotonic clock, too."""
        self.pass_time(**delta)
        self.watch.resting_until = self.watch.filing_rests_until = 0.0
        self.watch.read_at.clear()

    def reopen(self) -> None:
        self.watch.close()
        super().reopen()

    def end(self) -> None:
        self.watch.close()
        self.desk.ledger.close()
        self.desk.outbox.close()
        self.desk.catalogue.close()

    def settle(self) -> None:
        """Turns until everything that waits for minutes, or is looked for during an hour, has come to its end."""
        for minutes in (2, 61, 6):
            self.rest(minutes=minutes)
            assert self.try_turn(), "the servers are well again"

    def _opened(self) -> tuple[Desk, Watch]:
        desk, watch = super()._opened()
        account = imap.Account("127.0.0.1", self.imap_port, "none", self.mailbox_user, self.imap.password)
        out = smtp.Account("127.0.0.1", self.smtp_port, "none", "", "")
        mailbox = imap.Mailbox(account, self.patience, self.patience)
        return desk, replace(watch, mailbox=mailbox, submission=smtp.Submission(out, self.patience, self.patience, self.patience))
