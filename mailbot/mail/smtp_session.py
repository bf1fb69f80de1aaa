"""Opens a session with a submission server: connection, encryption, greeting, login."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Literal

from mailbot.errors import Permanent, Temporary
from mailbot.mail.oauth import Secret, Tokens, without_secrets, xoauth2
from mailbot.mail.smtp_replies import Replies

_ADDRESS = re.compile(r"[^\s<>()]+@[^\s<>()]+")


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to submit. "none" is for loopback alone, which `config` sees to; without `username` nobody logs in."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    secret: Secret = field(repr=False)
    #: A file of certificates to trust beside those of the system; "" for none.
    ca_file: str = ""


class NoSession(Exception):
    """There is no session to be had; `code` is the reply that says so, None where there was none.

    `account_fault` is true where login or encryption failed, which trying again does not mend.
    """

    def __init__(self, text: str, code: int | None = None, *, account_fault: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.account_fault = account_fault


def open_session(account: Account, connect_timeout: float, reply_timeout: float) -> smtplib.SMTP:
    """Given an account and two timeouts in seconds, return a session that is encrypted as wanted and logged in.

    Certificate and host name are verified, and STARTTLS is not done without, before anything of the login is sent. Raise NoSession.
    """
    # The name of this machine is nobody's business, and finding it out may wait for a name server.
    smtp = smtplib.SMTP(local_hostname="[127.0.0.1]")
    try:
        _connect(smtp, account, connect_timeout, reply_timeout)
        if account.username:
            _login(smtp, account)
    except ssl.SSLCertVerificationError as error:
        smtp.close()
        raise NoSession(f"the certificate of {account.host} can not be verified: {error.verify_message}", account_fault=True) from error
    except (OSError, UnicodeError) as error:
        smtp.close()
        raise NoSession(f"{account.host}:{account.port}: {plain(str(error))}") from error
    except BaseException:
        smtp.close()
        raise
    return smtp


def plain(said: bytes | str) -> str:
    """Given what a server or the system said, return it on one line, at most 200 characters, without addresses."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _ADDRESS.sub("…", text)[:200]


def _connect(smtp: smtplib.SMTP, account: Account, connect_timeout: float, reply_timeout: float) -> None:
    """Connect, encrypt and greet. Raise NoSession or OSError."""
    context = None if account.security == "none" else _context(account)
    smtp.sock = socket.create_connection((account.host, account.port), connect_timeout)
    smtp.sock.settimeout(reply_timeout)
    # Otherwise the dot, which follows the body in a packet of its own, waits until the body is acknowledged.
    smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _attach(smtp, smtp.sock, context if account.security == "tls" else None, account.host)
    _expect(220, smtp.getreply(), "the greeting")
    _expect(250, smtp.ehlo(), "EHLO")
    if account.security == "starttls":
        if not smtp.has_extn("starttls"):
            raise NoSession("the server does not offer STARTTLS (or someone on the way removed it)", account_fault=True)
        _expect(220, smtp.docmd("STARTTLS"), "STARTTLS")
        _attach(smtp, smtp.sock, context, account.host)
        # What was said before encryption is not to be trusted (RFC 3207 section 4.2).
        _expect(250, smtp.ehlo(), "EHLO")


def _context(account: Account) -> ssl.SSLContext:
    """The context that verifies certificate and host name. Raise NoSession if `ca_file` can not be used."""
    # Named outright: smtplib's own default verifies nothing.
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if account.ca_file:
        try:
            context.load_verify_locations(account.ca_file)
        except OSError as error:
            raise NoSession(f"{account.ca_file} can not be used as ca_file: {error}", account_fault=True) from error
    return context


def _attach(smtp: smtplib.SMTP, sock: socket.socket, context: ssl.SSLContext | None, host: str) -> None:
    """Encrypt the connection if a context is given, and read it without a buffer, so that nothing the server said is out of sight."""
    if context is not None:
        sock = context.wrap_socket(sock, server_hostname=host)
    smtp.sock = sock
    smtp.file = Replies(sock)


def _login(smtp: smtplib.SMTP, account: Account) -> None:
    """Log in. Raise NoSession or OSError."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if isinstance(account.secret, Tokens):
        _show_token(smtp, offered, account.username, account.secret)
    else:
        _say_password(smtp, offered, account.username, account.secret)


def _show_token(smtp: smtplib.SMTP, offered: list[str], username: str, tokens: Tokens) -> None:
    """Log in by XOAUTH2, with a new token if one that was used before is refused."""
    if "XOAUTH2" not in offered:
        raise NoSession("the server takes no token here (XOAUTH2); see oauth in the configuration", account_fault=True)
    while True:
        try:
            token = tokens.token()
        except (Permanent, Temporary) as error:
            raise NoSession(str(error), account_fault=isinstance(error, Permanent)) from error
        # Not in the AUTH line, which may be 512 bytes long; a token is longer (RFC 4954 section 4).
        code, reply = smtp.docmd("AUTH", "XOAUTH2")
        if code == 334:
            code, reply = smtp.docmd(b64encode(xoauth2(username, token)).decode("ascii"))
        if code == 334:
            # The reason of a refusal; it goes on once that is answered with an empty line.
            code, reply = smtp.docmd("")
        if code == 235:
            return
        # The new one is not refused a second time here, so this goes round once.
        if code != 535 or not tokens.refused():
            raise NoSession(
                f"the login was answered {code} {plain(without_secrets(reply.decode('utf-8', 'replace')))}", code, account_fault=True
            )


def _say_password(smtp: smtplib.SMTP, offered: list[str], username: str, password: str) -> None:
    """Log in once, by the first mechanism offered of PLAIN (RFC 4616) and LOGIN. Raise NoSession or OSError.

    smtplib's own login tries every mechanism with a wrong password, which locks accounts, and knows only ASCII passwords.
    """
    if "PLAIN" in offered:
        code, reply = smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{username}\0{password}"))
    elif "LOGIN" in offered:
        code, reply = smtp.docmd("AUTH", "LOGIN")
        for word in (username, password):
            if code == 334:
                code, reply = smtp.docmd(_base64(word))
    else:
        raise NoSession("the server offers no way to log in that is known here (PLAIN or LOGIN)", account_fault=True)
    if code != 235:
        raise NoSession(f"the login was answered {code} {plain(reply)}", code, account_fault=True)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


def _expect(wanted: int, reply: tuple[int, bytes], step: str) -> None:
    """Raise NoSession unless the reply has the code wanted; a lasting no at this point is to the account, not to a message."""
    code, text = reply
    if code != wanted:
        raise NoSession(f"{step} was answered {code} {plain(text)}", code if code > 0 else None, account_fault=500 <= code <= 599)
