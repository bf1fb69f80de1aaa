"""Hands between real servers: the tasks in process, a clock set by hand, and a proxy before each server that can do harm."""

from __future__ import annotations

import email.policy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cutting_proxy import CuttingProxy
from hands import PERM, Hands
from imap_server import ImapServer
from office import MONDAY
from smtp_sink import SmtpServer
from token_server import TokenServer

from mailbot.errors import MailbotError
from mailbot.mail import imap, smtp
from mailbot.mail.compose import Templates
from mailbot.mail.oauth import Client, Tokens
from mailbot.tasks.desk import Desk
from mailbot.tasks.jumps import look_at_start
from mailbot.tasks.recover import recover
from mailbot.tasks.watch import Watch

#: How long a server may be silent, in seconds, where nothing holds it up, on a machine that may be busy.
PATIENT = 10.0


@dataclass(frozen=True)
class Line:
    """The servers, and the proxy before each: "imap", "smtp" and, where there is one, "tokens"."""

    imap: ImapServer
    smtp: SmtpServer
    proxies: Mapping[str, CuttingProxy]
    #: Where it sells tokens for the mailbox, both mail servers are spoken to after STARTTLS.
    seller: TokenServer | None = None

    def heal(self) -> None:
        for proxy in self.proxies.values():
            proxy.heal()


class Kept:
    """A refresh token that is kept in memory alone."""

    def __init__(self, token: str) -> None:
        self.token = token

    def exchange(self, ask: Callable[[str], str]) -> None:
        self.token = ask(self.token)


class WiredHands(Hands):
    """As `Hands`, with a mailbox of the real server and what the real submission server took since."""

    def __init__(self, folder: Path, line: Line, templates: Path, *, user: str = "", patience: float = PATIENT, **changes: Any) -> None:
        self.line, self.templates, self.patience = line, templates, patience
        self.mailbox_user = user or line.imap.new_user()
        super().__init__(folder, smtp_files_sent=False, **changes)
        # Dovecot takes no INTERNALDATE later than the machine's own clock.
        self.now = MONDAY

    def put(self, message: EmailMessage, folder: str = "INBOX") -> None:
        self.put_raw(message.as_bytes(policy=email.policy.SMTP), folder)

    def put_raw(self, raw: bytes, folder: str = "INBOX") -> None:
        self.line.imap.append(self.mailbox_user, raw, self.now, folder)

    def try_this(self, conversation: Callable[[], object]) -> bool:
        """A piece of the daemon's day, which lets the connection go where one failed."""
        try:
            conversation()
        except MailbotError:
            self.watch.disconnect()
            return False
        return True

    def rest(self, **delta: float) -> None:
        """Time passes for what goes by the monotonic clock, too."""
        self.pass_time(**delta)
        self.watch.resting_until = self.watch.filing_rests_until = self.watch.looking_rests_until = 0.0
        self.watch.read_at.clear()

    def begin(self) -> None:
        """As a process does that finds this state folder."""
        recover(self.desk)
        look_at_start(self.desk)

    def reopen(self) -> None:
        self.end()
        self.desk, self.watch = self._opened()
        self.begin()

    def end(self) -> None:
        """As `Desk.close` does, but the reader's child goes on: its start is most of what a trial takes."""
        self.watch.close()
        for journal in (self.desk.ledger, self.desk.outbox, self.desk.catalogue):
            journal.close()

    def settle(self) -> timedelta:
        """Turns until everything that waits for minutes, or is looked for during an hour, has come to its end; how long that took."""
        begun = self.now
        ended = timedelta()
        for minutes in (2, 61, 6):
            waited = self.waits()
            # Somewhat later nothing more may come, even where nothing waits.
            if waited or minutes == 61:
                self.rest(minutes=minutes)
                assert self.try_this(self.turn), "the servers are well again"
            ended = self.now - begun if waited else ended
        return ended

    def waits(self) -> bool:
        """Whether anything is still to be sent, to be looked for, or to be filed."""
        states = {entry.state for entry in self.desk.outbox.entries()}
        return bool(states & {"planned", "committed", "retry", "unknown"} or self.desk.outbox.unfiled() or not self.cases())

    def _opened(self) -> tuple[Desk, Watch]:
        desk, watch = super()._opened()
        line, patience = self.line, self.patience
        ports = {name: proxy.port for name, proxy in line.proxies.items()}
        account = imap.Account("127.0.0.1", ports["imap"], "none", self.mailbox_user, line.imap.password)
        out = smtp.Account("127.0.0.1", ports["smtp"], "none", "", "")
        if line.seller:
            line.seller.username = self.mailbox_user
            client = Client(f"https://localhost:{ports['tokens']}/token", "mailbot-client", ca_file=line.imap.ca_file)
            tokens = Tokens(client, Kept(line.seller.refresh_token), patience)
            account = replace(account, host="localhost", security="starttls", secret=tokens, ca_file=line.imap.ca_file)
            out = smtp.Account("localhost", ports["smtp"], "starttls", line.smtp.username, line.smtp.password, line.imap.ca_file)
        desk = replace(desk, templates=Templates(self.templates, PERM))
        mailbox = imap.Mailbox(account, patience, patience)
        return desk, replace(watch, desk=desk, mailbox=mailbox, submission=smtp.Submission(out, patience, patience, patience))
