"""The two servers of the demo, on free ports of loopback: pymap keeps all mailboxes in memory, aiosmtpd delivers letters there."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from pymap.backend.dict import Config, DictBackend, Identity, Login
from pymap.imap import IMAPService
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import Cleartext

from mailbot.errors import Temporary

HOST = "127.0.0.1"
#: pymap knows no SPECIAL-USE (RFC 6154): this folder is found by its name.
SENT = "Sent"
_DATE = re.compile(rb"(?im)^Date:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that the SMTP server took."""

    to: str
    raw: bytes
    #: Office time of its final dot.
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """One message as the IMAP server holds it."""

    uid: int
    raw: bytes
    arrived: datetime


class Servers:
    """Both servers while they run. Every mailbox has the same password; one that is written to and not there is made."""

    def __init__(self, password: str, job: str, clock: Callable[[], datetime]) -> None:
        self.password, self.job, self.clock = password, job, clock
        self.imap_port, self.smtp_port = _free_ports(2)
        self._loop = asyncio.new_event_loop()
        self._started, self._ended = threading.Event(), asyncio.Event()
        self._config = _imap_configuration(self.imap_port)
        self._login = Login(self._config)
        self._failure: BaseException | None = None
        self._hashed = ""
        self._mailboxes: set[str] = set()
        self._taken: list[Taken] = []

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What the SMTP server has taken, in order."""
        return tuple(self._taken)

    def deliver(self, address: str, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """Put a message into a folder of an address, arrived at `at`, unread."""
        self.open(address)
        with self.session(address) as session:
            session.append(folder, raw, msg_time=at)

    def messages(self, address: str, folder: str, above_uid: int = 0) -> list[Held]:
        """The messages of a folder with a higher UID; looking changes no flag."""
        with self.session(address) as session:
            session.normalise_times = False
            session.select_folder(folder, readonly=True)
            fresh = [uid for uid in session.search("ALL") if uid > above_uid]
            found = session.fetch(fresh, ["BODY.PEEK[]", "INTERNALDATE"])
        return [Held(uid, answer[b"BODY[]"], answer[b"INTERNALDATE"]) for uid, answer in sorted(found.items())]

    def open(self, address: str) -> None:
        """Make the mailbox of an address, with its Sent folder, if it is not there."""
        if address in self._mailboxes:
            return
        asyncio.run_coroutine_threadsafe(self._add(address), self._loop).result(10)
        self._mailboxes.add(address)
        with self.session(address) as session:
            session.create_folder(SENT)

    @contextmanager
    def session(self, address: str) -> Iterator[IMAPClient]:
        """A session of that address with the IMAP server. Raise Temporary if it says no."""
        try:
            with IMAPClient(HOST, self.imap_port, ssl=False, timeout=20) as session:
                session.login(address, self.password)
                yield session
        except IMAPClientError as error:
            raise Temporary(f"the IMAP server of the demo: {error}") from error

    @contextmanager
    def running(self) -> Iterator[Servers]:
        """Both servers up, in a thread of their own; gone afterwards. Raise OSError if they can not be started."""
        thread = threading.Thread(target=self._run, name="demo servers")
        thread.start()
        try:
            if not self._started.wait(20) or self._failure:
                raise OSError(f"the servers of the demo did not start: {self._failure or 'no sign of life'}")
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)
            thread.join(20)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a letter and deliver it to the mailbox of each recipient."""
        raw = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            address = recipient.lower()
            at = self.clock()
            self._taken.append(Taken(address, raw, at))
            kept = dated(raw, at) if address == self.job else raw
            await asyncio.get_running_loop().run_in_executor(None, self.deliver, address, kept, at)
        return "250 2.0.0 Taken"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except OSError as error:
                self._failure = error
                self._started.set()

    async def _serve(self) -> None:
        self._config.apply_context()
        self._hashed = await Passwords(self._config).hash_password(self.password)
        async with AsyncExitStack() as stack:
            await IMAPService(DictBackend(self._login, self._config), self._config).start(stack)
            smtp = await self._loop.create_server(self._smtp, HOST, self.smtp_port)
            stack.callback(smtp.close)
            self._started.set()
            await self._ended.wait()

    def _smtp(self) -> SMTP:
        return SMTP(self, hostname="smtp.demo.example", authenticator=self._authenticate, auth_require_tls=False, loop=self._loop)

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.password.decode(errors="replace") == self.password
        return AuthResult(success=known, handled=False, auth_data=given)

    async def _add(self, address: str) -> None:
        await Identity(address, self._login, None, frozenset()).set(UserMetadata(self._config, address, password=self._hashed))


def dated(raw: bytes, at: datetime) -> bytes:
    """A letter as if it were written at `at`: a mail client writes today's date, which may lie years off the office's."""
    head, end, body = raw.partition(b"\r\n\r\n")
    return _DATE.sub(b"Date: " + format_datetime(at).encode(), head, count=1) + end + body


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _imap_configuration(port: int) -> Config:
    return Config(
        Namespace(inherited_sockets=None, passlib_cfg=None, proxy_protocol=None),
        host=HOST,
        port=port,
        demo_data=False,
        demo_user="",
        demo_password="",
        tls_enabled=False,
        secure_auth=False,
        invalid_user_sleep=0.0,
        reject_dnsbl=False,
        # A real hash costs 0.2 s a login (measured), and this password is printed on the screen.
        hash_context=Cleartext(),
    )
