"""Real servers for the tests, on free ports of loopback. How to use them:

Fixtures (conftest.py imports them, so name them as an argument of the test):

    dovecot       a real Dovecot, ONE process for the whole run; `dovecot.new_user()` is a fresh mailbox, password `dovecot.password`
    pymap_server  the same interface (imap_server.ImapServer), in memory, one for the whole run; no TLS, no LMTP, no SPECIAL-USE
    smtp_server   an SMTP server of this test alone: takes everything, keeps every transaction
    certificates  ca_file, cert_file, key_file for `localhost` (127.0.0.1 is then the wrong host), `server_context()`

    def test_something(dovecot: ImapServer, smtp_server: SmtpServer) -> None:
        user = dovecot.new_user()
        dovecot.deliver(user, raw)                                     # LMTP, now, unread
        dovecot.append(user, raw, at=instant, folder="Sent", flags=(r"\\Seen",))    # INTERNALDATE = at
        dovecot.messages(user, "Sent")                                 # [Stored(uid, flags, internaldate, raw)], never through mailbot
        Account("localhost", dovecot.port, "starttls", user, dovecot.password, dovecot.ca_file)
        # dovecot.tls_port for "tls"; dovecot.port takes "none" too
        smtp_server.script("RCPT", "451 4.7.1 Greylisted")             # once; further strings for the times after
        smtp_server.script("DOT", Fault(accept=True))                  # takes the message, then drops the connection without a reply
        smtp_server.script("DOT", Fault())                             # drops it, not taken;  Fault("250 OK", accept=True, seconds=2): slow
        smtp_server.script("DATA", Fault(within_body=True))            # 354, then dropped
        smtp_server.wait_for(1)[0].data                                # Transaction(mail_from, rcpt, data, time, username, encrypted)

Context managers, for what needs its own server (login demanded, TLS, a port that stays the same over a restart):

    with smtp_serving(certificates, username="job", security="starttls") as server: ...    # security "none" | "starttls" | "tls"
    with running_dovecot() as server: ...
    with running_pymap() as server: ...

Where Dovecot is missing the test is skipped with the reason; with CI=true it fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Literal

import pytest
from certificates import Certificates, make_certificates
from dovecot_server import free_ports, running_dovecot, why_no_dovecot
from imap_server import ImapServer, Stored
from pymap_imap import PymapServer, running_pymap
from smtp_sink import Fault, SmtpServer, Transaction, running_smtp

__all__ = [
    "Certificates",
    "Fault",
    "ImapServer",
    "PymapServer",
    "SmtpServer",
    "Stored",
    "Transaction",
    "certificates",
    "dovecot",
    "free_ports",
    "pymap_server",
    "running_dovecot",
    "running_pymap",
    "running_smtp",
    "smtp_server",
    "smtp_serving",
]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def dovecot() -> Iterator[ImapServer]:
    reason = why_no_dovecot()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with running_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def pymap_server() -> Iterator[PymapServer]:
    with running_pymap() as server:
        yield server


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    with running_smtp(port=free_ports(1)[0]) as server:
        yield server


def smtp_serving(
    certificates: Certificates,
    *,
    username: str = "",
    security: Literal["none", "starttls", "tls"] = "none",
    port: int = 0,
) -> AbstractContextManager[SmtpServer]:
    """An SMTP server that demands a login where `username` is given (password: `server.password`), with TLS where `security` says so."""
    return running_smtp(
        port=port or free_ports(1)[0],
        username=username,
        security=security,
        context=certificates.server_context(),
        ca_file=str(certificates.ca_file),
    )
