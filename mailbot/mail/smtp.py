"""Submits one message in one transaction, with a certain outcome or an honest "unknown"."""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from mailbot.errors import Permanent, Temporary
from mailbot.mail.limits import is_limit
from mailbot.mail.oauth import Tokens
from mailbot.mail.smtp_session import Account, NoSession, open_session, plain

__all__ = ["Account", "Outcome", "Submission"]

#: Replies that speak of the login and not of the message (RFC 4954 section 6; 454 is its temporary failure).
_LOGIN_CODES = frozenset({454, 530, 534, 535, 538})
#: How long to wait where there is nothing left to lose: for the answer to QUIT, and for the rest of what came out of turn.
_SHORT_SECONDS = 3
#: So much at a time is sent under one timeout: a large message on a slow line takes many, and is not given up.
_PIECE = 65536
#: What may stand between the angle brackets of MAIL and RCPT; quoted local parts are not worth their risk.
_PATH = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message.

    sent: the server has it. retry: it certainly has not, and may take it later. failed: it certainly has not, and will not.
    unknown: the final dot went out and no reply came back, so nobody can know (RFC 1047).
    """

    state: Literal["sent", "retry", "failed", "unknown"]
    #: The reply that decided, None where there was none.
    code: int | None
    #: What the server or the system said, without addresses.
    text: str
    #: True where login or encryption failed: no message is to blame, and further tries may lock the account.
    account_fault: bool = False
    #: True where the provider says that this account has sent enough for now: each further try may prolong that.
    limit: bool = False
    #: True where there was no session to be had: no message is to blame for that either.
    no_session: bool = False


class Submission:
    """A connection to the submission server (RFC 6409) that is opened when needed and used again while it is fresh."""

    def __init__(
        self,
        account: Account,
        connect_timeout: float = 20,
        reply_timeout: float = 60,
        final_timeout: float = 90,
        fresh_seconds: float = 30,
    ) -> None:
        """Given an account and times in seconds; nothing is connected yet.

        `final_timeout` is the one after the dot. RFC 5321 section 4.5.3.2.6 asks for 10 minutes, but a service that waits so long
        can not be stopped cleanly; an outcome missed is "unknown", never a second message. A connection that was not used for
        `fresh_seconds` is not used again: to find out that it is dead may take a whole `reply_timeout`.
        """
        self._account = account
        self._connect_timeout = connect_timeout
        self._reply_timeout = reply_timeout
        self._final_timeout = final_timeout
        self._fresh_seconds = fresh_seconds
        self._smtp: smtplib.SMTP | None = None
        self._used = 0.0

    def send(self, raw: bytes, sender: str, recipient: str, commit: Callable[[], None], witness: str = "") -> Outcome:
        """Given a message, its envelope, and what must be durable before it can be accepted, submit it and return the outcome.

        `witness` gets a copy in the same transaction ("": nobody does), so that the copy proves that the message was taken; where it is
        refused, the message goes without one.
        `commit` is called once, between the body and the final dot, and not at all if it does not come so far. What it raises is
        raised here, and the server has not taken the message then. Nothing else is raised.
        """
        if not (_PATH.fullmatch(sender) and _PATH.fullmatch(recipient)):
            return Outcome("failed", None, "an address that can not stand in an SMTP command (only ASCII is supported)")
        try:
            try:
                body = _body(raw)
                smtp = self._session()
                refusal = self._address(smtp, sender, recipient, len(body))
                if refusal is None and witness not in ("", recipient) and not self._takes(smtp, witness):
                    # RSET, or a new session where the refusal has ended this one.
                    smtp = self._session()
                    refusal = self._address(smtp, sender, recipient, len(body))
                refusal = refusal or self._hand_over(smtp, body)
            except NoSession as problem:
                limit = is_limit(problem.code, str(problem))
                return Outcome("retry", problem.code, str(problem), problem.account_fault, limit, no_session=True)
            except OSError as error:
                return self._lost("retry", error)
            if refusal is None:
                commit()
                refusal = self._objection(smtp)
            outcome = refusal or self._finish(smtp)
        except BaseException:
            # Without the dot the server throws away what it has (RFC 5321 section 4.1.1.4).
            self._drop()
            raise
        return _redacted(outcome, sender, recipient, witness)

    def check(self) -> tuple[str, ...]:
        """Connect, log in, take leave, and return the server's extensions in alphabetical order: "AUTH PLAIN LOGIN", "SIZE 1000".

        Raise Permanent where login or encryption fails, Temporary where the server can not be reached or does not want now.
        """
        try:
            smtp = self._session()
        except NoSession as problem:
            raise (Permanent if problem.account_fault else Temporary)(str(problem)) from problem
        extensions = tuple(sorted(f"{name.upper()} {values.strip()}".strip() for name, values in smtp.esmtp_features.items()))
        self.close()
        return extensions

    def close(self) -> None:
        """Take leave of the server. Its answer changes nothing: what was sent is sent."""
        if self._smtp is not None:
            with suppress(OSError):
                _socket(self._smtp).settimeout(_SHORT_SECONDS)
                self._smtp.docmd("QUIT")
            self._drop()

    def _session(self) -> smtplib.SMTP:
        """Return a session in which no transaction is open. Raise NoSession if there is none to be had."""
        if self._smtp is not None:
            with suppress(OSError):
                _socket(self._smtp).settimeout(self._reply_timeout)
                # RSET, not NOOP: it also ends the transaction that a refused recipient has left open.
                if time.monotonic() - self._used < self._fresh_seconds and self._smtp.docmd("RSET")[0] == 250:
                    return self._smtp
            self.close()
        self._smtp = open_session(self._account, self._connect_timeout, self._reply_timeout)
        return self._smtp

    def _address(self, smtp: smtplib.SMTP, sender: str, recipient: str, size: int) -> Outcome | None:
        """Begin a transaction. Return the refusal, or None if the server takes sender and recipient. Raise OSError."""
        # RFC 1870: what is too large is refused before it is sent.
        declared = f" SIZE={size}" if smtp.has_extn("size") else ""
        for verb, argument in (("MAIL", f"FROM:<{sender}>{declared}"), ("RCPT", f"TO:<{recipient}>")):
            code, text = smtp.docmd(verb, argument)
            if not 200 <= code <= 299:
                return self._refused(code, text)
        return None

    def _takes(self, smtp: smtplib.SMTP, witness: str) -> bool:
        """Whether a second recipient is taken; one that is not costs the first nothing, not even where the connection ends there."""
        self._used = time.monotonic()
        try:
            return bool(_PATH.fullmatch(witness)) and 200 <= smtp.docmd("RCPT", f"TO:<{witness}>")[0] <= 299
        except OSError:
            return False

    def _hand_over(self, smtp: smtplib.SMTP, body: bytes) -> Outcome | None:
        """DATA and everything before the final dot. Return the refusal, or None if the server has the body. Raise OSError."""
        code, text = smtp.docmd("DATA")
        if code != 354:
            return self._refused(code, text)
        for start in range(0, len(body), _PIECE):
            smtp.send(body[start : start + _PIECE])
        return None

    def _objection(self, smtp: smtplib.SMTP) -> Outcome | None:
        """Return a refusal if the server has closed or spoken before the dot, though it was not its turn: that much is certain."""
        try:
            if not _has_spoken(_socket(smtp)):
                return None
            _socket(smtp).settimeout(_SHORT_SECONDS)
            code, text = smtp.getreply()
        except OSError as error:
            return self._lost("retry", error)
        self._drop()
        return self._refused(code, text)

    def _finish(self, smtp: smtplib.SMTP) -> Outcome:
        """Send the dot and read what becomes of the message."""
        try:
            _socket(smtp).settimeout(self._final_timeout)
            smtp.send(b".\r\n")
            code, text = smtp.getreply()
        except OSError as error:
            return self._lost("unknown", error)
        if 200 <= code <= 299:
            self._used = time.monotonic()
            return Outcome("sent", code, plain(text))
        if 400 <= code <= 599:
            return self._refused(code, text)
        return self._out_of_place("unknown", code, text)

    def _lost(self, state: Literal["retry", "unknown"], error: OSError) -> Outcome:
        self._drop()
        return Outcome(state, None, plain(str(error)))

    def _out_of_place(self, state: Literal["retry", "unknown"], code: int, text: bytes) -> Outcome:
        # Whatever comes after such a reply would be misread.
        self._drop()
        return Outcome(state, code if code > 0 else None, f"a reply that is out of place: {plain(text)}")

    def _refused(self, code: int, text: bytes) -> Outcome:
        """Given a reply that is no consent, return what it means for the message, which has not been accepted."""
        self._used = time.monotonic()
        if is_limit(code, plain(text)):
            # With 5xx too: what is refused is the account, not the message.
            return Outcome("retry", code, plain(text), limit=True)
        if code in _LOGIN_CODES:
            self._drop()
            # A token that ran out within the session is no fault: the next session begins with a new one.
            renewable = isinstance(self._account.secret, Tokens) and self._account.secret.refused()
            return Outcome("retry", code, plain(text), account_fault=not renewable)
        if 400 <= code <= 599:
            return Outcome("failed" if code >= 500 else "retry", code, plain(text))
        return self._out_of_place("retry", code, text)

    def _drop(self) -> None:
        """Close the connection without a word."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _body(raw: bytes) -> bytes:
    """The message as it stands between DATA and the final dot: every line ends with CRLF, and a dot that begins one is doubled.

    A lone CR or LF would let a text end the message early at servers that take it for the end of a line (RFC 5321 sections 2.3.8, 4.5.2).
    """
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"^\.", b"..", lines, flags=re.MULTILINE)


def _socket(smtp: smtplib.SMTP) -> socket.socket:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    return smtp.sock


def _has_spoken(sock: socket.socket) -> bool:
    """True if something is to be read: a reply, or the end of the connection."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _redacted(outcome: Outcome, *addresses: str) -> Outcome:
    """The outcome without the local parts of these addresses, which servers quote also alone: "user ivan unknown"."""
    names = "|".join(re.escape(address.rpartition("@")[0]) for address in addresses if address)
    return replace(outcome, text=re.sub(rf"(?<!\w)(?:{names})(?!\w)", "…", outcome.text, flags=re.IGNORECASE))
