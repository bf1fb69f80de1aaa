"""The servers of the tests do what the tests believe of them."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime, timedelta, timezone

import pytest
from servers import Certificates, Fault, ImapServer, SmtpServer, smtp_serving

LETTER = b"From: a@candidates.example\r\nSubject: one\r\n\r\n.dots\r\n"


@pytest.mark.parametrize("server", ["dovecot", "pymap_server"])
def test_what_is_appended_is_listed_with_its_date_and_flags(server: str, request: pytest.FixtureRequest) -> None:
    imap: ImapServer = request.getfixturevalue(server)
    user = imap.new_user()
    at = datetime(2026, 11, 23, 9, 5, 7, tzinfo=timezone(timedelta(hours=5)))
    imap.append(user, LETTER, at, flags=(r"\Flagged",))
    imap.deliver(user, LETTER)
    first, second = imap.messages(user)
    assert first.raw == LETTER
    assert datetime.strptime(first.internaldate, "%d-%b-%Y %H:%M:%S %z") == at
    assert first.flags == {r"\Flagged"}
    assert second.raw.endswith(LETTER)
    assert second.flags == set()
    imap.expunge(user, first.uid)
    assert [message.uid for message in imap.messages(user)] == [second.uid]


def test_the_smtp_server_keeps_what_it_took(smtp_server: SmtpServer) -> None:
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        client.sendmail("job@company.example", ["a@candidates.example"], LETTER)
    (taken,) = smtp_server.transactions
    assert (taken.mail_from, taken.rcpt, taken.data) == ("job@company.example", ("a@candidates.example",), LETTER)
    assert smtp_server.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_the_smtp_server_answers_as_scripted_and_then_behaves_again(smtp_server: SmtpServer) -> None:
    smtp_server.script("RCPT", "451 4.7.1 Later")
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        client.ehlo()
        client.mail("job@company.example")
        assert client.rcpt("a@candidates.example") == (451, b"4.7.1 Later")
        assert client.rcpt("a@candidates.example")[0] == 250


@pytest.mark.parametrize(("fault", "taken"), [(Fault(accept=True), 1), (Fault(), 0), (Fault("554 5.6.0 No", accept=False), 0)])
def test_the_end_of_the_body_may_be_taken_or_not_whatever_is_answered(smtp_server: SmtpServer, fault: Fault, taken: int) -> None:
    smtp_server.script("DOT", fault)
    client = smtplib.SMTP(smtp_server.host, smtp_server.port)
    with pytest.raises((smtplib.SMTPServerDisconnected, smtplib.SMTPDataError, ConnectionError)):
        client.sendmail("job@company.example", ["a@candidates.example"], LETTER)
    client.close()
    assert len(smtp_server.transactions) == taken


def test_the_connection_can_break_within_the_body(smtp_server: SmtpServer) -> None:
    smtp_server.script("DATA", Fault(within_body=True))
    client = smtplib.SMTP(smtp_server.host, smtp_server.port)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.sendmail("job@company.example", ["a@candidates.example"], LETTER)
    client.close()
    assert smtp_server.transactions == ()


def test_a_login_is_demanded_and_checked_over_tls(certificates: Certificates) -> None:
    trusting = ssl.create_default_context(cafile=str(certificates.ca_file))
    with smtp_serving(certificates, username="job", security="starttls") as server, smtplib.SMTP(server.host, server.port) as client:
        client.starttls(context=trusting)
        client.ehlo()
        assert client.mail("job@company.example")[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("job", "wrong")
        client.login("job", server.password)
        client.sendmail("job@company.example", ["a@candidates.example"], LETTER)
        assert (server.transactions[0].username, server.transactions[0].encrypted) == ("job", True)


def test_tls_from_the_first_byte(certificates: Certificates) -> None:
    trusting = ssl.create_default_context(cafile=str(certificates.ca_file))
    with (
        smtp_serving(certificates, security="tls") as server,
        smtplib.SMTP_SSL(server.host, server.port, context=trusting) as client,
    ):
        assert client.noop()[0] == 250
