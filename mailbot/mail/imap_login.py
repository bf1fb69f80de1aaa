"""Opens a session with an IMAP server: connect, encrypt, verify, log in; and puts what went wrong in words without secrets."""

from __future__ import annotations

import imaplib
import ipaddress
import logging
import re
import socket
import ssl
from contextlib import suppress
from typing import Final

from imapclient import IMAPClient, SocketTimeout

from mailbot.errors import Permanent, Temporary
from mailbot.mail.mailbox import Account
from mailbot.mail.oauth import Tokens, without_secrets, xoauth2

#: What imaplib and imapclient raise, beside errors of the socket, when an answer is garbled.
GARBLED: Final = (ValueError, LookupError, TypeError, AssertionError)

# A refused login that may be granted later (RFC 5530; Gmail's "Too many simultaneous connections").
_LATER: Final = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "Too many")


# As the server says it: a line of its own, or the end of a command.
_ALERT: Final = re.compile(rb"\S+ (?:OK|NO|BAD|BYE|PREAUTH) \[ALERT\] ?(?P<words>.*)", re.IGNORECASE | re.DOTALL)

log = logging.getLogger(__name__)


def server_name(account: Account) -> str:
    """How messages to the operator name the server."""
    return f"IMAP server {account.host}:{account.port}"


def log_in(account: Account, timeout: SocketTimeout) -> IMAPClient:
    """A client that is logged in over a verified connection.

    Raises Permanent if the login is refused, or if the certificate can not be verified or no encryption is to be had, both before the
    password or token is sent; Temporary if the server can not be reached or breaks off; of a token server's the like.
    """
    if account.security == "none" and not _is_loopback(account.host):
        raise Permanent(f'{server_name(account)}: security = "none" is accepted for loopback addresses alone')
    # imapclient writes the user's name and what is searched for to its log at DEBUG.
    logging.getLogger("imapclient").setLevel(logging.WARNING)
    context = _trusted_context(account.ca_file)
    try:
        tls = account.security == "tls"
        client = IMAPClient(account.host, account.port, ssl=tls, ssl_context=context if tls else None, timeout=timeout)
    except (OSError, imaplib.IMAP4.error, *GARBLED) as error:
        raise _refused(error, account) from None
    try:
        # imapclient sets 5: every answer, letters included, would be formatted for a log, at five times the cost (measured).
        client._imap.debug = 0
        _listen_for_alerts(client, account)
        _tune(client.socket())
        if account.security == "starttls":
            _encrypt(client, context, account)
        _authenticate(client, account)
    except (OSError, imaplib.IMAP4.error, *GARBLED) as error:
        shut(client)
        raise _refused(error, account) from None
    except BaseException:
        shut(client)
        raise
    return client


def shut(client: IMAPClient) -> None:
    """Close the connection without a word; never raises."""
    with suppress(OSError):
        client.shutdown()


def in_words(error: Exception, account: Account) -> str:
    """What went wrong, for the operator and the log: no name, no secret, and nothing of a letter."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, imaplib.IMAP4.abort | ValueError | LookupError | TypeError | AssertionError):
        return "the connection was lost, or its answer is garbled"
    if isinstance(error, OSError):
        return f"the connection failed: {error.strerror or type(error).__name__}"
    return _without_account(str(error), account)


def _without_account(text: str, account: Account) -> str:
    text = without_secrets(text) if isinstance(account.secret, Tokens) else text.replace(account.secret or "\0", "…")
    return text.replace(account.username or "\0", "…")[:200]


def _refused(error: Exception, account: Account) -> Permanent | Temporary:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Permanent(f"{server_name(account)}: the certificate can not be verified: {error.verify_message}; nothing was sent")
    if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        return Permanent(f'{server_name(account)}: the server speaks no TLS on this port; take its TLS port, or security = "starttls"')
    return Temporary(f"{server_name(account)}: {in_words(error, account)}")


def _encrypt(client: IMAPClient, context: ssl.SSLContext, account: Account) -> None:
    if not client.has_capability("STARTTLS"):
        raise Permanent(f"{server_name(account)}: no STARTTLS is offered, or somebody on the way removed it; the password was not sent")
    client.starttls(context)


def _authenticate(client: IMAPClient, account: Account) -> None:
    if isinstance(account.secret, Tokens):
        _show_token(client, account, account.secret)
    else:
        _say_password(client, account, account.secret)


def _show_token(client: IMAPClient, account: Account, tokens: Tokens) -> None:
    if not client.has_capability("AUTH=XOAUTH2"):
        raise Permanent(f"{server_name(account)}: no token is taken on this connection (XOAUTH2); see oauth in the configuration")
    while True:
        answers = iter((xoauth2(account.username, tokens.token()),))
        try:
            # A refusal comes as a challenge with the reason in it, and goes on once that is answered with an empty line.
            client.sasl_login("XOAUTH2", lambda _challenge, answers=answers: next(answers, b""))
            return
        except imaplib.IMAP4.error as error:
            if _may_pass(error):
                raise
            # One that was used before may have expired early or been withdrawn; the next one is new, so this goes round once.
            if not tokens.refused():
                raise Permanent(f"{server_name(account)}: the login was refused: {in_words(error, account)}") from None


def _say_password(client: IMAPClient, account: Account, password: str) -> None:
    try:
        # PLAIN carries any password; LOGIN carries ASCII, and is for servers without PLAIN.
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(account.username, password)
        elif client.has_capability("LOGINDISABLED"):
            raise Permanent(f'{server_name(account)}: no password is taken on this connection; set security = "tls" or "starttls"')
        else:
            client.login(account.username, password)
    except UnicodeEncodeError:
        raise Permanent(f"{server_name(account)}: this server takes only ASCII letters in a user name and a password") from None
    except imaplib.IMAP4.error as error:
        if _may_pass(error):
            raise
        raise Permanent(f"{server_name(account)}: the login was refused: {in_words(error, account)}") from None


def _may_pass(error: imaplib.IMAP4.error) -> bool:
    # imapclient calls a connection that broke off a failed login, too.
    return isinstance(error.__context__, imaplib.IMAP4.abort) or any(code in str(error) for code in _LATER)


def _listen_for_alerts(client: IMAPClient, account: Account) -> None:
    """Have what the server wants people to read (RFC 3501 7.1, [ALERT]) stand in the log; imaplib throws its words away."""
    get_line = client._imap._get_line

    def heard() -> bytes:
        line: bytes = get_line()
        tell(line)
        return line

    def tell(line: bytes) -> None:
        # Letters come as literals, which are not read as lines.
        if b"[ALERT]" in line and (alert := _ALERT.match(line)):
            words = " ".join(alert["words"].decode("utf-8", "replace").split())
            log.error("%s: the mail server says: %s", server_name(account), _without_account(words, account))

    tell(client.welcome or b"")
    client._imap._get_line = heard


def _trusted_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError:
            raise Permanent(f"ca_file {ca_file} can not be read, or holds no certificate") from None
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # RFC 6761, 6.3.
        return host.lower() == "localhost"


def _tune(connection: socket.socket) -> None:
    # imapclient ends a command in a packet of its own, which would wait for the first one to be acknowledged (40 ms).
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel notices within two minutes that the other side is gone (a half-open connection).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        # Not every system has them.
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
