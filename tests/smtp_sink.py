"""An SMTP server in a thread of the tests (aiosmtpd) that keeps every transaction and misbehaves as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

#: "DOT" is the end of the body; every other step is the client's command.
Step = Literal["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT", "NOOP", "RSET", "QUIT"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do, once, at a step: wait, then accept if told to, then answer `reply`; with no reply, drop the connection."""

    reply: str = ""
    #: At DOT: take the message all the same (the reply is then false, or lost with the connection).
    accept: bool = False
    #: At DATA: answer 354 and drop the connection while the body comes.
    within_body: bool = False
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Transaction:
    """One message that the server took."""

    mail_from: str
    rcpt: tuple[str, ...]
    data: bytes
    #: time.time() of the final dot.
    time: float
    #: Who had logged in, or "".
    username: str
    encrypted: bool


class SmtpServer:
    """What the SMTP server has taken, and what it shall do next."""

    def __init__(self, *, username: str = "", password: str = "secret", ca_file: str = "") -> None:
        self.host = "localhost"
        self.port = 0
        #: Where not empty, MAIL is refused before this user has logged in.
        self.username = username
        self.password = password
        self.ca_file = ca_file
        #: Every command line's verb in the order of arrival.
        self.commands: list[str] = []
        self._transactions: list[Transaction] = []
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._arrived = threading.Condition()
        self._open = 0

    def script(self, step: Step, *faults: Fault | str) -> None:
        """The next times that `step` comes, do these in turn (a bare string is a reply: `"451 4.7.1 Later"`); then behave again."""
        self._faults[step].extend(fault if isinstance(fault, Fault) else Fault(fault) for fault in faults)

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        with self._arrived:
            return tuple(self._transactions)

    def wait_for(self, count: int, seconds: float = 10) -> tuple[Transaction, ...]:
        """The transactions as soon as there are `count` of them; raises AssertionError if that takes too long."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._transactions) >= count, seconds):
                raise AssertionError(f"{len(self._transactions)} messages arrived, not {count}")
            return tuple(self._transactions)

    def settle(self, seconds: float = 10) -> tuple[Transaction, ...]:
        """The transactions once no client is connected any more, one that was killed among them; they are forgotten here."""
        # Connections are accepted in their order: once we are greeted, so was everybody before us.
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as last:
            last.recv(1)
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._open == 0, seconds):
                raise AssertionError("a client stays connected")
            taken = tuple(self._transactions)
            self._transactions.clear()
            return taken

    def connected(self, change: int) -> None:
        """One client more or less; for the protocol below."""
        with self._arrived:
            self._open += change
            self._arrived.notify_all()

    def take(self, step: str) -> Fault | None:
        """The fault that is due at this step; for the protocol below."""
        return self._faults[step].popleft() if self._faults[step] else None

    def keep(self, transaction: Transaction) -> None:
        """Remember what was taken; for the protocol below."""
        with self._arrived:
            self._transactions.append(transaction)
            self._arrived.notify_all()


class _Protocol(SMTP):
    """aiosmtpd's protocol, asking the script before every step."""

    def __init__(self, sink: SmtpServer, **options: Any) -> None:
        super().__init__(_Taker(sink), hostname="smtp.tests.example", auth_require_tls=False, authenticator=_authenticator(sink), **options)
        self._sink = sink
        for step, method in self._smtp_methods.items():
            self._smtp_methods[step] = self._scripted(step, method)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Called a second time within the connection, after STARTTLS.
        if self._original_transport is None:
            self._sink.connected(1)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sink.connected(-1)

    def _scripted(self, step: str, method: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        async def scripted(argument: str) -> None:
            self._sink.commands.append(step)
            fault = self._sink.take(step)
            if fault is not None and fault.within_body:
                await self.push("354 Go on")
                _drop(self)
            elif fault is not None:
                await self._misbehave(fault)
            elif step == "MAIL" and self._sink.username and not (self.session and self.session.authenticated):
                await self.push("530 5.7.0 Authentication required")
            else:
                await method(argument)

        return scripted

    async def _misbehave(self, fault: Fault) -> None:
        await asyncio.sleep(fault.seconds)
        if fault.reply:
            await self.push(fault.reply)
        else:
            _drop(self)


class _Taker:
    """aiosmtpd's handler: takes the message, or not, as the script says."""

    def __init__(self, sink: SmtpServer) -> None:
        self._sink = sink

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        fault = self._sink.take("DOT")
        if fault is None or fault.accept:
            self._sink.keep(_transaction(session, envelope))
        if fault is None:
            return "250 2.0.0 Taken"
        await asyncio.sleep(fault.seconds)
        if not fault.reply:
            _drop(server)
        return fault.reply or "421 4.3.0 Gone"


def _authenticator(sink: SmtpServer) -> Callable[..., AuthResult]:
    expected = LoginPassword(sink.username.encode(), sink.password.encode())

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
        return AuthResult(success=given == expected, handled=False, auth_data=given)

    return authenticate


def _drop(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.Transport):
        protocol.transport.abort()


def _transaction(session: Session, envelope: Envelope) -> Transaction:
    content = envelope.original_content or b""
    username = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
    return Transaction(envelope.mail_from or "", tuple(envelope.rcpt_tos), content, time.time(), username, session.ssl is not None)


class _Controller(Controller):
    def __init__(self, sink: SmtpServer, port: int, context: ssl.SSLContext | None, options: dict[str, Any]) -> None:
        # The first argument would be the handler; the protocol is its own.
        super().__init__(sink, hostname="127.0.0.1", port=port, ssl_context=context)
        self._sink = sink
        self._options = options

    def factory(self) -> SMTP:
        return _Protocol(self._sink, loop=self.loop, **self._options)


@contextmanager
def running_smtp(
    *,
    port: int,
    username: str = "",
    security: Literal["none", "starttls", "tls"] = "none",
    context: ssl.SSLContext | None = None,
    ca_file: str = "",
) -> Iterator[SmtpServer]:
    """An SMTP server on that port of 127.0.0.1; gone afterwards. With "starttls" and "tls" it needs a server's `context`."""
    sink = SmtpServer(username=username, ca_file=ca_file)
    options = {"tls_context": context} if security == "starttls" else {}
    controller = _Controller(sink, port, context if security == "tls" else None, options)
    controller.start()
    # The controller knocks once to see whether it is up.
    sink.commands.clear()
    sink.port = port
    try:
        yield sink
    finally:
        controller.stop()
